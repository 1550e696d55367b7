"""The first picture: samples by their two principal components, in one pass over them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import ActivationsError
from atlas_widget.layout.neighbor_index import Activations
from atlas_widget.progress import CancelledCallback, check_cancelled

__all__ = ["chosen_rows", "principal_places"]

_AXES_FROM = 20_000  # samples; more hardly turn the axes
_BLOCK = 65_536


def chosen_rows(count: int, most: int, seed: int) -> NDArray[np.int64]:
    """Choose `most` of `count` samples at random, or all if they are no more; ascending."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def principal_places(
    activations: NDArray[np.floating] | Activations,
    seed: int,
    cancelled: CancelledCallback | None = None,
) -> NDArray[np.float32]:
    """Project directions of activations on their two principal components, within 10 of 0.

    The axes are those of a sample of them; a normal deviate of 0.001 parts those that coincide.

    Parameters
    ----------
    activations : array-like, shape (n, channels)
        Read in blocks.
    seed : int
        Chooses the sample, and the noise.

    Returns
    -------
    ndarray of float32, shape (n, 2)

    Raises
    ------
    ActivationsError
        There are values that are not finite.
    """
    count = len(activations)
    xy = np.zeros((count, 2), np.float32)
    if count == 0:
        return xy
    units = _directions(activations[chosen_rows(count, _AXES_FROM, seed)])
    units = units[np.isfinite(units).all(axis=1)]
    mean = units.mean(axis=0) if len(units) else np.zeros(units.shape[1], np.float32)
    units -= mean
    axes = _axes(units)
    bad = 0
    for start in range(0, count, _BLOCK):
        check_cancelled(cancelled)
        block = activations[start : start + _BLOCK]
        bad += int((~np.isfinite(block).all(axis=1)).sum())
        if not bad:
            xy[start : start + _BLOCK, : axes.shape[1]] = (_directions(block) - mean) @ axes
    if bad:
        raise ActivationsError(f"{bad:,} of {count:,} activations are not finite.")
    extent = np.abs(xy).max()
    if extent > 0:
        xy *= 10.0 / extent
    noise = np.random.default_rng(seed).normal(0.0, 1e-3, xy.shape)
    return (xy + noise).astype(np.float32)


def _directions(activations: NDArray[np.floating]) -> NDArray[np.float32]:
    vectors = np.asarray(activations, np.float32)
    # by the largest value first, since squares of very large or small ones leave float32
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    units = vectors / np.where(largest > 0, largest, 1.0)
    units /= np.maximum(np.linalg.norm(units, axis=1, keepdims=True), 1.0)
    return np.asarray(units, np.float32)


def _axes(centred: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the two directions of greatest variance, (channels, 2 or fewer)."""
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    axes = axes[:, ::-1][:, :2]
    # eigenvectors have no sign of their own: choose one, so that atlases do not flip
    signs = np.where(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])] < 0, -1.0, 1.0)
    return np.asarray(axes * signs, np.float64)
