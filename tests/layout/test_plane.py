"""Layouts keep neighbours together, fill the square, and survive bad input."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from atlas_widget.errors import ActivationsError
from atlas_widget.layout import quick_layout, spread, umap_layout
from atlas_widget.layout.neighbor_index import unit_directions
from atlas_widget.layout.spreading import HEIGHT
from atlas_widget.layout.umap_torch import fuzzy_graph, nearest_neighbors
from atlas_widget.progress import Cancelled

RNG = np.random.default_rng(0)


def clusters(count: int = 400, channels: int = 24, kinds: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    kind = rng.integers(kinds, size=count)
    centres = rng.normal(size=(kinds, channels)) * 2
    vectors = np.maximum(centres[kind] + rng.normal(size=(count, channels)), 0)
    return vectors.astype(np.float32), kind


def assert_in_square(xy: np.ndarray, count: int) -> None:
    assert xy.shape == (count, 2)
    assert xy.dtype == np.float32
    assert np.isfinite(xy).all()
    assert (xy >= 0).all()
    assert (xy <= 1).all()


def test_umap_keeps_neighbours_together() -> None:
    vectors, kind = clusters()
    xy = umap_layout(vectors)
    assert_in_square(xy, 400)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert trustworthiness(units, xy, n_neighbors=10) > 0.87
    _, nearest = NearestNeighbors(n_neighbors=6).fit(xy).kneighbors(xy)
    assert (kind[nearest[:, 1:]] == kind[:, None]).mean() > 0.95


def test_umap_is_better_than_quick() -> None:
    vectors, _ = clusters(kinds=12)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    quick = quick_layout(vectors)
    assert_in_square(quick, 400)
    better = trustworthiness(units, umap_layout(vectors), n_neighbors=10)
    assert better > trustworthiness(units, quick, n_neighbors=10) + 0.05


def test_same_seed_same_layout() -> None:
    vectors, _ = clusters(200)
    first = umap_layout(vectors, seed=3, epochs=50)
    np.testing.assert_array_equal(first, umap_layout(vectors, seed=3, epochs=50))
    assert not np.array_equal(first, umap_layout(vectors, seed=4, epochs=50))
    np.testing.assert_array_equal(quick_layout(vectors), quick_layout(vectors))


@pytest.mark.parametrize("layout", [quick_layout, umap_layout])
@pytest.mark.parametrize(
    "vectors",
    [
        np.zeros((0, 5)),
        np.ones((1, 5)),
        RNG.random((2, 5)),
        RNG.random((3, 5)),
        RNG.random((12, 5)),
        RNG.random((30, 1)),
        np.zeros((40, 5)),
        np.ones((40, 5)),
        np.repeat(RNG.random((4, 5)), 20, axis=0),
        np.concatenate([np.zeros((30, 5)), RNG.random((50, 5))]),
        np.eye(40),
        RNG.random((50, 5)) * 1e-20,
        RNG.random((50, 5)) * 1e20,
    ],
    ids=lambda v: f"{v.shape}",
)
def test_odd_input(layout, vectors: np.ndarray) -> None:
    assert_in_square(layout(vectors.astype(np.float32)), len(vectors))


@pytest.mark.parametrize("layout", [quick_layout, umap_layout])
def test_not_finite(layout) -> None:
    vectors, _ = clusters(50)
    vectors[7, 1] = np.nan
    with pytest.raises(ActivationsError, match="1 of 50"):
        layout(vectors)


def test_zero_vectors_lie_together() -> None:
    vectors, _ = clusters(300)
    vectors[:30] = 0
    xy = umap_layout(vectors)
    assert np.linalg.norm(xy[:30] - np.median(xy[:30], axis=0), axis=1).mean() < 0.15


def test_progress_and_cancelling() -> None:
    vectors, _ = clusters(100)
    seen: list[tuple[int, int]] = []
    umap_layout(vectors, epochs=20, progress=lambda *now: seen.append(now))
    assert seen == [(k, 20) for k in range(1, 21)]
    with pytest.raises(Cancelled):
        umap_layout(vectors, epochs=100_000, cancelled=lambda: len(seen) > 0)


def test_the_interpreter_stays_free() -> None:
    """Another thread gets its turn while a layout is computed."""
    vectors, _ = clusters(1500)
    done = threading.Event()
    waits = []

    def work() -> None:
        umap_layout(vectors, epochs=60)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        before = time.perf_counter()
        time.sleep(0.005)
        waits.append(time.perf_counter() - before)
    thread.join()
    assert np.percentile(waits, 95) < 0.25


class TestSpread:
    def test_fills_the_rectangle(self) -> None:
        """Two far islands and an outlier come to share it."""
        rng = np.random.default_rng(0)
        xy = np.concatenate(
            [rng.normal(0, 1, (500, 2)), rng.normal((30, 5), 1, (500, 2)), [[200.0, 200.0]]]
        )
        places = spread(xy)
        assert_in_square(places, 1001)
        assert np.ptp(places, axis=0) == pytest.approx([0.99, 0.99 * HEIGHT], abs=1e-5)
        cells = np.unique((places * 20).astype(int), axis=0)
        assert len(cells) > 100  # of 200

    def test_neighbours_stay_neighbours(self) -> None:
        rng = np.random.default_rng(0)
        xy = np.concatenate([rng.normal(c, 1, (200, 2)) for c in ((0, 0), (9, 0), (4, 12))])
        before = NearestNeighbors(n_neighbors=11).fit(xy).kneighbors(xy)[1][:, 1:]
        places = spread(xy)
        after = NearestNeighbors(n_neighbors=11).fit(places).kneighbors(places)[1][:, 1:]
        shared = [len(set(a) & set(b)) / 10 for a, b in zip(before, after, strict=True)]
        assert np.mean(shared) > 0.6  # half as high as wide: 0.68, a square: 0.76

    def test_same_place_stays_same_place(self) -> None:
        xy = np.repeat(np.random.default_rng(0).random((20, 2)), 5, axis=0)
        places = spread(xy).reshape(20, 5, 2)
        np.testing.assert_allclose(places, places[:, :1].repeat(5, axis=1), atol=1e-5)

    def test_even_stays_even(self) -> None:
        """What fills the rectangle already hardly moves."""
        side = (np.arange(40) + 0.5) / 40
        xy = np.stack(np.meshgrid(side, 0.5 + HEIGHT * (side - 0.5)), axis=-1).reshape(-1, 2)
        assert np.abs(spread(xy) - xy).max() < 0.04

    def test_a_square_if_it_is_wanted(self) -> None:
        places = spread(np.random.default_rng(0).normal(0, 1, (500, 2)), height=1.0)
        assert np.ptp(places, axis=0) == pytest.approx([0.99, 0.99], abs=1e-5)


class TestGraph:
    def test_neighbours_are_exact(self) -> None:
        vectors, _ = clusters(300)
        indices, distances = nearest_neighbors(unit_directions(vectors), 9)
        exact = NearestNeighbors(n_neighbors=10, metric="cosine").fit(vectors)
        wanted, _ = exact.kneighbors(vectors)
        np.testing.assert_allclose(distances.numpy(), wanted[:, 1:], atol=1e-5)
        assert (indices.numpy() != np.arange(300)[:, None]).all()

    def test_weights_agree_with_umap_learns(self) -> None:
        """Weights of a small graph, computed once by umap-learn 0.5.12 (fuzzy_simplicial_set)."""
        distances = np.array(
            [[0.1, 0.2, 0.4], [0.1, 0.15, 0.3], [0.15, 0.2, 0.5], [0.3, 0.4, 0.5]], np.float32
        )
        indices = np.array([[1, 2, 3], [0, 2, 3], [1, 0, 3], [1, 0, 2]])
        graph = fuzzy_graph(indices, distances).toarray()
        np.testing.assert_allclose(graph, graph.T, atol=1e-6)
        np.testing.assert_allclose(graph, UMAP_LEARN, atol=1e-4)


UMAP_LEARN = np.array(
    [
        [0.0, 1.0, 0.9354, 0.7394],
        [1.0, 0.0, 1.0, 1.0],
        [0.9354, 1.0, 0.0, 0.5077],
        [0.7394, 1.0, 0.5077, 0.0],
    ]
)
