"""Made-up activations for the layouts' tests."""

from __future__ import annotations

import numpy as np


def clusters(count: int, channels: int = 24, kinds: int = 6) -> np.ndarray:
    """Non-negative activations of several kinds, as after a ReLU."""
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(kinds, channels)) * 2
    vectors = centres[rng.integers(kinds, size=count)] + rng.normal(size=(count, channels))
    return np.maximum(vectors, 0).astype(np.float32)


class Shards:
    """An array in pieces: it has what `Activations` asks for, and remembers what was asked."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.most_rows = 0

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        found = self._array[rows]
        self.most_rows = max(self.most_rows, len(found))
        return found.copy()
