"""Notes in a real JupyterLab: written on a region and on a cell, kept, found again, removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.atlas_view import AtlasView
from tests.browser.conftest import save_screenshot

pytestmark = pytest.mark.browser

NASTY = '<img src=x onerror="document.body.dataset.harmed = 1">'


def test_a_region_and_a_cell_are_named_marked_kept_and_found_again(atlas: AtlasView) -> None:
    root, notebook = atlas.root, atlas.notebook
    panel = root.locator(".aw-notes")
    notebook.execute("[w.notes.remove(note) for note in w.notes[:]]")
    # a region, by the lasso and the chip below the map
    atlas.lasso()
    selected = notebook.wait_number("selected", 2)
    root.locator("[data-aw-note-selection]").click()
    expect(panel).to_contain_text(f"{selected} cells of ")
    expect(panel.locator("[data-aw-save-note]")).to_be_disabled()
    panel.locator("[data-aw-note-name]").fill("round things")
    panel.locator("[data-aw-note-text]").fill(f"wheels and eyes\n{NASTY}")
    panel.locator("[data-aw-save-note]").click()
    expect(root.locator("[data-aw-mark]")).to_have_text("1")
    expect(panel).to_contain_text(NASTY)
    assert notebook.page.evaluate("document.body.dataset.harmed") is None
    notebook.wait_execute("len(w.notes[0].cells)", str(selected))
    # a cell, from its panel, by the keyboard
    notebook.execute("w.select([])")
    notebook.wait_attribute("selected", "0")
    notebook.page.keyboard.press("Escape")
    atlas.use_tool("pan")
    atlas.open_a_cell()
    root.locator("[data-aw-note-cell]").click()
    panel.locator("[data-aw-note-name]").fill("one cell")
    notebook.page.keyboard.press("Enter")
    expect(panel.locator("[data-aw-note]")).to_have_count(2)
    save_screenshot(notebook.page, "notes-light")
    # another name; and what Python adds is here at once
    second = panel.locator("[data-aw-note]").nth(1)
    second.locator("[data-aw-edit-note]").click()
    panel.locator("[data-aw-note-name]").fill("a better name")
    panel.locator("[data-aw-save-note]").click()
    notebook.wait_execute("w.notes[1].name", "'a better name'")
    notebook.execute("w.notes.add('a unit', 'from Python', unit=5)")
    expect(panel.locator("[data-aw-note]")).to_have_count(3)
    expect(root.locator("[data-aw-notes-button]")).to_contain_text("3")
    # kept on disk, and there again after a reload of the page
    file = Path(json.loads(notebook.execute("import json; print(json.dumps(w.notes.where))")))
    names = [note["name"] for note in json.loads(file.read_text(encoding="utf-8"))["notes"]]
    assert names == ["round things", "a better name", "a unit"]
    notebook.reload()
    atlas.wait_pictures()
    root.locator("[data-aw-mark='1']").click()
    expect(panel.locator(".aw-lit")).to_contain_text("round things")
    # the list leads to the unit's page, and back to the map
    panel.get_by_text("a unit").click()
    expect(root.locator("[data-aw-view=units]")).to_be_visible()
    panel.get_by_text("a better name").click()
    expect(root.locator("[data-aw-view=atlas]")).to_be_visible()
    # in a figure, as numbered marks
    atlas.export("svg")
    said = root.locator(".aw-banner-exported code")
    said.wait_for(timeout=90_000)
    record = json.loads((notebook.server.notebooks / f"{said.inner_text()}.json").read_text())
    assert [note[3] for note in record["figure"]["notes"]] == ["round things", "a better name"]
    # and gone when they are removed
    for left in (2, 1, 0):
        panel.locator("[data-aw-remove-note]").first.click()
        expect(panel.locator("[data-aw-note]")).to_have_count(left)
    notebook.wait_execute("len(w.notes)", "0")
    root.focus()
    notebook.page.keyboard.press("m")
    expect(panel).to_have_count(0)
