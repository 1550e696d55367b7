"""From the layout to final pictures: in which order, from where, and what may fail."""

import threading
import time

import numpy as np
import pytest

from atlas_widget import Atlas, AtlasWidget
from atlas_widget.errors import AtlasError
from tests.widget.waiting import ours, until
from tests.widget_browser import FakeBrowser


def test_from_layout_to_final_pictures(make):
    w = make()
    browser = FakeBrowser(w)
    browser.open_whole()
    browser.look()
    ids = browser.layouts[-1]["grids"][0]["ids"]
    assert set(ids) == set(w.atlas.grid(4).ids.tolist())
    browser.wait(lambda: set(browser.states(4)) == set(ids))
    browser.wait(lambda: set(browser.states(4).values()) == {"final"})
    seen = [m["state"] for m in browser.of("sheet") if m["revision"] == w._session.scene.revision]
    assert seen[0] == "crop", "real crops come first"
    assert seen[-1] == "final"
    final = [m for m in browser.of("sheet") if m["state"] == "final"]
    assert all(-1 <= value <= 1 for m in final for value in m["cosine"])
    assert all(rank >= 1 for m in final for rank in m["rank"])
    until(lambda: w.status["stage"] == "idle")
    assert w.status["samples"] == 200
    assert w.status["images"] == 12
    assert [m["revision"] for m in browser.layouts] == sorted(
        m["revision"] for m in browser.layouts
    )


def test_the_first_pictures_are_few_and_nothing_is_measured_before_them(make, monkeypatch):
    from atlas_widget.inversion import InversionEngine
    from atlas_widget.session.cells.measured_scale import MeasuredScale

    done = []
    start, advance = InversionEngine.start, MeasuredScale.advance

    def begin(self, directions, *args, **kwargs):
        done.append(len(directions))
        return start(self, directions, *args, **kwargs)

    def measure(self):
        done.append("measured")
        return advance(self)

    monkeypatch.setattr(InversionEngine, "batch_size", 4)
    monkeypatch.setattr(InversionEngine, "start", begin)
    monkeypatch.setattr(MeasuredScale, "advance", measure)
    w = make()
    w.wait(60).render(timeout=60)
    until(lambda: "measured" in done)
    assert done[:2] == [1, "measured"]
    assert [count for count in done if count != "measured"][:3] == [1, 2, 4]


def test_what_would_take_less_time_follows_from_what_is_in_sight(make):
    w = make()
    browser = FakeBrowser(w)
    browser.open_whole()
    advise = w._session.notifier.progress.advise
    assert not any("num_samples" in words for words in advise("collecting", "", 100, 1)), "few"
    w.render(timeout=60)
    browser.look(8)
    until(lambda: w._session._layer.cells.in_sight[0] == 8)
    assert "the 4 × 4 grid: it is done" in advise("pictures", "Rendering the pictures", 100, 1)
    assert not any("grid" in words for words in advise("pictures", "Scanning all images", 100, 1))


def test_script_use_without_a_browser(make):
    w = make()
    assert w.wait(60) is w
    assert isinstance(w.atlas, Atlas)
    pictures, _ = w._session.snapshot(4)
    assert all(picture.state.word == "crop" for picture in pictures.values())
    cells = w.atlas.grid(4).ids.tolist()[:3]
    w.render(cells, timeout=60)
    pictures, _ = w._session.snapshot(4)
    assert {cell for cell, p in pictures.items() if p.state.word == "final"} >= set(cells)
    w.render(timeout=60)
    pictures, _ = w._session.snapshot(4)
    assert {p.state.word for p in pictures.values()} == {"final"}


def test_a_second_widget_comes_back_complete_from_the_cache(make, monkeypatch):
    first = make()
    first.wait(60).render(timeout=60)
    figures = {c: p.pixels for c, p in first._session.snapshot(4)[0].items()}
    xy = first.atlas.xy
    first.close()
    from atlas_widget.inversion import InversionEngine

    monkeypatch.setattr(InversionEngine, "advance", lambda *_: pytest.fail("rendered again"))
    monkeypatch.setattr(
        "atlas_widget.collect.iter_collect", lambda *_, **__: pytest.fail("collected again")
    )
    second = make()
    second.wait(60)
    second.render(timeout=60)
    assert np.array_equal(second.atlas.xy, xy)
    for cell, picture in second._session.snapshot(4)[0].items():
        assert picture.state.word == "final"
        assert np.array_equal(picture.pixels, figures[cell])
        assert picture.cosine is not None
        assert picture.rank is not None


def test_a_cache_that_cannot_be_written_is_said_and_survived(make, tmp_path):
    (tmp_path / "file").write_text("in the way")
    w = make(cache_dir=tmp_path / "file" / "cache")
    w.wait(60)
    w.render(w.atlas.grid(4).ids.tolist()[:1], timeout=60)
    assert any("cannot be written" in notice for notice in w.notices)
    browser = FakeBrowser(w)
    browser.say("ready", view="v", revision=-1)
    browser.wait(lambda: browser.of("notice"))


def test_clicks_are_answered_while_the_layout_is_made(make, monkeypatch):
    from atlas_widget.layout import fallback

    inner = fallback.umap_layout
    answered = threading.Event()

    def slow(*args, progress, cancelled, **kwargs):
        end = time.monotonic() + 30
        while not answered.is_set():
            assert time.monotonic() < end, "nobody let the click in"
            assert not cancelled()
            progress(1, 500)
            time.sleep(0.01)
        return inner(*args, progress=progress, cancelled=cancelled, **kwargs)

    monkeypatch.setattr(fallback, "umap_layout", slow)
    w = make()
    browser = FakeBrowser(w)
    browser.open()
    browser.wait(lambda: w.status["stage"] == "umap")
    entry = browser.layouts[-1]["grids"][0]
    browser.say("hover", grid=entry["size"], cell=entry["ids"][0])
    browser.wait(lambda: browser.of("card"))
    browser.say("inspect", grid=entry["size"], cell=entry["ids"][0], request=5, seed=0)
    browser.wait(lambda: [m for m in browser.of("frame") if m["request"] == 5])
    answered.set()
    w.wait(60)


def test_pictures_that_cannot_be_made_are_told_and_not_tried_for_ever(make, monkeypatch):
    from atlas_widget.inversion import InversionEngine

    def broken(*_):
        raise RuntimeError("the device caught fire")

    monkeypatch.setattr(InversionEngine, "advance", broken)
    w = make()
    browser = FakeBrowser(w)
    browser.open()
    with pytest.raises(AtlasError, match="caught fire"):
        w.render(timeout=60)
    (error,) = [m for m in browser.of("error") if "fire" in m["message"]]
    assert not error["fatal"]
    monkeypatch.undo()
    browser.say("retry")
    w.render(timeout=60)


def test_pictures_of_a_grid_that_nobody_looked_at_fail_in_words_too(make, monkeypatch):
    from atlas_widget.inversion import InversionEngine

    def broken(*_):
        raise RuntimeError("the device caught fire")

    monkeypatch.setattr(InversionEngine, "advance", broken)
    w = make()
    w.wait(60)
    w.level = 8
    with pytest.raises(AtlasError, match="caught fire"):
        w.render(timeout=60)


def test_a_device_that_is_too_small_gets_smaller_batches(make, monkeypatch):
    from atlas_widget.inversion import InversionEngine

    inner = InversionEngine.advance

    def small(self, state, steps=1):
        if len(state) > 3:
            raise RuntimeError("CUDA out of memory")
        inner(self, state, steps)

    monkeypatch.setattr(InversionEngine, "advance", small)
    w = make()
    w.render(timeout=60)


def test_a_reloaded_page_gets_everything_again(make):
    w = make()
    browser = FakeBrowser(w)
    browser.open_whole()
    browser.look()
    cells = set(w.atlas.grid(4).ids.tolist())
    browser.wait(lambda: list(browser.states(4).values()).count("final") == len(cells))
    reloaded = FakeBrowser(w)
    reloaded.say("ready", view="again", revision=-1)
    reloaded.wait(lambda: len(reloaded.states(4)) == len(cells))
    assert set(reloaded.states(4).values()) == {"final"}
    assert reloaded.layouts[0]["revision"] == browser.layouts[-1]["revision"]


def test_missing_pictures_are_sent_again(make):
    w = make()
    browser = FakeBrowser(w)
    browser.open_whole()
    cells = w.atlas.grid(4).ids.tolist()
    browser.wait(lambda: set(browser.states(4)) == set(cells))
    browser.messages.clear()
    browser.say("missing", group="cell:4", numbers=cells[:2])
    browser.wait(lambda: {c for m in browser.of("sheet") for c in m["numbers"]} >= set(cells[:2]))


def test_two_widgets_at_once(make):
    one, two = make(), make(layer="last")
    one.wait(60)
    two.wait(60)
    one.render(one.atlas.grid(4).ids.tolist()[:2], timeout=60)
    two.render(two.atlas.grid(4).ids.tolist()[:2], timeout=60)
    assert len(ours()) == 2


def test_the_real_demo_becomes_pictures(demo_model, tmp_path):
    from atlas_widget import demo

    w = AtlasWidget(
        demo_model,
        demo.LAYER,
        num_samples=160,
        grids=(3,),
        labels=demo.labels(),
        cache_dir=tmp_path,
    )
    try:
        w.wait(120)
        cells = w.atlas.grid(3).ids.tolist()[:3]
        w.render(cells, timeout=120)
        pictures, _ = w._session.snapshot(3)
        for cell in cells:
            picture = pictures[cell]
            assert picture.pixels.shape == (64, 64, 3)
            assert picture.pixels.std() > 20
            assert picture.cosine > 0.4
    finally:
        w.close()
