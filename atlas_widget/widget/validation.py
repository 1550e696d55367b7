"""Validation of traits that the browser or the user sets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError, CellError, did_you_mean
from atlas_widget.protocol.messages import MAX_CELLS
from atlas_widget.session.cells.checks import check_cells, check_grid, check_ids, check_size
from atlas_widget.widget.units import check_unit_order

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene

__all__ = [
    "MODES",
    "check_height",
    "check_mode",
    "check_opened",
    "check_viewport",
    "refusals",
]

MODES = ("atlas", "graph", "units", "image", "compare")
"""The views of a widget: map, graph of the layers, units of the layer. Mirrors js/src/views."""

# Set by the views of ipywidgets, in addition to the traits that are checked below.
_IPYWIDGETS_TRAITS = ("layout", "tooltip", "tabbable", "_dom_classes", "_view_count")

_HEIGHT_RANGE = (200, 10_000)  # pixels


def check_mode(value: object) -> str:
    """Return the name of a view of the widget, or raise that there is no such view."""
    if not isinstance(value, str) or value not in MODES:
        hint = did_you_mean(value, MODES) if isinstance(value, str) else ""
        raise AtlasError(f"There is no mode {value!r:.60}.{hint} There are {', '.join(MODES)}.")
    return value


def check_opened(value: object, scene: Scene | None) -> list[int]:
    """Return the opened cell as [grid, cell], or [] for none."""
    pair = list(value) if isinstance(value, list | tuple) else [value]
    if not pair:
        return []
    if len(pair) != 2:
        raise CellError(f"The opened cell is [grid, cell], or [] for none, not {value!r:.60}.")
    grid, (cell,) = check_size(pair[0]), check_ids(pair[1:])
    if scene is not None:
        check_cells([cell], grid, scene)
    return [grid, cell]


def check_height(value: object) -> int:
    """Return a valid height in pixels."""
    low, high = _HEIGHT_RANGE
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise AtlasError(f"A height is {low} to {high:,} pixels, not {value!r:.60}.")
    return value


def check_viewport(value: object) -> list[float]:
    """Return a region of the atlas as [x0, y0, x1, y1]; raise `AtlasError` if it is none."""
    numbers = list(value) if isinstance(value, list | tuple) else []
    if len(numbers) != 4 or not all(
        isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
        for number in numbers
    ):
        raise AtlasError(
            f"A viewport is [x0, y0, x1, y1] in units of the atlas, such as [0, 0, 1, 1], "
            f"not {value!r:.60}."
        )
    x0, y0, x1, y1 = (min(max(float(number), -100.0), 100.0) for number in numbers)
    if not (x0 < x1 and y0 < y1):
        raise AtlasError(f"The viewport {numbers} is empty: x0 < x1 and y0 < y1 must hold.")
    return [x0, y0, x1, y1]


def refusals(
    state: Mapping[str, Any],
    *,
    layer_exists: Any,
    overlay_exists: Any,
    subject_exists: Any,
    level: int,
    unit_exists: Any,
    scene: Scene | None,
) -> dict[str, str]:
    """Return the traits of a state from the browser that are refused, with the reasons.

    Parameters
    ----------
    state
        The state from the browser; nothing about it is trusted.
    layer_exists
        Raises an `AtlasError` for a layer that does not exist.
    overlay_exists, subject_exists
        The same for an overlay, and for the subject of an atlas.
    level
        The current grid.
    unit_exists
        Raises an `AtlasError` for a unit that the layer does not have.
    scene
        The current cells.
    """
    refused: dict[str, str] = {}
    for name, value in state.items():
        try:
            if name == "layer":
                layer_exists(value)
            elif name == "overlay":
                overlay_exists(value)
            elif name == "subject":
                subject_exists(value)
            elif name == "level":
                if scene is not None:
                    check_grid(value, scene)
            elif name == "selection":
                check_cells(value, state.get("level", level), scene)
            elif name == "fixed_level":
                if value is not None:
                    check_size(value)
                    if scene is not None:
                        check_grid(value, scene)
            elif name == "opened":
                check_opened(value, scene)
            elif name == "mode":
                check_mode(value)
            elif name == "unit_order":
                check_unit_order(value)
            elif name == "unit":
                if value is not None:
                    unit_exists(value)
            elif name == "height":
                check_height(value)
            elif name == "viewport":
                check_viewport(value)
            elif name == "hovered":
                _check_hovered(value)
            elif name not in _IPYWIDGETS_TRAITS:
                raise AtlasError(f"The browser does not set {name!r:.60}.")
        except AtlasError as error:
            refused[name] = str(error)
    return refused


def _check_hovered(value: object) -> None:
    # A cell that no longer exists is harmless: it is looked up when used.
    if isinstance(value, bool) or not isinstance(value, int) or not -1 <= value < MAX_CELLS:
        raise AtlasError(f"The hovered cell is an id or -1, not {value!r:.60}.")
