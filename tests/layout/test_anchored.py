"""A layout that begins at given places: held where springs hold, honest where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from atlas_widget.errors import ActivationsError
from atlas_widget.layout import anchored_layout, umap_layout
from tests.layout.test_plane import clusters


def moved(xy, start):
    return np.median(np.linalg.norm(xy - start, axis=1)) / np.linalg.norm(start.std(0))


def test_springs_hold_samples_and_keep_neighbours() -> None:
    vectors, _ = clusters()
    start = umap_layout(vectors, seed=1)
    held = anchored_layout(vectors, start, np.full(400, 0.5))
    loose = anchored_layout(vectors, start, np.zeros(400))
    assert moved(held, start) < 0.2 < moved(loose, start)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert trustworthiness(units, held, n_neighbors=10) > 0.87


def test_some_are_held_and_others_find_their_own_place() -> None:
    """Samples of two groups begin in each other's place; those without a spring go home."""
    vectors, kind = clusters(kinds=4)
    start = umap_layout(vectors, seed=1)
    first, other = np.flatnonzero(kind == 0)[:20], np.flatnonzero(kind == 1)[:20]
    exchanged = start.copy()
    exchanged[first], exchanged[other] = start[other], start[first]
    springs = np.full(400, 0.5)
    springs[np.concatenate([first, other])] = 0.0
    xy = anchored_layout(vectors, exchanged, springs)
    home = np.median(start[kind == 0], axis=0), np.median(start[kind == 1], axis=0)
    nearer = [np.linalg.norm(xy[first] - place, axis=1) for place in home]
    assert (nearer[0] < nearer[1]).mean() > 0.8


def test_the_same_seed_gives_the_same_layout() -> None:
    vectors, _ = clusters(120)
    start, springs = np.random.default_rng(0).random((120, 2)), np.full(120, 0.1)
    first = anchored_layout(vectors, start, springs, seed=3)
    np.testing.assert_array_equal(first, anchored_layout(vectors, start, springs, seed=3))


@pytest.mark.parametrize("count", [1, 2, 3, 12])
def test_few_samples_and_one_place(count: int) -> None:
    vectors, _ = clusters(count)
    xy = anchored_layout(vectors, np.full((count, 2), 0.5), np.ones(count))
    assert xy.shape == (count, 2)
    assert np.isfinite(xy).all()


def test_not_finite() -> None:
    vectors, _ = clusters(50)
    vectors[7, 1] = np.nan
    with pytest.raises(ActivationsError, match="1 of 50"):
        anchored_layout(vectors, np.zeros((50, 2)), np.zeros(50))
