"""The notebook that a newcomer opens runs from top to bottom."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

from atlas_widget.figures import FORMATS
from tests.browser.conftest import save_screenshot
from tests.browser.lab import LabServer, Notebook

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"


@pytest.mark.browser
def test_the_quickstart_runs(notebook: Notebook, lab: LabServer) -> None:
    shutil.copy(QUICKSTART, lab.notebooks)
    notebook.open(QUICKSTART.name)
    before = set(lab.notebooks.iterdir())
    notebook.run_all(timeout=280)
    assert notebook.errors() == []
    outputs = notebook.outputs()
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    notebook.wait_number("crops", 100)
    box = notebook.root().bounding_box()
    assert box
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 930, "the whole widget is in sight, without scrolling"
    assert notebook.number("selected") == 0, "so that no cell is dimmed"
    assert notebook.wait_number("cells", 100) > 100
    notebook.wait_number("final", 9)
    save_screenshot(notebook.page, "quickstart-end")
    assert {path.name for path in set(lab.notebooks.iterdir()) - before} <= {".ipynb_checkpoints"}


def test_figures_exported_beside_the_notebooks_are_ignored_by_git() -> None:
    written = [f"notebooks/atlas.{kind}{more}" for kind in FORMATS for more in ("", ".json")]
    command = ["git", "check-ignore", *written]
    found = subprocess.run(command, cwd=QUICKSTART.parents[1], capture_output=True, text=True)
    assert found.stdout.split() == written


def test_it_is_stored_without_outputs() -> None:
    stored = nbformat.read(QUICKSTART, as_version=4)
    nbformat.validate(stored)
    for cell in stored.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert "widgets" not in stored.metadata


def test_its_python_is_formatted_and_names_what_there_is() -> None:
    stored = nbformat.read(QUICKSTART, as_version=4)
    for cell in stored.cells:
        if cell.cell_type == "code":
            compile(cell.source, "quickstart", "exec")
