"""Pictures of layers are made once, and then come from the cache without opening a layer."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget import LayerProbe
from atlas_widget.probe import layer_probe
from atlas_widget.session.pictures.cache import PictureCache
from atlas_widget.session.pictures.layer_dreams import LayerDreams
from tests.conftest import make_tiny_model

LAYERS = ["stem", "middle"]


@pytest.fixture
def private():
    with LayerProbe(make_tiny_model(), "middle", input_size=64, device="cpu") as probe:
        yield probe.private_model


def dreamt(private, cache, layers=LAYERS, seed=0):
    shown, failed = {}, {}
    dreams = LayerDreams(
        private, cache, seed, lambda name, pixels, _made: shown.update({name: pixels}),
        lambda name, reason: failed.update({name: reason}),
    )  # fmt: skip
    dreams.look(layers)
    while dreams.advance(1):
        pass
    dreams.close()
    return shown, failed


def test_the_second_time_no_layer_is_opened(private, tmp_path, monkeypatch):
    cache = PictureCache(tmp_path)
    first, failed = dreamt(private, cache)
    assert list(first) == LAYERS
    assert failed == {}

    def opened(*_args, **_options):
        raise AssertionError("a layer was opened")

    monkeypatch.setattr(layer_probe.LayerProbe, "__init__", opened)
    again, _ = dreamt(private, cache)
    for name, pixels in first.items():
        np.testing.assert_array_equal(again[name], pixels)


def test_another_seed_gives_another_picture(private, tmp_path):
    cache = PictureCache(tmp_path)
    one, _ = dreamt(private, cache, ["stem"])
    other, _ = dreamt(private, cache, ["stem"], seed=1)
    assert (one["stem"] != other["stem"]).any()


def test_a_layer_that_there_is_not_fails_alone(private, tmp_path):
    shown, failed = dreamt(private, PictureCache(tmp_path), ["stm", "stem"])
    assert list(shown) == ["stem"]
    assert "Did you mean 'stem'" in failed["stm"]
