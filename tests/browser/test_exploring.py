"""Exploring an atlas in a real JupyterLab: cells open, regions are selected, figures written."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import expect

from atlas_widget.demo.credits import FOLDER
from tests.browser.atlas_view import AtlasView
from tests.browser.lab import LabServer

pytestmark = pytest.mark.browser


def test_a_click_shows_live_frames_and_classes(atlas: AtlasView) -> None:
    frames = atlas.notebook.watch_number("inspect-step")
    atlas.open_a_cell()
    finished = atlas.root.locator(
        ".aw-detail .aw-live-caption", has_text=re.compile("Finished|Done")
    )
    finished.wait_for(timeout=90_000)
    for _ in range(3):
        with suppress(TimeoutError):  # a busy page may paint the last of its frames only
            atlas.notebook.wait(lambda: frames() > 1, 10, "a live picture that goes on")
            break
        atlas.root.get_by_text("Another seed").click()
    else:
        raise AssertionError("three live pictures, and none was seen on its way")
    atlas.root.locator(".aw-detail .aw-bar").first.wait_for(timeout=60_000)
    assert atlas.root.locator(".aw-detail .aw-bar-label").first.inner_text().strip()


def test_a_lasso_selects_in_python(atlas: AtlasView) -> None:
    atlas.lasso()
    selected = atlas.notebook.wait_number("selected", 2)
    atlas.notebook.wait_execute("len(w.selection)", str(selected))
    in_python = json.loads(atlas.notebook.execute("print(list(w.selection))"))
    assert len(set(in_python)) == selected
    assert atlas.notebook.execute("len(w.selected)") == str(selected)
    # and the other way round
    atlas.notebook.execute("w.select([])")
    atlas.notebook.wait_attribute("selected", "0")
    atlas.notebook.execute(f"w.select({in_python[:2]})")
    atlas.notebook.wait_attribute("selected", "2")


@pytest.mark.parametrize("format_", ["png", "svg"])
def test_the_export_button_writes_a_file(atlas: AtlasView, lab: LabServer, format_: str) -> None:
    atlas.export(format_)
    said = atlas.root.locator(".aw-banner-exported code")
    said.wait_for(timeout=90_000)
    path = lab.notebooks / said.inner_text()
    assert path.suffix == f".{format_}"
    assert path.stat().st_size > 5000
    record = json.loads(Path(f"{path}.json").read_text(encoding="utf-8"))
    assert "blocks.5.2" in json.dumps(record)


def test_the_pointer_reads_a_cell(atlas: AtlasView) -> None:
    atlas.hover_a_cell()
    card = atlas.root.locator("[data-aw-card]")
    card.locator("canvas, img").first.wait_for(timeout=20_000)
    assert "sample" in card.inner_text()


def test_a_kept_view_comes_back_from_python(atlas: AtlasView) -> None:
    run = atlas.notebook.execute
    run("home = w.view")
    run("cells = w.atlas.grid(10).ids[:3].tolist(); w.fly_to(cells, grid=10)")
    atlas.root.locator(".aw-minimap").wait_for()
    run("w.select(cells, grid=10); w.fixed_level = 10; w.opened = [10, cells[0]]")
    atlas.notebook.wait_attribute("selected", "3")
    atlas.notebook.wait_attribute("level", "10")
    atlas.root.locator(".aw-detail").wait_for()
    run("kept = w.view; w.view = home")
    atlas.notebook.wait_attribute("selected", "0")
    atlas.notebook.wait_attribute("opened", "")
    atlas.root.locator(".aw-minimap").wait_for(state="detached")
    run("w.view = kept")
    atlas.notebook.wait_attribute("selected", "3")
    atlas.notebook.wait_attribute("opened", lambda opened: opened.startswith("10:"))
    run("w.view = home")
    atlas.notebook.wait_attribute("selected", "0")


def test_keys_are_the_widgets_while_it_has_the_focus(atlas: AtlasView) -> None:
    cells = "window.awPanel.content.widgets.length"
    page = atlas.notebook.page
    before = page.evaluate(cells)
    atlas.root.focus()
    for key in ("a", "b", "d", "d", "ArrowDown", "Enter"):  # above, below, delete, to a notebook
        page.keyboard.press(key)
    atlas.root.locator(".aw-detail").wait_for()
    atlas.root.locator("[data-aw-search]").fill("dd")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    atlas.notebook.wait_attribute("opened", "")
    assert page.evaluate(cells) == before


def test_the_atlas_of_a_class_opens_from_a_cell_and_goes_back(atlas: AtlasView) -> None:
    notebook = atlas.notebook
    atlas.open_a_cell()
    row = atlas.root.locator(".aw-detail .aw-bars-acting .aw-bar-row").first
    row.wait_for(timeout=60_000)
    row.hover()
    row.locator("[data-aw-atlas-of]").click()
    atlas.root.locator("[data-aw-subject-back]").wait_for()
    notebook.wait_execute("w.shown_atlas is not w.atlas", "True", 150)
    kind, name = json.loads(notebook.execute("import json; print(json.dumps(w.subject))"))
    assert kind == "class"
    expect(atlas.root.locator("[data-aw-subject-menu]")).to_contain_text(name)
    notebook.wait_attribute("overlay", "pictures")
    assert notebook.execute("len(w.shown_atlas) < len(w.atlas)") == "True"
    atlas.hover_a_cell()
    atlas.root.locator("[data-aw-subject-back]").click()
    notebook.wait_execute("w.shown_atlas is w.atlas", "True")
    notebook.wait_attribute("overlay", "pictures")
    atlas.wait_pictures()
    whole = "[len(w.atlas.grid(grid)) for grid in w.atlas.grids]"
    assert notebook.number("cells") in json.loads(notebook.execute(whole))


def test_a_photo_falls_on_the_map(atlas: AtlasView) -> None:
    photo = FOLDER / "chelsea.webp"
    atlas.root.locator("[data-aw-photo-file]").set_input_files(photo)
    card = atlas.root.locator("[data-aw-photo]")
    card.wait_for(timeout=30_000)
    expect(card).to_contain_text(photo.name)
    expect(card).to_contain_text("25 positions in")
    card.locator("[data-aw-photo-select]").click()
    atlas.notebook.wait_number("selected", 1)
    # from Python it is the same but for the browser's JPEG, and a table
    atlas.notebook.execute("dropped = set(w.selection); w.select([])")
    atlas.notebook.execute(f"table = w.place({str(photo)!r})")
    assert atlas.notebook.execute("len(table)") == "25"
    assert atlas.notebook.execute("bool(table.cell.isin(dropped).mean() > 0.7)") == "True"
    card.get_by_label("Take the photo off the map").click()
    expect(card).to_have_count(0)


def test_a_cell_is_judged_and_split(atlas: AtlasView) -> None:
    atlas.open_a_cell()
    atlas.root.locator('[data-aw-tab="diagnosis"]').click()
    judged = atlas.root.locator("[data-aw-diagnosis]")
    judged.wait_for(timeout=60_000)
    expect(judged).to_contain_text("have a cosine of")
    expect(judged).to_contain_text("nearest neighbours")
    atlas.root.locator("[data-aw-split]").click()
    halves = atlas.root.locator(".aw-split-half")
    expect(halves).to_have_count(2)
    for half in (0, 1):
        atlas.notebook.wait(
            lambda half=half: int(halves.nth(half).get_attribute("data-aw-half-step") or 0) > 0,
            90,
            "a live picture of each half",
        )
        halves.nth(half).locator(".aw-bar").first.wait_for(timeout=60_000)
    atlas.root.get_by_label("One cell again").click()
    expect(halves).to_have_count(0)
    atlas.root.locator('[data-aw-tab="cell"]').click()
