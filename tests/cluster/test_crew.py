"""Workers that are given one job after another; on a stand-in for Ray without processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from atlas_widget.cluster import crew as crew_module
from atlas_widget.cluster.crew import Crew, Ended
from atlas_widget.errors import ActivationsError, ClusterError
from tests.cluster.test_pool import Losing, RayError, WorkersHere


def begun(ray: WorkersHere, make: Callable[[], Callable[[Any], Any]]) -> Crew:
    """Return a crew whose workers have all begun."""
    crew = Crew(ray, make)
    assert not crew.ready
    for _ in range(ray.cpus):
        assert crew.poll() == []
    assert crew.ready
    assert crew.free == ray.cpus
    return crew


def test_results_and_losses_are_told_by_their_tickets() -> None:
    ray = WorkersHere(2)
    crew = begun(ray, Losing({7: 1}))
    crew.give("good", 3)
    crew.give("bad", 7)
    assert crew.free == 0
    assert set(crew.tickets) == {"good", "bad"}
    (bad,), good = crew.poll(), crew.poll()
    assert bad.ticket == "bad"
    assert isinstance(bad.lost, RayError)
    assert good == [Ended("good", 30)]
    assert crew.free == 1
    crew.close()
    assert ray.alive == 0
    assert not crew.ready


def test_a_worker_that_was_lost_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "_LOOK_AROUND", -1.0)
    ray = WorkersHere(1)
    crew = begun(ray, Losing({7: 1}))
    crew.give(1, 7)
    assert [ended.ticket for ended in crew.poll() if ended.lost] == [1]
    assert not crew.ready
    assert crew.poll() == []
    crew.give(2, 7)
    assert crew.poll() == [Ended(2, 70)]
    ray.cpus = 3
    crew.poll()
    assert ray.alive == 3


def test_what_a_worker_raised_is_told_as_it_is() -> None:
    def make() -> Any:
        def fails(job: int) -> int:
            raise ActivationsError(f"job {job} has none")

        return fails

    crew = begun(WorkersHere(1), make)
    crew.give("one", 7)
    (ended,) = crew.poll()
    assert ended.ticket == "one"
    assert str(ended.error) == "job 7 has none"


def test_workers_that_cannot_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "_LOOK_AROUND", -1.0)

    def lost_at_once() -> Any:
        raise RayError

    crew = Crew(WorkersHere(1), lost_at_once)
    told = [*crew.poll(), *crew.poll(), *crew.poll()]
    assert [ended.ticket for ended in told] == [None]
    assert "3 workers were lost as they began" in str(told[0].error)
    with pytest.raises(ClusterError, match="no CPU"):
        Crew(WorkersHere(0), Losing({}))
