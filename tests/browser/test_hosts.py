"""Where else the widget runs: Notebook 7 and marimo show an atlas, and answer the pointer."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.atlas_view import AtlasView
from tests.browser.cells import small_atlas
from tests.browser.lab import LabServer, Notebook
from tests.browser.marimo_server import serve_marimo

pytestmark = pytest.mark.browser


def explore(view: AtlasView) -> None:
    view.notebook.wait_number("final", 1, timeout=150)
    view.wait_drawn()
    view.hover_a_cell()
    # the kernel answers: what the cell argues for is not known before
    expect(view.root.locator("[data-aw-card] .aw-bar").first).to_be_visible(timeout=60_000)


def test_notebook_7_shows_an_atlas(notebook: Notebook, lab: LabServer) -> None:
    notebook.open_in_notebook_7(lab.write("notebook_7.ipynb", [small_atlas()]))
    notebook.run_cell(0)
    explore(AtlasView(notebook))


def test_marimo_shows_an_atlas(page: Page, lab: LabServer, tmp_path: Path) -> None:
    with serve_marimo(tmp_path, lab.cache, small_atlas()) as address:
        page.goto(address)
        explore(AtlasView(Notebook(page, lab)))
