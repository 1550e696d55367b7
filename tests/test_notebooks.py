"""The notebook that tells what a region means, from top to bottom, with thinned numbers."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

STORY = Path(__file__).parents[1] / "notebooks" / "what_a_region_means.ipynb"

FEWER = {
    "num_samples=1200": "num_samples=500",
    "members(place)[:16]": "members(place)[:6]",
    "count=16": "count=6",
    "PICTURES := 27": "PICTURES := 6",
    "controls=8": "controls=4",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The notebook after it has run, in a kernel of its own."""
    folder = tmp_path_factory.mktemp("notebook")
    text = STORY.read_text(encoding="utf-8")
    for many, few in FEWER.items():
        assert many in text, f"{many} is thinned here"
        text = text.replace(many, few)
    notebook = nbformat.reads(text, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATLAS_WIDGET_CACHE", str(folder / "cache"))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("OMP_NUM_THREADS", "1")
        client = NotebookClient(
            notebook, timeout=240, resources={"metadata": {"path": str(folder)}}
        )
        client.execute()
    return {cell["id"]: cell for cell in notebook.cells if cell.cell_type == "code"}


def printed(cell):
    return "".join(out["text"] for out in cell.outputs if out.get("name") == "stdout")


def test_it_finds_a_region_and_says_how_sure_that_is(run):
    assert "chelsea" in run["influence"].outputs[-1]["data"]["text/plain"]
    assert "agreement" in run["diagnostics"].outputs[-1]["data"]["text/plain"]
    for name in ("bars", "classes", "ablate", "steer", "seen"):
        shown = [out.get("data", {}) for out in run[name].outputs]
        assert any("image/png" in data for data in shown), f"{name} shows its figure"


def test_it_tries_out_causes_and_an_attack_with_controls(run):
    assert "r = " in printed(run["ablate"])
    assert "slope" in printed(run["steer"])
    assert "candidates in" in printed(run["cues"])
    for name in ("attack", "attack-crop"):
        words = printed(run[name])
        assert "to 'Egyptian cat', best of four corners" in words
        assert "noise: " in words
        assert "random cells: " in words


def test_nothing_of_it_complains(run):
    said = [
        out["text"] for cell in run.values() for out in cell.outputs if out.get("name") == "stderr"
    ]
    assert said == []


def test_it_is_stored_without_outputs():
    stored = nbformat.read(STORY, as_version=4)
    nbformat.validate(stored)
    for cell in stored.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
