"""Pictures of a saved atlas that a widget has made before, found without its model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from atlas_widget.session.cells.scene import CellTargets, Scene
from atlas_widget.session.pictures.cache import PictureCache, is_cache
from atlas_widget.session.pictures.picture import Picture, State, cell_group
from atlas_widget.session.pictures.renderer import picture_key

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas

__all__ = ["cached_icons"]


@dataclass(frozen=True)
class _Described:
    description: str


@dataclass(frozen=True)
class _SavedLayer:
    """A layer as an atlas's provenance names it; enough for the keys of its pictures."""

    weights_hash: str
    layer: str
    preprocessing: _Described


def cached_icons(
    atlas: Atlas, grids: Sequence[int], folder: Path, *, seed: int = 0
) -> dict[int, dict[int, Picture]]:
    """Return the icons of an atlas's cells that are in the cache, by grid and id of the cell.

    Parameters
    ----------
    atlas
        Its provenance says which weights and preprocessing it is of; without that nothing is found.
    grids
        Sizes of grids.
    folder
        The cache folder; nothing is written to it.
    seed
        Seed of the noise that the pictures were started from.
    """
    found: dict[int, dict[int, Picture]] = {size: {} for size in grids}
    record = atlas.provenance
    if not is_cache(folder) or not {"weights_hash", "preprocessing"} <= record.keys():
        return found
    layer = _SavedLayer(
        str(record["weights_hash"]), atlas.layer, _Described(str(record["preprocessing"]))
    )
    scene = Scene(0, atlas.layer, {size: atlas.grid(size) for size in grids}, atlas.samples, atlas)
    cache = PictureCache(folder)
    try:
        for size in grids:
            found[size] = _of_grid(layer, CellTargets(scene), size, cache, seed)
    finally:
        cache.close()
    return found


def _of_grid(
    layer: _SavedLayer, targets: CellTargets, size: int, cache: PictureCache, seed: int
) -> dict[int, Picture]:
    import numpy as np

    from atlas_widget.inversion.settings import InversionSettings

    settings, group = InversionSettings.icon(), cell_group(size)
    cells = list(targets.scene.cells(size))
    directions = targets.directions(group, cells)
    examples = targets.examples(group, cells)
    keys = {
        cell: picture_key(layer, settings, seed, direction, crops)
        for cell, direction, crops in zip(cells, directions, examples, strict=True)
    }
    pictures = cache.pictures(keys.values())
    known = {cell: pictures[key] for cell, key in keys.items() if key in pictures}
    if not known:
        return {}
    activations = np.stack([picture.activations for picture in known.values()])
    ranks = targets.ranks(group, list(known), activations)
    return {
        cell: Picture(picture.pixels, State.FINAL, picture.cosine, rank, picture.made)
        for (cell, picture), rank in zip(known.items(), ranks, strict=True)
    }
