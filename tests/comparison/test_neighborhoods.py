"""Neighbours among other images, against brute force and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from atlas_widget.comparison.neighborhoods import (
    chance_of,
    kept_shares,
    map_neighbors,
    nearest_elsewhere,
    rank_penalties,
)

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(12, size=90)
VALUES = RNG.normal(size=(90, 7))
PLACES = RNG.random((90, 2))


def by_hand(distances, images, count):
    found = []
    for row in range(len(images)):
        others = [at for at in range(len(images)) if images[at] != images[row]]
        found.append(sorted(others, key=lambda at: distances[row, at])[:count])
    return np.array(found)


def test_neighbours_are_the_nearest_by_cosine_of_other_images():
    units = VALUES / np.linalg.norm(VALUES, axis=1, keepdims=True)
    expected = by_hand(-units @ units.T, IMAGES, 6)
    np.testing.assert_array_equal(nearest_elsewhere(VALUES, IMAGES, 6), expected)


def test_neighbours_on_the_map_are_of_other_images_too():
    distances = np.linalg.norm(PLACES[:, None] - PLACES[None], axis=2)
    np.testing.assert_array_equal(map_neighbors(PLACES, IMAGES, 6), by_hand(distances, IMAGES, 6))


def test_trustworthiness_is_scikit_learns_where_all_images_differ():
    images = np.arange(90)
    near = map_neighbors(PLACES, images, 8)
    units = VALUES / np.linalg.norm(VALUES, axis=1, keepdims=True)
    expected = trustworthiness(units, PLACES, n_neighbors=8)
    assert 1 - rank_penalties(VALUES, near, images).mean() == pytest.approx(expected, abs=1e-6)


def test_kept_shares_and_chance():
    first = np.array([[1, 2, 3], [0, 2, 3]])
    other = np.array([[3, 1, 9], [7, 8, 9]])
    np.testing.assert_allclose(kept_shares(first, other), [2 / 3, 0])
    images = np.array([0, 0, 0, 1, 2])
    np.testing.assert_allclose(chance_of(images, 1), [1 / 2, 1 / 2, 1 / 2, 1 / 4, 1 / 4])


def test_unrelated_neighbours_are_kept_by_chance_alone():
    images = np.arange(900) // 3
    near = [nearest_elsewhere(RNG.normal(size=(900, 40)), images, 10) for _ in range(2)]
    chance = chance_of(images, 10)
    assert kept_shares(*near).mean() == pytest.approx(chance.mean(), abs=0.004)
