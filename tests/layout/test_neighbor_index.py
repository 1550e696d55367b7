"""Nearly all neighbours are found, and found again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas_widget.layout.neighbor_index import NeighborIndex, unit_directions
from atlas_widget.layout.umap_torch import nearest_neighbors
from atlas_widget.progress import Cancelled
from tests.layout.activations import clusters


def test_nearly_all_are_found() -> None:
    units = unit_directions(clusters(3000, kinds=20))
    exact, distances = nearest_neighbors(units, 10)
    index = NeighborIndex(units, seed=1)
    found, near = index.search(units, 10, themselves=True)
    kept = [np.isin(a, b).mean() for a, b in zip(exact.numpy(), found.numpy(), strict=True)]
    assert np.mean(kept) > 0.9
    assert (found != torch.arange(3000)[:, None]).all()
    assert (near >= distances - 1e-5).all()
    assert (near.diff(dim=1) >= 0).all()
    again, _ = NeighborIndex(units, seed=1).search(units, 10, themselves=True)
    assert torch.equal(found, again)


def test_others_find_samples_at_their_place() -> None:
    vectors = clusters(2000)
    index = NeighborIndex(unit_directions(vectors))
    found, distances = index.search(unit_directions(3 * vectors[700:800]), 1)
    np.testing.assert_array_equal(found.squeeze(1), np.arange(700, 800))
    assert distances.max() < 1e-5


def test_short_lists_are_no_obstacle() -> None:
    """Who wants more than its lists hold is given what all samples hold."""
    units = unit_directions(clusters(60))
    exact, _ = nearest_neighbors(units, 50)
    found, _ = NeighborIndex(units).search(units, 50, probes=1, themselves=True)
    assert torch.equal(found.sort(dim=1).values, exact.sort(dim=1).values)


def test_zero_vectors_are_each_others_neighbours() -> None:
    vectors = clusters(500)
    vectors[:30] = 0
    units = unit_directions(vectors)
    found, distances = NeighborIndex(units).search(units[:30], 20, themselves=True)
    assert (found < 30).all()
    assert distances.max() == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_any_precision_and_chosen_rows(dtype: type) -> None:
    vectors = clusters(50).astype(dtype)
    rows = np.array([3, 8, 41])
    units = unit_directions(vectors, rows)
    assert units.dtype == torch.float32
    np.testing.assert_allclose(units.norm(dim=1), 1, atol=1e-6)
    np.testing.assert_array_equal(units, unit_directions(vectors)[rows])


def test_cancelling() -> None:
    units = unit_directions(clusters(100))
    with pytest.raises(Cancelled):
        NeighborIndex(units, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        NeighborIndex(units).search(units, 5, cancelled=lambda: True)
