"""Nearest neighbours in other images, and what two sets of neighbourhoods have in common."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas_widget.layout.neighbor_index import unit_directions
from atlas_widget.progress import CancelledCallback, check_cancelled

__all__ = [
    "chance_of",
    "kept_shares",
    "map_neighbors",
    "nearest_elsewhere",
    "rank_penalties",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_BLOCK = 2**23  # similarities at a time


def nearest_elsewhere(
    activations: NDArray[np.floating],
    images: Ints,
    count: int,
    *,
    device: torch.device | str = "cpu",
    cancelled: CancelledCallback | None = None,
) -> Ints:
    """Return each sample's nearest neighbours by cosine among the samples of other images.

    Positions of one image share much of what they see; as neighbours they would make any two
    networks agree.

    Parameters
    ----------
    activations
        (n, channels).
    images
        Number of the image of each sample, (n,).
    count
        How many neighbours; at least so many samples must be of other images.
    device, cancelled
        Where to compute; asked before each block.

    Returns
    -------
    ndarray of int64, shape (n, count)
        Nearest first.
    """
    units = unit_directions(activations, device=device)
    own = torch.as_tensor(images, device=device)
    found = []
    for rows in _blocks(len(units)):
        check_cancelled(cancelled)
        found.append(_elsewhere(units[rows] @ units.T, own, rows).topk(count, dim=1).indices)
    return torch.cat(found).cpu().numpy()


def map_neighbors(
    xy: NDArray[np.floating],
    images: Ints,
    count: int,
    *,
    device: torch.device | str = "cpu",
    cancelled: CancelledCallback | None = None,
) -> Ints:
    """Return each sample's nearest neighbours on a map among the samples of other images.

    Parameters
    ----------
    xy
        Places, (n, 2).
    images, count, device, cancelled
        As of `nearest_elsewhere`.

    Returns
    -------
    ndarray of int64, shape (n, count)
        Nearest first.
    """
    places = torch.as_tensor(np.array(xy, np.float64), device=device)
    own = torch.as_tensor(images, device=device)
    found = []
    for rows in _blocks(len(places)):
        check_cancelled(cancelled)
        x, y = places.unbind(1)
        square = (x[rows, None] - x) ** 2 + (y[rows, None] - y) ** 2
        found.append(_elsewhere(-square, own, rows).topk(count, dim=1).indices)
    return torch.cat(found).cpu().numpy()


def rank_penalties(
    activations: NDArray[np.floating],
    near_on_map: Ints,
    images: Ints,
    *,
    device: torch.device | str = "cpu",
    cancelled: CancelledCallback | None = None,
) -> Floats:
    """Return the part of trustworthiness that each sample's neighbours on the map cost.

    Trustworthiness (Venna and Kaski, 2001) is 1 minus their mean. Each neighbour on the map that is
    not one among the activations counts by its rank there, and random places cost about one half.
    Samples of the same image are no neighbours here.

    Parameters
    ----------
    activations
        (n, channels).
    near_on_map
        From `map_neighbors`, (n, k).
    images, device, cancelled
        As of `nearest_elsewhere`.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    units = unit_directions(activations, device=device)
    own = torch.as_tensor(images, device=device)
    near = torch.as_tensor(near_on_map, device=device)
    count = near.shape[1]
    candidates = _candidates(images)
    beyond = np.empty(len(units))
    for rows in _blocks(len(units)):
        check_cancelled(cancelled)
        cosine = _elsewhere(units[rows] @ units.T, own, rows)
        theirs = cosine.gather(1, near[rows])
        ranks = torch.stack([(cosine > theirs[:, [k]]).sum(1) + 1 for k in range(count)], dim=1)
        beyond[rows] = (ranks - count).clamp_min(0).sum(1).cpu().numpy()
    # the most that `count` neighbours can cost among so many candidates
    worst = count * (2 * candidates - 3 * count + 1) / 2
    penalties: Floats = beyond / np.maximum(worst, 1.0)
    return penalties


def kept_shares(first: Ints, other: Ints) -> Floats:
    """Return which share of each sample's neighbours is the same in both, (n,), from 0 to 1."""
    same = np.zeros(first.shape, np.bool_)
    for column in other.T:
        same |= first == column[:, None]
    shares: Floats = same.mean(1)
    return shares


def chance_of(images: Ints, count: int) -> Floats:
    """Return the share of `count` neighbours that unrelated layers have in common, (n,)."""
    chances: Floats = count / _candidates(images)
    return chances


def _candidates(images: Ints) -> Ints:
    """Return how many samples of other images each sample has."""
    _, number, sizes = np.unique(images, return_inverse=True, return_counts=True)
    return np.asarray(len(images) - sizes[number.reshape(-1)], np.int64)


def _blocks(count: int) -> list[slice]:
    size = max(1, _BLOCK // max(count, 1))
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _elsewhere(similarity: Tensor, images: Tensor, rows: slice) -> Tensor:
    """Put what is of the same image behind everything else."""
    return similarity.masked_fill_(images[rows, None] == images[None], -torch.inf)
