"""A second network is asked about finished pictures, on the worker and only when wanted."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget import AtlasWidget
from atlas_widget.errors import AtlasError
from atlas_widget.inversion import InversionSettings
from atlas_widget.session.cells.held_out import NEAREST, held_out_crops
from atlas_widget.session.cells.scene import EXAMPLES
from tests.conftest import make_tiny_model
from tests.widget_browser import FakeBrowser

ICON = InversionSettings.icon(size=24, steps=6)


class Small(nn.Module):
    """Three classes of 48 px."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.convolution = nn.Conv2d(3, 20, 5, stride=4)
            self.head = nn.Linear(20, 3)
        self.default_cfg = {"input_size": (3, 48, 48), "architecture": "small_judge"}
        self.seen = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.convolution(x).relu().mean((2, 3)))


@pytest.fixture
def make(tiny_images, tmp_path, monkeypatch):
    monkeypatch.setattr(InversionSettings, "icon", staticmethod(lambda: ICON))
    made = []

    def make(judge):
        w = AtlasWidget(
            make_tiny_model(),
            "middle",
            images=tiny_images,
            num_samples=300,
            grids=(3, 6),
            cache_dir=tmp_path / "cache",
            judge=judge,
        )
        made.append(w)
        browser = FakeBrowser(w)
        browser.open_whole()
        return browser

    yield make
    for w in made:
        w.close()


def test_a_hovered_cells_picture_is_judged_once_it_is_final(make):
    judge = Small()
    weights = {name: value.clone() for name, value in judge.state_dict().items()}
    browser = make(judge)
    cells = browser.widget.atlas.grid(3).ids.tolist()
    assert not browser.of("judged"), "nobody asked"
    browser.say("hover", grid=3, cell=cells[0])
    message, _ = browser.answers("judged", grid=3, cell=cells[0])[-1]
    assert message["judge"] == "small_judge"
    assert message["among"] == len(cells)
    assert 1 <= message["rank"] <= len(cells)
    assert 1 <= message["crop_rank"] <= len(cells)
    # of a finer grid: the coarse cell that holds it is not among the others
    fine = browser.widget.atlas.grid(6).ids.tolist()[0]
    browser.look(6)
    browser.say("inspect", grid=6, cell=fine, request=1, seed=0)
    message, _ = browser.answers("judged", grid=6, cell=fine)[-1]
    assert message["among"] == len(cells)
    assert all(torch.equal(value, weights[name]) for name, value in judge.state_dict().items())


def test_without_a_judge_nothing_is_said(make):
    browser = make(None)
    cell = int(browser.widget.atlas.grid(3).ids[0])
    browser.say("hover", grid=3, cell=cell)
    browser.widget.render([cell], timeout=60)
    browser.answers("card", grid=3, cell=cell)
    assert not browser.of("judged")


def test_a_judge_that_is_the_model_itself_is_told(make):
    browser = make(make_tiny_model())
    assert any("judge is the model itself" in notice for notice in browser.widget.notices)


def test_what_is_no_network_is_refused_at_once(make):
    with pytest.raises(AtlasError, match="judge='lite1' must be a network"):
        make("lite1")


def test_the_crops_are_such_as_the_picture_was_not_made_from(make):
    scene = make(None).widget._session.scene
    for cell in scene.cells(3):
        crops, held_out = held_out_crops(scene.samples, scene.nearest(3, cell, NEAREST))
        assert held_out == (scene.count(3, cell) >= EXAMPLES + 2)
        examples = scene.examples(3, cell).pixels()
        same = any(np.array_equal(crop, each) for crop in crops for each in examples)
        assert same != held_out


def test_a_judge_that_fails_says_so_once(make, monkeypatch):
    browser = make(Small())
    judge = browser.widget._session.model.judge

    def fails(_pictures):
        raise RuntimeError("out of order")

    monkeypatch.setattr(judge, "features", fails)
    for cell in browser.widget.atlas.grid(3).ids.tolist()[:3]:
        browser.say("hover", grid=3, cell=cell)
    browser.wait(lambda: browser.of("error"))
    browser.widget.render(timeout=60)  # the pictures go on
    assert [error["message"] for error in browser.of("error")] == [
        "The judge small_judge failed: out of order"
    ]
    assert not browser.of("judged")
