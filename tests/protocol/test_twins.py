"""What Python and the browser both decide comes out the same: js/tests/protocol/twins.test.ts."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from atlas_widget.errors import AtlasError
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.subjects import check_subject
from atlas_widget.widget.overlays import check_overlay

CASES: dict[str, Any] = json.loads(Path(__file__).with_name("twins.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES["same_region"])
def test_cells_of_another_grid_in_the_same_region(case: dict[str, Any]) -> None:
    grids = {
        case["grid"]: SimpleNamespace(ids=case["cells"]),
        case["other"]: SimpleNamespace(ids=case["present"]),
    }
    scene = Scene(0, "layer", cast("Any", grids), cast("Any", None), None)
    found = scene.same_region(case["cells"], case["grid"], case["other"])
    assert sorted(found) == case["expected"]


@pytest.mark.parametrize("text", CASES["overlays"])
def test_texts_of_overlays(text: str) -> None:
    assert check_overlay(text, CASES["classes"]) == text


@pytest.mark.parametrize("subject", CASES["subjects"]["valid"])
def test_subjects(subject: list[str]) -> None:
    assert check_subject(subject, CASES["classes"]) == subject


@pytest.mark.parametrize("value", CASES["subjects"]["invalid"])
def test_subjects_that_are_none(value: object) -> None:
    with pytest.raises(AtlasError):
        check_subject(value, CASES["classes"])
