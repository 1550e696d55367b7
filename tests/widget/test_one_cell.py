"""What a user asks about one cell: its card, its label, live pictures of it."""

from tests.widget.waiting import until
from tests.widget_browser import FakeBrowser


def test_a_card_comes_at_once_and_again_with_its_classes(make):
    w = make(labels=[f"<b>class {n}</b>" for n in range(10)])
    browser = FakeBrowser(w)
    browser.open_whole()
    cell = int(w.atlas.grid(4).ids[0])
    browser.say("hover", grid=4, cell=cell)
    card = browser.wait(lambda: [m for m in browser.of("card") if m["cell"] == cell])[0]
    assert card["count"] == w.atlas.grid(4).counts[0]
    assert card["crops"] >= 1
    full = browser.wait(lambda: [m for m in browser.of("card") if m["classes"] is not None])[-1]
    assert full["cell"] == cell
    assert all(entry["label"].startswith("<b>class") for entry in full["classes"]), "as it is"
    values = [entry["value"] for entry in full["classes"]]
    assert values == sorted(values, reverse=True)
    assert all(value > 0 for value in values)
    assert all(entry["value"] < 0 for entry in full["against"])


def test_labels_of_visible_cells_come_by_themselves(make):
    w = make()
    browser = FakeBrowser(w)
    browser.open_whole()
    browser.look()
    cells = set(w.atlas.grid(4).ids.tolist())
    browser.wait(lambda: {c for m in browser.of("labels") for c in m["cells"]} >= cells)
    until(lambda: w.status["stage"] == "idle")
    assert set(w.atlas.cells(4)["label"].dropna()) == {
        label for m in browser.of("labels") for label in m["labels"] if label is not None
    }


def test_inspect_sends_frames_that_sharpen_and_the_next_time_the_finished_one(make):
    w = make()
    browser = FakeBrowser(w)
    browser.open_whole()
    cell = int(w.atlas.grid(4).ids[1])
    browser.say("inspect", grid=4, cell=cell, request=1, seed=0)
    browser.wait(lambda: any(m["done"] for m in browser.of("frame")))
    frames = browser.of("frame")
    assert {frame["request"] for frame in frames} == {1}
    assert [frame["step"] for frame in frames] == sorted(frame["step"] for frame in frames)
    assert frames[-1]["step"] == frames[-1]["steps"]
    assert all(-1 <= frame["cosine"] <= 1 for frame in frames)
    browser.say("inspect", grid=4, cell=cell, request=2, seed=0)
    again = browser.wait(lambda: [m for m in browser.of("frame") if m["request"] == 2])
    assert again[0]["done"], "known by now"


def test_two_inspections_take_turns_and_one_that_is_stopped_ends(make):
    w = make()
    browser = FakeBrowser(w)
    browser.open_whole()
    first, second = (int(cell) for cell in w.atlas.grid(4).ids[:2])
    browser.say("inspect", grid=4, cell=first, request=1, seed=7)
    browser.say("inspect", grid=4, cell=second, request=2, seed=7)
    browser.say("inspect", grid=4, cell=first, request=3, seed=8)
    browser.say("stop_inspect", request=3)
    browser.say("stop_inspect", request=999)
    done = lambda: {m["request"] for m in browser.of("frame") if m["done"]}  # noqa: E731
    browser.wait(lambda: done() == {1, 2})
    assert not any(m["done"] and m["request"] == 3 for m in browser.of("frame"))
    assert not browser.of("error")
