"""Workers that wait for jobs, for whoever decides from moment to moment what comes next."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from atlas_widget.cluster.pool import LOST_AT_MOST, cause, end, no_places, places, worker_class
from atlas_widget.errors import ClusterError

__all__ = ["Crew", "Ended"]

_LOOK_AROUND = 2.0  # seconds between two looks for new machines


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a job.

    Attributes
    ----------
    ticket
        The one that it was given with; None for a worker that could not begin.
    result
        What it returned.
    error
        What it raised. With neither, its worker was lost, and the job with it.
    """

    ticket: Hashable
    result: Any = None
    error: Exception | None = None


class Crew:
    """As many workers as the cluster has GPUs, or else cores. No method waits for any of them.

    Parameters
    ----------
    ray : module
        From `connect`.
    make : callable
        Called once in each worker; returns what does a job. It is sent there, once for all.
    gpu : bool
        Whether each worker needs a GPU.

    Raises
    ------
    ClusterError
        The cluster has nothing for a worker to run on.
    """

    def __init__(
        self, ray: Any, make: Callable[[], Callable[[Any], Any]], *, gpu: bool = False
    ) -> None:
        self._ray = ray
        self._gpu = gpu
        self._worker_class = worker_class(ray, gpu)
        self._make = ray.put(make)
        self._idle: list[Any] = []
        self._under_way: dict[Any, tuple[Any, Hashable]] = {}  # no ticket: it is beginning
        self._lost_beginning = 0
        self._looked_at = 0.0
        if not self._hire():
            raise no_places(ray, gpu)

    @property
    def free(self) -> int:
        """How many workers have nothing to do."""
        return len(self._idle)

    @property
    def tickets(self) -> list[Hashable]:
        """Those of the jobs under way."""
        return [ticket for _, ticket in self._under_way.values() if ticket is not None]

    @property
    def ready(self) -> bool:
        """Whether any worker has begun."""
        return bool(self._idle or self.tickets)

    def give(self, ticket: Hashable, job: Any) -> None:
        """Give a free worker a job; `ticket` tells it from others."""
        worker = self._idle.pop()
        self._under_way[worker.work.remote(job)] = (worker, ticket)

    def poll(self) -> list[Ended]:
        """Return what has ended since the last time, and start workers on new machines."""
        if time.monotonic() - self._looked_at > _LOOK_AROUND:
            self._hire()
        calls = list(self._under_way)
        if not calls:
            return []
        ended, _ = self._ray.wait(calls, num_returns=len(calls), timeout=0)
        return [told for call in ended if (told := self._take_in(call)) is not None]

    def close(self) -> None:
        """End all workers."""
        for worker in (*self._idle, *(worker for worker, _ in self._under_way.values())):
            end(self._ray, worker)
        self._idle, self._under_way = [], {}

    def _hire(self) -> bool:
        self._looked_at = time.monotonic()
        there = places(self._ray, self._gpu)
        for _ in range(len(self._idle) + len(self._under_way), there):
            worker = self._worker_class.remote(self._make)
            self._under_way[worker.begin.remote()] = (worker, None)
        return there > 0

    def _take_in(self, call: Any) -> Ended | None:
        worker, ticket = self._under_way.pop(call)
        try:
            result = self._ray.get(call)
        except self._ray.exceptions.RayTaskError as error:
            end(self._ray, worker)
            return Ended(ticket, error=cause(error))
        except self._ray.exceptions.RayError as error:  # its process or machine is gone
            end(self._ray, worker)
            return Ended(ticket) if ticket is not None else self._lost_at_once(error)
        self._idle.append(worker)
        if ticket is not None:
            return Ended(ticket, result)
        self._lost_beginning = 0
        return None

    def _lost_at_once(self, error: Exception) -> Ended | None:
        self._lost_beginning += 1
        # a machine takes all of its workers with it
        if self._lost_beginning < LOST_AT_MOST * max(1, places(self._ray, self._gpu)):
            return None
        lost = f"{self._lost_beginning} workers were lost as they began, the last one so: {error}"
        return Ended(None, error=ClusterError(lost))
