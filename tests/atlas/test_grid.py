"""Every sample is in exactly one cell, and a cell is the mean of its samples."""

from __future__ import annotations

import time

import numpy as np
import pytest

from atlas_widget.atlas.grid import Grid, default_min_count
from atlas_widget.atlas.moments import Moments
from atlas_widget.errors import AtlasError, CellError
from tests.layout.activations import Shards

RNG = np.random.default_rng(0)


@pytest.fixture
def activations() -> np.ndarray:
    return RNG.normal(size=(500, 7)).astype(np.float32)


@pytest.fixture
def xy() -> np.ndarray:
    return RNG.random((500, 2)).astype(np.float32)


def test_each_sample_once(activations, xy) -> None:
    grid = Grid.from_layout(activations, xy, 5, min_count=1)
    members = np.concatenate([grid.members(cell) for cell in range(len(grid))])
    np.testing.assert_array_equal(np.sort(members), np.arange(500))
    assert grid.counts.sum() == 500
    for cell in range(len(grid)):
        inside = (xy[grid.members(cell)] * 5).astype(int)
        assert (inside == (grid.cols[cell], grid.rows[cell])).all()


def test_means(activations, xy) -> None:
    grid = Grid.from_layout(activations, xy, 8, min_count=1)
    for cell in range(len(grid)):
        np.testing.assert_allclose(
            grid.means[cell], activations[grid.members(cell)].mean(axis=0), atol=1e-6
        )


def test_samples_are_read_in_blocks(activations, xy, monkeypatch) -> None:
    """Also where all of them are in one cell: a million do not fit into memory."""
    whole = [Grid.from_layout(activations, xy, size) for size in (1, 5)]
    moments = Moments.of(activations)
    monkeypatch.setattr("atlas_widget.atlas.grid._BLOCK", 64)
    monkeypatch.setattr("atlas_widget.atlas.moments._BLOCK", 64)
    for grid in whole:
        parts = Shards(activations)
        again = Grid.from_layout(parts, xy, grid.size)  # type: ignore[arg-type]
        np.testing.assert_allclose(again.means, grid.means, atol=1e-6)
        np.testing.assert_array_equal(again.representatives(), grid.representatives())
        np.testing.assert_array_equal(again.nearest(0, 9), grid.nearest(0, 9))
        np.testing.assert_allclose(
            Moments.of(parts).second_moment,  # type: ignore[arg-type]
            moments.second_moment,
            rtol=1e-5,
            atol=1e-6,
        )
        assert parts.most_rows == 64


def test_half_open() -> None:
    """Samples on lines belong right and below; those at 1 belong to the last cell."""
    xy = np.array([[0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [1.0, 1.0], [0.0, 0.5]])
    grid = Grid.from_layout(np.ones((5, 2), np.float32), xy, 2, min_count=1)
    assert grid.ids.tolist() == [0, 1, 2, 3]
    assert grid.counts.tolist() == [1, 1, 1, 2]
    assert grid.members(3).tolist() == [2, 3]


def test_numbers_and_ids(activations, xy) -> None:
    grid = Grid.from_layout(activations, xy, 10)
    np.testing.assert_array_equal(grid.ids, grid.rows * 10 + grid.cols)
    assert (np.diff(grid.ids) > 0).all()
    for cell in range(len(grid)):
        assert grid.index(int(grid.rows[cell]), int(grid.cols[cell])) == cell
        assert grid.cell(int(grid.ids[cell])) == cell
    assert grid.index(-1, 0) == grid.index(0, 10) == -1


def test_small_cells_are_left_out(activations) -> None:
    xy = np.full((500, 2), 0.05)
    xy[:3] = 0.55
    grid = Grid.from_layout(activations, xy, 10, min_count=4)
    assert grid.ids.tolist() == [0]
    assert grid.index(5, 5) == -1
    with pytest.raises(CellError, match="Cell 55 of the 10×10 grid is empty"):
        grid.cell(55)
    with pytest.raises(CellError, match="not on it"):
        grid.cell(100)


@pytest.mark.parametrize(
    ("samples", "size", "least"),
    [(4000, 20, 2), (4000, 40, 1), (100_000, 40, 6), (1_000_000, 80, 6), (10, 20, 1)],
)
def test_default_min_count(samples: int, size: int, least: int) -> None:
    assert default_min_count(samples, size) == least


def test_there_is_always_a_cell() -> None:
    """However few the samples, the default leaves some cell."""
    xy = np.linspace(0, 0.99, 4000)[:, None].repeat(2, axis=1)[::400]
    assert len(Grid.from_layout(np.ones((10, 2), np.float32), xy, 1)) == 1
    scattered = np.stack(np.meshgrid(*[np.arange(20) / 20 + 0.01] * 2), -1).reshape(-1, 2)
    grid = Grid.from_layout(np.ones((400, 2), np.float32), scattered, 5)
    assert len(grid) == 25


def test_nearest_by_direction() -> None:
    directions = np.array([[1, 0], [1, 0.1], [0, 1], [100, 1], [1, -0.3]], np.float32)
    grid = Grid.from_layout(directions, np.zeros((5, 2)), 1, min_count=1)
    mean = directions.mean(axis=0)
    cosine = directions @ mean / np.linalg.norm(directions, axis=1) / np.linalg.norm(mean)
    assert grid.nearest(0, 5).tolist() == np.argsort(-cosine).tolist()
    assert grid.nearest(0, 2).tolist() == np.argsort(-cosine)[:2].tolist()
    assert grid.representatives().tolist() == [int(cosine.argmax())]


def test_second_moment(activations, xy) -> None:
    grid = Grid.from_layout(activations, xy, 3)
    np.testing.assert_allclose(
        grid.second_moment, activations.T @ activations / 500, rtol=1e-4, atol=1e-4
    )


def test_no_samples() -> None:
    assert len(Grid.from_layout(np.zeros((0, 3), np.float32), np.zeros((0, 2)), 4)) == 0


@pytest.mark.parametrize("size", [0, -3, 100_000, True])
def test_sizes(activations, xy, size: int) -> None:
    with pytest.raises(AtlasError, match="cells along a side"):
        Grid.from_layout(activations, xy, size)
    with pytest.raises(AtlasError, match="min_count=0"):
        Grid.from_layout(activations, xy, 4, min_count=0)


def test_many_samples_on_a_fine_grid() -> None:
    vectors = RNG.random((300_000, 16), dtype=np.float32)
    places = RNG.random((300_000, 2))
    start = time.perf_counter()
    grid = Grid.from_layout(vectors, places, 160)
    assert time.perf_counter() - start < 3
    assert grid.counts.sum() == 300_000 or grid.min_count > 1
