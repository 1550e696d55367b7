"""Cells as tiles of a picture, and the names of regions over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Mark", "Name", "Tile", "mosaic", "place_names"]

_GAP = 1 / 32  # of a cell


@dataclass(frozen=True, slots=True)
class Tile:
    """A cell as it is drawn.

    Attributes
    ----------
    row, col
        Its place in the grid.
    pixels
        Its picture: height x width x 3, RGB.
    state
        "crop" for a real crop, "rough" or "final" for an inversion.
    label
        A word or two under the picture, or None.
    """

    row: int
    col: int
    pixels: npt.NDArray[np.uint8]
    state: str = "final"
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a region and where it goes, in units of the atlas."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A numbered mark: where it goes, in units of the atlas, and what the legend says to it."""

    number: int
    x: float
    y: float
    text: str


def mosaic(
    tiles: Sequence[Tile], top: int, left: int, rows: int, cols: int
) -> npt.NDArray[np.uint8]:
    """Put all tiles into one RGBA picture; what no tile covers is transparent.

    Parameters
    ----------
    tiles
        The cells.
    top, left, rows, cols
        The rectangle of the grid that holds them.

    Returns
    -------
    ndarray of uint8, (height, width, 4)
    """
    from PIL import Image

    side = max(tile.pixels.shape[0] for tile in tiles)
    gap = max(1, round(side * _GAP))
    step = side + gap
    mosaic = np.zeros((rows * step, cols * step, 4), dtype=np.uint8)
    mosaic[..., :3] = 255  # resampling must not bleed black into the edges
    for tile in tiles:
        pixels = tile.pixels
        if pixels.shape[:2] != (side, side):
            resized = Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS)
            pixels = np.asarray(resized)
        y = (tile.row - top) * step + gap // 2
        x = (tile.col - left) * step + gap // 2
        mosaic[y : y + side, x : x + side, :3] = pixels
        mosaic[y : y + side, x : x + side, 3] = 255
    return mosaic


def place_names(
    names: Sequence[Name],
    grid: int,
    bounds: tuple[int, int, int, int],
    letter: float,
    line: float,
) -> list[tuple[str, float, float]]:
    """Choose the names that have room: within the bounds, none over one before it.

    Parameters
    ----------
    names
        The most important first.
    grid
        Cells along a side of the atlas.
    bounds
        The rectangle drawn: first column and row, and those after the last, in cells.
    letter, line
        The usual width of a letter and the height of a line, in cells.

    Returns
    -------
    list of (str, float, float)
        Each name with its middle: columns from the rectangle's left edge, rows from its top.
    """
    left, top, right, bottom = bounds
    placed: list[tuple[str, float, float]] = []
    for name in names:
        half = letter * len(name.text) / 2
        x, y = name.x * grid, name.y * grid
        if not (top <= y <= bottom and left <= x <= right) or 2 * half > right - left:
            continue
        x = min(max(x, left + half), right - half)  # a name at the edge moves in
        free = all(
            abs(x - left - other_x) >= half + letter * (len(text) / 2 + 1)
            or abs(y - top - other_y) >= line
            for text, other_x, other_y in placed
        )
        if free:
            placed.append((name.text, x - left, y - top))
    return placed
