"""DeepDream changes a photo towards what a layer sees; a caricature draws it anew."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from atlas_widget import LayerProbe, caricature, deepdream
from atlas_widget.errors import AtlasError, LayerNotFoundError
from atlas_widget.inversion.objectives import channel
from atlas_widget.progress import Cancelled
from tests.conftest import make_tiny_model, tiny_picture


@pytest.fixture(scope="module")
def probe():
    with LayerProbe(make_tiny_model(), "middle", input_size=64, device="cpu") as opened:
        yield opened


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.asarray(tiny_picture(3, (64, 64)))


def floats(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255


def test_no_steps_return_the_photo(probe, photo):
    dream = deepdream(probe, image=photo, steps=0)
    np.testing.assert_array_equal(dream.image, photo)
    assert dream.before == pytest.approx(dream.after)


def test_the_objective_is_the_mean_square_of_the_layers_own_answer(probe, photo):
    dream = deepdream(probe, image=photo, steps=4, octaves=2)
    for value, pixels in ((dream.before, photo), (dream.after, dream.image)):
        expected = probe.activations(floats(pixels)).square().mean().item()
        assert value == pytest.approx(expected, rel=1e-4)
    assert dream.after > 1.3 * dream.before
    assert dream.sides == (46, 64)
    assert "middle" in dream.made


def test_a_channel_may_be_dreamt_of(probe, photo):
    dream = deepdream(probe, image=photo, objective=2, steps=6)
    same = deepdream(probe, image=photo, objective=channel(2), steps=6)
    np.testing.assert_array_equal(dream.image, same.image)
    seen = probe.activations(floats(dream.image))[0, 2].mean().item()
    assert seen == pytest.approx(dream.after, rel=1e-4)
    assert dream.after > dream.before


def test_from_noise(probe):
    dream = deepdream(probe, size=32)
    assert dream.image.shape == (32, 32, 3)
    assert dream.after > 2 * dream.before


def test_another_seed_is_another_dream_and_the_same_seed_the_same(probe, photo):
    one, again, other = (deepdream(probe, image=photo, steps=2, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.image, again.image)
    assert (one.image != other.image).any()


def test_octaves_that_the_model_does_not_take_are_left_out_and_named(probe, photo, monkeypatch):
    monkeypatch.setattr(probe, "accepts_size", lambda side: side >= 40)
    dream = deepdream(probe, image=photo, steps=1, octaves=4)
    assert dream.sides == (46, 64)
    assert dream.skipped == (23, 33)
    monkeypatch.setattr(probe, "accepts_size", lambda _side: False)
    with pytest.raises(AtlasError, match="size="):
        deepdream(probe, image=photo)


def test_what_cannot_be_is_refused(probe, photo):
    with pytest.raises(AtlasError, match="octaves=0"):
        deepdream(probe, image=photo, octaves=0)
    with pytest.raises(AtlasError, match="octave_scale=1"):
        deepdream(probe, image=photo, octave_scale=1.0)
    with pytest.raises(AtlasError, match="steps=-1"):
        caricature(probe, None, photo, steps=-1)
    with pytest.raises(LayerNotFoundError, match="middle"):
        deepdream(make_tiny_model(), "midle", photo)


def test_it_stops_when_it_is_asked_to(probe, photo):
    with pytest.raises(Cancelled):
        deepdream(probe, image=photo, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        caricature(probe, None, photo, cancelled=lambda: True)


def test_a_photo_is_its_own_caricature(probe, photo):
    same = caricature(probe, None, photo, steps=0, start=photo)
    np.testing.assert_array_equal(same.image, photo)
    assert same.before == pytest.approx(1, abs=1e-5)
    assert same.after == pytest.approx(1, abs=1e-5)


def test_a_caricature_answers_like_the_photo_at_each_position(probe, photo):
    drawn = caricature(probe, None, photo, steps=60)
    one, other = (probe.activations(floats(pixels)) for pixels in (drawn.image, photo))
    cosine = torch.nn.functional.cosine_similarity(one, other, dim=1).mean().item()
    assert drawn.after == pytest.approx(cosine, rel=1e-4)
    assert drawn.after > drawn.before + 0.2
    assert drawn.after > 0.7


def test_the_users_model_stays_as_it_is(photo):
    model = make_tiny_model().train()
    before = copy.deepcopy(model.state_dict())
    with torch.inference_mode():
        deepdream(model, "middle", photo, steps=1, octaves=1, device="cpu")
        caricature(model, "middle", photo, steps=1, device="cpu")
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
