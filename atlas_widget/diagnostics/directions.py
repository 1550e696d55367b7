"""Activations as directions, which is what an atlas lays out and pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

__all__ = ["first_principal", "spread_counts", "unit_vectors"]

_MAX_SAMPLES = 512  # samples that are counted
_BINS = 17

Floats = NDArray[np.float64]


def unit_vectors(activations: NDArray[np.floating]) -> Floats:
    """Scale activations (n, channels) to length one; those that are zero stay zero."""
    vectors = np.asarray(activations, np.float64)
    # by the largest value first, since squares of very small ones vanish
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0)
    scaled = vectors / np.where(largest > 0, largest, 1.0)
    units: Floats = scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1.0)
    return units


def first_principal(units: Floats) -> Floats:
    """Return how far each of some vectors (n, channels) lies along their first principal direction.

    Returns
    -------
    ndarray, (n,)
        About the mean; zero where all vectors coincide. Its sign means nothing.
    """
    centred = units - units.mean(0)
    count, channels = centred.shape
    last = min(count, channels) - 1
    if count <= channels:
        _, vectors = eigh(centred @ centred.T, subset_by_index=(last, last))
        direction = centred.T @ vectors[:, 0]
    else:
        _, vectors = eigh(centred.T @ centred, subset_by_index=(last, last))
        direction = vectors[:, 0]
    length = np.linalg.norm(direction)
    along: Floats = centred @ direction
    return along / length if length > 1e-12 else np.zeros(count)


def spread_counts(activations: NDArray[np.floating]) -> NDArray[np.int64]:
    """Count how samples (n, channels) are spread along the direction in which they differ most.

    Of many, some are looked at.

    Returns
    -------
    ndarray of int64
        How many lie in each of equal intervals from the first to the last; nothing where all lie
        in one place.
    """
    some = np.linspace(0, len(activations) - 1, min(len(activations), _MAX_SAMPLES)).astype(
        np.int64
    )
    along = first_principal(unit_vectors(activations[some])) if len(some) > 1 else np.zeros(1)
    if not np.ptp(along) > 1e-9:
        return np.zeros(0, np.int64)
    bins = int(np.clip(len(some) // 3, 5, _BINS))
    return np.histogram(along, bins)[0].astype(np.int64)
