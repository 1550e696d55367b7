"""Checks of what the browser or the person sets, before it becomes the widget's state."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError, CellError
from atlas_widget.protocol.messages import MAX_GRID

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene

__all__ = [
    "check_cells",
    "check_grid",
    "check_height",
    "check_ids",
    "check_opened",
    "check_size",
    "check_viewport",
    "refusals",
]

# What ipywidgets' own views set, besides what is checked below.
_VIEWS = ("layout", "tooltip", "tabbable", "_dom_classes", "_view_count")

_MAX_CELLS = MAX_GRID**2  # all of the finest grid
_HEIGHTS = (200, 10_000)  # pixels


def check_ids(cells: object) -> list[int]:
    """Return what may be cells as a list of ids, each once, whatever the grid."""
    if isinstance(cells, str | bytes | Mapping) or not isinstance(cells, Iterable):
        raise CellError(f"Cells are given as ids, such as [12, 13], not as {cells!r:.60}.")
    found: dict[int, None] = {}
    for cell in cells:
        if len(found) >= _MAX_CELLS:
            raise CellError(f"More than {_MAX_CELLS:,} cells: no grid has as many.")
        if isinstance(cell, bool) or not hasattr(cell, "__index__"):
            raise CellError(f"A cell is named by its id, a whole number, not by {cell!r:.60}.")
        found[int(cell)] = None
    return list(found)


def check_cells(cells: object, grid: int, scene: Scene | None) -> list[int]:
    """Return cells as a list of ids, each once, or say which of them do not exist."""
    found = check_ids(cells)
    if not found:
        return []
    if scene is None:
        raise CellError("There are no cells yet; w.wait() waits for them.")
    check_grid(grid, scene)
    missing = [cell for cell in found if not scene.has(grid, cell)]
    if missing:
        some = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        raise CellError(
            f"The {grid} × {grid} grid has no cell {some}; w.shown_atlas.cells({grid}) lists the "
            f"{len(scene.cells(grid))} that it has (id = row * {grid} + column)."
        )
    return found


def check_grid(grid: object, scene: Scene) -> int:
    """Return a grid's size, or say which grids there are."""
    if isinstance(grid, bool) or not isinstance(grid, int) or grid not in scene.grids:
        sizes = ", ".join(str(size) for size in sorted(scene.grids))
        raise CellError(f"There is no grid {grid!r:.60}; there are {sizes}.")
    return grid


def check_size(grid: object) -> int:
    """Return what may be the size of a grid, before it is known which there are."""
    if isinstance(grid, bool) or not isinstance(grid, int) or not 1 <= grid <= MAX_GRID:
        raise CellError(f"A grid is named by its size, 1 to {MAX_GRID}, not by {grid!r:.60}.")
    return grid


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
    """Return a height in pixels that a widget may have."""
    low, high = _HEIGHTS
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise AtlasError(f"A height is {low} to {high:,} pixels, not {value!r:.60}.")
    return value


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
    subject_exists: Any,
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
    overlay_exists, subject_exists
        The same for an overlay, and for what an atlas is about.
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
            elif name == "height":
                check_height(value)
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
    if isinstance(value, bool) or not isinstance(value, int) or not -1 <= value < _MAX_CELLS:
        raise AtlasError(f"The hovered cell is an id or -1, not {value!r:.60}.")
