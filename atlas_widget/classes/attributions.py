"""Attributions of all samples of an atlas, at the samples' own crops and positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.attribution.class_names import class_number
from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

if TYPE_CHECKING:
    import torch
    from torch import nn

    from atlas_widget.atlas import Atlas
    from atlas_widget.atlas.samples import Samples
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["SampleAttributions", "check_weights", "sample_attributions"]

_FORWARD = 1.3  # plain passes that all classes of one position cost
_BACKWARD = 2.0  # plain passes that one class of all positions costs beyond the first one
_WIDE = 2**25  # values; more are kept in half precision


@dataclass(frozen=True)
class SampleAttributions:
    """Attributions of samples.

    Attributes
    ----------
    values : ndarray of float32 or float16, shape (n, classes)
        h · ∂score/∂h of each sample; in half precision relative to `scale`. NaN where a model so
        resists differentiation that only the scores that matter were computed; see `attribute`.
    classes : ndarray of int64, shape (classes,)
        Which classes, ascending.
    num_classes : int
        How many the model has.
    samples : ndarray of int64, shape (n,)
        Which samples of the atlas.
    winning : ndarray of int64, shape (n,), optional
        The class each sample argues for most, of all the model's; None where only some were asked
        for and computing these alone was quicker.
    scale : ndarray of float32, shape (n, 1), optional
        Each sample's largest value, where `values` are relative to it.
    """

    values: NDArray[np.floating]
    classes: NDArray[np.int64]
    num_classes: int
    samples: NDArray[np.int64]
    winning: NDArray[np.int64] | None = field(default=None, repr=False)
    scale: NDArray[np.float32] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.samples)

    def of(self, class_: int) -> NDArray[np.float32]:
        """Return what each sample argues for one class: (n,)."""
        place = int(np.searchsorted(self.classes, class_))
        if place == len(self.classes) or self.classes[place] != class_:
            raise AttributionError(
                f"Class {class_} is not among the {len(self.classes):,} that were computed: name "
                "it in sample_attributions(…, classes=…)."
            )
        values = np.asarray(self.values[:, place], np.float32)
        return values if self.scale is None else values * self.scale[:, 0]


def sample_attributions(
    atlas: Atlas,
    model: nn.Module | LayerProbe,
    images: Any = None,
    classes: Sequence[int | str] | int | str | None = None,
    *,
    samples: Sequence[int] | NDArray[np.integer] | None = None,
    transform: Any = None,
    device: str | torch.device | None = None,
    batch_size: int = 16,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> SampleAttributions:
    """Compute what every sample of an atlas argues for.

    A sample's attribution depends on the whole crop it comes from, so the crops are read again. Of
    a few classes, gradients of a crop serve all samples that come from it; of many, or where each
    crop gave one sample, forward mode gives all classes of a sample at once. The cheaper is taken.

    Parameters
    ----------
    atlas : Atlas
        Its samples.
    model : nn.Module or LayerProbe
        The model that the atlas was made with, or a probe of the atlas's layer.
    images : optional
        The images that the atlas was made from; see `as_image_source`.
    classes : int, str or a sequence of these, optional
        Which; by default all.
    samples : sequence of int, optional
        Which samples; by default all.
    transform, device : optional
        As for `LayerProbe`.
    batch_size : int
        Crops at a time.
    progress, cancelled : callable, optional
        Called with (samples done, samples); asked before each batch.

    Raises
    ------
    AttributionError
        The model has no such classes, or is not the one that the atlas was made with.
    ImagesError
        The images are not those that the atlas was made from.
    Cancelled
        `cancelled` returned True.
    """
    from atlas_widget.images.opening import as_image_source
    from atlas_widget.probe.opening import opened

    if batch_size < 1:
        raise AtlasError(f"batch_size must be at least 1, not {batch_size}.")
    with opened(model, atlas.layer, transform, device) as probe:
        check_weights(atlas, probe)
        if probe.num_classes is None or probe.no_classes is not None:
            raise AttributionError(probe.no_classes or "The model has no classes.")
        source = as_image_source(images, preprocessing=probe.preprocessing)
        count = probe.num_classes
        rows = np.arange(len(atlas)) if samples is None else np.asarray(samples, np.int64)
        wanted = _wanted(classes, atlas.labels, count)
        batches = _Crops(atlas.samples, rows)
        reverse = len(batches) * (1 + _BACKWARD * len(wanted)) < _FORWARD * len(rows)
        # In half precision relative to each sample's largest: models differ by orders of magnitude
        scale = None if len(rows) * len(wanted) <= _WIDE else np.ones((len(rows), 1), np.float32)
        values = np.empty((len(rows), len(wanted)), np.float32 if scale is None else np.float16)
        winning = None if reverse else np.empty(len(rows), np.int64)
        done = 0
        for places in batches.parts(batch_size, by_crop=reverse):
            check_cancelled(cancelled)
            found = _attributed(probe, source, atlas.samples, rows[places], wanted, reverse)
            if winning is not None:
                winning[places] = np.nan_to_num(found, nan=-np.inf).argmax(1)
                found = found[:, wanted]
            if scale is not None:
                largest = np.nan_to_num(np.abs(found)).max(1, keepdims=True)
                scale[places] = np.where(largest > 0, largest, 1.0)
                found = found / scale[places]
            values[places] = found
            done += len(places)
            if progress is not None:
                progress(done, len(rows))
        return SampleAttributions(values, wanted, count, rows.astype(np.int64), winning, scale)


def check_weights(atlas: Atlas, probe: LayerProbe) -> None:
    """Raise if a probe's model is not the one that the atlas was made with."""
    known = atlas.provenance.get("weights_hash")
    if known is not None and known != probe.weights_hash:
        raise AttributionError(
            "The atlas was made with other weights than this model has, so what its samples argue "
            "for does not follow from this model: build the atlas again."
        )


def _wanted(
    classes: Sequence[int | str] | int | str | None, labels: list[str] | None, count: int
) -> NDArray[np.int64]:
    if classes is None:
        return np.arange(count, dtype=np.int64)
    listed = [classes] if isinstance(classes, int | str | np.integer) else list(classes)
    if not listed:
        raise AttributionError("classes is empty: name at least one, or leave it out for all.")
    return np.unique([class_number(class_, labels, count) for class_ in listed]).astype(np.int64)


class _Crops:
    """Chosen samples grouped by their crops; those of the same image come one after the other.

    Parameters
    ----------
    samples : Samples
    rows : ndarray of int64
        The chosen ones.
    """

    def __init__(self, samples: Samples, rows: NDArray[np.int64]) -> None:
        crop = np.column_stack(
            [samples.image_ids[rows], samples.crops[rows], samples.flipped[rows]]
        )
        _, number = np.unique(crop, axis=0, return_inverse=True)
        number = number.reshape(-1)
        self._order = np.argsort(number, kind="stable")
        self._starts = np.flatnonzero(np.diff(number[self._order], prepend=-1))

    def __len__(self) -> int:
        return len(self._starts)

    def parts(self, size: int, *, by_crop: bool) -> Iterator[NDArray[np.int64]]:
        """Yield places within `rows`, those of `size` crops or of `size` samples at a time."""
        if not by_crop:
            for start in range(0, len(self._order), size):
                yield self._order[start : start + size]
            return
        ends = [*self._starts[size::size], len(self._order)]
        for start, end in zip(self._starts[::size], ends, strict=True):
            yield self._order[start:end]


def _attributed(
    probe: LayerProbe,
    source: ImageSource,
    samples: Samples,
    rows: NDArray[np.int64],
    wanted: NDArray[np.int64],
    reverse: bool,
) -> NDArray[np.float32]:
    """Return (rows, wanted classes) by gradients of crops, else (rows, all classes)."""
    from atlas_widget.attribution import attribution_map, class_values
    from atlas_widget.collect import sample_images

    positions = np.asarray(samples.positions[rows], np.int64)
    if not reverse:
        rgb = sample_images(samples, source, rows, probe.input_size)
        only = wanted.tolist() if len(wanted) < (probe.num_classes or 0) else None
        return class_values(probe, rgb, positions, batch_size=len(rows), only=only)
    crops = np.column_stack([samples.image_ids[rows], samples.crops[rows], samples.flipped[rows]])
    _, first, number = np.unique(crops, axis=0, return_index=True, return_inverse=True)
    rgb = sample_images(samples, source, rows[first], probe.input_size)
    maps = attribution_map(probe, None, rgb, wanted.tolist(), batch_size=len(rgb))
    return maps[number.reshape(-1), :, positions[:, 0], positions[:, 1]]
