"""Checks by humans from a widget's own cells."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from atlas_widget.errors import AtlasError, ExportError
from atlas_widget.forced_choice import plan_trials, read_check
from atlas_widget.session.cells.scene import EXAMPLES, Scene


@pytest.fixture
def widget(make):
    return make(num_samples=600, grids=(4,), layout_method="umap-torch").wait(60)


def test_a_check_has_pictures_crops_and_catch_trials_of_own_cells(widget, tmp_path):
    written = widget.human_check(tmp_path / "check.html", trials=20)
    assert "20 trials" in str(written)
    check = read_check(written)
    kinds = Counter(trial.kind for trial in check.trials)
    assert kinds == {"picture": 13, "crop": 5, "catch": 2}
    icons = {c: p.pixels for c, p in widget._session.snapshot(4)[0].items()}
    for trial in check.trials:
        assert trial.cell != trial.other
        if trial.kind == "picture":
            assert np.array_equal(trial.reference, icons[trial.cell])
        assert np.array_equal(trial.reference, trial.right) == (trial.kind == "catch")
    with pytest.raises(ExportError, match="there already"):
        widget.human_check(tmp_path / "check.html", trials=20)


@pytest.mark.parametrize("difficulty", ["random", "near"])
def test_crops_that_are_asked_about_are_of_images_that_the_picture_does_not_know(
    widget, difficulty
):
    atlas = widget.atlas
    scene = Scene(0, "middle", {4: atlas.grid(4)}, atlas.samples, atlas)
    plans = plan_trials(scene, 4, 30, difficulty=difficulty)
    assert plans == plan_trials(scene, 4, 30, difficulty=difficulty)
    assert plans != plan_trials(scene, 4, 30, difficulty=difficulty, seed=1)
    images = np.asarray(atlas.samples.image_ids)
    for plan in plans:
        examples = scene.nearest(4, plan.cell, EXAMPLES)
        assert images[plan.right] not in images[examples]
        assert plan.right in scene.members(4, plan.cell)
        assert plan.wrong in scene.members(4, plan.other)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"trials": 3}, "8 to 400"),
        ({"trials": 1.5}, "8 to 400"),
        ({"difficulty": "nera"}, "Did you mean 'near'"),
    ],
)
def test_bad_input(widget, tmp_path, options, said):
    with pytest.raises(AtlasError, match=said):
        widget.human_check(tmp_path / "check.html", **options)
    assert not (tmp_path / "check.html").exists()


def test_cells_without_further_crops_are_told(make, tmp_path):
    w = make(num_samples=60, grids=(8,), layout_method="umap-torch").wait(60)
    with pytest.raises(AtlasError, match="a coarser grid"):
        w.human_check(tmp_path / "check.html")
