"""The status: how far, how long still, and what would take less time."""

from functools import partial

from atlas_widget.progress import Pace
from atlas_widget.session import status
from atlas_widget.session.status import Reporter


def test_advice_is_given_where_much_is_left_and_goes_when_little_is(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(status, "Pace", partial(Pace, clock=lambda: now[0]))
    monkeypatch.setattr(status, "_REPORT_INTERVAL", 0.0)
    told = []
    reporter = Reporter(lambda what: told.append(what) is None, "model", "layer")
    asked = []

    def advise(stage, message, left, speed):
        asked.append((stage, message, round(left), round(speed)))
        return ["a GPU"]

    reporter.advise = advise
    for second in range(16):
        now[0] = second
        reporter.report("pictures", "Drawing", 10 * second, 500)
    shorter = [(one["seconds_left"], one["shorter"]) for one in told]
    assert asked[0] == ("pictures", "Drawing", 49, 10)
    assert all((left is not None and left >= 30) == bool(words) for left, words in shorter)
    now[0] = 25
    reporter.report("pictures", "Drawing", 260, 500)
    assert told[-1]["shorter"] == []
    reporter.report("pictures", "Drawing", 270, 5000)
    assert told[-1]["shorter"] == ["a GPU"]
    reporter.error("The disk is full.")
    assert told[-1]["shorter"] == []
