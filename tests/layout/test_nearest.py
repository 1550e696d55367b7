"""New activations fall where the samples most like them are."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.layout import mean_places, nearest, nearest_places
from atlas_widget.progress import Cancelled


@pytest.fixture
def islands():
    """Three directions, each with its samples on an island of its own."""
    rng = np.random.default_rng(0)
    of = np.repeat([0, 1, 2], 50)
    activations = 5 * np.eye(3, 12)[of] + rng.normal(0, 0.2, (150, 12))
    centres = np.array([[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]])
    return activations.astype(np.float32), (centres[of] + rng.normal(0, 0.02, (150, 2))), centres


def test_each_falls_on_the_island_of_its_direction(islands):
    activations, xy, centres = islands
    found = nearest_places(7 * np.eye(3, 12), activations, xy)
    assert np.abs(found.places - centres).max() < 0.05
    assert (found.samples // 50).tolist() == [0, 1, 2]
    np.testing.assert_allclose(
        found.cosines,
        [
            activations[sample, at] / np.linalg.norm(activations[sample])
            for at, sample in enumerate(found.samples)
        ],
        rtol=1e-5,
    )


def test_one_sample_astray_does_not_decide_nor_is_a_place_between_islands(islands):
    activations, xy, centres = islands
    xy = xy.copy()
    first = nearest_places(np.eye(1, 12), activations, xy).samples[0]
    xy[first] = centres[1]  # the nearest one of all lies elsewhere on the map
    found = nearest_places(np.eye(1, 12), activations, xy)
    assert found.samples[0] == first
    assert np.linalg.norm(found.places[0] - centres[0]) < 0.05
    between = nearest_places(np.eye(3, 12)[:1] + np.eye(3, 12)[1:2], activations, xy).places[0]
    assert min(np.linalg.norm(between - centre) for centre in centres) < 0.1


def test_chunks_change_nothing_and_it_can_be_stopped(islands, monkeypatch):
    activations, xy, _ = islands
    new = np.random.default_rng(1).normal(size=(9, 12))
    whole = nearest_places(new, activations, xy)
    monkeypatch.setattr(nearest, "_CHUNK", 7)
    told = []
    parts = nearest_places(new, activations, xy, progress=lambda *at: told.append(at))
    np.testing.assert_array_equal(whole.samples, parts.samples)
    np.testing.assert_array_equal(whole.places, parts.places)
    assert told[-1] == (150, 150)
    with pytest.raises(Cancelled):
        nearest_places(new, activations, xy, cancelled=lambda: True)


def test_an_activation_of_a_samples_direction_lies_on_that_sample():
    rng = np.random.default_rng(0)
    activations, xy = rng.normal(size=(300, 12)), rng.random((300, 2)).astype(np.float32)
    activations[200] = 2 * activations[7]  # the lower number counts
    found = mean_places(3 * activations[[200, 41]], activations, xy)
    assert found.samples.tolist() == [7, 41]
    np.testing.assert_array_equal(found.places, xy[[7, 41]])
    np.testing.assert_allclose(found.cosines, 1, atol=1e-6)


def test_zero_activations_lie_on_samples_that_are_zero():
    rng = np.random.default_rng(1)
    activations, xy = rng.normal(size=(50, 4)), rng.random((50, 2)).astype(np.float32)
    activations[[9, 30]] = 0
    found = mean_places(np.zeros((1, 4)), activations, xy)
    np.testing.assert_array_equal(found.places[0], xy[9])


def test_means_of_places_are_the_same_in_chunks(monkeypatch):
    rng = np.random.default_rng(2)
    activations, xy = rng.normal(size=(400, 12)), rng.random((400, 2)).astype(np.float32)
    new = np.vstack([rng.normal(size=(20, 12)), activations[[350, 20]]])
    whole = mean_places(new, activations, xy)
    monkeypatch.setattr(nearest, "_CHUNK", 64)
    told = []
    parts = mean_places(new, activations, xy, progress=lambda *at: told.append(at))
    np.testing.assert_allclose(parts.places, whole.places, atol=1e-5)
    np.testing.assert_array_equal(parts.samples, whole.samples)
    assert told[-1] == (400, 400)
    with pytest.raises(Cancelled):
        mean_places(new, activations, xy, cancelled=lambda: True)
