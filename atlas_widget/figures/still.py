"""A still picture of an atlas that is small enough to be kept in a saved notebook."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from atlas_widget.errors import ExportError
from atlas_widget.figures.tiles import Name, Tile, mosaic, place_names

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

__all__ = ["STILL_BYTES", "still_picture"]

STILL_BYTES = 190_000
"""Default limit of a still picture's size: 254 kB as base64."""

_WIDTH = 1100  # pixels at most, as wide as a notebook's output
_MAX_CELL = 96  # pixels
_QUALITIES = (88, 80, 70, 55, 40, 25)
_FONT = 14  # pixels
_OUTLINE = (26, 115, 232, 255)


def still_picture(
    tiles: Sequence[Tile],
    grid: int,
    *,
    names: Sequence[Name] = (),
    outlined: Collection[int] = (),
    limit: int = STILL_BYTES,
) -> bytes:
    """Draw cells at their places as a WebP picture, transparent where there is no cell.

    Parameters
    ----------
    tiles
        The cells; the picture is as large as the rectangle that holds them.
    grid
        Cells along a side of the atlas.
    names
        Names of regions, the most important first; those without room are left out.
    outlined
        Ids of cells that get an outline: the selected ones.
    limit
        Bytes that the picture may take. To keep to it, quality is reduced first, then size.

    Returns
    -------
    bytes
    """
    from PIL import Image

    if not tiles:
        raise ExportError("There are no cells to draw.")
    top, left = min(tile.row for tile in tiles), min(tile.col for tile in tiles)
    bottom = max(tile.row for tile in tiles) + 1
    right = max(tile.col for tile in tiles) + 1
    rows, cols = bottom - top, right - left
    whole = Image.fromarray(mosaic(tiles, top, left, rows, cols))
    cell = min(_MAX_CELL, _WIDTH / cols, whole.width / cols)
    while True:
        size = (max(1, round(cols * cell)), max(1, round(rows * cell)))
        picture = whole.resize(size, Image.Resampling.LANCZOS)
        _outline(picture, outlined, grid, (left, top), cell)
        bounds, letter, line = (left, top, right, bottom), 0.6 * _FONT / cell, 1.5 * _FONT / cell
        _write(picture, place_names(names, grid, bounds, letter, line), cell)
        for quality in _QUALITIES:
            file = io.BytesIO()
            picture.save(file, "WEBP", quality=quality, alpha_quality=60, method=3)
            if file.tell() <= limit:
                return file.getvalue()
        if max(size) <= 8:
            raise ExportError(f"limit={limit}: no picture is that small.")
        cell *= 0.7


def _outline(
    picture: Picture, cells: Collection[int], grid: int, origin: tuple[int, int], cell: float
) -> None:
    """Draw a frame around each of these cells."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(picture)
    for chosen in cells:
        row, col = divmod(chosen, grid)
        x, y = (col - origin[0]) * cell, (row - origin[1]) * cell
        draw.rectangle((x, y, x + cell - 1, y + cell - 1), outline=_OUTLINE, width=2)


def _write(picture: Picture, names: Sequence[tuple[str, float, float]], cell: float) -> None:
    """Write names, dark on a light edge, legible over any picture and in any theme."""
    from PIL import ImageDraw, ImageFont

    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(_FONT)
    for text, x, y in names:
        draw.text(
            (x * cell, y * cell),
            text,
            fill=(20, 20, 20, 255),
            font=font,
            anchor="mm",
            stroke_width=2,
            stroke_fill=(255, 255, 255, 255),
        )
