"""Give jobs to workers all over a cluster; a job whose worker is lost is given to another."""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, TypeVar

from atlas_widget.errors import ClusterError
from atlas_widget.progress import CancelledCallback, check_cancelled

__all__ = ["LOST_AT_MOST", "cause", "end", "no_places", "places", "run_jobs", "worker_class"]

Job = TypeVar("Job", bound=Hashable)

LOST_AT_MOST = 3
"""A job that has cost so many workers is probably why they were lost."""
_LOOK_AROUND = 0.5  # seconds, between looks for new machines and for the wish to stop


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
        No two alike.
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
    workers_of_it = worker_class(ray, gpu)
    sent = ray.put(make)
    waiting = deque(jobs)
    lost: Counter[Job | None] = Counter()
    under_way: dict[Any, tuple[Any, Job | None]] = {}  # no job: the worker is beginning
    try:
        while waiting or any(job is not None for _, job in under_way.values()):
            check_cancelled(cancelled)
            left = len(waiting) + sum(job is not None for _, job in under_way.values())
            for _ in range(len(under_way), min(places(ray, gpu), workers or left, left)):
                worker = workers_of_it.remote(sent)
                under_way[worker.begin.remote()] = (worker, None)
            if not under_way:
                raise no_places(ray, gpu)
            ended, _ = ray.wait(list(under_way), num_returns=1, timeout=_LOOK_AROUND)
            for reference in ended:
                worker, job = under_way.pop(reference)
                try:
                    result = ray.get(reference)
                except ray.exceptions.RayTaskError as error:
                    end(ray, worker)
                    raise cause(error) from error
                except ray.exceptions.RayError as error:  # its process or machine is gone
                    end(ray, worker)
                    lost[job] += 1
                    if lost[job] >= LOST_AT_MOST:
                        when = "over one job" if job is not None else "as they began"
                        raise ClusterError(
                            f"{lost[job]} workers were lost {when}, the last one so: {error}"
                        ) from error
                    if job is not None:
                        waiting.appendleft(job)
                    continue
                if job is None:
                    lost[None] = 0
                if waiting:
                    following = waiting.popleft()
                    under_way[worker.work.remote(following)] = (worker, following)
                else:
                    end(ray, worker)
                if job is not None:
                    yield job, result
    finally:
        for worker, _ in under_way.values():
            end(ray, worker)


def worker_class(ray: Any, gpu: bool) -> Any:
    """Return the class of workers that have a GPU, or else a core, to themselves."""
    return ray.remote(
        num_cpus=0 if gpu else 1, num_gpus=1 if gpu else 0, max_restarts=0, max_task_retries=0
    )(_Worker)


def places(ray: Any, gpu: bool) -> int:
    """Return how many GPUs, or else cores, the cluster has."""
    return int(ray.cluster_resources().get("GPU" if gpu else "CPU", 0))


def no_places(ray: Any, gpu: bool) -> ClusterError:
    """Return the error of a cluster that has none."""
    return ClusterError(
        f"The Ray cluster has no {'GPU' if gpu else 'CPU'} for a worker to run on: "
        f"{ray.cluster_resources()}."
    )


def end(ray: Any, worker: Any) -> None:
    """End a worker, whatever it does."""
    with contextlib.suppress(Exception):  # it may be gone already
        ray.kill(worker)


def cause(error: Any) -> Exception:
    """Return what was raised in a worker, as it was where that is possible."""
    raised = getattr(error, "cause", None)
    return raised if isinstance(raised, Exception) else error
