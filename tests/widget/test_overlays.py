"""Overlays of the widget: the trait in both directions, and what the browser is told for them."""

import io

import numpy as np
import pytest
from PIL import Image

from atlas_widget import AtlasWidget
from atlas_widget.errors import AtlasError
from tests.widget_browser import FakeBrowser

LABELS = [f"bird {n}" for n in range(8)] + ["crane", "crane"]


@pytest.fixture
def widget(make):
    return make(labels=LABELS)


def final(browser):
    browser.open()
    browser.wait(lambda: browser.layouts[-1]["final"])
    return browser.layouts[-1]


def gains(browser, class_):
    return {
        cell: (value, low, high)
        for m in browser.of("influence")
        if m["class"] == class_
        for cell, value, low, high in zip(m["cells"], m["values"], m["low"], m["high"], strict=True)
    }


def test_an_overlay_is_a_trait_that_is_checked_at_once(widget):
    assert widget.overlay == "pictures"
    heard = []
    widget.observe(lambda change: heard.append(change["new"]), "overlay")
    widget.overlay = "Density"
    widget.overlay = "influence: BIRD 3"
    assert heard == ["density", "influence: bird 3"]
    with pytest.raises(AtlasError, match="Did you mean 'density'"):
        widget.overlay = "densty"
    with pytest.raises(AtlasError, match=r"crane \(8\)' or 'crane \(9\)'"):
        widget.overlay = "influence: crane"
    assert widget.overlay == "influence: bird 3"
    widget.overlay = "influence: 9"
    assert widget.overlay == "influence: crane (9)"


def test_the_browser_sets_it_too_and_hears_where_that_makes_no_sense(widget):
    browser = FakeBrowser(widget)
    widget.set_state({"overlay": "influence: crane (8)"})
    assert widget.overlay == "influence: crane (8)"
    sent = []
    widget.send_state = lambda key=None: sent.append(key)
    widget.set_state({"overlay": "influence: no such bird"})
    del widget.send_state
    assert widget.overlay == "influence: crane (8)"
    assert sent == [["overlay"]], "the browser hears what is true"
    assert "no such bird" in browser.wait(lambda: browser.of("error"))[-1]["message"]


def test_a_page_that_comes_up_hears_the_names_of_the_classes(widget):
    browser = FakeBrowser(widget)
    browser.open()
    names = [*LABELS[:8], "crane (8)", "crane (9)"]
    told = browser.of("classes")[0]
    assert (told["names"], told["reason"]) == (names, "")
    assert len(told["kinds"]) == len(told["members"]) > 0
    reloaded = FakeBrowser(widget)
    reloaded.say("ready", view="again", revision=-1)
    assert reloaded.wait(lambda: reloaded.of("classes"))[0]["names"] == names


def test_a_layer_without_classes_says_why(tiny_model, tiny_images, tmp_path):
    tiny_model.head = tiny_model.pool = None
    tiny_model.forward = lambda x: tiny_model.last(tiny_model.middle(tiny_model.stem(x)))
    w = AtlasWidget(
        tiny_model, "middle", tiny_images, num_samples=60, grids=(4,), cache_dir=tmp_path
    )
    try:
        browser = FakeBrowser(w)
        browser.open()
        told = browser.of("classes")[0]
        assert told["names"] == []
        assert told["reason"]
        with pytest.raises(AtlasError, match="no classes"):
            w.overlay = "influence: 3"
    finally:
        w.close()


def test_classes_that_cannot_be_computed_say_why_and_stop_nothing_else(widget, monkeypatch):
    def broken(*_args, **_options):
        raise RuntimeError("the images have gone")

    monkeypatch.setattr("atlas_widget.attribution.class_values", broken)
    browser = FakeBrowser(widget)
    cells = final(browser)["grids"][0]["ids"]
    browser.say("influence", grid=4, **{"class": 3}, cells=cells)
    told = browser.wait(lambda: [m for m in browser.of("classes") if m["reason"]])[-1]
    assert told["names"] == []
    assert "the images have gone" in told["reason"]
    reloaded = FakeBrowser(widget)
    reloaded.open()
    assert "the images have gone" in reloaded.of("classes")[0]["reason"]
    reloaded.wait(lambda: set(reloaded.states(4).values()) == {"final"})


def test_influence_of_all_cells_comes_though_nobody_looks_and_agrees_with_the_cards(widget):
    browser = FakeBrowser(widget)
    cells = final(browser)["grids"][1]["ids"]
    browser.say("influence", grid=8, **{"class": 3}, cells=cells)
    browser.wait(lambda: gains(browser, 3).keys() == set(cells))
    cell = cells[0]
    browser.say("hover", grid=8, cell=cell)
    card = browser.wait(lambda: [m for m in browser.of("card") if m["classes"] is not None])[-1]
    known = {entry["index"]: entry for entry in card["classes"] + card["against"]}
    for index in set(known) - {3}:
        browser.say("influence", grid=8, **{"class": index}, cells=[cell])
        value, low, high = browser.wait(lambda index=index: gains(browser, index))[cell]
        assert value == pytest.approx(known[index]["value"], rel=2e-3, abs=1e-6)
        if low is not None:
            assert low == pytest.approx(known[index]["low"], rel=2e-3, abs=1e-6)
            assert high == pytest.approx(known[index]["high"], rel=2e-3, abs=1e-6)


def test_a_search_is_answered_from_what_is_known(widget):
    browser = FakeBrowser(widget)
    layout = final(browser)
    cells = set(layout["grids"][0]["ids"])
    browser.wait(lambda: {c for m in browser.of("labels") for c in m["cells"]} >= cells)
    browser.say("strongest", grid=4, classes=list(range(10)))
    complete = browser.wait(
        lambda: [m for m in browser.of("strongest") if m["known"] == len(cells)][-10:]
    )
    assert {m["class"] for m in complete} <= set(range(10))
    label = next(m for m in browser.of("labels"))
    assert len(label["winners"]) == len(label["cells"]) == len(label["seconds"])


def test_real_crops_come_whatever_pictures_the_cells_have(widget):
    browser = FakeBrowser(widget)
    cells = final(browser)["grids"][0]["ids"]
    browser.wait(lambda: set(browser.states(4).values()) == {"final"})
    browser.say("real_crops", grid=4, cells=cells)
    message = browser.wait(lambda: browser.of("real_crops"))[0]
    assert message["cells"] == cells
    data = browser.buffers[browser.messages.index(message)][0]
    sheet = np.asarray(Image.open(io.BytesIO(data)))
    tile, columns = message["tile"], message["columns"]
    for index, cell in enumerate(cells):
        row, col = divmod(index, columns)
        got = sheet[row * tile : (row + 1) * tile, col * tile : (col + 1) * tile]
        crop = widget._session.scene.crop(4, cell).pixels
        assert np.abs(got.astype(int) - crop).mean() < 6, "JPEG apart, the sample nearest"
    assert set(browser.states(4).values()) == {"final"}, "no picture is replaced"
