"""Validation of cell ids and grid sizes from the browser and from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from atlas_widget.errors import CellError
from atlas_widget.protocol.messages import MAX_CELLS, MAX_GRID

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene

__all__ = ["check_cells", "check_grid", "check_ids", "check_size"]


def check_ids(cells: object) -> list[int]:
    """Return cell ids as a list without duplicates; which grid they are of is not checked."""
    if isinstance(cells, str | bytes | Mapping) or not isinstance(cells, Iterable):
        raise CellError(f"Cells are given as ids, such as [12, 13], not as {cells!r:.60}.")
    found: dict[int, None] = {}
    for cell in cells:
        if len(found) >= MAX_CELLS:
            raise CellError(f"More than {MAX_CELLS:,} cells: no grid has as many.")
        if isinstance(cell, bool) or not hasattr(cell, "__index__"):
            raise CellError(f"A cell is named by its id, a whole number, not by {cell!r:.60}.")
        found[int(cell)] = None
    return list(found)


def check_cells(cells: object, grid: int, scene: Scene | None) -> list[int]:
    """Return cell ids as a list without duplicates; raise `CellError` if some do not exist."""
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
    """Return a grid's size; raise `CellError` if there is no such grid."""
    if isinstance(grid, bool) or not isinstance(grid, int) or grid not in scene.grids:
        sizes = ", ".join(str(size) for size in sorted(scene.grids))
        raise CellError(f"There is no grid {grid!r:.60}; there are {sizes}.")
    return grid


def check_size(grid: object) -> int:
    """Return a possible grid size; used before the grids are known."""
    if isinstance(grid, bool) or not isinstance(grid, int) or not 1 <= grid <= MAX_GRID:
        raise CellError(f"A grid is named by its size, 1 to {MAX_GRID}, not by {grid!r:.60}.")
    return grid
