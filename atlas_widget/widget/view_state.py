"""A saved view: layer, subject, viewport, selection and so on as a dict of plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError, CellError, check_unit, did_you_mean
from atlas_widget.session.cells.checks import check_cells, check_grid, check_ids, check_size
from atlas_widget.widget.validation import check_mode, check_opened, check_viewport

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene

__all__ = ["VIEW", "check_view", "fit_view", "region_of"]

VIEW: Mapping[str, Any] = {
    "mode": "atlas",
    "layer": None,
    "subject": [],
    "viewport": [0.0, 0.0, 1.0, 1.0],
    "level": None,
    "fixed_level": None,
    "selection": [],
    "overlay": "pictures",
    "opened": [],
    "unit": None,
}
"""The traits in a view with their default values. None as layer: the one shown; as level: the
coarsest."""

_MARGIN = 0.15  # of a region's larger side, on each side
_MARGIN_CELLS = 1.5  # minimum


def check_view(value: object) -> dict[str, Any]:
    """Return a view with all keys; raise if it is invalid. `fit_view` checks its cells.

    Parameters
    ----------
    value
        A dict with some or all keys of `VIEW`.
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
    if view["unit"] is not None and not isinstance(view["unit"], int):
        raise AtlasError(f"The view's unit is a number or None, not {view['unit']!r:.60}.")
    for name in ("level", "fixed_level"):
        if view[name] is not None:
            check_size(view[name])
    return {
        **view,
        "mode": check_mode(view["mode"]),
        "subject": list(subject),
        "viewport": check_viewport(view["viewport"]),
        "selection": check_ids(view["selection"]),
        "opened": check_opened(view["opened"], None),
    }


def fit_view(view: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    """Return the traits that show a validated view; raise if the scene lacks its cells."""
    level = scene.base if view["level"] is None else check_grid(view["level"], scene)
    if view["fixed_level"] is not None:
        check_grid(view["fixed_level"], scene)
    shown = {name: value for name, value in view.items() if name not in ("layer", "subject")}
    unit = view["unit"]
    return {
        **shown,
        "level": level,
        "selection": check_cells(view["selection"], level, scene),
        "opened": check_opened(view["opened"], scene),
        "unit": None if unit is None else check_unit(unit, scene.channels, scene.layer),
    }


def region_of(cells: Iterable[int], grid: int, scene: Scene) -> list[float]:
    """Return the region around cells with a margin, [x0, y0, x1, y1] in units of the atlas."""
    chosen = check_cells(cells, grid, scene)
    if not chosen:
        raise CellError("No cells were given to fly to; w.viewport = [0, 0, 1, 1] shows all.")
    rows, columns = zip(*(divmod(cell, grid) for cell in chosen), strict=True)
    x0, x1 = min(columns) / grid, (max(columns) + 1) / grid
    y0, y1 = min(rows) / grid, (max(rows) + 1) / grid
    room = max(_MARGIN * max(x1 - x0, y1 - y0), _MARGIN_CELLS / grid)
    return [x0 - room, y0 - room, x1 + room, y1 + room]
