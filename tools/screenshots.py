"""Take the pictures in the README from a real session: ``make screenshots``.

Runs the quickstart's atlas in a JupyterLab of its own and waits until all of it is final, which
takes some minutes the first time; the cache below ``.cache/`` makes the next time quick.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Locator, sync_playwright  # noqa: E402

from tests.browser.atlas_view import AtlasView  # noqa: E402
from tests.browser.chromium import FLAGS, require_chromium  # noqa: E402
from tests.browser.lab import LabServer, Notebook  # noqa: E402

CELL = """from atlas_widget import AtlasWidget, demo

w = AtlasWidget(demo.model(), demo.LAYER, height=720)
w"""
UNIT = 80  # of the demo's layer
PHOTO = 2  # of the demo's
LATER = "blocks.6.0"  # is compared with the demo's layer
GRID = 20  # the coarsest one
SIZE = {"width": 1400, "height": 940}


def main(target: Path) -> None:
    """Write the pictures of each view into a folder, and dark.png."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = LabServer(Path(folder))
        server.cache = ROOT / ".cache" / "screenshots"
        browser = playwright.chromium.launch(
            executable_path=os.fspath(require_chromium()), args=list(FLAGS)
        )
        page = browser.new_page(viewport=SIZE, device_scale_factor=1.25)
        server.start()
        try:
            notebook = Notebook(page, server)
            notebook.open(server.write("atlas.ipynb", [CELL]))
            notebook.command("application:toggle-left-area")
            notebook.run_cell(0)
            view = AtlasView(notebook)
            view.wait_pictures(timeout=600)
            notebook.wait_attribute("stage", "idle", timeout=600)
            page.mouse.move(5, 5)
            page.wait_for_timeout(1000)
            page.screenshot(path=target / "atlas.png")
            view.open_a_cell()
            view.root.locator(".aw-detail .aw-bar").first.wait_for(timeout=120_000)
            view.root.locator(
                ".aw-detail .aw-live-caption", has_text=re.compile("Finished|Done")
            ).wait_for(timeout=300_000)
            page.mouse.move(5, 5)  # away from the hover card
            page.wait_for_timeout(1000)
            page.screenshot(path=target / "detail.png")
            show_graph(notebook, view)
            page.screenshot(path=target / "graph.png")
            show_unit(notebook, view)
            page.screenshot(path=target / "unit.png")
            show_turned(notebook, view)
            page.screenshot(path=target / "turned.png")
            show_map_of_units(notebook, view)
            page.screenshot(path=target / "units_map.png")
            show_units_beside(notebook, view)
            page.screenshot(path=target / "units_beside.png")
            show_image(notebook, view)
            page.screenshot(path=target / "image.png")
            show_comparison(notebook, view)
            page.screenshot(path=target / "compare.png")
            notebook.execute("w.mode, w.unit, w.opened = 'atlas', None, []")
            notebook.set_theme(dark=True)
            page.wait_for_timeout(1000)
            page.screenshot(path=target / "dark.png")
        finally:
            server.stop()
            browser.close()


def show_graph(notebook: Notebook, view: AtlasView) -> None:
    """Show the graph of layers, with all of its pictures."""
    notebook.execute("w.opened, w.mode = [], 'graph'")
    view.root.locator("[data-aw-node-state='made']").first.wait_for(timeout=120_000)
    waiting = view.root.locator("[data-aw-node-state='waiting']")
    notebook.wait(lambda: waiting.count() == 0, 300, "a picture of each layer")
    notebook.page.mouse.move(5, 5)
    notebook.page.wait_for_timeout(1000)


def show_unit(notebook: Notebook, view: AtlasView) -> None:
    """Open a unit's page, with its pictures and its exact examples."""
    notebook.execute(f"_ = w.open_unit(demo.LAYER, {UNIT})")
    for picture in ("neuron", "channel", "negative"):
        made = f"[data-aw-unit-picture='{picture}'][data-aw-state='final']"
        view.root.locator(made).wait_for(timeout=120_000)
    view.root.locator("[data-aw-begin='scan']").click()
    view.root.locator("[data-aw-exact-examples]").wait_for(timeout=120_000)
    notebook.page.mouse.move(5, 5)
    notebook.page.wait_for_timeout(3000)


def show_turned(notebook: Notebook, view: AtlasView) -> None:
    """Turn the strongest examples of the open unit."""
    view.root.locator("[data-aw-begin='turned']").click()
    block = view.root.locator("[data-aw-turned='72']")
    block.wait_for(timeout=120_000)
    block.scroll_into_view_if_needed()
    notebook.page.mouse.move(5, 5)
    notebook.page.wait_for_timeout(1000)


def show_map_of_units(notebook: Notebook, view: AtlasView) -> None:
    """Arrange the units by correlation, with all pictures in sight."""
    notebook.execute("_ = w.open_layer(sort='correlation')")
    view.root.locator("[data-aw-unit-map-said]").wait_for(timeout=60_000)
    wait_drawn(notebook, view)


def wait_drawn(notebook: Notebook, view: AtlasView) -> None:
    """Wait until each unit in sight has a picture of its own."""
    waiting = view.root.locator("[data-aw-drawn]:not([data-aw-drawn='final'])")
    blank = view.root.locator("[data-aw-other='']")
    notebook.page.mouse.move(5, 5)
    notebook.wait(lambda: waiting.count() + blank.count() == 0, 400, "a picture of each unit")
    notebook.page.wait_for_timeout(1000)


def show_units_beside(notebook: Notebook, view: AtlasView) -> None:
    """Compare the units with those of another network."""
    notebook.execute(
        "_ = w.compare_units(demo.judge(), name='EfficientNet-Lite1', timeout=300)", timeout=300
    )
    view.root.locator("[data-aw-pair]").first.wait_for(timeout=60_000)
    wait_drawn(notebook, view)


def show_image(notebook: Notebook, view: AtlasView) -> None:
    """Open a photo, with the pictures of the positions of all layers."""
    notebook.execute(f"_ = w.open_image(demo.images().open({PHOTO}))")
    view.root.locator("[data-aw-layer-grid]").first.wait_for(timeout=60_000)
    for layer in view.root.locator("[data-aw-layer-grid]").all():
        notebook.wait(lambda layer=layer: is_made(layer), 300, "a picture of each position")
    notebook.page.mouse.move(5, 5)
    notebook.page.wait_for_timeout(1000)


def show_comparison(notebook: Notebook, view: AtlasView) -> None:
    """Compare the layer with a later one, with a picture of each cell; point at a matched one."""
    notebook.execute(f"_ = w.compare({LATER!r})")
    pane = view.root.locator("[data-aw-pane='a'] .aw-stage")
    pane.wait_for(timeout=300_000)
    made = view.root.locator("[data-aw-pane='b'][data-aw-made='1.00']")
    made.wait_for(timeout=1_200_000)
    notebook.wait_attribute("stage", "idle", timeout=600)
    notebook.execute("cells = w.comparison.cells()")
    matched = "int(cells[cells.matched.fillna(False)]['count'].idxmax())"
    row, column = divmod(int(notebook.execute(matched)), GRID)
    left, top, right, bottom = map(float, (pane.get_attribute("data-aw-viewport") or "").split(","))
    box = pane.bounding_box()
    assert box is not None
    notebook.page.mouse.move(
        box["x"] + box["width"] * ((column + 0.5) / GRID - left) / (right - left),
        box["y"] + box["height"] * ((row + 0.5) / GRID - top) / (bottom - top),
    )
    notebook.page.mouse.wheel(0, -220)
    notebook.page.wait_for_timeout(1000)


def is_made(layer: Locator) -> bool:
    """Tell if each position of a layer has its own picture."""
    made, _, all_of_them = (layer.get_attribute("data-aw-made") or "0/1").partition("/")
    return made == all_of_them


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")
