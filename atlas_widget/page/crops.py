"""Real crops in a page: each once, however many cells have it among their nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from atlas_widget import demo
from atlas_widget.demo.credits import credits
from atlas_widget.page.sprites import COLUMNS, TILES, encode

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.atlas.grid import Grid

__all__ = ["CropPool", "collect_crops", "credits_of", "ships_its_photos"]

_OF_COARSEST = 4  # crops of a cell of the coarsest grid
_OF_FINER = 2

_QUALITY = 75


@dataclass(frozen=True)
class CropPool:
    """Crops in sheets, and which of them belong to which cell.

    Attributes
    ----------
    tile
        Side of a crop in pixels.
    sheets
        WebP files of up to 64 crops each.
    nearest
        For each grid's size, the numbers of each cell's crops, nearest first, in the order of the
        grid's cells.
    samples
        The sample that each crop is of.
    images
        Number of images that they come from.
    """

    tile: int
    sheets: Sequence[bytes]
    nearest: dict[int, list[list[int]]]
    samples: Sequence[int]
    images: int

    def record(self, blocks: Sequence[int]) -> dict[str, Any]:
        """Return the pool for the page's tables; `blocks` are the numbers of its sheets' blocks."""
        return {
            "tile": self.tile,
            "columns": COLUMNS,
            "tiles": TILES,
            "blocks": list(blocks),
            "nearest": {str(size): cells for size, cells in self.nearest.items()},
        }


def collect_crops(atlas: Atlas, grids: Sequence[Grid]) -> CropPool:
    """Gather the nearest crops of the cells of some grids.

    Four of each cell of the coarsest grid, two of the others. They are encoded anew
    from their pixels, so that no metadata of the images' files is in them.
    """
    numbers: dict[int, int] = {}
    nearest: dict[int, list[list[int]]] = {}
    coarsest = min(grid.size for grid in grids)
    for grid in sorted(grids, key=lambda grid: grid.size):
        count = _OF_COARSEST if grid.size == coarsest else _OF_FINER
        nearest[grid.size] = [
            [numbers.setdefault(int(sample), len(numbers)) for sample in grid.nearest(place, count)]
            for place in range(len(grid))
        ]
    samples = list(numbers)
    thumbnails = atlas.samples.thumbnails
    sheets = []
    tile = 0
    for start in range(0, len(samples), TILES):
        pixels = [thumbnails.get(sample) for sample in samples[start : start + TILES]]
        tile = tile or pixels[0].shape[0]
        sheets.append(encode(pixels, tile, _QUALITY))
    images = {int(atlas.samples.image_ids[sample]) for sample in samples}
    return CropPool(tile, sheets, nearest, samples, len(images))


def ships_its_photos(atlas: Atlas) -> bool:
    """Return True if the atlas is of the photos that this package ships, which may be shown."""
    images = atlas.provenance.get("images")
    if not isinstance(images, dict) or not images.get("fingerprint"):
        return False
    return bool(images["fingerprint"] == demo.images().fingerprint())


def credits_of(atlas: Atlas, samples: Sequence[int]) -> list[str]:
    """Return author, licence and origin of the demo's photos that these samples come from."""
    used = {atlas.samples.name(int(sample)) for sample in samples}
    return [str(credit) for credit in credits() if credit.name in used]
