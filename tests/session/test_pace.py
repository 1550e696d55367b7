import itertools

import pytest

from atlas_widget.session.pace import Pace, Throttle


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
