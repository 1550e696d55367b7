"""The notebooks that tell a story, from top to bottom, with thinned numbers."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from atlas_widget import demo

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
STORY = NOTEBOOKS / "what_a_region_means.ipynb"
PARTS = NOTEBOOKS / "feature_inversion.ipynb"
UNITS = NOTEBOOKS / "units.ipynb"
IMAGE = NOTEBOOKS / "one_image.ipynb"
PYTHON = NOTEBOOKS / "from_python.ipynb"
TRAINING = NOTEBOOKS / "what_training_changes.ipynb"

FEWER = {
    "num_samples=1200": "num_samples=700",
    "members(place)[:16]": "members(place)[:4]",
    "count=16": "count=4",
    "PICTURES := 27": "PICTURES := 4",
    "controls=8": "controls=4",
}


def execute(path, folder, fewer):
    """Run a notebook with thinned numbers in a kernel of its own; return its cells by id."""
    text = path.read_text(encoding="utf-8")
    for many, few in fewer.items():
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


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The story after it has run."""
    return execute(STORY, tmp_path_factory.mktemp("notebook"), FEWER)


def printed(cell):
    return "".join(out["text"] for out in cell.outputs if out.get("name") == "stdout")


def test_it_finds_a_region_and_says_how_sure_that_is(run):
    named = ast.literal_eval(run["influence"].outputs[-1]["data"]["text/plain"])
    kinds = dict(zip(demo.images().names, demo.images().labels, strict=True))
    assert "animals" in [kinds[name] for name in named]
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


@pytest.mark.parametrize(
    "path", [STORY, PARTS, IMAGE, PYTHON, TRAINING], ids=lambda path: path.stem
)
def test_it_is_stored_without_outputs(path):
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    for cell in stored.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_the_parts_of_feature_inversion(tmp_path):
    fewer = {"(8, 16, 32, 64)": "(2, 4)", "steps=32": "steps=4"}
    run = execute(PARTS, tmp_path, fewer | {"with_steps(64)": "with_steps(4)"})
    assert "median cosine" in printed(run["steps"])
    names = ("directions", "steps", "objectives", "parametrizations", "opacity", "transforms")
    for name in (*names, "whitening"):
        assert "image/png" in run[name].outputs[-1]["data"], f"{name} shows pictures"
    assert "untrained" in run["honesty"].outputs[-1]["data"]["text/plain"]
    assert not [o for cell in run.values() for o in cell.outputs if o.get("name") == "stderr"]


def test_a_unit_is_found_named_and_proved(tmp_path):
    run = execute(UNITS, tmp_path, {"steps=96": "steps=8"})
    found = ast.literal_eval(run["tuning"].outputs[-1]["data"]["text/plain"])
    unit, curves, gratings = found[0]
    assert curves > gratings + 3  # deviations: it is bends that it is after
    assert unit == 44
    beyond = printed(run["pictures"]).splitlines()
    assert len(beyond) == 4
    assert all("beyond 100% of the photos" in line for line in beyond)
    at = {
        int(angle): float(value)
        for angle, value in re.findall(r"by +(\d+)°: +(-?[\d.]+)", printed(run["turned"]))
    }
    assert at[0] > 2 * at[90]
    assert at[180] < 0  # upside down they bend the wrong way
    best, low, high = map(int, re.findall(r"-?\d+", printed(run["turned"]).splitlines()[-1]))
    assert low < high < best / 2
    assert "r = 0.9" in printed(run["ablate"])
    for name in ("figure", "pictures", "examples", "turned", "ablate", "whole"):
        assert "image/png" in run[name].outputs[-1]["data"], f"{name} shows its figure"
    assert "CKA" in printed(run["match"])


def test_a_mistake_is_found_explained_and_undone_as_predicted(tmp_path):
    fewer = {"controls=20": "controls=3", "photos.names:": "photos.names[60:260]:"}
    run = execute(IMAGE, tmp_path, fewer)
    assert "torque_screwdrivers: 'power drill' for 'screwdriver'" in printed(run["photo"])
    said = re.findall(r"(predicted|actual|random) ([-+][\d.]+)", printed(run["ablate"]))
    change = {name: float(value) for name, value in said}
    lead = float(re.search(r"of a lead of ([\d.]+)", printed(run["ablate"]))[1])
    assert change["predicted"] < -lead
    assert change["actual"] < -lead
    assert change["random"] > -lead
    assert "lead predicted to be lost in" in printed(run["search"])
    for name in ("photo", "groups", "ablate", "where", "deletion"):
        shown = [out.get("data", {}) for out in run[name].outputs]
        assert any("image/png" in data for data in shown), f"{name} shows its figure"
    assert not [o for cell in run.values() for o in cell.outputs if o.get("name") == "stderr"]


def test_classes_come_apart_in_training(tmp_path):
    run = execute(
        TRAINING, tmp_path, {"[0, 20, 40, 70, 100, 150, 250, 400, 700, 1200]": "[0, 60, 400]"}
    )
    rows = run["table"].outputs[-1]["data"]["text/plain"].splitlines()[-3:]
    apart = [float(row.split()[-2]) for row in rows]  # beside the accuracy
    assert apart == sorted(apart)
    assert apart[0] < 0.2
    assert apart[-1] > 0.7
    scores = run["ends"].outputs[-1]["data"]["text/plain"]
    assert "agreement" in scores
    assert "trust_free" in scores
    assert "of them a" in printed(run["new"])
    for name in ("film", "ends-figure"):
        assert "image/png" in run[name].outputs[-1]["data"], f"{name} shows its figure"
    assert "application/vnd.jupyter.widget-view+json" in run["widget"].outputs[-1]["data"]
    assert not [o for cell in run.values() for o in cell.outputs if o.get("name") == "stderr"]


def test_from_python_a_region_that_means_something(tmp_path):
    run = execute(PYTHON, tmp_path, {"[:8]": "[:2]"})
    outputs = {
        place: cell.outputs[-1]["data"].get("text/plain", "")
        for place, cell in enumerate(run.values())
    }
    regions, table, figure, selected = (outputs[place] for place in range(1, 5))
    assert "animals" in regions
    kinds = {line.split()[0]: line.split()[1:] for line in table.splitlines()[2:]}
    assert int(kinds["animals"][0]) > 25, "where the kinds' regions are, their pieces are"
    assert int(kinds["buildings"][0]) < 10
    assert "Figure" in figure
    assert "None" not in selected
    assert not [o for cell in run.values() for o in cell.outputs if o.get("name") == "stderr"]
    assert {path.name for path in tmp_path.iterdir()} <= {"cache", "ipython"}
