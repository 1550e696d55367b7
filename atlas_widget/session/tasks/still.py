"""A still picture of the cells shown, with a caption, for notebooks without a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atlas_widget import figures
from atlas_widget.session.tasks.export import caption_of, tiles_of

if TYPE_CHECKING:
    from atlas_widget.session.tasks.shown import Shown

__all__ = ["Still", "take_still"]


@dataclass(frozen=True)
class Still:
    """A still picture of an atlas.

    Attributes
    ----------
    picture
        A WebP file.
    caption
        The model, the layer, what the atlas is about and how far its pictures are, as plain text.
    """

    picture: bytes
    caption: str


def take_still(shown: Shown, selection: Sequence[int] = (), level: int | None = None) -> Still:
    """Draw all cells of the coarsest grid with their current pictures.

    Parameters
    ----------
    shown
        The cells shown and their pictures.
    selection, level
        Selected cells, and their grid: they get an outline.
    """
    scene = shown.scene
    grid = scene.base
    cells = list(scene.cells(grid))
    tiles, pictures = tiles_of(shown, grid, cells)
    chosen = list(selection)
    if level is not None and level != grid:
        chosen = scene.same_region(chosen, level, grid)
    picture = figures.still_picture(
        tiles,
        grid,
        names=shown.names(),
        outlined=[cell for cell in chosen if scene.has(grid, cell)],
    )
    return Still(picture, caption_of(shown, grid, cells, tiles, pictures))
