"""Trustworthiness of a layout: the share of neighbours among activations kept on the map."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from atlas_widget.diagnostics.directions import unit_vectors
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

__all__ = ["NEIGHBORS", "choose_samples", "neighbors_kept"]

NEIGHBORS = 15
"""Number of neighbours: as trustworthiness is usually measured, and about as layouts use."""

_BLOCK = 2**24  # values read at once
_WORK = {"cpu": 4e11, "cuda": 4e13}  # multiplications: ten to twenty seconds on one core
_SORTING = 100  # multiplications that it takes as long as to see if a cosine is among the best


def neighbors_kept(
    activations: NDArray[np.floating],
    xy: NDArray[np.floating],
    samples: NDArray[np.integer] | None = None,
    *,
    neighbors: int = NEIGHBORS,
    device: torch.device | str = "cpu",
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> NDArray[np.float32]:
    """Return the share of samples' nearest neighbours that the layout keeps near.

    Parameters
    ----------
    activations : ndarray, (n, channels)
        Of all samples; read once, in blocks, so it may be memory-mapped.
    xy : ndarray, (n, 2)
        Their places.
    samples : ndarray of int, (m,), optional
        Whose neighbours to look at; by default all.
    neighbors : int
        How many neighbours: by cosine among activations, by distance on the map.
    device : torch.device or str
        Where to compute.
    progress, cancelled : callable, optional
        Called with (samples read, samples); asked before each block.

    Returns
    -------
    ndarray, (m,)
        From 0 to 1. Of `neighbors` random places ``neighbors / n`` would be right by chance.
    """
    count = len(activations)
    wanted = np.arange(count) if samples is None else np.asarray(samples, np.int64)
    most = min(neighbors, count - 1)
    if most < 1 or not len(wanted):
        return np.full(len(wanted), np.nan, np.float32)
    alike = _most_alike(activations, wanted, most, device, progress, cancelled)
    tree = cKDTree(np.asarray(xy, np.float64))
    _, near = tree.query(np.asarray(xy, np.float64)[wanted], most + 1)
    near = near.reshape(len(wanted), -1)
    # where samples coincide, the sample itself need not come first
    itself = near == wanted[:, None]
    itself[~itself.any(1), -1] = True
    near = near[~itself].reshape(len(wanted), most)
    kept: NDArray[np.float32] = (
        (alike[:, :, None] == near[:, None, :]).any(2).mean(1, dtype=np.float32)
    )
    return kept


def choose_samples(
    members: list[NDArray[np.int64]], count: int, channels: int, device: torch.device, seed: int = 0
) -> list[NDArray[np.int64]]:
    """Choose samples of each group to look at, as many as can be compared with all in seconds.

    Parameters
    ----------
    members : list of ndarray of int
        The samples of each group.
    count, channels : int
        Of the activations that each is compared with.
    device : torch.device
        Where that is done.
    seed : int

    Returns
    -------
    list of ndarray of int
        At least one of each group; all where they are few enough.
    """
    affordable = _WORK.get(device.type, _WORK["cpu"]) / max(1, count * (channels + _SORTING))
    if affordable >= sum(map(len, members)):
        return members
    random = np.random.default_rng(seed)
    most = max(1, int(affordable / max(1, len(members))))
    return [
        own if len(own) <= most else np.sort(random.choice(own, most, replace=False))
        for own in members
    ]


def _most_alike(
    activations: NDArray[np.floating],
    wanted: NDArray[np.int64],
    count: int,
    device: torch.device | str,
    progress: ProgressCallback | None,
    cancelled: CancelledCallback | None,
) -> NDArray[np.int64]:
    """Find the nearest others of some samples by cosine, exactly, in one pass over all."""

    def on_device(rows: NDArray[np.floating]) -> torch.Tensor:
        return torch.from_numpy(unit_vectors(rows).astype(np.float32)).to(device)

    order = np.argsort(wanted, kind="stable")
    asked = on_device(np.asarray(activations[wanted[order]]))
    itself = wanted[order]
    best = torch.full((len(wanted), count), -torch.inf, device=device)
    index = torch.zeros((len(wanted), count), dtype=torch.int64, device=device)
    size = max(1, _BLOCK // activations.shape[1])
    step = max(1, 2**25 // min(size, len(activations)))
    for start in range(0, len(activations), size):
        block = on_device(np.asarray(activations[start : start + size]))
        for first in range(0, len(wanted), step):
            check_cancelled(cancelled)
            rows = slice(first, first + step)
            cosine = asked[rows] @ block.T
            within = np.flatnonzero((itself[rows] >= start) & (itself[rows] < start + len(block)))
            cosine[within, itself[rows][within] - start] = -torch.inf
            value, place = cosine.topk(min(count, len(block)), dim=1)
            value = torch.cat([best[rows], value], 1)
            place = torch.cat([index[rows], place + start], 1)
            best[rows], chosen = value.topk(count, dim=1)
            index[rows] = place.gather(1, chosen)
        if progress is not None:
            progress(min(start + size, len(activations)), len(activations))
    found = np.empty((len(wanted), count), np.int64)
    found[order] = index.cpu().numpy()
    return found
