"""Workers all over a cluster that wait for jobs, for whoever decides what comes next."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from atlas_widget.errors import ClusterError

__all__ = ["MAX_LOST", "Crew", "Ended", "no_places", "places"]

MAX_LOST = 3
"""A job that has cost so many workers is probably why they were lost."""
_LOOK_AROUND = 2.0  # seconds between two looks for new machines


class _Worker:
    """Lives in a process of its own: makes what does the jobs once, then does them."""

    def __init__(self, make: Callable[[], Callable[[Any], Any]]) -> None:
        self._make = make
        self._work: Callable[[Any], Any] | None = None

    def begin(self) -> None:
        """Make what does the jobs; not on construction, whose errors Ray tells less well."""
        self._work = self._make()

    def work(self, job: Any) -> Any:
        """Do a job."""
        if self._work is None:
            self.begin()
        return self._work(job) if self._work is not None else None


@dataclass(frozen=True, slots=True)
class Ended:
    """Result of a job.

    Attributes
    ----------
    ticket
        The one that it was given with; None for a worker that could not begin.
    result
        What it returned.
    error
        What it raised.
    lost
        How its worker was lost, and the job with it.
    """

    ticket: Hashable
    result: Any = None
    error: Exception | None = None
    lost: Exception | None = None


class Crew:
    """Workers of a cluster, one for each of its GPUs, or else cores.

    Parameters
    ----------
    ray : module
        From `connect`.
    make : callable
        Called once in each worker; returns what does a job. It is sent there, once for all.
    gpu : bool
        Whether each worker needs a GPU.
    most : int, optional
        How many workers at most; see `hire`.

    Raises
    ------
    ClusterError
        The cluster has nothing for a worker to run on.
    """

    def __init__(
        self,
        ray: Any,
        make: Callable[[], Callable[[Any], Any]],
        *,
        gpu: bool = False,
        most: int | None = None,
    ) -> None:
        self._ray = ray
        self._gpu = gpu
        self._worker_class = ray.remote(
            num_cpus=0 if gpu else 1, num_gpus=1 if gpu else 0, max_restarts=0, max_task_retries=0
        )(_Worker)
        self._make = ray.put(make)
        self._idle: list[Any] = []
        self._under_way: dict[Any, tuple[Any, Hashable]] = {}  # no ticket: it is beginning
        self._lost_beginning = 0
        if not self.hire(most):
            raise no_places(ray, gpu)

    @property
    def free(self) -> int:
        """Number of idle workers."""
        return len(self._idle)

    @property
    def tickets(self) -> list[Hashable]:
        """Those of the jobs under way."""
        return [ticket for _, ticket in self._under_way.values() if ticket is not None]

    @property
    def ready(self) -> bool:
        """True if any worker has begun."""
        return bool(self._idle or self.tickets)

    def hire(self, most: int | None = None) -> int:
        """Start a worker wherever there is a place for one; return how many there are.

        Parameters
        ----------
        most : int, optional
            As long as there are fewer than so many, from now on.
        """
        self._most = most
        self._looked_at = time.monotonic()
        there = places(self._ray, self._gpu)
        for _ in range(self._count, there if most is None else min(there, most)):
            worker = self._worker_class.remote(self._make)
            self._under_way[worker.begin.remote()] = (worker, None)
        return self._count

    def dismiss(self) -> None:
        """End the workers that have nothing to do."""
        for worker in self._idle:
            self._end(worker)
        self._idle = []

    def give(self, ticket: Hashable, job: Any) -> None:
        """Give a free worker a job; `ticket`, which is not None, tells it from others."""
        worker = self._idle.pop()
        self._under_way[worker.work.remote(job)] = (worker, ticket)

    def poll(self, patience: float = 0.0) -> list[Ended]:
        """Return what has ended since the last time, and start workers on new machines.

        Parameters
        ----------
        patience : float
            For how many seconds to wait until something has ended.
        """
        if time.monotonic() - self._looked_at > _LOOK_AROUND:
            self.hire(self._most)
        calls = list(self._under_way)
        if not calls:
            return []
        count = 1 if patience else len(calls)
        ended, _ = self._ray.wait(calls, num_returns=count, timeout=patience)
        return [told for call in ended if (told := self._take_in(call)) is not None]

    def close(self) -> None:
        """End all workers."""
        self.dismiss()
        for worker, _ in self._under_way.values():
            self._end(worker)
        self._under_way = {}

    @property
    def _count(self) -> int:
        return len(self._idle) + len(self._under_way)

    def _take_in(self, call: Any) -> Ended | None:
        worker, ticket = self._under_way.pop(call)
        try:
            result = self._ray.get(call)
        except self._ray.exceptions.RayTaskError as error:
            self._end(worker)
            return Ended(ticket, error=_cause(error))
        except self._ray.exceptions.RayError as error:  # its process or machine is gone
            self._end(worker)
            return Ended(ticket, lost=error) if ticket is not None else self._lost_at_once(error)
        self._idle.append(worker)
        if ticket is not None:
            return Ended(ticket, result)
        self._lost_beginning = 0
        return None

    def _lost_at_once(self, error: Exception) -> Ended | None:
        self._lost_beginning += 1
        # a machine takes all of its workers with it
        if self._lost_beginning < MAX_LOST * max(1, places(self._ray, self._gpu)):
            return None
        lost = f"{self._lost_beginning} workers were lost as they began, the last one so: {error}"
        return Ended(None, error=ClusterError(lost))

    def _end(self, worker: Any) -> None:
        with contextlib.suppress(Exception):  # it may be gone already
            self._ray.kill(worker)


def places(ray: Any, gpu: bool) -> int:
    """Return how many GPUs, or else cores, the cluster has."""
    return int(ray.cluster_resources().get("GPU" if gpu else "CPU", 0))


def no_places(ray: Any, gpu: bool) -> ClusterError:
    """Return the error of a cluster that has none."""
    return ClusterError(
        f"The Ray cluster has no {'GPU' if gpu else 'CPU'} for a worker to run on: "
        f"{ray.cluster_resources()}."
    )


def _cause(error: Any) -> Exception:
    """Return what was raised in a worker, as it was where that is possible."""
    raised = getattr(error, "cause", None)
    if not isinstance(raised, Exception):
        return error  # type: ignore[no-any-return]
    raised.__cause__ = error  # whose text tells where, on which machine
    return raised
