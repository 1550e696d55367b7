"""Long computations one after the other: pauses, progress, and being given up."""

from __future__ import annotations

import pytest

from atlas_widget.errors import AtlasError
from atlas_widget.progress import Cancelled, check_cancelled
from atlas_widget.session.tasks.task import LongTask, LongTasks

MATERIAL = object()


class Heard:
    """Keeps what a task tells."""

    def __init__(self):
        self.results, self.reasons, self.steps = [], [], []

    def progressed(self, done, total):
        self.steps.append((done, total))

    def finished(self, result):
        self.results.append(result)

    def failed(self, reason):
        self.reasons.append(reason)


def counting(steps):
    def work(material, progress, cancelled):
        assert material is MATERIAL
        for step in range(steps):
            check_cancelled(cancelled)
            progress(step + 1, steps)
        return steps

    return work


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def tasks(pauses):
    return LongTasks(lambda *said: pauses.append(said), lambda: False)


def test_tasks_run_one_after_the_other_and_pause(tasks, pauses):
    first, second = Heard(), Heard()
    tasks.add(LongTask("first", counting(3), first))
    tasks.add(LongTask("second", counting(2), second))
    assert tasks.advance(MATERIAL)
    assert (first.results, second.results) == ([3], [])
    assert pauses == [("first", 1, 3), ("first", 2, 3), ("first", 3, 3)]
    assert first.steps[0] == (1, 3)
    assert tasks.advance(MATERIAL)
    assert second.results == [2]
    assert not tasks.advance(MATERIAL)


def test_nothing_runs_within_the_pause_of_another(tasks):
    ran = []
    tasks.add(LongTask("outer", counting(2), Heard()))
    tasks.add(LongTask("inner", counting(1), Heard()))
    tasks._pause = lambda *_: ran.append(tasks.advance(MATERIAL))
    tasks.advance(MATERIAL)
    assert ran == [False, False]


def test_a_task_that_is_given_up_ends_at_its_next_pause_and_tells_nothing(tasks):
    heard = Heard()
    task = LongTask("long", counting(100), heard, request=7)
    tasks.add(task)
    tasks._pause = lambda _words, done, _total: done == 3 and tasks.cancel(7)
    tasks.advance(MATERIAL)
    assert task.done
    assert isinstance(task.error, Cancelled)
    assert (heard.results, heard.reasons) == ([], [])
    waiting = LongTask("never", counting(1), heard, request=8)
    tasks.add(waiting)
    tasks.cancel(8)
    tasks.advance(MATERIAL)
    assert waiting.done
    assert heard.results == []


def test_what_goes_wrong_is_told_and_ends_that_task_alone(tasks):
    def broken(*_):
        raise RuntimeError("the device caught fire")

    def refused(*_):
        raise AtlasError("There is no class 7.")

    heard = Heard()
    for work in (broken, refused, counting(1)):
        tasks.add(LongTask("try", work, heard))
    while tasks.advance(MATERIAL):
        pass
    assert heard.reasons == ["RuntimeError: the device caught fire", "There is no class 7."]
    assert heard.results == [1]


def test_what_is_left_behind_is_told_why():
    heard = Heard()
    leaving = LongTasks(lambda *_: None, lambda: True)
    leaving.add(LongTask("cut short", counting(5), heard))
    leaving.advance(MATERIAL)
    assert "the layer was changed" in heard.reasons[0]
    leaving.add(LongTask("waits", counting(5), heard))
    leaving.clear("Another layout is on show now.")
    assert heard.reasons[1] == "Another layout is on show now."
    assert not leaving.advance(MATERIAL)


def test_too_many_are_refused(tasks):
    heard = Heard()
    for _ in range(9):
        tasks.add(LongTask("many", counting(1), heard))
    assert len(heard.reasons) == 1
    assert "already queued" in heard.reasons[0]
