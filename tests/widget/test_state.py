"""Traits, from the browser and from Python, and those who observe them."""

import threading

import pytest

from atlas_widget.errors import CellError, LayerNotFoundError
from tests.widget.waiting import until
from tests.widget_browser import FakeBrowser


@pytest.mark.parametrize(
    "state",
    [
        {"layer": "no such layer"},
        {"layer": None},
        {"layer": "x" * 10**5},
        {"selection": [10**9]},
        {"selection": "all"},
        {"selection": [1.5, None]},
        {"level": 7},
        {"level": "4"},
        {"viewport": [0, 0, 1]},
        {"viewport": [0, 0, float("nan"), 1]},
        {"viewport": [1, 1, 0, 0]},
        {"hovered": "x"},
        {"status": {"stage": "idle"}},
        {"layers": []},
        {"_esm": "alert(1)"},
        {"comm": None},
    ],
)
def test_what_the_browser_may_not_set_is_set_back(make, state):
    w = make()
    browser = FakeBrowser(w)
    w.wait(60)
    (name,) = state
    before = getattr(w, name)
    sent = []
    w.send_state = lambda key=None: sent.append(key)
    w.set_state(state)
    del w.send_state
    if name != "status":
        assert getattr(w, name) == before
    else:
        assert w.status.keys() == before.keys()
    assert browser.of("error")
    assert name == "comm" or [name] in sent, "the browser hears what is true"


def test_a_good_state_from_the_browser_is_taken(make):
    w = make()
    w.wait(60)
    cells = w.atlas.grid(8).ids.tolist()[:3]
    w.set_state({"level": 8, "selection": cells, "viewport": [0, 0, 0.5, 0.5], "hovered": cells[0]})
    assert w.level == 8
    assert w.selection == cells
    assert w.hovered == cells[0]
    assert len(w.selected) == 3
    assert w.selected["id"].tolist() == cells


@pytest.mark.parametrize("by", ["browser", "python"])
def test_an_observer_may_wait_for_the_worker(make, by):
    """Observers run within the change that they hear of; the worker must not wait for that."""
    w = make()
    w.wait(60)
    cells = w.atlas.grid(4).ids.tolist()[:2]
    done = []
    w.observe(lambda change: done.append(w.render(change["new"], timeout=30)), "selection")

    def select():
        if by == "browser":
            w.set_state({"selection": cells})
        else:
            w.select(cells)

    thread = threading.Thread(target=select)
    thread.start()
    thread.join(40)
    assert not thread.is_alive()
    assert done == [w]
    until(lambda: w.status["stage"] == "idle")


def test_observers_that_fail_or_wait_on_the_workers_thread_do_no_harm(make, caplog):
    w = make()
    w.observe(lambda _: w.wait(), "status")
    w.wait(60)
    w.render(w.atlas.grid(4).ids.tolist()[:2], timeout=60)
    assert "An observer" in caplog.text
    assert w.status["stage"] != "error"


def test_selecting_in_python(make):
    w = make()
    with pytest.raises(CellError, match=r"w\.wait"):
        make().select([1])
    w.wait(60)
    cells = w.atlas.grid(4).ids[:2]
    w.select(cells)
    assert w.selection == cells.tolist()
    w.select(iter(w.atlas.grid(8).ids[:1]), grid=8)
    assert w.level == 8
    w.select([])
    assert w.selection == []
    assert len(w.selected) == 0
    with pytest.raises(CellError, match="16"):
        w.select([16], grid=4)
    with pytest.raises(CellError, match="no grid 5"):
        w.select([1], grid=5)
    with pytest.raises(CellError, match="ids"):
        w.select("all")
    with pytest.raises(CellError):
        w.selection = [10**6]
    with pytest.raises(CellError):
        w.level = 5
    with pytest.raises(LayerNotFoundError, match="'last'"):
        w.layer = "lasst"
    assert w.layer == "middle"
