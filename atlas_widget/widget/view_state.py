"""A view as a person may keep it: what of an atlas is looked at, as a dict of plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError, CellError, did_you_mean
from atlas_widget.session.cells.checks import check_cells, check_grid, check_ids, check_size
from atlas_widget.widget.validation import check_opened, check_viewport

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene

__all__ = ["VIEW", "check_view", "fit_view", "region_of"]

VIEW: Mapping[str, Any] = {
    "layer": None,
    "subject": [],
    "viewport": [0.0, 0.0, 1.0, 1.0],
    "level": None,
    "fixed_level": None,
    "selection": [],
    "overlay": "pictures",
    "opened": [],
}
"""What a view tells, all of them traits, and what stands for what it leaves out. No layer: the one
on show; no level: the coarsest."""

_FRAME = 0.15  # of a region's larger side, left free around it
_FRAME_CELLS = 1.5  # and at least so many cells


def check_view(value: object) -> dict[str, Any]:
    """Return a view in full, or say what is wrong with it; cells are looked at by `fit_view`.

    Parameters
    ----------
    value
        Some or all of `VIEW`.
    """
    if not isinstance(value, Mapping):
        raise AtlasError(f"A view is a dict such as `w.view` returns, not {value!r:.60}.")
    for name in value:
        if name not in VIEW:
            hint = did_you_mean(name, VIEW) if isinstance(name, str) else ""
            raise AtlasError(
                f"A view has no {name!r:.60}.{hint} It may have {', '.join(map(repr, VIEW))}."
            )
    view = {**VIEW, **value}
    for name in ("layer", "overlay"):
        if not isinstance(view[name], str) and (name, view[name]) != ("layer", None):
            raise AtlasError(f"The view's {name} is a name, not {view[name]!r:.60}.")
    subject = view["subject"]
    if not isinstance(subject, list | tuple) or not all(isinstance(part, str) for part in subject):
        raise AtlasError(f"The view's subject is a list of texts, not {subject!r:.60}.")
    for name in ("level", "fixed_level"):
        if view[name] is not None:
            check_size(view[name])
    return {
        **view,
        "subject": list(subject),
        "viewport": check_viewport(view["viewport"]),
        "selection": check_ids(view["selection"]),
        "opened": check_opened(view["opened"], None),
    }


def fit_view(view: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    """Return the traits that show a checked view of a scene, or say which cells it lacks."""
    level = scene.base if view["level"] is None else check_grid(view["level"], scene)
    if view["fixed_level"] is not None:
        check_grid(view["fixed_level"], scene)
    shown = {name: value for name, value in view.items() if name not in ("layer", "subject")}
    return {
        **shown,
        "level": level,
        "selection": check_cells(view["selection"], level, scene),
        "opened": check_opened(view["opened"], scene),
    }


def region_of(cells: Iterable[int], grid: int, scene: Scene) -> list[float]:
    """Return the region around cells as [x0, y0, x1, y1], with some room, in units of the atlas."""
    chosen = check_cells(cells, grid, scene)
    if not chosen:
        raise CellError("No cells were given to fly to; w.viewport = [0, 0, 1, 1] shows all.")
    rows, columns = zip(*(divmod(cell, grid) for cell in chosen), strict=True)
    x0, x1 = min(columns) / grid, (max(columns) + 1) / grid
    y0, y1 = min(rows) / grid, (max(rows) + 1) / grid
    room = max(_FRAME * max(x1 - x0, y1 - y0), _FRAME_CELLS / grid)
    return [x0 - room, y0 - room, x1 + room, y1 + room]
