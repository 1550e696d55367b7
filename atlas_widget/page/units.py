"""The pages of units in a page: the kernel's own messages about them, to be answered again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from atlas_widget.page.sprites import COLUMNS, TILE, TILES, encode
from atlas_widget.protocol import messages

if TYPE_CHECKING:
    from atlas_widget.page.icon import Icon

__all__ = ["PageUnits", "Told", "unit_sheets", "unit_tables"]

Told = tuple[Mapping[str, Any], bytes | None]
"""A message of the kernel's and its buffer, if it has one."""

_QUALITY = 80


@dataclass(frozen=True)
class PageUnits:
    """The units whose pages go into a page.

    Attributes
    ----------
    overview
        The message about all units of the layer.
    pages
        For each unit the messages about it, the first of which is `unit`.
    values
        Messages `unit_values`, of each unit and grid.
    pictures
        By the group of pictures, those of units by their numbers.
    """

    overview: Told
    pages: Mapping[int, Sequence[Told]]
    values: Sequence[Told] = ()
    pictures: Mapping[str, Mapping[int, Icon]] = field(default_factory=dict)


def unit_sheets(
    units: PageUnits, blocks: list[bytes], revision: int, first: int
) -> list[dict[str, Any]]:
    """Add the pictures of units to the blocks; return their records, numbered from `first`."""
    records: list[dict[str, Any]] = []
    for group, icons in units.pictures.items():
        numbers = sorted(icons)
        for start in range(0, len(numbers), TILES):
            some = numbers[start : start + TILES]
            columns = min(COLUMNS, len(some))
            message = messages.build(
                "sheet",
                sheet=first + len(records),
                revision=revision,
                group=group,
                state="final",
                numbers=some,
                cosine=[icons[number].cosine for number in some],
                rank=[icons[number].rank for number in some],
                tile=TILE,
                columns=columns,
            )
            records.append({"message": message, "block": len(blocks)})
            pixels = [icons[number].pixels for number in some]
            blocks.append(encode(pixels, TILE, _QUALITY, columns))
    return records


def unit_tables(units: PageUnits, blocks: list[bytes], revision: int) -> dict[str, Any]:
    """Add buffers to the blocks; return the messages for the tables of a page."""

    def told(one: Told) -> dict[str, Any]:
        message, data = one
        block = None
        if data is not None:
            block = len(blocks)
            blocks.append(data)
        return {"message": {**message, "revision": revision}, "block": block}

    return {
        "overview": told(units.overview),
        "pages": [
            {"unit": unit, "told": [told(one) for one in page]}
            for unit, page in units.pages.items()
        ],
        "values": [told(one) for one in units.values],
    }
