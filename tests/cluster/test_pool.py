"""Every job is done once, whatever happens to workers; on a stand-in for Ray without processes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from atlas_widget.cluster.pool import run_jobs
from atlas_widget.errors import ClusterError


class RayError(Exception):
    """What Ray raises if a worker is gone."""


class RayTaskError(RayError):
    """What Ray raises if a worker raised something."""

    def __init__(self, cause: Exception) -> None:
        self.cause = cause


class WorkersHere:
    """What `run_jobs` uses of Ray, with calls that are run when they are waited for, last first."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self, cpus: int) -> None:
        self.cpus = cpus
        self.alive = 0
        self.most_alive = 0
        self.added_later = 0
        self.given: list[Any] = []

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": float(self.cpus)}

    def put(self, value: Any) -> Any:
        return value

    def remote(self, **_options: Any) -> Callable[[type], Any]:
        def decorate(worker_class: type) -> Any:
            def start(*arguments: Any) -> Any:
                self.alive += 1
                self.most_alive = max(self.alive, self.most_alive)
                worker = worker_class(*arguments)
                return SimpleNamespace(
                    begin=SimpleNamespace(remote=lambda: Call(worker.begin)),
                    work=SimpleNamespace(remote=lambda job: self.give(worker, job)),
                )

            return SimpleNamespace(remote=start)

        return decorate

    def give(self, worker: Any, job: Any) -> Call:
        self.given.append(job)
        return Call(worker.work, job)

    def wait(self, calls: list[Call], **_options: Any) -> tuple[list[Call], list[Call]]:
        self.cpus += self.added_later
        self.added_later = 0
        return calls[-1:], calls[:-1]

    def get(self, call: Call) -> Any:
        try:
            return call.function(*call.arguments)
        except RayError:
            raise
        except Exception as error:
            raise RayTaskError(error) from error

    def kill(self, _worker: Any) -> None:
        self.alive -= 1


class Call:
    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function = function
        self.arguments = arguments


class Losing:
    """Ten times the job; the first so many times some jobs take their worker with them."""

    def __init__(self, losses: dict[int, int]) -> None:
        self.losses = dict(losses)
        self.begun: list[int] = []

    def __call__(self) -> Callable[[int], int]:
        return self.work

    def work(self, job: int) -> int:
        self.begun.append(job)
        if self.losses.get(job, 0):
            self.losses[job] -= 1
            raise RayError
        return job * 10


def test_lost_jobs_are_done_by_others_and_told_once() -> None:
    ray, losing = WorkersHere(3), Losing({2: 2, 5: 1, 8: 2})
    results = list(run_jobs(ray, losing, range(9)))
    assert sorted(results) == [(job, job * 10) for job in range(9)]
    assert len(losing.begun) == 9 + 5
    assert ray.most_alive == 3
    assert ray.alive == 0


def test_new_machines_are_used_and_no_more_than_needed() -> None:
    ray = WorkersHere(1)
    ray.added_later = 20
    assert len(list(run_jobs(ray, Losing({}), range(6)))) == 6
    assert ray.most_alive == 6
    ray = WorkersHere(20)
    assert len(list(run_jobs(ray, Losing({}), range(30), workers=4))) == 30
    assert ray.most_alive == 4
    assert list(run_jobs(ray, Losing({}), [])) == []


def test_a_job_that_costs_every_worker_is_given_up() -> None:
    ray = WorkersHere(2)
    with pytest.raises(ClusterError, match="3 workers were lost over one job"):
        list(run_jobs(ray, Losing({0: 100}), range(4)))
    assert ray.alive == 0


def test_workers_that_cannot_begin() -> None:
    def lost_at_once() -> Any:
        raise RayError

    def another_model() -> Any:
        raise ClusterError("another model")

    ray = WorkersHere(2)  # a machine that is lost takes both with it, so that three are six
    with pytest.raises(ClusterError, match="6 workers were lost as they began"):
        list(run_jobs(ray, lost_at_once, range(4)))
    with pytest.raises(ClusterError, match="another model"):
        list(run_jobs(ray, another_model, range(4)))
    assert ray.alive == 0
    with pytest.raises(ClusterError, match="no CPU"):
        list(run_jobs(WorkersHere(0), Losing({}), range(4)))


def test_nobody_waits_while_a_result_is_dealt_with() -> None:
    ray = WorkersHere(1)
    results = run_jobs(ray, Losing({}), range(3))
    assert next(results) == (0, 0)
    assert ray.given == [0, 1]
    results.close()


def test_whoever_stops_listening_stops_the_workers() -> None:
    ray = WorkersHere(2)
    results = run_jobs(ray, Losing({}), range(9))
    next(results)
    assert ray.alive == 2
    results.close()
    assert ray.alive == 0
