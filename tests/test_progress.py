"""Long work says how far it is: on a line that changes, or now and then in a log."""

from __future__ import annotations

import io
import itertools

import pytest

from atlas_widget import progress
from atlas_widget.progress import (
    Pace,
    TextProgress,
    Throttle,
    describe_progress,
    progress_of_part,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_each_half_minute_and_one_at_the_end(clock) -> None:
    stream = io.StringIO()
    show = TextProgress(stream=stream).stage("collecting")
    for done in range(0, 101):
        show(done, 100)
        clock[0] += 1
    lines = stream.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["30/100", "60/100", "90/100", "100/100"]


def test_a_terminal_gets_a_bar_on_one_line(clock) -> None:
    stream = Terminal()
    show = TextProgress(stream=stream).stage("layout")
    for done in (0, 50, 100):
        clock[0] += 1
        show(done, 100)
    pictures = stream.getvalue().split("\r")[1:]
    assert [picture.count("█") for picture in pictures] == [0, 8, 16]
    assert stream.getvalue().count("\n") == 1


def test_what_was_done_before_does_not_count_as_fast() -> None:
    """Resumed at 900 of 1,000, ten in ten seconds mean ninety seconds more."""
    assert describe_progress("collecting", 910, 1000, 10.0, before=900).endswith("90 s left")


def test_nothing_is_written_where_it_is_not_wanted() -> None:
    stream = io.StringIO()
    text = TextProgress(enabled=False, stream=stream)
    text.say("hello")
    text.stage("collecting")(1, 1)
    assert stream.getvalue() == ""


def test_long_times_are_hours() -> None:
    assert "2 h 46 min" in describe_progress("x", 1, 10, 9960.0)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_a_steady_pace_is_foretold():
    clock = Clock()
    pace = Pace(clock=clock)
    pace.note(0)
    assert pace.left(100) is None, "one point says nothing"
    for done in range(1, 11):
        clock.now += 1
        pace.note(done)
    assert pace.left(100) == pytest.approx(90, rel=0.05)


def test_the_estimate_runs_down_and_does_not_jump():
    clock = Clock()
    pace = Pace(clock=clock)
    shown = []
    for step in range(40):
        pace.note(step if step < 20 else step * 2)  # suddenly twice as fast
        shown.append(pace.left(200))
        clock.now += 1
    known = [value for value in shown if value is not None]
    steps = [before - after for before, after in itertools.pairwise(known)]
    assert max(abs(step) for step in steps) < 40
    assert known[-1] < known[0]


def test_a_new_count_begins_anew():
    clock = Clock()
    pace = Pace(clock=clock)
    for done in (0, 50, 100):
        pace.note(done)
        clock.now += 1
    pace.note(0)
    assert pace.left(10) is None


def test_throttle():
    clock = Clock()
    throttle = Throttle(0.2, clock)
    assert throttle.ready()
    assert not throttle.ready()
    assert throttle.ready(force=True)
    clock.now += 0.21
    assert throttle.ready()


def test_parts_of_one_task_count_on_from_each_other() -> None:
    told: list[tuple[int, int]] = []
    for number in range(2):
        of_part = progress_of_part(lambda done, total: told.append((done, total)), number, 2)
        for done in (1, 5):
            of_part(done, 5)
    assert told == [(1, 10), (5, 10), (6, 10), (10, 10)]
