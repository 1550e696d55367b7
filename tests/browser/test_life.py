"""The widget's life in the page: it is scrolled away, reloaded, shown twice, closed, in error."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.browser.atlas_view import AtlasView
from tests.browser.cells import IMPORTS, small_atlas
from tests.browser.conftest import save_screenshot
from tests.browser.lab import LabServer, Notebook

pytestmark = pytest.mark.browser

Show = Callable[..., AtlasView]


def test_scrolling_away_and_back_keeps_the_picture(show: Show, notebook: Notebook) -> None:
    view = show(*["# far below\n" * 40] * 6)
    drawn = view.drawn_share()
    assert drawn > 0.1
    notebook.scroll_to(6)
    notebook.page.wait_for_timeout(1000)
    notebook.scroll_to(0)
    view.stage.wait_for()
    assert notebook.number("final") == notebook.number("cells") > 0
    notebook.page.wait_for_timeout(500)
    assert view.drawn_share() == pytest.approx(drawn, abs=0.05)


def test_a_reload_of_the_page_brings_the_same_view(show: Show, notebook: Notebook) -> None:
    view = show()
    view.lasso()
    selected = notebook.wait_number("selected", 1)
    cells = notebook.number("cells")
    notebook.execute('w.overlay = "Density"')
    notebook.wait_attribute("overlay", "density")
    notebook.reload()
    assert view.wait_pictures(timeout=30) == cells
    notebook.wait_attribute("overlay", "density")
    assert notebook.wait_number("selected", 1) == selected
    assert view.drawn_share() > 0.1


def test_two_views_of_one_widget_agree(show: Show, notebook: Notebook) -> None:
    view = show("w")
    notebook.run_cell(1)
    other = AtlasView(notebook, 1)
    assert other.wait_pictures(timeout=30) == notebook.number("cells")
    notebook.scroll_to(0)
    view.lasso()
    selected = notebook.wait_number("selected", 1)
    assert notebook.wait_number("selected", 1, index=1) == selected


def test_an_output_view_shows_the_atlas_too(show: Show, notebook: Notebook) -> None:
    view = show()
    notebook.new_view(0)
    other = AtlasView(notebook, 1)
    assert other.wait_pictures(timeout=30) > 0
    assert other.background() == view.background()


def test_another_layer_and_back_from_the_cache(show: Show, notebook: Notebook) -> None:
    view = show()
    revision = notebook.number("revision")
    view.choose_layer("blocks.2.0")
    revision = notebook.wait_number("revision", revision + 1)
    view.wait_pictures()
    assert notebook.execute("w.layer") == "'blocks.2.0'"
    start = time.monotonic()
    view.choose_layer("blocks.4.2")
    notebook.wait_number("revision", revision + 1)
    view.wait_pictures()
    assert time.monotonic() - start < 15
    notebook.wait_execute("w.layer", "'blocks.4.2'")


def test_interrupting_a_cell_leaves_the_worker_at_work(notebook: Notebook, lab: LabServer) -> None:
    notebook.open(lab.write("interrupt.ipynb", [small_atlas(13), "import time; time.sleep(60)"]))
    notebook.run_cell(0)
    notebook.wait_number("crops", 1)
    notebook.start_cell(1)
    notebook.page.wait_for_timeout(1000)
    notebook.command("notebook:interrupt-kernel")
    notebook.wait_cell(1, timeout=10)
    assert "KeyboardInterrupt" in notebook.errors()[0]
    AtlasView(notebook).wait_pictures()


def test_close_ends_the_thread_and_frees_the_view(show: Show, notebook: Notebook) -> None:
    show()
    notebook.execute(
        "import threading\ndef ours():\n"
        "    return [t.name for t in threading.enumerate() if 'atlas' in t.name.lower()]"
    )
    assert notebook.execute("len(ours())") == "1"
    notebook.execute("w.close()")
    assert notebook.execute("ours()") == "[]"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AtlasWidget(demo.model(), demo.LAYER, images='no/such/folder')", "no/such/folder"),
        ("AtlasWidget(demo.model(), 'blocks.4.22')", "blocks.4.2"),
    ],
    ids=["no such folder", "no such layer"],
)
def test_an_error_says_what_to_do(
    notebook: Notebook, lab: LabServer, code: str, words: str
) -> None:
    """In the cell if the mistake is plain at once, in the widget if it shows later."""
    notebook.open(lab.write("error.ipynb", [f"{IMPORTS}\nw = {code}\nw"]))
    notebook.run_cell(0, may_fail=True)
    errors = notebook.errors()
    if errors:
        assert words in errors[0]
    else:
        notebook.wait_attribute("error", lambda message: words in message, timeout=60)
        assert words in notebook.root().inner_text()
        notebook.wait_attribute("stage", "error")
    assert notebook.execute("1 + 1") == "2"


def test_an_error_after_the_start_shows_in_the_widget(notebook: Notebook, lab: LabServer) -> None:
    """What goes wrong on the worker's thread is not lost."""
    network = (
        "import torch\n"
        "class Late(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.stem = torch.nn.Conv2d(3, 4, 3)\n"
        "    def forward(self, x):\n"
        "        return self.stem(x) * float('nan')\n"
        "        \n"
        "net = torch.nn.Sequential(Late(), torch.nn.ReLU())"
    )
    widget = "w = AtlasWidget(net, '0', num_samples=200, grids=(5,))\nw"
    notebook.open(lab.write("late.ipynb", [f"{IMPORTS}\n{network}\n{widget}"]))
    notebook.run_cell(0)
    notebook.wait_attribute("error", lambda message: bool(message), timeout=60)
    notebook.root().locator(".aw-banner-error").wait_for()
    assert notebook.execute("1 + 1") == "2"


def test_a_view_without_its_kernel_says_so(show: Show, notebook: Notebook) -> None:
    view = show()
    notebook.execute("import os, threading; threading.Timer(0.5, os._exit, (1,)).start()")
    said = view.root.locator(".aw-banner-notice", has_text="kernel is not there")
    said.wait_for(timeout=30_000)
    assert view.drawn_share() > 0.1


def test_both_themes(show: Show, notebook: Notebook) -> None:
    view = show()
    backgrounds = {}
    for dark in (True, False):
        notebook.set_theme(dark=dark)
        notebook.wait_attribute("theme", "dark" if dark else "light")
        notebook.page.wait_for_timeout(500)
        save_screenshot(notebook.page, f"theme-{'dark' if dark else 'light'}")
        backgrounds[dark] = sum(view.background())
    assert backgrounds[True] < backgrounds[False]
