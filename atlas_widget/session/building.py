"""Build the atlas of a layer in stages, showing provisional layouts as early as possible."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from atlas_widget.atlas.grid import Grid
from atlas_widget.atlas.samples import Samples
from atlas_widget.errors import AtlasError, ImagesError, SavedAtlasError
from atlas_widget.session.settings import Recipe

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.atlas.class_influence import Axis
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["Built", "Report", "build", "trim", "whole"]

Report = Callable[[str, str, float, float], None]

_FIRST_LAYOUT_SAMPLES = 300  # with fewer samples a layout is not informative
_NEXT_LAYOUT_FACTOR = 4  # the next layout is shown with this times as many samples
_ATLASES_LIMIT = 2 << 30  # bytes of atlases in the cache


@dataclass(frozen=True)
class Built:
    """A layout to show.

    Attributes
    ----------
    samples, grids
        The samples, and the grids over them, by size.
    atlas
        The finished atlas; None while the layout is provisional.
    axes
        The meaning of x and y in a provisional layout, if they have one; an atlas says its own.
    """

    samples: Samples
    grids: Mapping[int, Grid]
    atlas: Atlas | None = None
    axes: tuple[Axis, ...] | None = None

    @property
    def final(self) -> bool:
        """True if the layout is final."""
        return self.atlas is not None


def build(
    probe: LayerProbe,
    source: ImageSource | None,
    recipe: Recipe,
    *,
    keep: bool,
    report: Report,
    notice: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> Iterator[Built | None]:
    """Build the atlas of a layer, or load it from the cache.

    Parameters
    ----------
    probe, source, recipe
        The layer, the images and the parameters; without images only a given atlas is shown.
    keep
        Whether to keep the atlas in the cache.
    report
        Called with stage, message, done and total, several times a second, within long steps too.
    notice
        Receives each notice to the user.
    cancelled
        Called between steps; once it returns True, `Cancelled` is raised.

    Yields
    ------
    Built or None
        A layout to show, or None after a step that shows nothing new.
    """
    from atlas_widget.build import atlas_key
    from atlas_widget.build.finish import check_samples, finish_atlas
    from atlas_widget.images.source import source_notices
    from atlas_widget.layout import quick_layout, umap_ready

    for line in source_notices(source) if source is not None else ():
        notice(line)
    given = _users_atlas(probe, recipe, notice)
    if given is not None:
        yield whole(given)
        return
    if source is None:
        raise ImagesError(
            f"There is no atlas of layer {probe.layer!r} in what atlas= names, and no images "
            "to make one from."
        )
    folder = recipe.folder / "atlases" / atlas_key(probe, source, recipe.settings)
    cached = _cached(folder, recipe, probe)
    if cached is not None:
        yield whole(cached)
        return
    settings = recipe.settings
    method = settings.layout_method
    # umap-learn is imported and compiled while samples are collected
    with umap_ready(start=method is not None and method.is_default):
        samples = yield from _collect(probe, source, recipe, report, cancelled)
        for line in source_notices(source):
            notice(line)
        check_samples(samples, source)
        report("layout", "", 0, 0)
        yield _provisional(samples, quick_layout(samples.activations, recipe.seed), recipe)
        report("umap", method.notice if method is not None else "", 0, 0)
        atlas = finish_atlas(
            samples,
            probe,
            source,
            settings,
            recipe.model(probe),
            grids=recipe.grids,
            labels=recipe.names(probe),
            progress=lambda done, total: report("umap", "", done, total),
            cancelled=cancelled,
        )
    for line in atlas.notices:
        notice(line)
    yield whole(atlas)
    if keep:
        kept = folder.parent / atlas.provenance["key"]  # not `folder` after a fallback
        try:
            atlas.save(kept)
            trim(folder.parent, _ATLASES_LIMIT)
        except (AtlasError, OSError) as error:
            notice(f"The atlas could not be cached: {error}")


def _collect(
    probe: LayerProbe,
    source: ImageSource,
    recipe: Recipe,
    report: Report,
    cancelled: Callable[[], bool],
) -> Generator[Built | None, None, Samples]:
    """Collect samples, yielding a provisional layout of them from time to time."""
    from atlas_widget.collect import iter_collect

    settings = recipe.settings
    report("collecting", "", 0, recipe.num_samples)
    parts: list[Samples] = []
    count, next_layout = 0, _FIRST_LAYOUT_SAMPLES
    for part in iter_collect(
        probe,
        source,
        num_samples=settings.num_samples,
        seed=settings.seed,
        crop_scale=settings.crop_scale,
        positions_per_crop=settings.positions_per_crop,
        cancelled=cancelled,
    ):
        parts.append(part)
        count += len(part)
        report("collecting", "", count, recipe.num_samples)
        shown = None
        if next_layout <= count < recipe.num_samples:
            next_layout = count * _NEXT_LAYOUT_FACTOR
            shown = _provisional_layout(parts, recipe)
        yield shown
    return Samples.concatenate(parts)


def trim(folder: Path, limit: int) -> None:
    """Delete the least recently used atlases until the others take at most `limit` bytes."""
    entries = []
    for entry in folder.iterdir():
        with contextlib.suppress(OSError):
            size = sum(file.stat().st_size for file in entry.iterdir())
            entries.append(((entry / "atlas.json").stat().st_mtime, size, entry))
    total = sum(size for _, size, _ in entries)
    for _, size, entry in sorted(entries)[:-1]:  # never the one just written
        if total <= limit:
            return
        shutil.rmtree(entry, ignore_errors=True)
        total -= size


def _users_atlas(probe: LayerProbe, recipe: Recipe, notice: Callable[[str], None]) -> Atlas | None:
    """Return the atlas that the user passed, if it is of this layer."""
    from atlas_widget.atlas import DEFAULT_GRIDS, Atlas
    from atlas_widget.atlas.files import NoAtlasOfLayerError, find_atlas

    if recipe.atlas is None:
        return None
    if isinstance(recipe.atlas, Atlas):
        brought = recipe.atlas
    else:
        try:
            brought = Atlas.load(find_atlas(recipe.atlas, probe.layer))
        except NoAtlasOfLayerError:  # the folder has atlases of other layers only
            if recipe.opened_with(probe.layer):
                raise
            return None
    if brought.layer != probe.layer:
        if recipe.opened_with(probe.layer):
            raise SavedAtlasError(
                f"The atlas is of layer {brought.layer!r}, not of {probe.layer!r}: open the widget "
                f"with layer={brought.layer!r}."
            )
        return None
    channels = brought.activations.shape[1]
    if channels != probe.channels:
        raise SavedAtlasError(
            f"The atlas has {channels} channels, but layer {probe.layer!r} of this model has "
            f"{probe.channels}: it was made from another model."
        )
    weights = brought.provenance.get("weights_hash")
    if weights is not None and weights != probe.weights_hash:
        notice(
            "The atlas was made with other weights than this model has: its pictures show what "
            "this model sees for the activations of that one."
        )
    # A shallow copy: the user's own atlas is not changed.
    atlas = brought.with_layout(brought.xy)
    atlas.grids = brought.grids if recipe.grids == DEFAULT_GRIDS else recipe.grids
    return atlas


def _cached(folder: Path, recipe: Recipe, probe: LayerProbe) -> Atlas | None:
    from atlas_widget.atlas import Atlas

    if not (folder / "atlas.json").is_file():
        return None
    try:
        atlas = Atlas.load(folder)
    except AtlasError:  # damaged: it is built again and overwritten
        shutil.rmtree(folder, ignore_errors=True)
        return None
    with contextlib.suppress(OSError):
        os.utime(folder / "atlas.json")
    atlas.grids = recipe.grids
    atlas.labels = recipe.names(probe)
    atlas.cell_labels = {}
    return atlas


def _provisional_layout(parts: list[Samples], recipe: Recipe) -> Built | None:
    """Return a layout of the samples collected so far; None if that is not possible yet."""
    import numpy as np

    from atlas_widget.layout import quick_layout

    samples = Samples.concatenate(parts)
    if not np.isfinite(samples.activations).all():
        return None  # reported once all samples are collected
    return _provisional(samples, quick_layout(samples.activations, recipe.seed), recipe)


def _provisional(samples: Samples, xy: object, recipe: Recipe) -> Built:
    grids = {size: Grid.from_layout(samples.activations, xy, size) for size in recipe.grids}  # type: ignore[arg-type]
    return Built(samples, grids)


def whole(atlas: Atlas) -> Built:
    """Return the layout of a finished atlas, to be shown."""
    return Built(atlas.samples, {size: atlas.grid(size) for size in atlas.grids}, atlas)
