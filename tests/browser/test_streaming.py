"""Pictures and answers arrive while the kernel is busy: with pictures, or with a user's cell."""

from __future__ import annotations

import pytest

from tests.browser.atlas_view import AtlasView
from tests.browser.cells import small_atlas
from tests.browser.lab import LabServer, Notebook

pytestmark = pytest.mark.browser

BUSY = "import pathlib, time\nwhile not pathlib.Path('enough').exists():\n    time.sleep(0.1)"


def test_a_busy_cell_holds_up_neither_pictures_nor_clicks(
    notebook: Notebook, lab: LabServer
) -> None:
    enough = lab.notebooks / "enough"
    enough.unlink(missing_ok=True)
    notebook.open(lab.write("busy.ipynb", [small_atlas(seed=11), BUSY]))
    notebook.run_cell(0)
    notebook.start_cell(1)
    notebook.wait(
        lambda: notebook.number("rough") + notebook.number("final") > 0, 120, "a first picture"
    )
    AtlasView(notebook).open_a_cell()
    notebook.wait_number("inspect-step", 1)
    assert notebook.is_running(1)
    enough.touch()
    notebook.wait_cell(1)


def test_the_kernel_answers_while_pictures_render(notebook: Notebook, lab: LabServer) -> None:
    """Not how fast, which benchmarks/first_atlas.py measures: a blocked one answers at the end."""
    notebook.open(lab.write("latency.ipynb", [small_atlas(seed=12)]))
    notebook.run_cell(0)
    answers = 0
    while notebook.attribute("stage") != "idle":
        assert notebook.execute("1 + 1") == "2"
        answers += 1
        notebook.page.wait_for_timeout(100)
    assert answers > 10
