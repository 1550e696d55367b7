"""A layout of samples that already have places by another layer: begun there, held by springs."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.errors import ActivationsError
from atlas_widget.layout.neighbor_index import unit_directions
from atlas_widget.layout.plane import default_neighbors
from atlas_widget.layout.umap_torch import fuzzy_graph, nearest_neighbors, optimize_layout
from atlas_widget.progress import CancelledCallback, ProgressCallback

__all__ = ["anchored_layout"]

_REACH = 10.0  # of the start from its middle: the scale on which UMAP's forces act


def anchored_layout(
    activations: NDArray[np.floating],
    start: NDArray[np.floating],
    springs: NDArray[np.floating],
    *,
    seed: int = 0,
    neighbors: int | None = None,
    min_dist: float = 0.05,
    epochs: int | None = None,
    device: torch.device | str = "cpu",
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> NDArray[np.float32]:
    """Lay samples out by our UMAP from given places, to which springs draw them back.

    Parameters
    ----------
    activations : ndarray, shape (n, channels)
        The samples, at most some 20,000: all are compared with all.
    start : ndarray, shape (n, 2)
        Their places in a layout of other activations.
    springs : ndarray, shape (n,)
        How strongly each is held, from 0 to 1; see `optimize_layout`.
    seed : int
        The same seed gives the same layout.
    neighbors, min_dist, epochs : optional
        See `umap_layout`.
    device : torch.device or str
        Where to compute.
    progress, cancelled : callable, optional
        Called with (epochs done, epochs); asked before each epoch.

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Places on the scale of `start`, not confined to its bounds.

    Raises
    ------
    ActivationsError
        There are values that are not finite.
    """
    bad = int((~np.isfinite(activations).all(axis=1)).sum())
    if bad:
        raise ActivationsError(f"{bad:,} of {len(activations):,} activations are not finite.")
    start = np.asarray(start, np.float64)
    count = len(start)
    wanted = neighbors if neighbors is not None else default_neighbors(count)
    wanted = min(max(wanted, 2), count - 1)
    if wanted < 2:
        return start.astype(np.float32)
    middle = (start.min(0) + start.max(0)) / 2
    scale = _REACH / max(float(np.abs(start - middle).max()), 1e-9)
    # coinciding places would be pushed apart in no direction
    noise = np.random.default_rng(seed).normal(0.0, 1e-3, start.shape)
    found = nearest_neighbors(unit_directions(activations, device=device), wanted)
    moved = optimize_layout(
        fuzzy_graph(*(tensor.cpu().numpy() for tensor in found)),
        ((start - middle) * scale + noise).astype(np.float32),
        epochs=epochs or 300,
        min_dist=min_dist,
        seed=seed,
        springs=springs,
        device=device,
        progress=progress,
        cancelled=cancelled,
    )
    places: NDArray[np.float32] = (moved / scale + middle).astype(np.float32)
    return places
