"""Give samples places in a square such that similar activations lie close together."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.errors import ActivationsError
from atlas_widget.progress import CancelledCallback, ProgressCallback
from atlas_widget.umap import fuzzy_graph, nearest_neighbors, optimize_layout

__all__ = ["default_neighbors", "quick_layout", "spread", "umap_layout"]

_GOLDEN = (5**0.5 - 1) / 2
_MARGIN = 0.005


def quick_layout(activations: NDArray[np.floating], seed: int = 0) -> NDArray[np.float32]:
    """Lay samples out by their two principal components, in a fraction of a second.

    Parameters
    ----------
    activations : ndarray, shape (n, channels)
        The samples.
    seed : int
        Parts samples that coincide.

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Places in [0, 1]; y grows downwards.
    """
    return spread(_principal(activations, seed))


def umap_layout(
    activations: NDArray[np.floating],
    *,
    seed: int = 0,
    neighbors: int | None = None,
    min_dist: float = 0.05,
    epochs: int | None = None,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
    device: torch.device | str = "cpu",
) -> NDArray[np.float32]:
    """Lay samples out by UMAP with cosine distances, starting from `quick_layout`'s arrangement.

    Parameters
    ----------
    activations : ndarray, shape (n, channels)
        The samples. Zero vectors and duplicates do no harm.
    seed : int
        The same seed gives the same layout.
    neighbors : int, optional
        How many neighbours of a sample count; by default √n / 4, within 10 and 50 (the article has
        50 for a million). Never more than there are.
    min_dist : float
        How close UMAP lets neighbours come.
    epochs : int, optional
        By default 300 up to 10,000 samples and 200 beyond. (umap-learn takes 500 and 200: on 4,000
        samples that is a trustworthiness of 0.919 instead of 0.915.)
    progress, cancelled : callable, optional
        Called with (epochs done, epochs); asked before each epoch.
    device : torch.device or str
        Where to compute.

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Places in [0, 1]; y grows downwards.

    Raises
    ------
    ActivationsError
        There are values that are not finite.
    Cancelled
        `cancelled` returned True.
    """
    count = len(activations)
    start = _principal(activations, seed)
    wanted = neighbors if neighbors is not None else default_neighbors(count)
    wanted = min(max(wanted, 2), count - 1)
    if wanted < 2:
        return spread(start)
    vectors = torch.as_tensor(np.asarray(activations), dtype=torch.float32, device=device)
    indices, distances = nearest_neighbors(vectors, wanted, cancelled)
    graph = fuzzy_graph(indices.cpu().numpy(), distances.cpu().numpy())
    xy = optimize_layout(
        graph,
        start,
        epochs=epochs or (300 if count <= 10_000 else 200),
        min_dist=min_dist,
        seed=seed,
        device=device,
        progress=progress,
        cancelled=cancelled,
    )
    return spread(xy)


def default_neighbors(count: int) -> int:
    """Return how many neighbours of a sample count where nobody says: √n / 4, within 10 and 50."""
    return int(np.clip(count**0.5 / 4, 10, 50))


def spread(
    xy: NDArray[np.floating], steps: int = 28, strength: float = 0.25
) -> NDArray[np.float32]:
    """Spread places over the unit square, so that empty gaps shrink and crowds get room.

    UMAP's distances across gaps and its densities mean little, yet would leave most of the square
    empty. In each step all samples move along one direction, part of the way from where they are to
    where as many samples of an evenly filled square would lie on the same side. Along a direction
    their order never changes, so nothing folds over and neighbours stay neighbours.

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
        Places of any scale.
    steps : int
        How many directions; more fill the square more evenly.
    strength : float
        Part of the way to go in each step, below 1.

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Places in [0, 1].
    """
    if len(xy) == 0:
        return np.zeros((0, 2), np.float32)
    low, high = np.percentile(xy, [1, 99], axis=0)
    places = (np.asarray(xy, np.float64) - (low + high) / 2) / np.maximum(high - low, 1e-9)
    quantiles = (np.arange(len(xy)) + 0.5) / len(xy)
    for step in range(steps):
        angle = np.pi * ((step * _GOLDEN) % 1.0)
        direction = np.array([np.cos(angle), np.sin(angle)])
        along = places @ direction
        even = _square_quantiles(quantiles, direction)
        # samples in the same place stay there together
        _, group = np.unique(along, return_inverse=True)
        goal = np.bincount(group[np.argsort(along, kind="stable")], even) / np.bincount(group)
        places += strength * (goal[group] - along)[:, None] * direction
    low, high = places.min(axis=0), places.max(axis=0)
    extent = high - low
    # what lies on a line or a point goes into the middle of the other axis
    flat = extent < 1e-9
    unit = np.where(flat, 0.5, (places - low) / np.where(flat, 1.0, extent))
    return (_MARGIN + (1 - 2 * _MARGIN) * unit).astype(np.float32)


def _square_quantiles(
    quantiles: NDArray[np.float64], direction: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quantiles of an evenly filled unit square about the origin, projected on a direction.

    The projection's density is a trapezoid: it rises over the shorter side's length, is level, and
    falls again.
    """
    short, long = np.sort(np.abs(direction))
    end = (short + long) / 2
    corner = short / (2 * long)
    rising = -end + np.sqrt(2 * short * long * np.minimum(quantiles, corner))
    falling = end - np.sqrt(2 * short * long * np.minimum(1 - quantiles, corner))
    level = -end + short / 2 + long * quantiles
    level = np.where(quantiles > 1 - corner, falling, level)
    result: NDArray[np.float64] = np.where(quantiles < corner, rising, level)
    return result


def _principal(activations: NDArray[np.floating], seed: int) -> NDArray[np.float32]:
    """Project directions of activations on their two principal components, within 10 of 0."""
    vectors = np.asarray(activations, np.float32)
    if not np.isfinite(vectors).all():
        bad = int((~np.isfinite(vectors).all(axis=1)).sum())
        raise ActivationsError(f"{bad:,} of {len(vectors):,} activations are not finite.")
    if len(vectors) == 0:
        return np.zeros((0, 2), np.float32)
    # by the largest value first, since squares of very large or small ones leave float32
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    units = vectors / np.where(largest > 0, largest, 1.0)
    units /= np.maximum(np.linalg.norm(units, axis=1, keepdims=True), 1.0)
    units -= units.mean(axis=0)
    _, axes = np.linalg.eigh((units.T @ units).astype(np.float64))
    axes = axes[:, ::-1][:, :2]
    # eigenvectors have no sign of their own: choose one, so that atlases do not flip
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])] < 0, -1.0, 1.0)
    xy = np.zeros((len(units), 2), np.float32)
    xy[:, : axes.shape[1]] = units @ axes
    extent = np.abs(xy).max()
    if extent > 0:
        xy *= 10.0 / extent
    noise = np.random.default_rng(seed).normal(0.0, 1e-3, xy.shape)
    return (xy + noise).astype(np.float32)
