"""What happens to the view when its kernel is interrupted, restarted, gone; and in error."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.atlas_view import AtlasView
from tests.browser.cells import IMPORTS, small_atlas
from tests.browser.lab import LabServer, Notebook

pytestmark = pytest.mark.browser

Show = Callable[..., AtlasView]


def die(notebook: Notebook) -> None:
    notebook.execute("import os, threading; threading.Timer(0.5, os._exit, (1,)).start()")
    notebook.page.get_by_role("button", name="Ok", exact=True).click()  # JupyterLab has noticed


def shut_down(notebook: Notebook) -> None:
    """Which no view is told of: it finds out when a user points at something."""
    notebook.server.shutdown_kernels()
    view = AtlasView(notebook)

    def noticed() -> bool:
        notebook.page.mouse.move(2, 2)
        view.hover_a_cell()
        return notebook.attribute("connected") == "false"

    notebook.wait(noticed, 30, "a view that notices")


@pytest.mark.parametrize("lose", [die, shut_down])
def test_without_its_kernel_a_view_says_so_and_keeps_what_it_has(
    show: Show, notebook: Notebook, lose: Callable[[Notebook], None]
) -> None:
    view = show()
    finals = notebook.number("final")
    view.hover_a_cell()
    expect(view.root.locator("[data-aw-card] .aw-bar").first).to_be_visible()
    notebook.page.mouse.move(2, 2)
    lose(notebook)
    notebook.wait_attribute("connected", "false", timeout=30)
    point = view.hover_a_cell()
    expect(view.root.locator(".aw-banner-notice", has_text="kernel has stopped")).to_be_visible()

    assert notebook.number("final") == finals > 0
    expect(view.root.locator("[data-aw-card] .aw-bar").first).to_be_visible()
    view.open_a_cell()
    expect(view.root.locator(".aw-detail .aw-bar").first).to_be_visible()
    view.pan(point)
    view.wait_drawn()


def test_after_a_restart_the_cell_shows_a_new_atlas(show: Show, notebook: Notebook) -> None:
    view = show()
    finals = notebook.number("final")
    notebook.restart()
    notebook.wait_attribute("connected", "false")
    expect(view.root.locator(".aw-banner-notice", has_text="kernel has stopped")).to_be_visible()
    assert notebook.number("final") == finals > 0
    view.wait_drawn()
    notebook.run_cell(0)
    notebook.wait_attribute("connected", "true")
    view.wait_pictures()
    view.open_a_cell()
    notebook.wait_number("inspect-step", 1)


def test_interrupting_a_cell_leaves_the_worker_at_work(notebook: Notebook, lab: LabServer) -> None:
    started = lab.notebooks / "started"
    started.unlink(missing_ok=True)
    sleep = "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(60)"
    notebook.open(lab.write("interrupt.ipynb", [small_atlas(13), sleep]))
    notebook.run_cell(0)
    notebook.start_cell(1)
    notebook.wait(started.exists, 60, "the cell's start")
    notebook.command("notebook:interrupt-kernel")
    notebook.wait_cell(1, timeout=30)
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
