"""What a layout keeps of the neighbourhoods among activations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas_widget.diagnostics import neighbors, neighbors_kept


def kept_by_force(activations, xy, count):
    units = activations / np.linalg.norm(activations, axis=1, keepdims=True)
    away = 1 - units @ units.T
    far = ((xy[:, None] - xy) ** 2).sum(2)
    np.fill_diagonal(away, np.inf)
    np.fill_diagonal(far, np.inf)
    alike, near = (np.argsort(distance, 1)[:, :count] for distance in (away, far))
    return np.array([len(np.intersect1d(*pair)) for pair in zip(alike, near, strict=True)]) / count


def test_share_of_neighbours_kept(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    activations, xy = rng.normal(size=(300, 6)), rng.uniform(size=(300, 2))
    wanted = kept_by_force(activations, xy, 15)
    np.testing.assert_allclose(neighbors_kept(activations, xy), wanted, atol=1e-6)
    some = np.array([250, 3, 77])
    np.testing.assert_allclose(neighbors_kept(activations, xy, some), wanted[some], atol=1e-6)
    monkeypatch.setattr(neighbors, "_BLOCK", 6 * 64)  # as if there were far more samples
    np.testing.assert_allclose(neighbors_kept(activations, xy), wanted, atol=1e-6)


def test_a_perfect_layout_a_random_one_and_too_few() -> None:
    rng = np.random.default_rng(1)
    angle = rng.uniform(0, 1.5, 400)
    on_a_line = np.column_stack([angle / 2, np.full(400, 0.5)])
    activations = np.column_stack([np.cos(angle), np.sin(angle)])
    assert neighbors_kept(activations, on_a_line).min() > 0.9
    assert neighbors_kept(activations, rng.permutation(on_a_line)).mean() < 0.1
    assert np.isnan(neighbors_kept(activations[:1], on_a_line[:1])).all()
    same = np.zeros((5, 2))  # samples that coincide are still not their own neighbours
    np.testing.assert_allclose(neighbors_kept(activations[:5], same, neighbors=4), 1)


def test_of_a_large_atlas_some_samples_of_every_cell_are_looked_at() -> None:
    members = [np.arange(start, start + 50) for start in range(0, 500, 50)]
    cpu = torch.device("cpu")
    assert neighbors.choose_samples(members, 500, 8, cpu) is members
    chosen = neighbors.choose_samples(members, 10_000_000, 1000, cpu)
    assert [len(part) for part in chosen] == [3] * 10
    assert all(np.isin(part, own).all() for part, own in zip(chosen, members, strict=True))
    tiny = neighbors.choose_samples(members, 10**9, 4000, cpu)
    assert [len(part) for part in tiny] == [1] * 10


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_same_on_a_gpu() -> None:
    rng = np.random.default_rng(0)
    activations, xy = rng.normal(size=(300, 6)), rng.uniform(size=(300, 2))
    there = neighbors_kept(activations, xy, device="cuda")
    assert np.abs(there - neighbors_kept(activations, xy)).mean() < 0.01
