"""Tables of a page: the messages that a kernel would send, and what cells argue for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from atlas_widget.attribution.hypernyms import kinds_of
from atlas_widget.diagnostics import diagnose
from atlas_widget.protocol import messages

if TYPE_CHECKING:
    from atlas_widget.page.contents import CellRecord, ClassEntry, Icon, PageContents, PageGrid
    from atlas_widget.progress import CancelledCallback

__all__ = ["CLEAR_OF_MANY", "FORMAT", "REVISION", "tables"]

FORMAT = 1
"""The version of the format; js/src/saved/format.ts reads it."""

REVISION = 0
"""The revision of the only layout of a page."""

_DIGITS = 4  # of cosines, after the point
_CLASS_DIGITS = 3  # of class values, significant ones
_HEIGHT = 600

CLEAR_OF_MANY = 12
"""Classes that a cell clearly argues for of which a page of very many cells keeps the strongest."""


def tables(
    contents: PageContents,
    sheets: Sequence[Mapping[str, Any]],
    crops: Mapping[str, Any] | None,
    units: Mapping[str, Any] | None = None,
    cancelled: CancelledCallback | None = None,
) -> dict[str, Any]:
    """Return what a page knows, of JSON's types only; see js/src/saved/format.ts.

    Parameters
    ----------
    contents
        The atlas and its grids.
    sheets, crops, units
        The records of the pictures, of the real crops, and of pages of units.
    cancelled
        Asked now and then; once it returns True, `Cancelled` is raised.
    """
    made: dict[str, int] = {}
    return {
        "format": FORMAT,
        "traits": _traits(contents, with_crops=crops is not None),
        "layout": _layout(contents),
        "classes": _classes(contents),
        "regions": _regions(contents),
        "notes": _notes(contents),
        "grids": [_grid(contents, grid, made, cancelled) for grid in contents.grids],
        "made": list(made),
        "lead": None if contents.lead is None else round(contents.lead, _DIGITS),
        "sheets": list(sheets),
        "units": units,
        "crops": crops,
    }


def _traits(contents: PageContents, *, with_crops: bool) -> dict[str, Any]:
    atlas = contents.atlas
    status = {
        "stage": "idle",
        "message": "",
        "done": 0,
        "total": 0,
        "seconds_left": None,
        "shorter": [],
        "error": "",
        "model": contents.model,
        "layer": atlas.layer,
        "samples": len(atlas),
        "images": len(atlas.samples.image_names),
    }
    return {
        "capabilities": [
            *(["crops"] if with_crops else []),
            *(["doubt"] if contents.diagnosed else []),
        ],
        "layer": atlas.layer,
        "layers": [{"name": atlas.layer, "type": "", "block": True}],
        "subject": list(contents.subject),
        "selection": [],
        "level": min(grid.grid.size for grid in contents.grids),
        "fixed_level": None,
        "opened": [],
        "hovered": -1,
        "viewport": [0.0, 0.0, 1.0, 1.0],
        "overlay": "pictures",
        "note": "",
        "unit": None,
        "unit_order": "number",
        "saved_units": [] if contents.units is None else list(contents.units.pages),
        "mode": "atlas",
        "status": status,
        "height": _HEIGHT,
    }


def _layout(contents: PageContents) -> dict[str, Any]:
    atlas = contents.atlas
    return messages.build(
        "layout",
        revision=REVISION,
        final=True,
        grids=[
            {"size": grid.grid.size, "ids": grid.grid.ids, "counts": grid.grid.counts}
            for grid in contents.grids
        ],
        samples=len(atlas),
        images=len(atlas.samples.image_names),
        layer=atlas.layer,
        subject=contents.subject,
        axes=[asdict(axis) for axis in atlas.axes or ()],
    )


def _classes(contents: PageContents) -> dict[str, Any]:
    names = list(contents.class_names)
    kinds = kinds_of(names)
    return messages.build(
        "classes",
        names=names,
        assumed=contents.names_assumed,
        reason="" if names else contents.no_classes,
        kinds=["|".join(kind.words) for kind in kinds],
        members=[" ".join(map(str, kind.classes)) for kind in kinds],
    )


def _regions(contents: PageContents) -> dict[str, Any] | None:
    if contents.regions is None:
        return None
    return messages.build("regions", revision=REVISION, **contents.regions)


def _notes(contents: PageContents) -> dict[str, Any] | None:
    if contents.notes is None:
        return None
    return messages.build("notes", revision=REVISION, **contents.notes)


def _grid(
    contents: PageContents,
    of: PageGrid,
    made: dict[str, int],
    cancelled: CancelledCallback | None,
) -> dict[str, Any]:
    ids = [int(cell) for cell in of.grid.ids]
    icons = [of.icons.get(cell) for cell in ids]
    cells = [of.cells.get(cell) for cell in ids]
    return {
        "size": of.grid.size,
        "labels": _labels(of.grid.size, ids, cells),
        "diagnoses": _diagnoses(contents, of.grid.size, cancelled) if contents.diagnosed else None,
        "states": [icon.state if icon else None for icon in icons],
        "cosine": [_cosine(icon) for icon in icons],
        "rank": [icon.rank if icon else None for icon in icons],
        "made": [made.setdefault(icon.made, len(made)) if icon else -1 for icon in icons],
        "pro": [_flat(cell.pro if cell else None) for cell in cells],
        "contra": [_flat(cell.contra if cell else None) for cell in cells],
        "why_not": [cell.why_not if cell else "" for cell in cells],
        "clear": [_flat(_clear(cell.clear, contents)) if cell else [] for cell in cells],
    }


def _clear(entries: Sequence[ClassEntry], contents: PageContents) -> Sequence[ClassEntry]:
    if not contents.thrifty:
        return entries
    return sorted(entries, key=lambda entry: (-entry[1], entry[0]))[:CLEAR_OF_MANY]


def _labels(size: int, ids: Sequence[int], cells: Sequence[CellRecord | None]) -> dict[str, Any]:
    winners = [dict(enumerate(cell.winners)) if cell else {} for cell in cells]
    return messages.build(
        "labels",
        revision=REVISION,
        grid=size,
        cells=ids,
        labels=[cell.label if cell else None for cell in cells],
        winners=[won.get(0) for won in winners],
        seconds=[won.get(1) for won in winners],
        leading=[cell.leading if cell else None for cell in cells],
    )


def _diagnoses(
    contents: PageContents, size: int, cancelled: CancelledCallback | None
) -> dict[str, Any]:
    table = diagnose(contents.atlas, size, cancelled=cancelled).set_index("id")
    return messages.build(
        "diagnoses",
        revision=REVISION,
        grid=size,
        cells=table.index,
        agreement=table["agreement"].round(_DIGITS),
        emptiness=table["emptiness"].round(_DIGITS),
        kept=table["kept"].round(_DIGITS),
        mixtures=table.index[table["bimodal"]],
    )


def _flat(entries: Sequence[ClassEntry] | None) -> list[float | None] | None:
    if entries is None:
        return None
    return [
        number
        for index, *values in entries
        for number in (int(index), *(_short(value) for value in values))
    ]


def _cosine(icon: Icon | None) -> float | None:
    return None if icon is None or icon.cosine is None else round(icon.cosine, _DIGITS)


def _short(value: float | None) -> float | None:
    """Return a number with few digits; None for what JSON cannot write."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{_CLASS_DIGITS}g}")
