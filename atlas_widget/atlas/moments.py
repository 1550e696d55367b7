"""Mean, second moment and range of activations, in one pass over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import AtlasError

__all__ = ["Moments"]

_BLOCK = 65536


class Moments:
    """Grows as samples come; holds nothing of the samples themselves.

    Parameters
    ----------
    channels : int
    products : bool
        Whether the second moment is wanted, which takes most of the time.

    Attributes
    ----------
    count : int
        How many samples were added.
    not_finite : int
        How many of them have values that are no numbers; these count in nothing else.
    first_not_finite : int
        The first of these, or -1.
    low, high : ndarray of float32, shape (channels,)
        The least and the greatest value of each channel.
    """

    def __init__(self, channels: int, *, products: bool = True) -> None:
        self.count = 0
        self.not_finite = 0
        self.first_not_finite = -1
        self.low = np.full(channels, np.inf, np.float32)
        self.high = np.full(channels, -np.inf, np.float32)
        self._sum = np.zeros(channels)
        self._products = np.zeros((channels, channels)) if products else None

    @classmethod
    def of(cls, activations: NDArray[np.floating], *, products: bool = True) -> Self:
        """Return those of samples, (n, channels), read once in blocks."""
        moments = cls(activations.shape[1], products=products)
        for start in range(0, len(activations), _BLOCK):
            moments.add(activations[start : start + _BLOCK])
        return moments

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return what `arrays` was made of."""
        moments = cls(len(arrays["sum"]))
        moments.count, moments.not_finite, moments.first_not_finite = map(int, arrays["counts"])
        moments.low, moments.high = arrays["low"], arrays["high"]
        moments._sum, moments._products = arrays["sum"], arrays["products"]
        return moments

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays, to be saved."""
        if self._products is None:
            raise AtlasError("The second moment was not asked for.")
        counts = np.array([self.count, self.not_finite, self.first_not_finite], np.int64)
        return {
            "counts": counts,
            "low": self.low,
            "high": self.high,
            "sum": self._sum,
            "products": self._products,
        }

    def add(self, activations: NDArray[np.floating]) -> None:
        """Add samples, (n, channels)."""
        block = np.asarray(activations, np.float32)
        if block.ndim != 2 or block.shape[1] != len(self.low):
            raise AtlasError(f"Samples of {len(self.low)} channels, not of shape {block.shape}.")
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            if self.first_not_finite < 0:
                self.first_not_finite = self.count + int(np.argmin(finite))
            self.not_finite += int(len(block) - finite.sum())
        self.count += len(block)
        block = block[finite]
        if not len(block):
            return
        np.minimum(self.low, block.min(axis=0), out=self.low)
        np.maximum(self.high, block.max(axis=0), out=self.high)
        self._sum += block.sum(axis=0, dtype=np.float64)
        if self._products is not None:
            self._products += block.T @ block

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean of each channel, (channels,)."""
        return self._sum / max(self.count - self.not_finite, 1)

    @property
    def second_moment(self) -> NDArray[np.float64]:
        """Uncentred second moment, (channels, channels), as whitening takes it."""
        if self._products is None:
            raise AtlasError("The second moment was not asked for.")
        return self._products / max(self.count - self.not_finite, 1)
