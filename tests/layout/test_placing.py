"""Of many samples some are laid out, and the others placed among them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from atlas_widget.errors import ActivationsError
from atlas_widget.layout import neighbor_index, placing, principal, quick_layout, umap_layout
from atlas_widget.progress import Cancelled
from tests.layout.activations import Shards, clusters

COUNT, FITTED = 2400, 800


def test_nearly_as_good_as_if_all_were_laid_out() -> None:
    vectors = clusters(COUNT, kinds=20)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def trusted(xy: np.ndarray) -> float:
        return float(trustworthiness(units, xy, n_neighbors=15))

    placed = umap_layout(vectors, fit_samples=FITTED)
    assert placed.shape == (COUNT, 2)
    assert placed.dtype == np.float32
    assert placed.min() >= 0
    assert placed.max() <= 1
    assert trusted(placed) > trusted(umap_layout(vectors)) - 0.02
    assert trusted(placed) > trusted(quick_layout(vectors)) + 0.05


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "_BATCH", 300)
    monkeypatch.setattr(neighbor_index, "_BATCH", 100)
    monkeypatch.setattr(principal, "_BLOCK", 200)
    monkeypatch.setattr(principal, "_AXES_FROM", 250)


@pytest.mark.usefixtures("small_batches")
def test_shards_are_read_in_parts_and_give_the_same() -> None:
    """Whether in one array or in pieces: same places, and never all in memory."""
    vectors = clusters(1000)
    shards = Shards(vectors)
    whole = umap_layout(vectors, fit_samples=200, epochs=30, seed=5)
    np.testing.assert_array_equal(umap_layout(shards, fit_samples=200, epochs=30, seed=5), whole)
    np.testing.assert_array_equal(quick_layout(shards), quick_layout(vectors))
    assert shards.most_rows <= 250
    other = umap_layout(vectors, fit_samples=200, epochs=30, seed=6)
    assert not np.array_equal(whole, other)


@pytest.mark.usefixtures("small_batches")
def test_progress_and_cancelling() -> None:
    vectors = clusters(1000)
    told: list[tuple[int, int]] = []
    umap_layout(vectors, fit_samples=200, epochs=10, progress=lambda *now: told.append(now))
    done = [now for now, _ in told]
    assert done == sorted(done)
    assert len(set(done)) > 10
    assert told[-1] == (1000, 1000)
    fitted = next(at for at, now in enumerate(done) if now > 800)
    asked = 0

    def enough() -> bool:
        nonlocal asked
        asked += 1
        return len(seen) >= fitted

    seen: list[int] = []
    with pytest.raises(Cancelled):
        umap_layout(
            vectors,
            fit_samples=200,
            epochs=10,
            progress=lambda now, _: seen.append(now),
            cancelled=enough,
        )
    assert asked
    assert max(seen) < 1000


@pytest.mark.usefixtures("small_batches")
def test_what_is_not_finite_is_counted_in_every_block() -> None:
    vectors = clusters(1000)
    vectors[[3, 777, 999], 2] = np.inf
    with pytest.raises(ActivationsError, match="3 of 1,000"):
        umap_layout(vectors, fit_samples=200)
    with pytest.raises(ActivationsError, match="3 of 1,000"):
        quick_layout(vectors)


def test_zeros_and_duplicates_do_no_harm() -> None:
    vectors = np.repeat(clusters(40), 10, axis=0)
    vectors[::7] = 0
    xy = umap_layout(vectors, fit_samples=100, epochs=20)
    assert np.isfinite(xy).all()
    assert ((xy >= 0) & (xy <= 1)).all()
