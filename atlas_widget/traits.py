"""Checks of what the browser or the person sets, before it becomes the widget's state."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError, CellError
from atlas_widget.messages import MAX_CELLS

if TYPE_CHECKING:
    from atlas_widget.rendering.scene import Scene

__all__ = ["check_cells", "check_grid", "check_viewport", "refusals"]

# What ipywidgets' own views set, besides what is checked below.
_VIEWS = ("layout", "tooltip", "tabbable", "_dom_classes", "_view_count")


def check_cells(cells: object, grid: int, scene: Scene | None) -> list[int]:
    """Return cells as a list of ids, each once, or say which of them do not exist."""
    if isinstance(cells, str | bytes | Mapping) or not isinstance(cells, Iterable):
        raise CellError(f"Cells are given as ids, such as [12, 13], not as {cells!r:.60}.")
    found: dict[int, None] = {}
    for cell in cells:
        if len(found) > MAX_CELLS:
            raise CellError(f"More than {MAX_CELLS} cells at once; select fewer.")
        if isinstance(cell, bool) or not hasattr(cell, "__index__"):
            raise CellError(f"A cell is named by its id, a whole number, not by {cell!r:.60}.")
        found[int(cell)] = None
    if not found:
        return []
    if scene is None:
        raise CellError("There are no cells yet; w.wait() waits for them.")
    check_grid(grid, scene)
    missing = [cell for cell in found if not scene.has(grid, cell)]
    if missing:
        some = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        raise CellError(
            f"The {grid} × {grid} grid has no cell {some}; w.atlas.cells({grid}) lists the "
            f"{len(scene.cells(grid))} that it has (id = row * {grid} + column)."
        )
    return list(found)


def check_grid(grid: object, scene: Scene) -> int:
    """Return a grid's size, or say which grids there are."""
    if isinstance(grid, bool) or not isinstance(grid, int) or grid not in scene.grids:
        sizes = ", ".join(str(size) for size in sorted(scene.grids))
        raise CellError(f"There is no grid {grid!r:.60}; there are {sizes}.")
    return grid


def check_viewport(value: object) -> list[float]:
    """Return a region of the atlas as [x0, y0, x1, y1], or say what one looks like."""
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
    level: int,
    scene: Scene | None,
) -> dict[str, str]:
    """Return what of a state from the browser is refused, and why.

    Parameters
    ----------
    state
        What the browser sends: nothing about it is trusted.
    layer_exists
        Raises an `AtlasError` for a layer that does not exist.
    overlay_exists
        The same for an overlay.
    level
        The grid that is shown now.
    scene
        The cells that exist.
    """
    refused: dict[str, str] = {}
    for name, value in state.items():
        try:
            if name == "layer":
                layer_exists(value)
            elif name == "overlay":
                overlay_exists(value)
            elif name == "level":
                if scene is not None:
                    check_grid(value, scene)
            elif name == "selection":
                check_cells(value, state.get("level", level), scene)
            elif name == "viewport":
                check_viewport(value)
            elif name == "hovered":
                _check_hovered(value)
            elif name not in _VIEWS:
                raise AtlasError(f"The browser does not set {name!r:.60}.")
        except AtlasError as error:
            refused[name] = str(error)
    return refused


def _check_hovered(value: object) -> None:
    # A cell that is gone meanwhile is no harm: whoever reads it looks it up.
    if isinstance(value, bool) or not isinstance(value, int) or not -1 <= value < 160 * 160:
        raise AtlasError(f"The hovered cell is an id or -1, not {value!r:.60}.")
