"""Comparison of the atlas shown with that of another layer or network, as a task."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from atlas_widget.errors import AtlasError
from atlas_widget.images.labels import image_labels
from atlas_widget.progress import CancelledCallback, ProgressCallback, progress_of_part
from atlas_widget.session.tasks.other_network import open_other
from atlas_widget.session.tasks.task import LongTask, Material

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

    from atlas_widget.atlas import Atlas
    from atlas_widget.comparison import AtlasComparison, AtlasSeries
    from atlas_widget.comparison.result import Side
    from atlas_widget.probe import LayerProbe

__all__ = [
    "AtlasBeside",
    "AtlasesBeside",
    "Compared",
    "ComparedSeries",
    "LayerBeside",
    "NetworkBeside",
    "checked_other",
    "checked_series",
    "comparing",
    "comparing_series",
]

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
    cells
        The cells of the coarsest grid of both maps; see `AtlasComparison.cells`.
    probe
        The other layer, for pictures of its cells; None if its network is not there. Whoever shows
        this closes it.
    """

    of: Atlas
    comparison: AtlasComparison
    cells: Mapping[Side, pd.DataFrame]
    probe: LayerProbe | None

    def close(self) -> None:
        """Let go of the other layer."""
        if self.probe is not None:
            self.probe.close()


@dataclass(frozen=True)
class ComparedSeries:
    """The atlas shown and further ones, each beside the one before.

    Attributes
    ----------
    of
        The atlas shown.
    comparison
        All of them, and what changes from each to the next.
    table
        `AtlasSeries.table`, with classes where the images have some.
    """

    of: Atlas
    comparison: AtlasSeries
    table: pd.DataFrame

    def close(self) -> None:
        """Do nothing: other networks are let go of once they have been read."""


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
            probe = _layer_of(other, material.probe)
            return Compared(material.atlas, found, _cells_of(found), probe)
        opened = other.open(material.probe)
        try:
            part = partial(progress_of_part, progress, parts=_PARTS)
            atlas = atlas_like(material, opened, part(0), part(1), cancelled)
            found = self._compare(material, atlas, part(2), cancelled)
            return Compared(material.atlas, found, _cells_of(found), opened)
        except BaseException:
            opened.close()
            raise

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
        progress, cancelled = _pausing(progress, cancelled)
        return compare_atlases(
            a, other, names=names, device=material.probe.device,
            progress=progress, cancelled=cancelled,
        )  # fmt: skip


@dataclass(frozen=True)
class AtlasesBeside:
    """Compare the atlas shown with further ones over the same samples, in order.

    Attributes
    ----------
    others
        As for `AtlasBeside`.
    names
        What to call all of them, the atlas shown first; None: what tells them apart.
    """

    others: tuple[Other, ...]
    names: tuple[str, ...] | None = None

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> ComparedSeries:
        """Build each atlas at the places of the one shown, one network at a time, and compare."""
        from atlas_widget.comparison import compare_series

        steps = len(self.others) + 1
        atlases = [material.atlas]
        for number, other in enumerate(self.others):
            part = progress_of_part(progress, number, steps)
            atlases.append(_atlas_of(material, other, part, cancelled))
        last = progress_of_part(progress, steps - 1, steps)
        last, cancelled = _pausing(last, cancelled)
        series = compare_series(
            atlases,
            names=self.names or _numbered(atlases),
            controls=0,  # none are shown, and each would be one more layout
            device=material.probe.device,
            progress=last,
            cancelled=cancelled,
        )
        labels = None if material.source is None else image_labels(material.source)
        classes = None if labels is None else [label or "" for label in labels]
        return ComparedSeries(material.atlas, series, series.table(classes))


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


def comparing_series(others: Sequence[str | Other], names: Sequence[str] | None) -> LongTask:
    """Return the task of comparing the atlas shown with further ones, in order.

    Parameters
    ----------
    others
        As for `comparing`.
    names
        What to call them, the atlas shown first.
    """
    beside = tuple(LayerBeside(other) if isinstance(other, str) else other for other in others)
    work = AtlasesBeside(beside, None if names is None else tuple(names))
    return LongTask(f"Comparing with {len(beside)} others", work)


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


def checked_series(
    others: Any,
    layer: str | None,
    transform: Any,
    names: Any,
    *,
    own_layer: str,
    check_layer: Callable[[object], str],
) -> tuple[list[str | Other], tuple[str, ...] | None]:
    """Return what a user names for a series, and its names, for `comparing_series`.

    Parameters
    ----------
    others, layer, transform, names
        See `AtlasWidget.compare_series`.
    own_layer, check_layer
        See `checked_other`.

    Raises
    ------
    AtlasError
        There is nothing to compare, or there are more or fewer names than atlases.
    """
    from torch import nn

    if isinstance(others, str | nn.Module) or not isinstance(others, Iterable):
        raise AtlasError(
            f"{others!r:.60}: a series is a list of layers, networks or atlases; w.compare takes a "
            "single one."
        )
    found: list[str | Other] = []
    for other in others:
        of_network = isinstance(other, nn.Module)
        found.append(
            checked_other(
                other,
                layer if of_network else None,
                transform if of_network else None,
                own_layer=own_layer,
                check_layer=check_layer,
            )
        )
    if not found:
        raise AtlasError("A series needs one atlas or more beside the one shown.")
    if names is None:
        return found, None
    called = tuple(str(name)[:80] for name in names)
    if len(called) != len(found) + 1 or len(set(called)) < len(called):
        raise AtlasError(
            f"names={list(called)!r:.80}: {len(found) + 1} different names are needed, the first "
            "that of the atlas shown."
        )
    return found, called


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


def _cells_of(comparison: AtlasComparison) -> Mapping[Side, pd.DataFrame]:
    """Return the cells of both maps, whose intervals take a moment, as the units' matches do."""
    _ = comparison.units  # which it keeps
    return {"a": comparison.cells(of="a"), "b": comparison.cells(of="b")}


def _atlas_of(
    material: Material, other: Other, progress: ProgressCallback, cancelled: CancelledCallback
) -> Atlas:
    """Return another atlas at the places of the one shown; its network is let go of."""
    if not isinstance(other, LayerBeside | NetworkBeside):
        return other
    probe = other.open(material.probe)
    try:
        part = partial(progress_of_part, progress, parts=2)
        return atlas_like(material, probe, part(0), part(1), cancelled)
    finally:
        probe.close()


def _pausing(
    progress: ProgressCallback, cancelled: CancelledCallback
) -> tuple[ProgressCallback, CancelledCallback]:
    """Return callbacks of which the second tells the progress again, so that work pauses there.

    Scores of many samples take seconds without progress, and ask whether they are cancelled.
    """
    told = (0, 1)

    def note(done: int, total: int) -> None:
        nonlocal told
        told = done, total
        progress(done, total)

    def pause() -> bool:
        progress(*told)
        return cancelled()

    return note, pause


def _numbered(atlases: Sequence[Atlas]) -> tuple[str, ...] | None:
    """Return names for checkpoints of one layer, which nothing else tells apart."""
    layers = {atlas.layer for atlas in atlases}
    if len(layers) == len(atlases):
        return None
    return tuple(f"{at + 1}: {atlas.layer}" for at, atlas in enumerate(atlases))


def _layer_of(atlas: Atlas, own: LayerProbe) -> LayerProbe | None:
    """Return the layer of a finished atlas if it is one of the network shown, else None."""
    if atlas.provenance.get("weights_hash") != own.weights_hash:
        return None
    try:
        return LayerBeside(atlas.layer).open(own)
    except AtlasError:
        return None
