"""The order in which pictures are made: visible before near before the rest, rough before final.

The queue knows pictures by their group and number, what the user is looking at, and how far each
is. It knows neither pixels nor networks nor threads, so its order can be tested by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from atlas_widget.session.pictures.picture import State

__all__ = ["Batch", "PictureQueue", "Rank", "Task"]


class Task(IntEnum):
    """What can be done for a picture in the background."""

    ROUGH = 0
    FINAL = 1
    LABEL = 2


class Rank(IntEnum):
    """How urgent a picture's next pass or label is; lower comes first.

    Final pictures come before labels, because attribution runs the whole network for several
    images each and would keep the pictures waiting; what is pointed at has its classes
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
    """Pictures of one group for which the same is to be done.

    Attributes
    ----------
    group
        The size of the group.
    task
        What to do.
    numbers
        Their ids, most urgent first.
    rank
        The urgency of the first of them.
    """

    group: str
    task: Task
    numbers: tuple[int, ...]
    rank: Rank


class PictureQueue:
    """The order of work over the pictures of all groups.

    Parameters
    ----------
    groups
        The ids of the numbers of each group.
    base
        The coarsest group: the only one of which numbers are worked on that nobody looks at.
    labels
        Whether numbers have labels to compute.
    rough
        Whether pictures are shown after a first, short pass. Without it each is finished in one
        go: where a real crop stands in meanwhile, a rough picture says less than that.

    Attributes
    ----------
    rest
        Whether numbers of the base group are worked on that are not in sight.
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
        self._visible: tuple[int, ...] = ()
        self._near: tuple[int, ...] = ()
        self._pointed: tuple[str, int] | None = None
        self._demanded: dict[str, dict[int, None]] = {}
        self._failed: set[tuple[str, int, Task]] = set()
        self._taken: set[tuple[str, int]] = set()

    @property
    def level(self) -> str:
        """The group that is being looked at."""
        return self._level

    @property
    def visible(self) -> tuple[int, ...]:
        """The pictures in sight, most urgent first."""
        return self._visible

    @property
    def near(self) -> tuple[int, ...]:
        """The pictures just out of sight, most urgent first."""
        return self._near

    def has(self, group: str, number: int) -> bool:
        """Return whether there is such a picture."""
        return number in self._states.get(group, ())

    def state(self, group: str, number: int) -> State:
        """Return how far a picture is."""
        return self._states[group][number]

    def count(self, group: str, state: State) -> int:
        """Return how many pictures of a group are at least this good."""
        return sum(value >= state for value in self._states[group].values())

    def look(self, group: str, visible: Iterable[int], near: Iterable[int] = ()) -> None:
        """Follow the user: these pictures are in sight now, and these next to them."""
        if group not in self._states:
            return
        states = self._states[group]
        self._level = group
        self._visible = tuple(dict.fromkeys(number for number in visible if number in states))
        seen = set(self._visible)
        self._near = tuple(
            dict.fromkeys(number for number in near if number in states and number not in seen)
        )

    def point(self, group: str, number: int) -> None:
        """Note what the pointer rests on; any that does not exist means none."""
        self._pointed = (group, number) if self.has(group, number) else None

    def demand(self, group: str, numbers: Iterable[int]) -> None:
        """Ask for these to be finished whether or not they are in sight."""
        wanted = self._demanded.setdefault(group, {})
        states = self._states.get(group, {})
        wanted.update(
            (number, None) for number in numbers if states.get(number, State.FINAL) < State.FINAL
        )

    def withdraw(self, group: str, numbers: Iterable[int]) -> None:
        """Forget a demand, such as one whose asker stopped waiting."""
        wanted = self._demanded.get(group, {})
        for number in numbers:
            wanted.pop(number, None)

    def mark(self, group: str, numbers: Iterable[int], state: State) -> None:
        """Note that pictures are now this good; they never get worse."""
        states = self._states[group]
        for number in numbers:
            states[number] = max(states[number], state)

    def mark_labelled(self, group: str, numbers: Iterable[int]) -> None:
        """Note that the labels of these are known."""
        self._unlabelled[group].difference_update(numbers)

    def no_labels(self) -> None:
        """Give up on labels."""
        for numbers in self._unlabelled.values():
            numbers.clear()

    def labels_left(self) -> int:
        """Return how many labels in sight are still to be computed."""
        return len(self._unlabelled[self._level].intersection(self._visible))

    def fail(self, batch: Batch) -> None:
        """Note that this could not be done, so that it is not tried for ever."""
        self._failed.update((batch.group, number, batch.task) for number in batch.numbers)

    def take(self, group: str, numbers: Iterable[int]) -> None:
        """Leave these out, since they are made elsewhere."""
        self._taken.update((group, number) for number in numbers)

    def put_back(self, group: str, numbers: Iterable[int]) -> None:
        """Note that they are not made elsewhere any more."""
        self._taken.difference_update((group, number) for number in numbers)

    def retry(self) -> None:
        """Forget what failed."""
        self._failed.clear()

    def next(self, sizes: Mapping[Task, int]) -> Batch | None:
        """Return what to do next, or None if there is nothing.

        Parameters
        ----------
        sizes
            How many pictures a batch of each task holds; other tasks are left out. A batch is
            filled up with less urgent ones of the same group and task, since a full one costs
            hardly more than a part of one.
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
        """Return the urgency that a batch would have now, None if none of it is wanted."""
        inside = set(batch.numbers)
        ranks = (rank for rank, number in self._wanted(batch.group, batch.task) if number in inside)
        return next(ranks, None)

    def interest(self) -> Iterator[tuple[str, int, State]]:
        """Yield group, number and state of all that is in sight or was asked for.

        What was asked for counts until all of it is done, so that progress is of a whole.
        """
        seen = set(self._visible)
        for number in self._visible:
            yield self._level, number, self._states[self._level][number]
        for group, numbers in self._demanded.items():
            for number in numbers:
                if group != self._level or number not in seen:
                    yield group, number, self._states[group][number]

    def settle(self) -> None:
        """Forget the demands if all of them are done."""
        if not any(
            self._wants(group, number, task)
            for group, numbers in self._demanded.items()
            for number in numbers
            for task in (Task.ROUGH, Task.FINAL)
        ):
            self._demanded.clear()

    def failed(self, group: str, number: int) -> bool:
        """Return whether a picture could not be made."""
        return any((group, number, task) in self._failed for task in (Task.ROUGH, Task.FINAL))

    def pending(self) -> bool:
        """Return whether there is anything left to do."""
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
        """Yield the pictures of a group that want this, most urgent first; some more than once."""
        regions: list[tuple[Rank, Iterable[int]]] = []
        if group == self._level:
            pointed = self._pointed
            first = (pointed[1],) if pointed is not None and pointed[0] == group else ()
            regions = [(_VISIBLE[task], (*first, *self._visible)), (_NEAR[task], self._near)]
            if group == self._base and self.rest and task is not Task.LABEL:
                regions.append((_REST[task], self._states[group]))
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
