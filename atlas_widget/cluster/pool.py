"""Have jobs done all over a cluster; a job whose worker is lost is given to another."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, TypeVar

from atlas_widget.cluster.crew import MAX_LOST, Crew, no_places
from atlas_widget.errors import ClusterError
from atlas_widget.progress import CancelledCallback, check_cancelled

__all__ = ["run_jobs"]

Job = TypeVar("Job", bound=Hashable)

_POLL_SECONDS = 0.5  # seconds, between looks for new machines and for the wish to stop


def run_jobs(
    ray: Any,
    make: Callable[[], Callable[[Job], Any]],
    jobs: Iterable[Job],
    *,
    gpu: bool = False,
    workers: int | None = None,
    cancelled: CancelledCallback | None = None,
) -> Iterator[tuple[Job, Any]]:
    """Do jobs on a cluster, and yield each with its result, in the order in which they are done.

    There are as many workers as the cluster has GPUs, or else cores; machines that are added
    meanwhile get some too. Each job's result is yielded exactly once, however often it was begun.

    Parameters
    ----------
    ray : module
        From `connect`.
    make : callable
        Called once in each worker; returns what does a job. It is sent there, once for all.
    jobs : iterable of hashable
        No two alike, and none of them None.
    gpu : bool
        Whether each worker needs a GPU.
    workers : int, optional
        At most so many.
    cancelled : callable, optional
        Asked in between; once it returns True, `Cancelled` is raised.

    Raises
    ------
    ClusterError
        The cluster has nothing for a worker to run on, or a job was lost again and again.
    Exception
        What a job raised.
    """
    waiting = deque(jobs)
    lost: Counter[Hashable] = Counter()
    check_cancelled(cancelled)
    if not waiting:
        return
    crew = Crew(ray, make, gpu=gpu, most=min(workers or len(waiting), len(waiting)))
    try:
        while waiting or crew.tickets:
            check_cancelled(cancelled)
            left = len(waiting) + len(crew.tickets)
            if not crew.hire(min(workers or left, left)):
                raise no_places(ray, gpu)
            told = crew.poll(_POLL_SECONDS)
            for ended in told:
                if ended.error is not None:
                    raise ended.error
                if ended.lost is not None:
                    lost[ended.ticket] += 1
                    _check_lost(lost[ended.ticket], ended.lost)
                    waiting.appendleft(ended.ticket)  # type: ignore[arg-type]
            while waiting and crew.free:  # before anyone deals with the results
                following = waiting.popleft()
                crew.give(following, following)
            if not waiting:
                crew.dismiss()
            yield from (
                (ended.ticket, ended.result)  # type: ignore[misc]
                for ended in told
                if ended.lost is None
            )
    finally:
        crew.close()


def _check_lost(times: int, error: Exception) -> None:
    if times >= MAX_LOST:
        raise ClusterError(
            f"{times} workers were lost over one job, the last one so: {error}"
        ) from error
