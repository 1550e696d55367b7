"""A line on which neighbours stay neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from atlas_widget.layout.line import umap_line
from atlas_widget.progress import Cancelled


@pytest.fixture(scope="module")
def arc() -> np.ndarray:
    """Directions along a bent path through 12 dimensions, in random order."""
    rng = np.random.default_rng(0)
    t = rng.permutation(np.linspace(0, 1, 300))
    waves = [np.cos(t * k * np.pi) for k in range(1, 5)] + [np.sin(t * k * np.pi) for k in (1, 2)]
    path = np.stack([*waves, *np.zeros((6, 300))], 1)
    return (path + rng.normal(0, 0.03, path.shape)).astype(np.float32)


def test_neighbours_stay_together_and_the_line_is_filled(arc):
    line = umap_line(arc, neighbors=10)
    assert line.shape == (300,)
    assert line.min() >= 0
    assert line.max() <= 1
    assert trustworthiness(arc, line[:, None], n_neighbors=10, metric="cosine") > 0.9
    filled, _ = np.histogram(line, 10, (0, 1))
    assert filled.min() >= 10
    np.testing.assert_array_equal(umap_line(arc, neighbors=10), line)


def test_few_and_alike_samples():
    assert len(umap_line(np.zeros((0, 4), np.float32))) == 0
    assert umap_line(np.ones((2, 4), np.float32)).shape == (2,)
    assert np.isfinite(umap_line(np.ones((30, 4), np.float32))).all()


def test_stops_when_asked_to(arc):
    with pytest.raises(Cancelled):
        umap_line(arc, cancelled=lambda: True)
