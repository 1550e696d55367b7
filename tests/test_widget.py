import gc
import json
import threading
import time
import warnings
import weakref

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import Widget

from atlas_widget import Atlas, AtlasWidget
from atlas_widget.building import build_atlases
from atlas_widget.errors import (
    AtlasError,
    CellError,
    ExportError,
    ImagesError,
    LayerNotFoundError,
    SavedAtlasError,
)
from tests.widget_browser import FakeBrowser


@pytest.fixture
def make(tiny_model, tiny_images, tmp_path):
    """Make small widgets; all are closed in the end."""
    made = []

    def make(model=None, layer="middle", **options):
        options = {
            "images": tiny_images,
            "num_samples": 200,
            "grids": (4, 8),
            "cache_dir": tmp_path / "cache",
            **options,
        }
        widget = AtlasWidget(model if model is not None else tiny_model, layer, **options)
        made.append(widget)
        return widget

    yield make
    for widget in made:
        widget.close()
    assert not ours()


def ours():
    return [thread.name for thread in threading.enumerate() if "atlas" in thread.name]


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


# -- the stages


def test_from_layout_to_final_pictures(make):
    w = make()
    browser = FakeBrowser(w)
    browser.open()
    w.wait(60)
    browser.wait(lambda: browser.layouts[-1]["final"])
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


def test_a_card_comes_at_once_and_again_with_its_classes(make):
    w = make(labels=[f"<b>class {n}</b>" for n in range(10)])
    browser = FakeBrowser(w)
    browser.open()
    w.wait(60)
    browser.wait(lambda: browser.layouts[-1]["final"])
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
    browser.open()
    w.wait(60)
    browser.wait(lambda: browser.layouts[-1]["final"])
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
    browser.open()
    w.wait(60)
    browser.wait(lambda: browser.layouts[-1]["final"])
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


def test_clicks_are_answered_while_the_layout_is_made(make, monkeypatch):
    from atlas_widget import layout

    inner = layout.umap_layout
    answered = threading.Event()

    def slow(*args, progress, cancelled, **kwargs):
        end = time.monotonic() + 30
        while not answered.is_set():
            assert time.monotonic() < end, "nobody let the click in"
            assert not cancelled()
            progress(1, 500)
            time.sleep(0.01)
        return inner(*args, progress=progress, cancelled=cancelled, **kwargs)

    monkeypatch.setattr(layout, "umap_layout", slow)
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


def test_two_inspections_take_turns_and_one_that_is_stopped_ends(make):
    w = make()
    browser = FakeBrowser(w)
    browser.open()
    w.wait(60)
    browser.wait(lambda: browser.layouts[-1]["final"])
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


def test_a_reloaded_page_gets_everything_again(make):
    w = make()
    browser = FakeBrowser(w)
    browser.open()
    w.wait(60)
    browser.wait(lambda: browser.layouts[-1]["final"])
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
    browser.open()
    w.wait(60)
    browser.wait(lambda: browser.layouts[-1]["final"])
    cells = w.atlas.grid(4).ids.tolist()
    browser.wait(lambda: set(browser.states(4)) == set(cells))
    browser.messages.clear()
    browser.say("missing", grid=4, cells=cells[:2])
    browser.wait(lambda: {c for m in browser.of("sheet") for c in m["cells"]} >= set(cells[:2]))


# -- bad input


def test_an_unknown_layer_is_refused_at_once(tiny_model):
    with pytest.raises(LayerNotFoundError, match=r"midle.*'middle'"):
        AtlasWidget(tiny_model, "midle")
    assert not ours()


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"images": "no/such/folder"}, ImagesError, "no/such/folder"),
        ({"labels": ["a", "b"]}, AtlasError, "10"),
        ({"labels": "abc"}, AtlasError, "labels"),
        ({"grids": ()}, AtlasError, "grids"),
        ({"grids": (4, 5000)}, AtlasError, "grids"),
        ({"num_samples": 1}, AtlasError, "num_samples"),
        ({"num_samples": "many"}, AtlasError, "num_samples"),
        ({"seed": -1}, AtlasError, "seed"),
        ({"atlas": "no/such/atlas"}, SavedAtlasError, "no/such/atlas"),
    ],
)
def test_what_is_wrong_at_once_is_said_at_once(make, options, error, said):
    with pytest.raises(error, match=said):
        make(**options)


def test_what_shows_later_is_raised_by_wait_and_told_to_the_browser(make, tmp_path):
    (tmp_path / "empty").mkdir()
    w = make(images=tmp_path / "empty")
    browser = FakeBrowser(w)
    with pytest.raises(ImagesError, match="empty"):
        w.wait(30)
    assert w.status["stage"] == "error"
    assert "empty" in w.status["error"]
    with pytest.raises(ImagesError):
        w.render(timeout=30)
    assert w.atlas is None
    assert w._worker.alive
    del browser


def test_an_error_can_be_retried(make, tmp_path, tiny_images):
    folder = tmp_path / "later"
    folder.mkdir()
    w = make(images=folder)
    browser = FakeBrowser(w)
    browser.say("ready", view="v", revision=-1)
    until(lambda: w.status["stage"] == "error")
    for picture in tiny_images.iterdir():
        (folder / picture.name).write_bytes(picture.read_bytes())
    browser.say("retry")
    until(lambda: w.status["stage"] != "error")
    w.wait(60)


def test_nan_activations_are_said(make):
    class Broken(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = torch.nn.Conv2d(3, 4, 3)
            self.broken = torch.nn.Identity()

        def forward(self, x):
            return self.broken(self.stem(x) * float("nan")).mean((2, 3))

    w = make(Broken(), "broken")
    with pytest.raises(AtlasError, match=r"not finite|NaN"):
        w.wait(60)


HOSTILE = [
    None,
    [],
    "ready",
    7,
    {},
    {"kind": "no such kind"},
    {"kind": "hover"},
    {"kind": "hover", "grid": "x", "cell": {}},
    {"kind": "visible", "grid": 4, "cells": list(range(10**5)), "near": []},
    {"kind": "inspect", "grid": 4, "cell": 10**9, "request": 1, "seed": 0},
    {"kind": "export", "grid": 4, "cells": [], "format": "../../exe"},
    {"kind": "ready", "view": "x" * 10**6, "revision": 0},
]


def test_hostile_messages_are_dropped_and_told_not_too_often(make):
    w = make()
    browser = FakeBrowser(w)
    browser.open()
    w.wait(60)
    browser.messages.clear()
    for content in HOSTILE * 20:
        w._handle_custom_msg(content, [])
    browser.wait(lambda: browser.of("error"))
    assert all(not message["fatal"] for message in browser.of("error"))
    w._session._shown_at = 0.0  # the layout has been there for long
    browser.say("hover", grid=4, cell=15 if 15 not in w.atlas.grid(4).ids else 0)
    time.sleep(0.2)
    assert len(browser.of("error")) <= 25
    assert w._worker.alive
    w.render(w.atlas.grid(4).ids.tolist()[:1], timeout=60)


def test_cells_that_do_not_exist_are_dropped(make):
    w = make(grids=(16,))
    browser = FakeBrowser(w)
    browser.open()
    w.wait(60)
    w._session._shown_at = 0.0
    missing = next(cell for cell in range(256) if cell not in set(w.atlas.grid(16).ids.tolist()))
    browser.say("hover", grid=16, cell=missing)
    (error,) = browser.wait(lambda: browser.of("error"))
    assert str(missing) in error["message"]
    assert not browser.of("card")


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


# -- layers, atlases


def test_switching_layers_and_back(make):
    w = make()
    w.wait(60)
    first = w.atlas
    w.layer = "last"
    w.wait(60)
    assert w.atlas.layer == "last"
    assert w.status["layer"] == "last"
    assert w.atlas.activations.shape[1] == 16
    w.layer = "middle"
    w.wait(60)
    assert np.array_equal(w.atlas.xy, first.xy), "from the cache"
    assert len(ours()) == 1


def test_a_layer_that_cannot_be_shown_is_refused_and_the_old_one_stays(make):
    class Odd(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = torch.nn.Conv2d(3, 4, 3, stride=4)
            self.unused = torch.nn.Conv2d(3, 4, 3)

        def forward(self, x):
            return self.stem(x).mean((2, 3))

    w = make(Odd(), "stem")
    browser = FakeBrowser(w)
    w.wait(60)
    atlas = w.atlas
    w.set_state({"layer": "unused"})
    until(lambda: w.layer == "stem")
    assert "unused" in browser.wait(lambda: browser.of("error"))[0]["message"]
    assert w.atlas is atlas


def test_a_refused_layer_does_not_cost_the_one_under_way(make):
    class Odd(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = torch.nn.Conv2d(3, 8, 3, stride=2)
            self.unused = torch.nn.Conv2d(3, 4, 3)

        def forward(self, x):
            return self.stem(x).mean((2, 3))

    w = make(Odd(), "stem", num_samples=4000)
    until(lambda: w.status["stage"] == "collecting")
    w.set_state({"layer": "unused"})
    w.wait(60)
    assert w.layer == "stem"
    assert w.atlas.layer == "stem"


def test_there_and_back_before_anything_happened(make):
    w = make()
    w.layer = "last"
    w.layer = "middle"
    w.wait(60)
    assert w.atlas.layer == "middle"


def test_a_saved_atlas_is_shown(make, tiny_model, tiny_images, tmp_path):
    atlas = Atlas.build(
        tiny_model, "middle", tiny_images, num_samples=200, grids=(3, 6), progress=False
    )
    atlas.save(tmp_path / "saved")
    w = make(atlas=tmp_path / "saved", grids=(20, 40, 80))
    w.wait(60)
    assert np.array_equal(w.atlas.xy, atlas.xy)
    assert w.atlas.grids == (3, 6)
    assert w.level == 3
    other = make(atlas=atlas, grids=(5,))
    other.wait(60)
    assert other.atlas.grids == (5,)
    assert atlas.grids == (3, 6), "the person's own stays as it is"
    with pytest.raises(SavedAtlasError, match="'middle'"):
        make(layer="last", atlas=atlas).wait(60)
    (tmp_path / "saved" / "activations.safetensors").write_bytes(b"broken")
    with pytest.raises(SavedAtlasError, match="activations"):
        make(atlas=tmp_path / "saved").wait(60)


def test_each_layer_comes_from_the_folder_that_atlases_were_built_in(
    make, tiny_model, tiny_images, tmp_path
):
    options = {"num_samples": 200, "grids": (4,), "device": "cpu", "progress": False}
    build_atlases(tiny_model, ["stem", "middle"], tiny_images, tmp_path / "built", **options)
    w = make(atlas=tmp_path / "built").wait(60)
    assert np.array_equal(w.atlas.xy, Atlas.load(tmp_path / "built" / "middle").xy)
    w.layer = "stem"
    w.wait(60)
    assert np.array_equal(w.atlas.xy, Atlas.load(tmp_path / "built" / "stem").xy)
    w.layer = "last"  # which is not there, so its atlas is made, as without the folder
    assert w.wait(60).atlas.layer == "last"
    with pytest.raises(SavedAtlasError, match="no atlas of layer 'pool', but of middle, stem"):
        make(layer="pool", atlas=tmp_path / "built").wait(60)


def test_a_cache_that_cannot_be_written_is_said_and_survived(make, tmp_path):
    (tmp_path / "file").write_text("in the way")
    w = make(cache_dir=tmp_path / "file" / "cache")
    w.wait(60)
    w.render(w.atlas.grid(4).ids.tolist()[:1], timeout=60)
    assert any("cannot be written" in notice for notice in w.notices)
    browser = FakeBrowser(w)
    browser.say("ready", view="v", revision=-1)
    browser.wait(lambda: browser.of("notice"))


# -- figures


def test_figures_and_exports(make, tmp_path):
    w = make()
    w.wait(60)
    cells = w.atlas.grid(4).ids.tolist()[:2]
    path = w.export(tmp_path / "region.svg", cells=cells)
    record = json.loads(path.with_name("region.svg.json").read_text())
    assert record["layer"] == "middle"
    assert record["weights_hash"]
    assert record["figure"]["cells"] == cells
    assert record["figure"]["pictures"] == {"final": 2}
    assert record["figure"]["median_cosine"] is not None
    whole = w.to_figure(render=False, caption="mine", labels=True)
    assert whole.axes
    assert "matplotlib.pyplot" not in str(type(whole))
    for name, said in [("a.jpg", r"\.png"), ("no/such/folder/a.png", "does not exist")]:
        with pytest.raises(ExportError, match=said):
            w.export(tmp_path / name)
    with pytest.raises(CellError):
        w.export(tmp_path / "a.png", cells=[999])


def test_export_from_the_browser_writes_here_and_overwrites_nothing(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    w = make()
    browser = FakeBrowser(w)
    browser.open()
    w.wait(60)
    browser.wait(lambda: browser.layouts[-1]["final"])
    for number in (1, 2):
        browser.say("export", grid=4, cells=[], format="png")
        browser.wait(lambda number=number: len(browser.of("exported")) == number)
    paths = {message["path"] for message in browser.of("exported")}
    assert len(paths) == 2
    assert all((tmp_path / path).is_file() for path in paths)
    browser.say("export", grid=4, cells=[], format="gif")
    error = browser.wait(lambda: browser.of("error"))[-1]
    assert "png, svg, pdf" in error["message"]


# -- the kernel stays the person's


def test_the_constructor_returns_at_once_and_the_model_stays_as_it_is(make, tiny_model):
    tiny_model.train()
    handle = tiny_model.middle.register_forward_hook(lambda *_: None)
    before = {name: value.clone() for name, value in tiny_model.state_dict().items()}
    make(num_samples=50).wait(60)  # pays for imports
    start = time.monotonic()
    w = make()
    assert time.monotonic() - start < 1
    w.wait(60)
    w.render(w.atlas.grid(4).ids.tolist()[:2], timeout=60)
    assert tiny_model.training
    assert all(parameter.requires_grad for parameter in tiny_model.parameters())
    assert len(tiny_model.middle._forward_hooks) == 1
    assert all(torch.equal(value, before[name]) for name, value in tiny_model.state_dict().items())
    handle.remove()


def test_interrupting_a_wait_leaves_the_worker_at_work(make, monkeypatch):
    w = make()
    calls = []

    def interrupted(*_, **__):
        calls.append(1)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(w._session.changed), "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            w.wait()
    assert calls
    w.wait(60)
    assert w._worker.alive


def test_waiting_has_an_end(make):
    w = make(num_samples=5000)
    with pytest.raises(TimeoutError):
        w.wait(0.05)
    with pytest.raises(TimeoutError):
        w.render(timeout=0.05)


def test_closing_ends_the_thread_wherever_it_is(make):
    for delay in (0, 0.1, 0.5):
        w = make(num_samples=5000)
        time.sleep(delay)
        start = time.monotonic()
        w.close()
        assert time.monotonic() - start < 5
        assert not ours()
        assert w.status["stage"] == "closed"
        w.close()
        with pytest.raises(AtlasError, match="closed"):
            w.wait(5)


def test_closing_frees_the_copy(make):
    w = make()
    w.wait(60)
    copy = weakref.ref(w._session._recipe.model(w._session._probe))
    w.close()
    gc.collect()
    assert copy() is None


def test_deleting_a_widget_that_nobody_sees_ends_its_thread(tiny_model, tiny_images, tmp_path):
    w = AtlasWidget(
        tiny_model, "middle", tiny_images, num_samples=200, grids=(4,), cache_dir=tmp_path
    )
    w.wait(60)
    alive = weakref.ref(w)
    del w
    gc.collect()
    assert alive() is None
    until(lambda: not ours(), 10)


def test_a_displayed_widget_outlives_its_name(make):
    w = make()
    w._repr_mimebundle_()
    from ipywidgets.widgets import widget as registry

    assert registry._instances[w.model_id] is w


def test_close_all_closes_displayed_widgets(make):
    w = make()
    w._repr_mimebundle_()
    Widget.close_all()
    until(lambda: not ours(), 10)
    assert w.status["stage"] == "closed"


def test_two_widgets_at_once(make):
    one, two = make(), make(layer="last")
    one.wait(60)
    two.wait(60)
    one.render(one.atlas.grid(4).ids.tolist()[:2], timeout=60)
    two.render(two.atlas.grid(4).ids.tolist()[:2], timeout=60)
    assert len(ours()) == 2


def test_grad_mode_and_threads_of_the_person_stay(make):
    threads = torch.get_num_threads()
    with torch.no_grad():
        w = make()
    w.wait(60)
    w.render(w.atlas.grid(4).ids.tolist()[:2], timeout=60)
    assert torch.is_grad_enabled()
    assert torch.get_num_threads() == threads
    x = torch.ones(2, requires_grad=True)
    assert x.sum().requires_grad


def test_nothing_of_the_worker_is_printed(make, capfd, monkeypatch):
    monkeypatch.setattr(warnings, "showwarning", lambda *_, **__: print("a warning"))
    w = make()
    browser = FakeBrowser(w)
    browser.open()
    while w.atlas is None:
        time.sleep(0.05)
    browser.wait(lambda: browser.layouts[-1]["final"])
    browser.look()
    until(lambda: w.status["stage"] == "idle")
    w.close()
    out, err = capfd.readouterr()
    assert out == ""
    assert err == ""


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
