"""Another layer, and atlases that were saved or built before."""

import shutil
import threading

import numpy as np
import pytest
import torch

from atlas_widget import Atlas
from atlas_widget.build import build_atlases
from atlas_widget.errors import AtlasError, ImagesError, SavedAtlasError
from atlas_widget.session.model_session import ModelSession
from atlas_widget.session.open_layer import OpenLayer
from tests.widget.waiting import ours, until
from tests.widget_browser import FakeBrowser


def test_switching_layers_and_back(make):
    w = make()
    w.wait(60)
    first = w.atlas
    w.layer = "last"
    w.wait(60)
    assert w.atlas.layer == "last"
    assert w.status["layer"] == "last"
    assert w.atlas.activations.shape[1] == 16
    w.layer = "middle"
    w.wait(60)
    assert np.array_equal(w.atlas.xy, first.xy), "from the cache"
    assert len(ours()) == 1


def test_a_layer_chosen_while_another_one_is_opened_is_not_lost(make, monkeypatch):
    w = make()
    w.wait(60)
    opening, go_on = threading.Event(), threading.Event()
    real = ModelSession.open_layer

    def slow(self, layer):
        opened = real(self, layer)
        if layer == "last":
            opening.set()
            assert go_on.wait(30)
        return opened

    monkeypatch.setattr(ModelSession, "open_layer", slow)
    w.layer = "last"
    assert opening.wait(30)
    w.layer = "stem"  # while "last" is being opened
    go_on.set()
    w.wait(60)
    assert w.layer == w.atlas.layer == w.status["layer"] == "stem"


def test_an_atlas_that_makes_way_is_never_taken_for_the_one_that_is_wanted(make, monkeypatch):
    """wait() asks from another thread, at any moment of a switch."""
    w = make()
    w.wait(60)
    session, seen = w._session, []
    real = OpenLayer.close

    def asked_meanwhile(self, reason):
        seen.append(session.built)
        real(self, reason)

    monkeypatch.setattr(OpenLayer, "close", asked_meanwhile)
    w.layer = "last"
    w.wait(60)
    assert w.atlas.layer == "last"
    assert seen == [False]


def test_a_layer_chosen_while_another_one_is_refused_is_not_lost(make, monkeypatch):
    w = make()
    w.wait(60)
    opening, go_on = threading.Event(), threading.Event()
    real = ModelSession.open_layer

    def refusing(self, layer):
        if layer != "last":
            return real(self, layer)
        opening.set()
        assert go_on.wait(30)
        raise AtlasError("This layer cannot be opened.")

    monkeypatch.setattr(ModelSession, "open_layer", refusing)
    w.layer = "last"
    assert opening.wait(30)
    w.layer = "stem"
    go_on.set()
    w.wait(60)
    assert w.layer == w.atlas.layer == "stem"


def test_a_layer_that_cannot_be_shown_is_refused_and_the_old_one_stays(make):
    class Odd(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = torch.nn.Conv2d(3, 4, 3, stride=4)
            self.unused = torch.nn.Conv2d(3, 4, 3)

        def forward(self, x):
            return self.stem(x).mean((2, 3))

    w = make(Odd(), "stem")
    browser = FakeBrowser(w)
    w.wait(60)
    atlas = w.atlas
    w.set_state({"layer": "unused"})
    until(lambda: w.layer == "stem")
    assert "unused" in browser.wait(lambda: browser.of("error"))[0]["message"]
    assert w.atlas is atlas


def test_a_refused_layer_does_not_cost_the_one_under_way(make):
    class Odd(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = torch.nn.Conv2d(3, 8, 3, stride=2)
            self.unused = torch.nn.Conv2d(3, 4, 3)

        def forward(self, x):
            return self.stem(x).mean((2, 3))

    w = make(Odd(), "stem", num_samples=4000)
    until(lambda: w.status["stage"] == "collecting")
    w.set_state({"layer": "unused"})
    w.wait(60)
    assert w.layer == "stem"
    assert w.atlas.layer == "stem"


def test_there_and_back_before_anything_happened(make):
    w = make()
    w.layer = "last"
    w.layer = "middle"
    w.wait(60)
    assert w.atlas.layer == "middle"


def test_a_saved_atlas_is_shown(make, tiny_model, tiny_images, tmp_path):
    atlas = Atlas.build(
        tiny_model, "middle", tiny_images, num_samples=200, grids=(3, 6), progress=False
    )
    atlas.save(tmp_path / "saved")
    w = make(atlas=tmp_path / "saved", grids=(20, 40, 80))
    w.wait(60)
    assert np.array_equal(w.atlas.xy, atlas.xy)
    assert w.atlas.grids == (3, 6)
    assert w.level == 3
    other = make(atlas=atlas, grids=(5,))
    other.wait(60)
    assert other.atlas.grids == (5,)
    assert atlas.grids == (3, 6), "the user's own stays as it is"
    for last in ("last", tiny_model.last):  # also where the layer is given as a module
        with pytest.raises(SavedAtlasError, match="'middle'"):
            make(layer=last, atlas=atlas).wait(60)
    (tmp_path / "saved" / "activations.safetensors").write_bytes(b"broken")
    with pytest.raises(SavedAtlasError, match="activations"):
        make(atlas=tmp_path / "saved").wait(60)


def test_each_layer_comes_from_the_folder_that_atlases_were_built_in(
    make, tiny_model, tiny_images, tmp_path
):
    options = {"num_samples": 200, "grids": (4,), "device": "cpu", "progress": False}
    build_atlases(tiny_model, ["stem", "middle"], tiny_images, tmp_path / "built", **options)
    w = make(atlas=tmp_path / "built").wait(60)
    assert np.array_equal(w.atlas.xy, Atlas.load(tmp_path / "built" / "middle").xy)
    w.layer = "stem"
    w.wait(60)
    assert np.array_equal(w.atlas.xy, Atlas.load(tmp_path / "built" / "stem").xy)
    w.layer = "last"  # which is not there, so its atlas is made, as without the folder
    assert w.wait(60).atlas.layer == "last"
    with pytest.raises(SavedAtlasError, match="no atlas of layer 'pool', but of middle, stem"):
        make(layer="pool", atlas=tmp_path / "built").wait(60)


def test_an_atlas_outlives_the_folder_of_its_images(make, tiny_model, tiny_images, tmp_path):
    folder, saved = tmp_path / "photos", tmp_path / "saved"
    shutil.copytree(tiny_images, folder)
    Atlas.build(
        tiny_model, "middle", folder, num_samples=200, grids=(3,), device="cpu", progress=False
    ).save(saved)
    folder.rename(tmp_path / "moved")
    w = make(images=folder, atlas=saved).wait(60).render(timeout=60)
    assert any("photos" in notice and "cannot be read" in notice for notice in w.notices)
    w.select(w.atlas.grid(w.level).ids[:2].tolist())
    assert (w.selected["state"] == "final").all()
    assert w.selected["made"].str.startswith("direction + statistics of ").all()
    w.layer = "last"
    with pytest.raises(ImagesError, match="no atlas of layer 'last'"):
        w.wait(60)
    with pytest.raises(ImagesError, match="no such folder"):
        make(images=folder)  # without an atlas there is nothing to show
