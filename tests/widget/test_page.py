"""A widget's atlas as a page: what is in view is in the page, with pictures and classes."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.errors import CellError, ExportError
from atlas_widget.session.cells.cached_icons import cached_icons
from tests.page.contents import tables_of
from tests.widget_browser import FakeBrowser


@pytest.fixture
def widget(make):
    w = make(labels=[f"thing {number}" for number in range(10)])
    w.wait(60)
    return w


def test_all_that_is_missing_is_made_first(widget, tmp_path):
    written = widget.to_html(tmp_path / "atlas.html")
    tables = tables_of(written.path)
    assert tables["traits"]["layer"] == "middle"
    assert [grid["size"] for grid in tables["grids"]] == [4, 8]
    for grid in tables["grids"]:
        cells = widget.atlas.grid(grid["size"]).ids
        assert grid["states"] == ["final"] * len(cells)
        assert None not in grid["pro"]
        pictures, _ = widget._session.snapshot(grid["size"])
        for at, cell in enumerate(cells.tolist()):
            assert grid["cosine"][at] == pytest.approx(pictures[cell].cosine, abs=1e-4)
            assert tables["made"][grid["made"][at]] == pictures[cell].made
    assert written.icons == sum(len(grid["states"]) for grid in tables["grids"])
    assert written.crops == 0  # these are no photos of the package's
    with open(written, "rb") as file:  # noqa: PTH123 - the result is a path for everybody
        assert file.read(15) == b"<!doctype html>"


def test_classes_are_those_of_the_widgets_own_cards(widget, tmp_path):
    grid = tables_of(widget.to_html(tmp_path / "a.html", grids=4).path)["grids"][0]
    labeller = widget._session.labeller()
    clear = set()
    for at, cell in enumerate(widget.atlas.grid(4).ids.tolist()):
        known = labeller.known(4, cell)
        own = [named["index"] for named in known.classes]
        assert grid["pro"][at][::4] == own
        values = labeller.values.of(labeller.chosen(4, cell)).mean(0)
        assert values[own] == pytest.approx(np.array(grid["pro"][at][1::4], float), rel=6e-3)
        clear.update(zip(grid["clear"][at][::4], grid["clear"][at][1::4], strict=True))
    assert clear
    assert all(value > 0 for _, value in clear)


def test_the_same_atlas_gives_the_same_bytes(widget, tmp_path):
    first, second = (widget.to_html(tmp_path / name) for name in ("1.html", "2.html"))
    assert first.path.read_bytes() == second.path.read_bytes()


def test_without_rendering_it_has_what_there_is(make, tmp_path):
    w = make()
    w.wait(60)
    with pytest.raises(ExportError, match="would be empty"):
        w.to_html(tmp_path / "a.html", render=False)
    some = w.atlas.grid(4).ids.tolist()[:2]
    w.render(some, timeout=60)
    written = w.to_html(tmp_path / "a.html", render=False, crops=True)
    (states,) = (g["states"] for g in tables_of(written.path)["grids"] if g["size"] == 4)
    assert states[:2] == ["final", "final"]
    assert written.icons == 2
    assert written.crops > 2


def test_pictures_are_found_again_without_the_model(widget, tmp_path):
    widget.to_html(tmp_path / "a.html", grids=4)
    found = cached_icons(widget.atlas, (4,), tmp_path / "cache")[4]
    pictures, _ = widget._session.snapshot(4)
    assert found.keys() == pictures.keys()
    for cell, picture in found.items():
        np.testing.assert_array_equal(picture.pixels, pictures[cell].pixels)
        assert picture.rank == pictures[cell].rank
    assert cached_icons(widget.atlas, (4,), tmp_path / "elsewhere")[4] == {}
    assert not (tmp_path / "elsewhere").exists()
    assert cached_icons(widget.atlas, (4,), tmp_path / "cache", seed=1)[4] == {}


def test_bad_input_is_told_before_anything_is_rendered(make, tmp_path):
    w = make()
    (tmp_path / "there.html").touch()
    with pytest.raises(ExportError, match="there already"):
        w.to_html(tmp_path / "there.html")
    with pytest.raises(ExportError, match=r"\.html"):
        w.to_html(tmp_path / "atlas.png")
    with pytest.raises(CellError, match="has the grids 4, 8"):
        w.to_html(tmp_path / "a.html", grids=[5])
    assert not w._session.snapshot(4)[0].get(0)


def test_the_atlas_of_a_class_is_what_is_written(widget, tmp_path):
    widget.class_atlas("thing 1").wait(60)
    tables = tables_of(widget.to_html(tmp_path / "a.html", grids=4).path)
    assert tables["layout"]["subject"] == ["class", "thing 1"]
    assert tables["layout"]["samples"] == len(widget.shown_atlas)


def test_units_that_were_opened_are_in_the_page_without_names_of_images(make, tmp_path):
    w = make(layout_method="umap-torch")
    browser = FakeBrowser(w)
    browser.open_whole()
    browser.say("units")
    for unit in (2, 5):
        browser.say("unit", unit=unit)
        browser.answers("unit", unit=unit)
        browser.answers("unit_picture", unit=unit, picture="neuron")
    page = w.to_html(tmp_path / "a.html", grids=4).path
    units = tables_of(page)["units"]
    assert [saved["unit"] for saved in units["pages"]] == [2, 5]
    first = units["pages"][0]["told"][0]
    assert first["message"]["examples"] == []
    assert first["block"] is None
    assert tables_of(page)["traits"]["saved_units"] == [2, 5]
    with_crops = w.to_html(tmp_path / "b.html", grids=4, crops=True).path
    first = tables_of(with_crops)["units"]["pages"][0]["told"][0]
    assert len(first["message"]["examples"]) > 3
    assert first["block"] is not None
    assert set(first["message"]["names"]) == {""}
    assert "picture_0" not in with_crops.read_text(encoding="utf-8")
