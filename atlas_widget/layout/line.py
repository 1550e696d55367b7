"""Give samples places on a line such that similar activations lie close together."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.layout.neighbor_index import unit_directions
from atlas_widget.layout.plane import default_neighbors, quick_layout
from atlas_widget.layout.umap_torch import fuzzy_graph, nearest_neighbors, optimize_layout
from atlas_widget.progress import CancelledCallback, ProgressCallback

__all__ = ["umap_line"]

_REACH = 50.0  # where the first and the last sample start
_EVEN = 0.75
_MARGIN = 0.005


def umap_line(
    activations: NDArray[np.floating],
    *,
    seed: int = 0,
    neighbors: int | None = None,
    min_dist: float = 0.05,
    epochs: int = 300,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
    device: torch.device | str = "cpu",
) -> NDArray[np.float32]:
    """Lay samples out on a line by UMAP with cosine distances.

    They start in the order of their first principal component, far apart: on a line samples must
    pass through each other. Measured on 2,000 samples, the trustworthiness is 0.85 then, 0.84 when
    they start as close together as in the plane or from the graph's eigenvector, and 0.86 with
    umap-learn.

    Parameters
    ----------
    activations : ndarray, shape (n, channels)
        The samples.
    seed, neighbors, min_dist, epochs, progress, cancelled, device
        See `umap_layout`.

    Returns
    -------
    ndarray of float32, shape (n,)
        Places in [0, 1], spread out such that gaps shrink and crowds get room, in unchanged order.
    """
    count = len(activations)
    wanted = min(neighbors if neighbors is not None else default_neighbors(count), count - 1)
    if wanted < 2:
        return _spread(quick_layout(activations, seed)[:, 0])
    units = unit_directions(activations, device=device)
    indices, distances = nearest_neighbors(units, wanted, cancelled=cancelled)
    graph = fuzzy_graph(indices.cpu().numpy(), distances.cpu().numpy())
    start = np.zeros((count, 2), np.float32)  # the second coordinate stays zero: nothing moves it
    order = np.argsort(quick_layout(activations, seed)[:, 0], kind="stable")
    start[order, 0] = np.linspace(-_REACH, _REACH, count)
    placed = optimize_layout(
        graph,
        start,
        epochs=epochs,
        min_dist=min_dist,
        seed=seed,
        device=device,
        progress=progress,
        cancelled=cancelled,
    )
    return _spread(placed[:, 0])


def _spread(places: NDArray[np.floating]) -> NDArray[np.float32]:
    """Move places most of the way to where they would lie if the line were evenly filled."""
    count = len(places)
    if count == 0:
        return np.zeros(0, np.float32)
    low, high = np.percentile(places, [1, 99])
    unit = np.clip((places - low) / max(float(high - low), 1e-9), -0.05, 1.05)
    _, group = np.unique(places, return_inverse=True)
    order = np.argsort(places, kind="stable")
    even = np.empty(count)
    even[order] = (np.arange(count) + 0.5) / count
    even = (np.bincount(group, even) / np.bincount(group))[group]  # what coincides stays together
    mixed = _EVEN * even + (1 - _EVEN) * unit
    extent = float(np.ptp(mixed))
    if extent < 1e-9:
        return np.full(count, 0.5, np.float32)
    filled = (mixed - mixed.min()) / extent
    return np.asarray(_MARGIN + (1 - 2 * _MARGIN) * filled, np.float32)
