"""Groups that are the same in all images."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

from atlas_widget import find_shared_groups
from atlas_widget.errors import ActivationsError, AtlasError
from tests.reading.atlases import atlas_of
from tests.reading.networks import chain, read

ALL = ["relu1", "relu2", "relu3"]
rng = np.random.default_rng(3)


def apart(count: int) -> np.ndarray:
    """Three groups of two channels each; a sample has one of them."""
    directions = np.kron(np.eye(3), [0.6, 0.8])
    return (np.eye(3)[np.arange(count) % 3] * rng.uniform(1, 2, (count, 1))) @ directions


def test_groups_that_lie_apart_are_found_and_keep_their_number_in_every_image():
    shared = find_shared_groups(atlas_of(apart(300), layer="here"), 3)
    assert shared.explained > 0.999
    assert shared.samples == 300
    order = shared.directions.argmax(1) // 2
    assert sorted(order) == [0, 1, 2]
    for number in range(3):
        wanted = np.zeros(6)
        wanted[2 * order[number] :][:2] = 0.6, 0.8
        np.testing.assert_allclose(shared.directions[number], wanted, atol=0.02)
    for strengths in ([5.0, 1, 2], [0.0, 3, 0]):
        picture = (np.array(strengths)[order] @ shared.directions)[:, None, None]
        found = shared.of(picture)
        np.testing.assert_allclose(found.maps[:, 0, 0], np.array(strengths)[order], atol=1e-12)
        assert found.explained == pytest.approx(1)
        assert found.shared
    nothing = shared.of(np.zeros((6, 2, 2)))
    assert not nothing.maps.any()
    assert nothing.explained == 0


@pytest.mark.parametrize("layer", ["relu2", "conv3"])
def test_an_image_gets_the_nearest_strengths_and_every_sum_closes(layer):
    """Also of a layer with negative values."""
    model = chain()
    with read(model, ["relu2", "conv3"]) as seen:
        own = seen.activations(layer)
        h = own.reshape(len(own), -1).T
        shared = find_shared_groups(atlas_of(h * rng.uniform(0.5, 2, (len(h), 1)), layer=layer), 3)
        groups = seen.groups(layer, shared)
        assert groups.signed == (layer == "conv3")
        factors = shared._factors
        split = np.hstack([np.maximum(h, 0), np.maximum(-h, 0)]) if groups.signed else h
        wanted = np.array([nnls(factors.T, row)[0] for row in split])
        np.testing.assert_allclose(groups.maps.reshape(3, -1).T, wanted, atol=1e-10)
        found = groups.attribution(1)
        assert found.total + sum(found.remainders.values()) == pytest.approx(found.score, abs=1e-13)
        assert "in no group" in found.remainders
        assert seen.ablate(layer, group=(groups, 0), classes=0)["actual"].iloc[0] != 0


def test_the_same_samples_give_the_same_groups():
    samples = atlas_of(apart(40) + rng.random((40, 6)))
    one, other = find_shared_groups(samples, 2), find_shared_groups(samples, 2)
    np.testing.assert_array_equal(one.directions, other.directions)
    assert "2 of conv3" in repr(one)
    assert "of 40 samples" in repr(one)


def test_what_cannot_be_is_refused():
    shared = find_shared_groups(atlas_of(apart(30), layer="relu2"), 2)
    with pytest.raises(AtlasError, match=r"30 samples and 6 columns .* so 1 to 6"):
        find_shared_groups(atlas_of(apart(30)), 7)
    with pytest.raises(ActivationsError, match="zero everywhere"):
        find_shared_groups(atlas_of(np.zeros((4, 3))), 1)
    with read(chain(), ALL) as seen:
        with pytest.raises(AtlasError, match="are not of 'relu3'"):
            seen.groups("relu3", shared)
        with pytest.raises(AtlasError, match="no compatible ones"):
            seen.groups("relu2", shared, compatible_with=seen.groups("relu3", 2))
        fitting = find_shared_groups(atlas_of(apart(30)[:, :5], layer="relu2"), 2)
        with pytest.raises(AtlasError, match="of 5 channels, and the map has 6"):
            seen.groups("relu2", fitting)
