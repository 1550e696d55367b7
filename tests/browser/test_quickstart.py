"""The notebook that a newcomer opens runs from top to bottom."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from tests.browser.conftest import save_screenshot
from tests.browser.lab import LabServer, Notebook

WIDGET = "application/vnd.jupyter.widget-view+json"
QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"


@pytest.mark.browser
def test_the_quickstart_runs(notebook: Notebook, lab: LabServer) -> None:
    shutil.copy(QUICKSTART, lab.notebooks)
    notebook.open(QUICKSTART.name)
    notebook.run_all(timeout=280)
    assert notebook.errors() == []
    figure = lab.notebooks / "region.svg"
    assert "<svg" in figure.read_text(encoding="utf-8")
    assert (lab.notebooks / "region.svg.json").is_file()
    outputs = notebook.outputs()
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    displayed = [output["data"] for output in outputs if output["output_type"] == "display_data"]
    assert all(WIDGET in data for data in displayed if data), "what told of progress is empty now"
    save_screenshot(notebook.page, "quickstart-end")
    notebook.scroll_to(1)
    assert notebook.wait_number("cells", 100) > 100
    notebook.wait_number("final", 9)


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
