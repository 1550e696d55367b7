"""What samples argue for: right for every sample, whichever way it is computed."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget import Atlas, attribute
from atlas_widget.classes import attributions as room
from atlas_widget.classes import sample_attributions
from atlas_widget.collect import sample_images
from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.images import as_image_source
from atlas_widget.probe import LayerProbe
from atlas_widget.progress import Cancelled
from tests.attribution.networks import Custom, OnceDouble
from tests.conftest import make_tiny_model


def test_each_sample_has_the_attribution_of_its_own_crop_and_position(
    atlas, attributions, tiny_images
):
    assert attributions.values.shape == (240, 10)
    picked = [3, 100, 231]
    with LayerProbe(make_tiny_model(), "middle", device="cpu") as probe:
        rgb = sample_images(atlas.samples, as_image_source(tiny_images), picked, probe.input_size)
        wanted = attribute(probe, None, rgb, atlas.samples.positions[picked])
    np.testing.assert_allclose(attributions.values[picked], wanted, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(attributions.winning, attributions.values.argmax(1))


def test_a_few_classes_take_the_quicker_way_to_the_same_values(atlas, attributions, tiny_images):
    told = []
    few = sample_attributions(
        atlas,
        make_tiny_model(),
        tiny_images,
        ["kind 7", 2],
        device="cpu",
        progress=lambda done, total: told.append((done, total)),
    )
    assert few.winning is None  # by gradients: 16 samples share a crop
    assert few.classes.tolist() == [2, 7]
    assert told[-1] == (240, 240)
    for class_ in (2, 7):
        ours, all_ = few.of(class_), attributions.of(class_)
        np.testing.assert_allclose(ours, all_, atol=1e-3 * np.abs(all_).max())
    with pytest.raises(AttributionError, match="not among the 2"):
        few.of(3)


def test_some_samples_in_the_order_asked_for(atlas, attributions, tiny_images):
    rows = [200, 5, 17]
    some = sample_attributions(atlas, make_tiny_model(), tiny_images, 4, samples=rows, device="cpu")
    np.testing.assert_array_equal(some.samples, rows)
    np.testing.assert_allclose(some.of(4), attributions.of(4)[rows], rtol=1e-2, atol=1e-6)


def test_many_values_are_kept_in_half_precision(atlas, attributions, tiny_images, monkeypatch):
    monkeypatch.setattr(room, "_WIDE", 100)
    lean = sample_attributions(
        atlas, make_tiny_model(), tiny_images, samples=np.arange(40), device="cpu"
    )
    assert lean.values.dtype == np.float16
    np.testing.assert_allclose(
        lean.of(6), attributions.of(6)[:40], atol=1e-3 * np.abs(attributions.values[:40]).max()
    )


def test_stops_when_asked_to(atlas, tiny_images):
    with pytest.raises(Cancelled):
        sample_attributions(
            atlas, make_tiny_model(), tiny_images, device="cpu", cancelled=lambda: True
        )


def test_what_does_not_fit_is_refused(atlas, tiny_images):
    other = make_tiny_model()
    other.head.weight.data += 1
    with pytest.raises(AttributionError, match="other weights"):
        sample_attributions(atlas, other, tiny_images, device="cpu")
    with pytest.raises(AttributionError, match="'kind 9' or 'kind"):
        sample_attributions(atlas, make_tiny_model(), tiny_images, "kint 9", device="cpu")
    with (
        LayerProbe(make_tiny_model(), "last", device="cpu") as probe,
        pytest.raises(AtlasError, match="is of layer 'last'"),
    ):
        sample_attributions(atlas, probe, tiny_images)


def test_a_model_without_forward_mode(tiny_images):
    model = Custom(OnceDouble)  # each class costs a pass of its own
    atlas = Atlas.build(model, "conv", tiny_images, num_samples=40, device="cpu", progress=False)
    every = sample_attributions(atlas, model, tiny_images, device="cpu")
    assert np.isfinite(every.values).all()
    np.testing.assert_array_equal(every.winning, every.values.argmax(1))
    one = sample_attributions(atlas, model, tiny_images, 2, device="cpu")
    np.testing.assert_allclose(one.of(2), every.of(2), atol=1e-3 * np.abs(every.values).max())
