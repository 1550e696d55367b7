"""Provenance of an atlas: a record to publish with a figure, and a key for a cache."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from atlas_widget.collect import NUM_SAMPLES, POSITIONS_PER_CROP, default_crop_scale
from atlas_widget.layout import OtherLayout, other_layout
from atlas_widget.probe.model_name import model_name

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.images import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["METHOD_VERSION", "AtlasSettings", "atlas_key", "describe", "package_versions"]

METHOD_VERSION = 2
"""To be raised when the same input no longer gives the same atlas: cached atlases are made anew."""

_PACKAGES = ("atlas-widget", "torch", "torchvision", "timm", "numpy", "pillow")


@dataclass(frozen=True)
class AtlasSettings:
    """Parameters that determine an atlas, besides the model, its layer and the images.

    Attributes
    ----------
    num_samples, seed, crop_scale, positions_per_crop
        See `collect`.
    neighbors, min_dist, fit_samples
        See `umap_layout`.
    layout_method
        What lays out, from `other_layout`; None for our own UMAP.
    """

    num_samples: int = NUM_SAMPLES
    seed: int = 0
    crop_scale: tuple[float, float] | None = None
    positions_per_crop: int = POSITIONS_PER_CROP
    neighbors: int | None = None
    min_dist: float = 0.05
    fit_samples: int | None = None
    layout_method: OtherLayout | None = field(default_factory=lambda: other_layout("umap"))

    def resolved(self, source: ImageSource) -> dict[str, Any]:
        """Return them as a dict, with the defaults that depend on the images filled in."""
        values = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        for name in ("fit_samples", "layout_method"):
            if values[name] is None:
                del values[name]  # as it was before there was any; our own UMAP was the default
        if self.layout_method is not None:
            values["layout_method"] = self.layout_method.record
        values["crop_scale"] = list(self.crop_scale or default_crop_scale(source))
        return values


def atlas_key(
    probe: LayerProbe,
    source: ImageSource,
    settings: AtlasSettings,
    fingerprint: str | None = None,
) -> str:
    """Hash everything that determines an atlas, without building it.

    Grids and labels are not in it: they follow from the atlas in no time, or do not change it. The
    source's `fingerprint` may be given where it is known, since that of a million files takes time.
    """
    parts = {
        "method": METHOD_VERSION,
        "weights": probe.weights_hash,
        "layer": probe.layer,
        "input_size": probe.input_size,
        "preprocessing": probe.preprocessing.description,
        "images": fingerprint or source.fingerprint(),
        "settings": settings.resolved(source),
    }
    text = json.dumps(parts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def describe(
    probe: LayerProbe,
    source: ImageSource,
    settings: AtlasSettings,
    model: nn.Module,
    fingerprint: str | None = None,
) -> dict[str, Any]:
    """Return a record of what an atlas was made from, of JSON's types only; see `atlas_key`."""
    fingerprint = fingerprint or source.fingerprint()
    return {
        "model": model_name(model),
        "weights_hash": probe.weights_hash,
        "layer": probe.layer,
        "channels": probe.channels,
        "map_size": list(probe.map_size),
        "input_size": probe.input_size,
        "preprocessing": probe.preprocessing.description,
        "images": {
            "description": source.description,
            "count": len(source),
            "fingerprint": fingerprint,
            "hashed": getattr(source, "hashed", "as the source says"),
            "unreadable": len(source.unreadable),
        },
        "settings": settings.resolved(source),
        "key": atlas_key(probe, source, settings, fingerprint),
        "method_version": METHOD_VERSION,
        "device": str(probe.device),
        "versions": package_versions(_packages_of(settings.layout_method)),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def package_versions(more: Iterable[str] = ()) -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for package in (*_PACKAGES, *more):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _packages_of(layout: OtherLayout | None) -> tuple[str, ...]:
    return layout.packages if layout is not None else ()
