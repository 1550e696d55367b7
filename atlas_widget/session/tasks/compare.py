"""Comparison of the atlas shown with that of another layer or network, as a task."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from atlas_widget.errors import AtlasError
from atlas_widget.progress import CancelledCallback, ProgressCallback, progress_of_part
from atlas_widget.session.tasks.other_network import open_other
from atlas_widget.session.tasks.task import LongTask, Material

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.atlas import Atlas
    from atlas_widget.comparison import AtlasComparison
    from atlas_widget.probe import LayerProbe

__all__ = ["AtlasBeside", "Compared", "LayerBeside", "NetworkBeside", "checked_other", "comparing"]

_PARTS = 3  # the other layer's samples, its layout, and the comparison


@dataclass(frozen=True)
class LayerBeside:
    """Another layer of the network shown.

    Attributes
    ----------
    layer
        Its name.
    """

    layer: str

    @property
    def name(self) -> str:
        """The name that is told while it is compared."""
        return self.layer

    def open(self, own: LayerProbe) -> LayerProbe:
        """Return the layer, read through the copy of the network that is there already."""
        from atlas_widget.probe import LayerProbe

        return LayerProbe(own.private_model, self.layer)


@dataclass(frozen=True)
class NetworkBeside:
    """A layer of another network or checkpoint.

    Attributes
    ----------
    model
        The network.
    layer
        Its layer; None: the one of the same name.
    transform
        See `open_other`.
    called
        What the network is called.
    """

    model: nn.Module
    layer: str | None
    transform: Any
    called: str

    @property
    def name(self) -> str:
        """The name that is told while it is compared."""
        return self.called

    def open(self, own: LayerProbe) -> LayerProbe:
        """Return the layer, read through a copy of the other network."""
        return open_other(own, self.model, self.layer, self.transform)


Other: TypeAlias = "LayerBeside | NetworkBeside | Atlas"


@dataclass(frozen=True)
class Compared:
    """The atlas shown beside another one.

    Attributes
    ----------
    of
        The atlas shown.
    comparison
        The two, and what they have in common.
    probe
        The other layer, for pictures of its cells; None if its network is not there. Whoever shows
        this closes it.
    """

    of: Atlas
    comparison: AtlasComparison
    probe: LayerProbe | None

    def close(self) -> None:
        """Let go of the other layer."""
        if self.probe is not None:
            self.probe.close()


@dataclass(frozen=True)
class AtlasBeside:
    """Compare the atlas shown with another one over the same samples.

    Attributes
    ----------
    other
        The other layer, whose atlas is built at the places of the one shown; or a finished atlas.
    called
        What to call the other one; None: what tells the two apart.
    """

    other: Other
    called: str | None = None

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Compared:
        """Collect the other layer's activations, lay them out, and compare."""
        other = self.other
        if not isinstance(other, LayerBeside | NetworkBeside):
            found = self._compare(material, other, progress, cancelled)
            return Compared(material.atlas, found, _layer_of(other, material.probe))
        probe = other.open(material.probe)
        try:
            part = partial(progress_of_part, progress, parts=_PARTS)
            atlas = atlas_like(material, probe, part(0), part(1), cancelled)
            found = self._compare(material, atlas, part(2), cancelled)
        except BaseException:
            probe.close()
            raise
        return Compared(material.atlas, found, probe)

    def _compare(
        self,
        material: Material,
        other: Atlas,
        progress: ProgressCallback,
        cancelled: CancelledCallback,
    ) -> AtlasComparison:
        from atlas_widget.comparison import compare_atlases
        from atlas_widget.comparison.compare import tell_apart

        a = material.atlas
        names = tell_apart([a, other], None)
        if self.called is not None:
            first = a.layer if self.called != a.layer else f"{a.layer} of the widget"
            names = (first, self.called)
        elif names == ("a", "b"):  # two checkpoints of one network
            names = (a.layer, f"{other.layer} of the other")
        return compare_atlases(
            a, other, names=names, device=material.probe.device,
            progress=progress, cancelled=cancelled,
        )  # fmt: skip


def comparing(other: str | Other, called: str | None = None) -> LongTask:
    """Return the task of comparing the atlas shown with another one.

    Parameters
    ----------
    other
        The name of another layer of the network, or what `AtlasBeside` takes.
    called
        See `AtlasBeside`.
    """
    beside = LayerBeside(other) if isinstance(other, str) else other
    name = beside.name if isinstance(beside, LayerBeside | NetworkBeside) else beside.layer
    return LongTask(f"Comparing with {called or name}", AtlasBeside(beside, called))


def checked_other(
    other: Any,
    layer: str | None,
    transform: Any,
    *,
    own_layer: str,
    check_layer: Callable[[object], str],
) -> str | Other:
    """Return what a user names to compare the atlas with, for `comparing`.

    Parameters
    ----------
    other, layer, transform
        See `AtlasWidget.compare`.
    own_layer
        The layer shown.
    check_layer
        Returns the name of a layer of the network shown, or raises that there is none.

    Raises
    ------
    AtlasError
        It is nothing that an atlas is compared with, or arguments do not go with it.
    LayerNotFoundError
        There is no such layer.
    """
    from torch import nn

    from atlas_widget.atlas import Atlas
    from atlas_widget.probe.layers import find_layer
    from atlas_widget.probe.model_name import model_name
    from atlas_widget.probe.private_copy import unwrapped

    if isinstance(other, nn.Module):
        find_layer(unwrapped(other), own_layer if layer is None else layer)
        return NetworkBeside(other, layer, transform, model_name(other)[:80])
    if layer is not None or transform is not None:
        raise AtlasError(
            "layer= and transform= go with another network; a layer of this one is named alone, as "
            f"in w.compare({layer or own_layer!r})."
        )
    if isinstance(other, str):
        return check_layer(other)
    if isinstance(other, os.PathLike):
        return Atlas.load(other)
    if isinstance(other, Atlas):
        return other
    raise AtlasError(
        f"{other!r:.60}: an atlas is compared with another layer, by its name, with another "
        "network (a torch.nn.Module), or with an Atlas or its folder (a pathlib.Path)."
    )


def atlas_like(
    material: Material,
    probe: LayerProbe,
    collecting: ProgressCallback,
    layout: ProgressCallback,
    cancelled: CancelledCallback,
) -> Atlas:
    """Build another layer's atlas at the places of the one shown.

    Parameters
    ----------
    material
        The atlas shown, and its images.
    probe
        The other layer.
    collecting, layout
        Told how far the two steps are.
    cancelled
        Asked now and then.
    """
    from atlas_widget.build.finish import check_samples, finish_atlas
    from atlas_widget.build.like import note_like, places_of, settings_like
    from atlas_widget.build.provenance import AtlasSettings
    from atlas_widget.collect import collect_at_places

    like, source = material.atlas, material.images
    samples = collect_at_places(
        *places_of(like), probe, source, progress=collecting, cancelled=cancelled
    )
    check_samples(samples, source)
    atlas = finish_atlas(
        samples,
        probe,
        source,
        settings_like(like, AtlasSettings(layout_method=None)),
        probe.model,
        grids=like.grids,
        labels=None,
        progress=layout,
        cancelled=cancelled,
    )
    note_like(atlas, like)
    return atlas


def _layer_of(atlas: Atlas, own: LayerProbe) -> LayerProbe | None:
    """Return the layer of a finished atlas if it is one of the network shown, else None."""
    if atlas.provenance.get("weights_hash") != own.weights_hash:
        return None
    try:
        return LayerBeside(atlas.layer).open(own)
    except AtlasError:
        return None
