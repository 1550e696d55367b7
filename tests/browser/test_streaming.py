"""Pictures and answers arrive while the kernel is busy: with pictures, or with a person's cell."""

from __future__ import annotations

import statistics

import pytest

from tests.browser.cells import small_atlas
from tests.browser.lab import LabServer, Notebook

pytestmark = pytest.mark.browser


def progress(notebook: Notebook) -> int:
    """Return a number that grows with every picture that arrives, rough or final."""
    return notebook.number("rough") + 2 * notebook.number("final")


def test_pictures_arrive_while_a_cell_sleeps(notebook: Notebook, lab: LabServer) -> None:
    name = lab.write("sleep.ipynb", [small_atlas(seed=11), "import time\ntime.sleep(8)"])
    notebook.open(name)
    notebook.run_cell(0)
    notebook.wait_attribute("stage", "pictures", timeout=120)
    before = progress(notebook)
    notebook.start_cell(1)
    notebook.page.wait_for_timeout(5000)
    assert notebook.is_running(1), "the cell should still sleep"
    assert progress(notebook) > before
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
