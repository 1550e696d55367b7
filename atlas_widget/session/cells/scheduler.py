"""Which cell comes next: visible before near before the rest, rough before final. Pure.

The queue knows cells by their grid and id, what the person is looking at, and how far each picture
is. It knows neither pictures nor networks nor threads, so its order can be tested by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Batch", "CellQueue", "Rank", "State", "Task"]


class State(IntEnum):
    """How good the picture of a cell is."""

    CROP = 0
    ROUGH = 1
    FINAL = 2

    @property
    def word(self) -> str:
        """The name that crosses to the browser."""
        return self.name.lower()


class Task(IntEnum):
    """What can be done for a cell in the background."""

    ROUGH = 0
    FINAL = 1
    LABEL = 2


class Rank(IntEnum):
    """How urgent a cell's next picture or label is; lower comes first.

    Final pictures come before labels, because attribution runs the whole network for several
    images a cell and would keep the pictures waiting; a cell that is pointed at has its classes
    computed at once, outside this order.
    """

    VISIBLE_ROUGH = 0
    DEMANDED = 1
    VISIBLE_FINAL = 2
    VISIBLE_LABEL = 3
    NEAR_ROUGH = 4
    NEAR_FINAL = 5
    NEAR_LABEL = 6
    REST_ROUGH = 7
    REST_FINAL = 8


_VISIBLE = (Rank.VISIBLE_ROUGH, Rank.VISIBLE_FINAL, Rank.VISIBLE_LABEL)
_NEAR = (Rank.NEAR_ROUGH, Rank.NEAR_FINAL, Rank.NEAR_LABEL)
_REST = (Rank.REST_ROUGH, Rank.REST_FINAL)


@dataclass(frozen=True, slots=True)
class Batch:
    """Cells of one grid for which the same is to be done.

    Attributes
    ----------
    grid
        The size of the grid.
    task
        What to do.
    cells
        Their ids, most urgent first.
    rank
        The urgency of the first of them.
    """

    grid: int
    task: Task
    cells: tuple[int, ...]
    rank: Rank


class CellQueue:
    """The order of work over the cells of all grids.

    Parameters
    ----------
    grids
        The ids of the cells of each grid.
    base
        The coarsest grid: the only one of which cells are worked on that nobody looks at.
    labels
        Whether cells have labels to compute.

    Attributes
    ----------
    rest
        Whether cells of the base grid are worked on that are not in sight.
    """

    def __init__(
        self, grids: Mapping[int, Iterable[int]], *, base: int, labels: bool = True
    ) -> None:
        self._states = {size: dict.fromkeys(ids, State.CROP) for size, ids in grids.items()}
        self._unlabelled: dict[int, set[int]] = {
            size: set(states) if labels else set() for size, states in self._states.items()
        }
        self.rest = False
        self._base = base
        self._level = base
        self._visible: tuple[int, ...] = ()
        self._near: tuple[int, ...] = ()
        self._pointed: tuple[int, int] | None = None
        self._demanded: dict[int, dict[int, None]] = {}
        self._failed: set[tuple[int, int, Task]] = set()
        self._taken: set[tuple[int, int]] = set()

    @property
    def level(self) -> int:
        """The grid that is being looked at."""
        return self._level

    @property
    def visible(self) -> tuple[int, ...]:
        """The cells in sight, most urgent first."""
        return self._visible

    @property
    def near(self) -> tuple[int, ...]:
        """The cells just out of sight, most urgent first."""
        return self._near

    def has(self, grid: int, cell: int) -> bool:
        """Return whether there is such a cell."""
        return cell in self._states.get(grid, ())

    def state(self, grid: int, cell: int) -> State:
        """Return how far the picture of a cell is."""
        return self._states[grid][cell]

    def count(self, grid: int, state: State) -> int:
        """Return how many pictures of a grid are at least this good."""
        return sum(value >= state for value in self._states[grid].values())

    def look(self, grid: int, visible: Iterable[int], near: Iterable[int] = ()) -> None:
        """Follow the person: these cells are in sight now, and these next to them."""
        if grid not in self._states:
            return
        states = self._states[grid]
        self._level = grid
        self._visible = tuple(dict.fromkeys(cell for cell in visible if cell in states))
        seen = set(self._visible)
        self._near = tuple(
            dict.fromkeys(cell for cell in near if cell in states and cell not in seen)
        )

    def point(self, grid: int, cell: int) -> None:
        """Note the cell that the pointer rests on; any that does not exist means none."""
        self._pointed = (grid, cell) if self.has(grid, cell) else None

    def demand(self, grid: int, cells: Iterable[int]) -> None:
        """Ask for final pictures of these cells whether or not anybody looks at them."""
        wanted = self._demanded.setdefault(grid, {})
        states = self._states.get(grid, {})
        wanted.update((cell, None) for cell in cells if states.get(cell, State.FINAL) < State.FINAL)

    def withdraw(self, grid: int, cells: Iterable[int]) -> None:
        """Forget a demand, such as one whose asker stopped waiting."""
        wanted = self._demanded.get(grid, {})
        for cell in cells:
            wanted.pop(cell, None)

    def mark(self, grid: int, cells: Iterable[int], state: State) -> None:
        """Note that pictures are now this good; they never get worse."""
        states = self._states[grid]
        for cell in cells:
            states[cell] = max(states[cell], state)

    def mark_labelled(self, grid: int, cells: Iterable[int]) -> None:
        """Note that the labels of these cells are known."""
        self._unlabelled[grid].difference_update(cells)

    def no_labels(self) -> None:
        """Give up on labels."""
        for cells in self._unlabelled.values():
            cells.clear()

    def labels_left(self) -> int:
        """Return how many labels of cells in sight are still to be computed."""
        return len(self._unlabelled[self._level].intersection(self._visible))

    def fail(self, batch: Batch) -> None:
        """Note that this could not be done, so that it is not tried for ever."""
        self._failed.update((batch.grid, cell, batch.task) for cell in batch.cells)

    def take(self, grid: int, cells: Iterable[int]) -> None:
        """Leave the pictures of these cells out, for somebody else makes them."""
        self._taken.update((grid, cell) for cell in cells)

    def put_back(self, grid: int, cells: Iterable[int]) -> None:
        """Note that nobody else makes them any more."""
        self._taken.difference_update((grid, cell) for cell in cells)

    def retry(self) -> None:
        """Forget what failed."""
        self._failed.clear()

    def next(self, sizes: Mapping[Task, int]) -> Batch | None:
        """Return what to do next, or None if there is nothing.

        Parameters
        ----------
        sizes
            How many cells a batch of each task holds; other tasks are left out. A batch is filled
            up with less urgent cells of the same grid and task, since a full one costs hardly more
            than a part of one.
        """
        first = self._first(sizes)
        if first is None:
            return None
        rank, grid, task = first
        cells: dict[int, None] = {}
        for _, cell in self._wanted(grid, task):
            cells[cell] = None
            if len(cells) >= max(1, sizes[task]):
                break
        return Batch(grid, task, tuple(cells), rank)

    def rank(self, batch: Batch) -> Rank | None:
        """Return the urgency that a batch would have now, None if nobody wants any of it."""
        inside = set(batch.cells)
        ranks = (rank for rank, cell in self._wanted(batch.grid, batch.task) if cell in inside)
        return next(ranks, None)

    def interest(self) -> Iterator[tuple[int, int, State]]:
        """Yield grid, cell and state of all that somebody looks at or asked for.

        What was asked for counts until all of it is done, so that progress is of a whole.
        """
        seen = set(self._visible)
        for cell in self._visible:
            yield self._level, cell, self._states[self._level][cell]
        for grid, cells in self._demanded.items():
            for cell in cells:
                if grid != self._level or cell not in seen:
                    yield grid, cell, self._states[grid][cell]

    def settle(self) -> None:
        """Forget the demands if all of them are done."""
        if not any(
            self._wants(grid, cell, task)
            for grid, cells in self._demanded.items()
            for cell in cells
            for task in (Task.ROUGH, Task.FINAL)
        ):
            self._demanded.clear()

    def failed(self, grid: int, cell: int) -> bool:
        """Return whether the picture of a cell could not be made."""
        return any((grid, cell, task) in self._failed for task in (Task.ROUGH, Task.FINAL))

    def pending(self) -> bool:
        """Return whether there is anything left to do."""
        return self._first(Task) is not None

    def _first(self, tasks: Iterable[Task]) -> tuple[Rank, int, Task] | None:
        best: tuple[Rank, int, Task] | None = None
        for grid in dict.fromkeys((self._level, *self._demanded)):
            for task in tasks:
                head = next(self._wanted(grid, task), None)
                if head is not None and (best is None or head[0] < best[0]):
                    best = (head[0], grid, task)
        return best

    def _wanted(self, grid: int, task: Task) -> Iterator[tuple[Rank, int]]:
        """Yield the cells of a grid that want this, most urgent first; some more than once."""
        regions: list[tuple[Rank, Iterable[int]]] = []
        if grid == self._level:
            pointed = self._pointed
            first = (pointed[1],) if pointed is not None and pointed[0] == grid else ()
            regions = [(_VISIBLE[task], (*first, *self._visible)), (_NEAR[task], self._near)]
            if grid == self._base and self.rest and task is not Task.LABEL:
                regions.append((_REST[task], self._states[grid]))
        if task is not Task.LABEL:
            regions.append((Rank.DEMANDED, self._demanded.get(grid, ())))
        for rank, cells in sorted(regions, key=lambda region: region[0]):
            for cell in cells:
                if self._wants(grid, cell, task):
                    yield rank, cell

    def _wants(self, grid: int, cell: int, task: Task) -> bool:
        if (grid, cell, task) in self._failed:
            return False
        if task is Task.LABEL:
            return cell in self._unlabelled[grid]
        return (grid, cell) not in self._taken and self._states[grid][cell] is _BEFORE[task]


# A final picture carries on where the rough one stopped, so each pass has one state it starts from.
_BEFORE = {Task.ROUGH: State.CROP, Task.FINAL: State.ROUGH}
