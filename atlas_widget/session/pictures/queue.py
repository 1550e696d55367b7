"""The order of rendering: visible before near before the rest, rough before final.

The queue knows the group, number and state of each picture, and which are visible. It knows neither
pixels nor networks nor threads, so that its order can be tested separately.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain

from atlas_widget.session.pictures.picture import State

__all__ = ["Batch", "PictureQueue", "Rank", "Task"]


class Task(IntEnum):
    """A kind of background work on a picture."""

    ROUGH = 0
    FINAL = 1
    LABEL = 2


class Rank(IntEnum):
    """Urgency of a picture's next pass or label; lower comes first.

    Final pictures come before labels, because attribution runs the whole network on several
    images for each label and would delay the pictures; the classes of the cell under the pointer
    are computed at once, outside this order.
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
    """Pictures of one group with the same task.

    Attributes
    ----------
    group
        The group.
    task
        The task.
    numbers
        Their ids, most urgent first.
    rank
        The urgency of the first of them.
    """

    group: str
    task: Task
    numbers: tuple[int, ...]
    rank: Rank


class _Line:
    """Numbers in order of urgency. Those at the front that are done are walked past only once."""

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self.numbers = tuple(numbers)
        self._starts: dict[Task, int] = {}

    def left(self, task: Task, done: Callable[[int], bool]) -> Iterator[int]:
        """Yield the numbers from the first one on that is not done with a task."""
        numbers, start = self.numbers, self._starts.get(task, 0)
        while start < len(numbers) and done(numbers[start]):
            start += 1
        self._starts[task] = start
        return (numbers[index] for index in range(start, len(numbers)))


class PictureQueue:
    """The order of work over the pictures of all groups.

    Parameters
    ----------
    groups
        The numbers of each group.
    base
        The coarsest group: the only one whose invisible pictures are rendered.
    labels
        Whether labels are to be computed.
    rough
        Whether pictures are shown after a first, short pass. Without it each is finished in one
        go: where a real crop stands in meanwhile, a rough picture says less than that.

    Attributes
    ----------
    rest
        Whether invisible pictures of the base group are rendered.
    """

    def __init__(
        self,
        groups: Mapping[str, Iterable[int]],
        *,
        base: str,
        labels: bool = True,
        rough: bool = True,
    ) -> None:
        self._states = {size: dict.fromkeys(ids, State.CROP) for size, ids in groups.items()}
        self._unlabelled: dict[str, set[int]] = {
            size: set(states) if labels else set() for size, states in self._states.items()
        }
        self.rest = False
        self._before = _BEFORE if rough else _BEFORE_WITHOUT_ROUGH
        self._base = base
        self._level = base
        self._visible = _Line()
        self._near = _Line()
        self._all = _Line(self._states[base])
        self._pointed: tuple[str, int] | None = None
        self._demanded: dict[str, dict[int, None]] = {}
        self._failed: set[tuple[str, int, Task]] = set()
        self._taken: set[tuple[str, int]] = set()

    @property
    def level(self) -> str:
        """The group in view."""
        return self._level

    @property
    def visible(self) -> tuple[int, ...]:
        """The visible pictures, most urgent first."""
        return self._visible.numbers

    @property
    def near(self) -> tuple[int, ...]:
        """The pictures next to the visible ones, most urgent first."""
        return self._near.numbers

    def has(self, group: str, number: int) -> bool:
        """Return True if there is such a picture."""
        return number in self._states.get(group, ())

    def state(self, group: str, number: int) -> State:
        """Return the state of a picture."""
        return self._states[group][number]

    def count(self, group: str, state: State) -> int:
        """Return the number of pictures of a group that have reached a state."""
        return sum(value >= state for value in self._states[group].values())

    def unfinished(self, group: str) -> int:
        """Return the number of pictures of a group that are not final."""
        return sum(state is not State.FINAL for state in self._states[group].values())

    def unlabelled(self, group: str) -> int:
        """Return the number of pictures of a group whose label is still to be computed."""
        return len(self._unlabelled[group])

    def look(self, group: str, visible: Iterable[int], near: Iterable[int] = ()) -> None:
        """Note which pictures are visible now, and which are next to them."""
        if group not in self._states:
            return
        states = self._states[group]
        self._level = group
        seen = dict.fromkeys(number for number in visible if number in states)
        self._visible = _Line(seen)
        self._near = _Line(
            dict.fromkeys(number for number in near if number in states and number not in seen)
        )

    def point(self, group: str, number: int) -> None:
        """Note the picture under the pointer; one that does not exist means none."""
        self._pointed = (group, number) if self.has(group, number) else None

    def demand(self, group: str, numbers: Iterable[int]) -> None:
        """Request these to be finished regardless of visibility."""
        wanted = self._demanded.setdefault(group, {})
        states = self._states.get(group, {})
        wanted.update(
            (number, None) for number in numbers if states.get(number, State.FINAL) < State.FINAL
        )

    def withdraw(self, group: str, numbers: Iterable[int]) -> None:
        """Withdraw a demand, such as after a timeout."""
        wanted = self._demanded.get(group, {})
        for number in numbers:
            wanted.pop(number, None)

    def mark(self, group: str, numbers: Iterable[int], state: State) -> None:
        """Note that pictures have reached a state; states never decrease."""
        states = self._states[group]
        for number in numbers:
            states[number] = max(states[number], state)

    def mark_labelled(self, group: str, numbers: Iterable[int]) -> None:
        """Note that the labels of these are known."""
        self._unlabelled[group].difference_update(numbers)

    def no_labels(self) -> None:
        """Stop computing labels."""
        for numbers in self._unlabelled.values():
            numbers.clear()

    def labels_left(self) -> int:
        """Return the number of visible pictures whose label is still to be computed."""
        return len(self._unlabelled[self._level].intersection(self.visible))

    def fail(self, batch: Batch) -> None:
        """Note that a batch failed, so that it is not tried again."""
        self._failed.update((batch.group, number, batch.task) for number in batch.numbers)

    def take(self, group: str, numbers: Iterable[int]) -> None:
        """Exclude these, which are being made on the cluster."""
        self._taken.update((group, number) for number in numbers)

    def put_back(self, group: str, numbers: Iterable[int]) -> None:
        """Include these again, which are no longer being made on the cluster."""
        self._taken.difference_update((group, number) for number in numbers)

    def retry(self) -> None:
        """Forget failures, so that these pictures are tried again."""
        self._failed.clear()

    def next(self, sizes: Mapping[Task, int]) -> Batch | None:
        """Return the next batch, or None if there is nothing to do.

        Parameters
        ----------
        sizes
            Batch size for each task; tasks that are not listed are skipped. A batch is filled up
            with less urgent pictures of the same group and task, because a full batch costs
            hardly more than a partial one.
        """
        first = self._first(sizes)
        if first is None:
            return None
        rank, group, task = first
        numbers: dict[int, None] = {}
        for _, number in self._wanted(group, task):
            numbers[number] = None
            if len(numbers) >= max(1, sizes[task]):
                break
        return Batch(group, task, tuple(numbers), rank)

    def rank(self, batch: Batch) -> Rank | None:
        """Return the current urgency of a batch; None if none of it is needed any more."""
        inside = set(batch.numbers)
        ranks = (rank for rank, number in self._wanted(batch.group, batch.task) if number in inside)
        return next(ranks, None)

    def interest(self) -> Iterator[tuple[str, int, State]]:
        """Yield group, number and state of all visible and demanded pictures.

        Demanded pictures count until all of them are done, so that the total is stable.
        """
        seen = set(self.visible)
        for number in self.visible:
            yield self._level, number, self._states[self._level][number]
        for group, numbers in self._demanded.items():
            for number in numbers:
                if group != self._level or number not in seen:
                    yield group, number, self._states[group][number]

    def settle(self) -> None:
        """Drop the demands if all of them are done."""
        if not any(
            self._wants(group, number, task)
            for group, numbers in self._demanded.items()
            for number in numbers
            for task in (Task.ROUGH, Task.FINAL)
        ):
            self._demanded.clear()

    def failed(self, group: str, number: int) -> bool:
        """Return True if a picture has failed."""
        return any((group, number, task) in self._failed for task in (Task.ROUGH, Task.FINAL))

    def pending(self) -> bool:
        """Return True if there is anything left to do."""
        return self._first(Task) is not None

    def _first(self, tasks: Iterable[Task]) -> tuple[Rank, str, Task] | None:
        best: tuple[Rank, str, Task] | None = None
        for group in dict.fromkeys((self._level, *self._demanded)):
            for task in tasks:
                head = next(self._wanted(group, task), None)
                if head is not None and (best is None or head[0] < best[0]):
                    best = (head[0], group, task)
        return best

    def _wanted(self, group: str, task: Task) -> Iterator[tuple[Rank, int]]:
        """Yield the pictures of a group that need a task, most urgent first, with repetitions."""
        if task is not Task.LABEL and task not in self._before:
            return

        def done(number: int) -> bool:
            if task is Task.LABEL:
                return number not in self._unlabelled[group]
            return self._states[group][number] > self._before[task]

        regions: list[tuple[Rank, Iterable[int]]] = []
        if group == self._level:
            pointed = self._pointed
            first = (pointed[1],) if pointed is not None and pointed[0] == group else ()
            regions = [
                (_VISIBLE[task], chain(first, self._visible.left(task, done))),
                (_NEAR[task], self._near.left(task, done)),
            ]
            if group == self._base and self.rest and task is not Task.LABEL:
                regions.append((_REST[task], self._all.left(task, done)))
        if task is not Task.LABEL:
            regions.append((Rank.DEMANDED, self._demanded.get(group, ())))
        for rank, numbers in sorted(regions, key=lambda region: region[0]):
            for number in numbers:
                if self._wants(group, number, task):
                    yield rank, number

    def _wants(self, group: str, number: int, task: Task) -> bool:
        if (group, number, task) in self._failed:
            return False
        if task is Task.LABEL:
            return number in self._unlabelled[group]
        if (group, number) in self._taken:
            return False
        return self._states[group][number] is self._before.get(task)


# A final picture carries on where the rough one stopped, so each pass has one state it starts from.
_BEFORE = {Task.ROUGH: State.CROP, Task.FINAL: State.ROUGH}
_BEFORE_WITHOUT_ROUGH = {Task.FINAL: State.CROP}
