"""Exploring an atlas in a real JupyterLab: pictures arrive, cells open, regions are selected."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.atlas_view import AtlasView
from tests.browser.cells import small_atlas
from tests.browser.lab import LabServer, Notebook

pytestmark = pytest.mark.browser

Show = Callable[..., AtlasView]


def pictures(notebook: Notebook) -> int:
    """Return how many inversions are on show, rough ones included."""
    return notebook.number("rough") + notebook.number("final")


def test_pictures_arrive_while_a_cell_sleeps(notebook: Notebook, lab: LabServer) -> None:
    name = lab.write("sleep.ipynb", [small_atlas(seed=11), "import time\ntime.sleep(8)"])
    notebook.open(name)
    notebook.run_cell(0)
    notebook.wait_attribute("stage", "pictures", timeout=120)
    before = notebook.number("rough") + 2 * notebook.number("final")
    notebook.start_cell(1)
    notebook.page.wait_for_timeout(5000)
    assert notebook.is_running(1), "the cell should still sleep"
    assert notebook.number("rough") + 2 * notebook.number("final") > before
    notebook.wait_cell(1)


def test_the_kernel_answers_while_pictures_render(notebook: Notebook, lab: LabServer) -> None:
    notebook.open(lab.write("latency.ipynb", [small_atlas(seed=12)]))
    notebook.run_cell(0)
    notebook.wait_number("cells", 1)
    seconds = []
    while notebook.attribute("stage") != "idle" and len(seconds) < 40:
        seconds.append(notebook.latency("1+1"))
        notebook.page.wait_for_timeout(250)
    assert len(seconds) > 5, "it was idle before it could be asked"
    # benchmarks/first_atlas.py measures; this only notices when the kernel is blocked
    assert statistics.median(seconds) < 0.5, seconds


def test_a_click_shows_live_frames_and_classes(show: Show, notebook: Notebook) -> None:
    view = show()
    view.open_a_cell()
    first = notebook.wait_number("inspect-step", 1)
    notebook.wait_number("inspect-step", first + 1)
    view.root.locator(".aw-detail .aw-bar").first.wait_for(timeout=60_000)
    assert view.root.locator(".aw-detail .aw-bar-label").first.inner_text().strip()
    view.root.locator(".aw-detail figcaption", has_text="Done").wait_for(timeout=90_000)


def test_a_lasso_selects_in_python(show: Show, notebook: Notebook) -> None:
    view = show()
    view.lasso()
    selected = notebook.wait_number("selected", 2)
    notebook.wait_execute("len(w.selection)", str(selected))
    in_python = json.loads(notebook.execute("print(list(w.selection))"))
    assert len(set(in_python)) == selected
    assert notebook.execute("len(w.selected)") == str(selected)
    # and the other way round
    notebook.execute("w.select([])")
    notebook.wait_attribute("selected", "0")
    notebook.execute(f"w.select({in_python[:2]})")
    notebook.wait_attribute("selected", "2")


@pytest.mark.parametrize("format_", ["png", "svg"])
def test_the_export_button_writes_a_file(show: Show, lab: LabServer, format_: str) -> None:
    view = show()
    view.export(format_)
    said = view.root.locator(".aw-banner-exported code")
    said.wait_for(timeout=90_000)
    path = lab.notebooks / said.inner_text()
    assert path.suffix == f".{format_}"
    assert path.stat().st_size > 5000
    record = json.loads(Path(f"{path}.json").read_text(encoding="utf-8"))
    assert "blocks.4.2" in json.dumps(record)


def test_the_pointer_reads_a_cell(show: Show) -> None:
    view = show()
    view.hover_a_cell()
    card = view.root.locator("[data-aw-card]")
    card.locator("canvas, img").first.wait_for(timeout=20_000)
    assert "sample" in card.inner_text()
