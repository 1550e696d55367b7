"""Pictures of cells in sheets: few large files instead of thousands of small ones."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    from atlas_widget.atlas.grid import Grid
    from atlas_widget.page.icon import Icon

__all__ = ["COLUMNS", "TILE", "TILES", "IconSheet", "encode", "icon_sheets"]

TILE = 64
"""Side of a cell's picture in a sheet, in pixels."""

TILES = 64
"""Number of pictures in a sheet, at most; what a message of the protocol may bring."""

COLUMNS = 8

_QUALITY = 80
_QUALITY_OF_MANY = 60  # 0.8 kB a picture instead of 1.1
_NEIGHBORHOOD = 8  # cells along a side of what goes into a sheet, where all are there


@dataclass(frozen=True)
class IconSheet:
    """Pictures of neighbouring cells.

    Attributes
    ----------
    state
        "rough" or "final", of all of them.
    cells
        Ids of the cells, in the order of the tiles.
    columns
        Tiles in a row.
    data
        A WebP file.
    """

    state: str
    cells: Sequence[int]
    columns: int
    data: bytes


def icon_sheets(
    grid: Grid, icons: Mapping[int, Icon], *, thrifty: bool = False
) -> Iterator[IconSheet]:
    """Yield the pictures of a grid's cells in sheets; neighbours are together.

    A page decodes only the sheets of cells that are looked at.

    Parameters
    ----------
    grid, icons
        The cells, and their pictures by id.
    thrifty
        Whether to compress them more, as in a page of very many.
    """
    quality = _QUALITY_OF_MANY if thrifty else _QUALITY
    known = [int(cell) for cell in grid.ids if int(cell) in icons]
    for state in sorted({icons[cell].state for cell in known}):
        cells = sorted(
            (cell for cell in known if icons[cell].state == state),
            key=lambda cell: _neighborhood(cell, grid.size),
        )
        for start in range(0, len(cells), TILES):
            some = cells[start : start + TILES]
            columns = min(COLUMNS, len(some))
            pixels = [icons[cell].pixels for cell in some]
            yield IconSheet(state, some, columns, encode(pixels, TILE, quality, columns))


def encode(
    tiles: Sequence[npt.NDArray[np.uint8]], tile: int, quality: int, columns: int = COLUMNS
) -> bytes:
    """Return square RGB pictures as one WebP file, row by row; those of another size are resized.

    The same pixels give the same bytes with the same version of Pillow. There is no metadata.
    """
    rows = math.ceil(len(tiles) / columns)
    sheet = Image.new("RGB", (columns * tile, rows * tile), (128, 128, 128))
    for at, pixels in enumerate(tiles):
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        if picture.size != (tile, tile):
            picture = picture.resize((tile, tile), Image.Resampling.LANCZOS)
        sheet.paste(picture, (at % columns * tile, at // columns * tile))
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def _neighborhood(cell: int, size: int) -> tuple[int, int, int]:
    row, column = divmod(cell, size)
    return row // _NEIGHBORHOOD, column // _NEIGHBORHOOD, cell
