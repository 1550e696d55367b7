"""Notes in a widget: from Python, from the browser, in figures and pages."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from atlas_widget import verify_figure
from atlas_widget.errors import AtlasError, CellError
from tests.conftest import make_tiny_model
from tests.page.contents import NASTY, tables_of
from tests.widget_browser import FakeBrowser


def last(browser: FakeBrowser, field: str) -> object:
    """Return a field of the last message about notes; None before the first."""
    told = browser.of("notes")
    return told[-1][field] if told else None


def test_notes_from_python_reach_the_browser_and_the_next_widget(make):
    w = make()
    w.wait(60)
    browser = FakeBrowser(w)
    browser.open_whole()
    cells = w.atlas.grid(4).ids.tolist()[:3]
    first = w.notes.add("eyes", "of cats", cells=cells)
    w.notes.add("curves", unit=3)
    browser.wait(lambda: last(browser, "names") == ["eyes", "curves"])
    told = browser.of("notes")[-1]
    assert told["names"] == ["eyes", "curves"]
    assert told["cells"] == [" ".join(map(str, cells)), ""]
    assert told["units"] == [-1, 3]
    assert told["here"] == [1, 1]
    assert told["kept"]
    w.notes.change(first, name="eyes of cats")
    w.notes.remove(w.notes[1])
    browser.wait(lambda: last(browser, "names") == ["eyes of cats"])
    assert w.notes.table()["kind"].tolist() == ["region"]
    w.close()
    again = make()
    assert [note.name for note in again.wait(60).notes] == ["eyes of cats"]


def test_notes_of_the_browser_are_checked_and_kept_in_the_atlas_folder(make, tmp_path):
    w = make()
    w.wait(60)
    w.atlas.save(tmp_path / "atlas")
    saved = make(atlas=tmp_path / "atlas")
    browser = FakeBrowser(saved)
    browser.open_whole()
    cell = saved.atlas.grid(4).ids.tolist()[0]
    browser.say("save_note", id="", name=NASTY[:80], text="<b>", grid=4, cells=[cell], unit=-1)
    browser.wait(lambda: last(browser, "names") == [NASTY[:80]])
    (record,) = json.loads((tmp_path / "atlas" / "notes.json").read_text())["notes"]
    assert record["text"] == "<b>"
    browser.say("save_note", id=record["id"], name="eyes", text="", grid=0, cells=[], unit=-1)
    browser.wait(lambda: last(browser, "names") == ["eyes"])
    for bad in (
        {"name": "", "cells": [cell]},
        {"name": "x" * 100, "cells": [cell]},
        {"name": "eyes", "cells": []},
        {"name": "eyes", "cells": [], "unit": 999},
        {"name": "eyes", "cells": [cell], "id": "ffff"},
    ):
        errors = len(browser.of("error"))
        whole = {"id": "", "text": "", "grid": 4, "unit": -1, **bad}
        browser.say("save_note", **whole)
        browser.wait(lambda errors=errors: len(browser.of("error")) > errors)
    browser.say("remove_note", id=record["id"])
    browser.wait(lambda: last(browser, "names") == [])


def test_notes_are_asked_for_when_there_is_a_layout(make):
    w = make()
    with pytest.raises(AtlasError, match=r"w\.wait\(\)"):
        w.notes.add("eyes", cells=[1])
    w.wait(60)
    with pytest.raises(CellError):
        w.notes.add("eyes", cells=[10**6])
    with pytest.raises(AtlasError, match="one of both"):
        w.notes.add("eyes")
    with pytest.raises(AtlasError, match="no note"):
        w.notes.remove("abcd")


def test_notes_on_a_class_atlas_stay_with_it(make):
    w = make()
    w.class_atlas(3).wait(60)
    cell = w.shown_atlas.grid(w.level).ids.tolist()[0]
    w.notes.add("of this class", cells=[cell])
    browser = FakeBrowser(w)
    browser.open_whole()
    browser.wait(lambda: last(browser, "here") == [1])
    w.whole_atlas().wait(60)
    browser.wait(lambda: last(browser, "here") == [0])


def test_figures_mark_notes_by_number_and_can_be_made_again(make, tmp_path, tiny_images):
    w = make(layout_method="umap-torch", device="cpu")
    w.wait(60)
    cells = w.atlas.grid(4).ids.tolist()[:4]
    w.notes.add("curves", unit=2)
    w.notes.add("eyes <& more>", cells=cells[:1])
    path = w.export(tmp_path / "marked.svg", cells)
    record = json.loads((tmp_path / "marked.svg.json").read_text())["figure"]
    assert [(number, text) for number, _, _, text in record["notes"]] == [(2, "eyes <& more>")]
    found = verify_figure(path, make_tiny_model(), tiny_images, atlas=w.atlas, progress=False)
    assert found.same_file
    w.export(tmp_path / "plain.png", cells, notes=False)
    w.export(tmp_path / "marked.png", cells)
    with Image.open(tmp_path / "plain.png") as plain, Image.open(tmp_path / "marked.png") as marked:
        assert marked.height > plain.height  # by the legend
    w.atlas.save(tmp_path / "atlas")
    assert w.notes.save(tmp_path / "atlas") == 2
    again = make(atlas=tmp_path / "atlas")
    assert [note.name for note in again.wait(60).notes] == ["curves", "eyes <& more>"]


def test_a_page_has_the_notes_unless_they_are_left_out(make, tmp_path):
    w = make(layout_method="umap-torch")
    w.wait(60)
    cells = w.atlas.grid(4).ids.tolist()[:2]
    w.notes.add(NASTY[:80], NASTY, cells=cells)
    page = w.to_html(tmp_path / "a.html", grids=4).path
    assert tables_of(page)["notes"]["names"] == [NASTY[:80]]
    assert NASTY not in page.read_text(encoding="utf-8")
    without = w.to_html(tmp_path / "b.html", grids=4, notes=False).path
    assert tables_of(without)["notes"] is None
