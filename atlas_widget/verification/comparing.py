"""Two figures compared as they are drawn: cell by cell, in levels of 255."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from atlas_widget.figures import Tile
    from atlas_widget.figures.reading import Drawn

__all__ = ["between_cells", "cell_differences"]

Box = tuple[float, float, float, float]


def cell_differences(
    old: Drawn | None, new: Drawn | None, tiles: Sequence[Tile], drawing: Figure | None
) -> npt.NDArray[np.float64]:
    """Return the mean and the largest absolute difference of each cell: (n, 2), NaN if unknown.

    Parameters
    ----------
    old, new
        What both files show; they can be compared if they are of one size.
    tiles
        The cells, which both have at the same places.
    drawing
        The figure, where these are whole figures; None where they are the mosaic of cells.
    """
    found = np.full((len(tiles), 2), np.nan)
    if old is None or new is None or old.shape != new.shape:
        return found
    height, width = old.shape[:2]
    apart = np.abs(old.astype(np.int16) - new)
    for number, box in enumerate(_boxes(tiles, drawing)):
        left, top, right, bottom = (
            round(at * side) for at, side in zip(box, (width, height, width, height), strict=True)
        )
        cell = apart[top : max(bottom, top + 1), left : max(right, left + 1)]
        if cell.size:
            found[number] = cell.mean(), cell.max()
    return found


def between_cells(tiles: Sequence[Tile]) -> float:
    """Return how much pictures of different cells differ on average; NaN for a single one."""
    pixels = [tile.pixels.astype(np.int16) for tile in tiles]
    pairs = [
        float(np.abs(one - other).mean())
        for one, other in zip(pixels, [*pixels[1:], pixels[0]], strict=True)
        if one.shape == other.shape
    ]
    return float(np.mean(pairs)) if len(pixels) > 1 and pairs else float("nan")


def _boxes(tiles: Sequence[Tile], drawing: Figure | None) -> list[Box]:
    """Return left, top, right and bottom of each cell, in fractions of what is drawn."""
    top, left = min(tile.row for tile in tiles), min(tile.col for tile in tiles)
    rows = max(tile.row for tile in tiles) - top + 1
    cols = max(tile.col for tile in tiles) - left + 1
    x, y, width, height = 0.0, 0.0, 1.0, 1.0
    if drawing is not None:
        place = drawing.axes[0].get_position()
        x, y, width, height = place.x0, 1 - place.y1, place.width, place.height
    return [
        (
            x + width * (tile.col - left) / cols,
            y + height * (tile.row - top) / rows,
            x + width * (tile.col - left + 1) / cols,
            y + height * (tile.row - top + 1) / rows,
        )
        for tile in tiles
    ]
