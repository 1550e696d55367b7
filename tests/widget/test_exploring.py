"""What a user does with an atlas from Python: fly somewhere, keep a view, return to it."""

import json
import time

import pytest

from atlas_widget import AtlasWidget
from atlas_widget.errors import AtlasError, CellError
from atlas_widget.widget.view_state import VIEW
from tests.widget_browser import FakeBrowser


@pytest.fixture
def make(tiny_model, tiny_images, tmp_path):
    """Make small widgets; all are closed in the end."""
    made = []

    def make(**options):
        options = {"layer": "middle", "num_samples": 200, "grids": (4, 8), **options}
        widget = AtlasWidget(
            tiny_model, images=tiny_images, cache_dir=tmp_path / "cache", **options
        )
        made.append(widget)
        return widget

    yield make
    for widget in made:
        widget.close()


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def test_flying_shows_the_cells_with_room_around_them(make):
    w = make().wait(60)
    cell = int(w.atlas.grid(8).ids[0])
    row, column = divmod(cell, 8)
    w.fly_to([cell], grid=8)
    x0, y0, x1, y1 = w.viewport
    assert x0 < column / 8 < (column + 1) / 8 < x1
    assert y0 < row / 8 < (row + 1) / 8 < y1
    assert x1 - x0 < 0.75
    assert w.level == 4, "flying selects no grid"
    with pytest.raises(CellError, match=r"no cell 16"):
        w.fly_to([16])
    with pytest.raises(CellError, match="No cells"):
        w.fly_to([])
    with pytest.raises(CellError, match="no grid 5"):
        w.fly_to([1], grid=5)


def test_a_flight_waits_until_there_is_a_layout(make):
    w = make()
    seen = []
    w.observe(lambda _: seen.append(w.atlas is not None), "viewport")
    w.fly_to([5])
    with pytest.raises(CellError, match="ids"):
        w.fly_to("all")
    w.wait(60)
    until(lambda: w.viewport != [0, 0, 1, 1] or w._session.notifier.last_error)
    assert seen == [True], w._session.notifier.last_error


def test_a_view_that_was_kept_comes_back_on_another_widget(make):
    w = make().wait(60)
    cells = w.atlas.grid(8).ids.tolist()[:3]
    w.select(cells, grid=8)
    w.fixed_level, w.overlay, w.opened = 4, "density", (8, cells[0])
    w.viewport = [0.1, 0.2, 0.5, 0.6]
    kept = json.loads(json.dumps(w.view))
    assert kept == {
        "mode": "atlas",
        "unit": None,
        "subject": [],
        "layer": "middle",
        "viewport": [0.1, 0.2, 0.5, 0.6],
        "level": 8,
        "fixed_level": 4,
        "selection": cells,
        "overlay": "density",
        "opened": [8, cells[0]],
    }
    other = make(layer="last")
    other.view = kept
    assert other.layer == "middle"
    until(lambda: other.selection == cells)
    until(lambda: other.view == kept)
    other.view = {}
    assert other.view == {**VIEW, "layer": "middle", "level": 4}


def test_a_view_takes_effect_at_once_and_observers_hear_once(make):
    w = make().wait(60)
    cells = w.atlas.grid(8).ids.tolist()[:2]
    heard = []
    w.observe(lambda change: heard.append((change["name"], w.level)), ["selection", "fixed_level"])
    w.view = {"level": 8, "selection": cells}
    assert heard == [("selection", 8)]
    assert w.fixed_level is None, "a level with a selection is not one to stay at"


WRONG_VIEWS = [
    ("here", "dict"),
    ({"viewprot": [0, 0, 1, 1]}, "'viewport'"),
    ({"viewport": [1, 1, 0, 0]}, "empty"),
    ({"selection": "all"}, "ids"),
    ({"selection": [16], "level": 4}, "no cell 16"),
    ({"level": 5}, "no grid 5"),
    ({"level": "4"}, "size"),
    ({"fixed_level": 7}, "no grid 7"),
    ({"opened": [4]}, "grid, cell"),
    ({"opened": [4, 99]}, "no cell 99"),
    ({"overlay": 3}, "overlay"),
    ({"overlay": "densty"}, "'density'"),
    ({"layer": "midle"}, "'middle'"),
]


def test_a_view_that_cannot_be_says_why_and_changes_nothing(make):
    w = make().wait(60)
    before = w.view
    for view, said in WRONG_VIEWS:
        with pytest.raises(AtlasError, match=said):
            w.view = view
        assert w.view == before


def test_a_view_of_cells_that_turn_out_to_be_none_is_told(make):
    w = make()
    browser = FakeBrowser(w)
    w.view = {"selection": [15], "level": 4, "opened": [8, 8 * 8 - 1], "fixed_level": 7}
    w.wait(60)
    browser.wait(lambda: browser.of("error"))
    assert "no grid 7" in browser.of("error")[0]["message"]
    assert w.selection == []


def test_setting_the_level_stays_there_and_takes_the_selection_along(make):
    w = make().wait(60)
    (parent, *_) = w.atlas.grid(4).ids.tolist()
    w.select([parent])
    w.level = 8
    assert w.fixed_level == 8
    row, column = divmod(parent, 4)
    slots = {r * 8 + c for r in (2 * row, 2 * row + 1) for c in (2 * column, 2 * column + 1)}
    assert set(w.selection) == slots & set(w.atlas.grid(8).ids.tolist())
    w.level = 4
    assert w.selection == [parent]
    w.fixed_level = None
    w.set_state({"level": 8, "selection": []})
    assert w.fixed_level is None, "the browser follows the zoom"


def test_the_height_is_the_browsers_to_change_within_reason(make):
    w = make()
    w.set_state({"height": 720, "opened": [], "fixed_level": 8})
    assert (w.height, w.fixed_level) == (720, 8)
    for refused in ({"height": 10**7}, {"height": "tall"}, {"opened": [8]}, {"fixed_level": 1000}):
        before = w.view, w.height
        w.set_state(refused)
        assert (w.view, w.height) == before
    with pytest.raises(AtlasError, match="pixels"):
        w.height = 3


def test_cells_are_found_by_what_their_classes_are_kinds_of(make):
    names = ["tabby", "golden retriever", "collie", "airplane", "oak", "cup", "a", "b", "c", "d"]
    w = make(labels=names).wait(60)
    browser = FakeBrowser(w)
    browser.open()
    cells = w.atlas.grid(w.level).ids.tolist()
    browser.wait(lambda: sum(len(told["cells"]) for told in browser.of("labels")) >= len(cells))
    (told,) = browser.of("classes")[-1:]
    members = dict(zip(told["kinds"], told["members"], strict=True))
    assert members["dog|domestic dog|Canis familiaris"] == "1 2"
    strongest = {}
    for labels in browser.of("labels"):
        rows = zip(*(labels[name] for name in ("winners", "seconds", "leading")), strict=True)
        for cell, (first, second, leading) in zip(labels["cells"], rows, strict=True):
            assert first is None or first == leading
            strongest[cell] = {leading} if first is None else {first, second}
    for words, classes in {"animal": {0, 1, 2}, "dog": {1, 2}, "cup": {5}}.items():
        assert w.find(words) == sorted(c for c, own in strongest.items() if classes & own)
    assert any(w.find(name) for name in names)
    with pytest.raises(AtlasError, match=r"No class is called 'tabbi'.*'tabby'"):
        w.find("tabbi")
