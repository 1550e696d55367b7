"""UMAP (McInnes, Healy, Melville 2018) on PyTorch: the graph of neighbours and its layout in 2-D.

The same algorithm as umap-learn's, moving many edges at once instead of one after the other;
``benchmarks/layout.py`` compares both. umap-learn lays out by default. This is
``layout_method="umap-torch"``, which runs on a GPU as well and needs nothing compiled: it stands in
where umap-learn cannot be used, lays out class atlases, which are wanted at once, and lines, and
places samples among those that are laid out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from atlas_widget.layout.forces import Forces, NegativeSamples
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

__all__ = ["embed_new", "fuzzy_graph", "memberships", "nearest_neighbors", "optimize_layout"]

_BISECTIONS = 64
_PARTS = 4
"""An epoch's edges move in so many parts: moved all at once they overshoot (of 4,000 samples, at
500 epochs: trustworthiness 0.9134 with four parts, 0.9138 with eight, 0.9142 with sixteen)."""


def nearest_neighbors(
    units: Tensor,
    count: int,
    *,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> tuple[Tensor, Tensor]:
    """Find each sample's `count` nearest others by cosine distance, exactly.

    Parameters
    ----------
    units : Tensor, shape (n, channels)
        From `unit_directions`.
    count : int
        Below n.
    progress, cancelled : callable, optional
        Called with (done, n); asked in between.

    Returns
    -------
    indices, distances : Tensor, shape (n, count)
        Nearest first.
    """
    block = max(1, 2**24 // len(units))
    indices, distances = [], []
    for start in range(0, len(units), block):
        check_cancelled(cancelled)
        cosine = units[start : start + block] @ units.T
        rows = torch.arange(len(cosine), device=cosine.device)
        cosine[rows, rows + start] = -torch.inf
        best, index = cosine.topk(count, dim=1)
        indices.append(index)
        distances.append((1.0 - best).clamp_min_(0.0))
        if progress is not None:
            progress(start + len(cosine), len(units))
    return torch.cat(indices), torch.cat(distances)


def fuzzy_graph(indices: NDArray[np.int64], distances: NDArray[np.float32]) -> sparse.coo_matrix:
    """Make of neighbours and their `memberships` a symmetric graph of weights in (0, 1].

    An edge's weight is that of "either end says so".
    """
    n, count = distances.shape
    rows = np.repeat(np.arange(n), count)
    weights = memberships(distances).ravel()
    graph = sparse.coo_matrix((weights, (rows, indices.ravel())), shape=(n, n)).tocsr()
    transposed = graph.T.tocsr()
    return (graph + transposed - graph.multiply(transposed)).tocoo()


def memberships(distances: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how much each neighbour counts, in (0, 1].

    Around each sample distances are measured from its nearest neighbour, in units chosen such that
    the weights add up to log2 of their number.

    Parameters
    ----------
    distances : ndarray, shape (n, neighbours)
    """
    n, count = distances.shape
    own = np.where(distances > 0, distances, np.inf).min(axis=1)
    own[~np.isfinite(own)] = 0.0
    beyond = np.maximum(distances - own[:, None], 0.0).astype(np.float64)
    target = np.log2(count + 1)
    low, high, unit = np.zeros(n), np.full(n, np.inf), np.ones(n)
    for _ in range(_BISECTIONS):
        too_much = np.exp(-beyond / unit[:, None]).sum(axis=1) > target
        high = np.where(too_much, unit, high)
        low = np.where(too_much, low, unit)
        unit = np.where(np.isinf(high), unit * 2.0, (low + high) / 2.0)
    mean = float(distances.mean())
    floor = np.where(own > 0, distances.mean(axis=1), mean)
    unit = np.maximum(unit, np.maximum(1e-3 * floor, 1e-12))
    weights: NDArray[np.float64] = np.exp(-beyond / unit[:, None])
    return weights


def optimize_layout(
    graph: sparse.coo_matrix,
    start: NDArray[np.float32],
    *,
    epochs: int,
    min_dist: float,
    seed: int,
    parts: int = _PARTS,
    springs: NDArray[np.floating] | None = None,
    device: torch.device | str = "cpu",
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> NDArray[np.float32]:
    """Move samples such that neighbours lie close and others apart.

    An edge pulls its ends together as often as its weight says, and each time five samples drawn at
    random push one end away, by steps that shrink to nothing over the epochs.

    Parameters
    ----------
    graph : sparse matrix
        From `fuzzy_graph`.
    start : ndarray, shape (n, 2)
        Where the samples are to begin with, within about 10 of the origin.
    epochs : int
        How often the strongest edges pull.
    min_dist : float
        How close neighbours may come.
    seed : int
        Determines the result, on one kind of machine.
    parts : int
        In how many parts an epoch's edges are moved: more are better, and slower where samples are
        few.
    springs : ndarray, shape (n,), optional
        How strongly each sample is drawn back to where it began: which part of the way an epoch
        goes at first, from 0 to 1, less as steps shrink.
    """
    forces = Forces.of(min_dist)
    generator = torch.Generator(device=device).manual_seed(seed)
    strongest = graph.data.max()
    kept = graph.data >= strongest / epochs
    order = torch.randperm(int(kept.sum()), generator=generator, device=device)
    heads = torch.as_tensor(graph.row[kept], dtype=torch.int64, device=device)[order]
    tails = torch.as_tensor(graph.col[kept], dtype=torch.int64, device=device)[order]
    often = torch.as_tensor(graph.data[kept] / strongest, dtype=torch.float32, device=device)[order]
    x, y = torch.as_tensor(start, dtype=torch.float32, device=device).unbind(1)
    x, y = x.clone(), y.clone()
    due = torch.zeros_like(often)
    back = None
    if springs is not None:
        back = torch.as_tensor(springs, dtype=torch.float32, device=device)
        start_x, start_y = x.clone(), y.clone()
    rows = iter(NegativeSamples.draw(len(x), epochs * parts, seed))
    for epoch in range(epochs):
        check_cancelled(cancelled)
        due += often
        now = due >= 1.0
        due.frac_()
        # they are in random order: each in a row is a random part, and quicker to read
        for edges in now.nonzero().squeeze(1).tensor_split(parts):
            _move(x, y, heads[edges], tails[edges], forces, 1.0 - epoch / epochs, next(rows))
        if back is not None:
            part = back * (1.0 - epoch / epochs)
            x.add_(part * (start_x - x))
            y.add_(part * (start_y - y))
        if progress is not None:
            progress(epoch + 1, epochs)
    return torch.stack([x, y], dim=1).cpu().numpy()


def embed_new(
    xy: NDArray[np.float32],
    weights: NDArray[np.float64],
    neighbors: NDArray[np.int64],
    placed: NDArray[np.float32],
    *,
    epochs: int,
    rate: float,
    min_dist: float,
    seed: int,
    device: torch.device | str = "cpu",
    cancelled: CancelledCallback | None = None,
) -> NDArray[np.float32]:
    """Move new samples among placed ones, which stay where they are.

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
        Where the new ones begin.
    weights : ndarray, shape (n, neighbours)
        Their `memberships`.
    neighbors : ndarray of int64, shape (n, neighbours)
        Which placed samples are their neighbours.
    placed : ndarray, shape (m, 2)
        From `optimize_layout`.
    epochs, rate
        How often the strongest edges pull, and how far at first, as part of a whole step.
    min_dist, seed, device, cancelled
        See `optimize_layout`.
    """
    forces = Forces.of(min_dist)
    generator = torch.Generator(device=device).manual_seed(seed)
    x, y = torch.as_tensor(xy, dtype=torch.float32, device=device).unbind(1)
    x, y = x.clone(), y.clone()
    there_x, there_y = torch.as_tensor(placed, dtype=torch.float32, device=device).unbind(1)
    there_x, there_y = there_x.contiguous(), there_y.contiguous()
    often = torch.as_tensor(weights / weights.max(), dtype=torch.float32, device=device).flatten()
    tails = torch.as_tensor(neighbors, device=device).flatten()
    due = torch.rand(len(often), generator=generator, device=device)
    mixed = torch.randperm(len(placed), generator=generator, device=device)
    negatives = NegativeSamples(there_x[mixed], there_y[mixed], len(often))
    rows = NegativeSamples.draw(len(placed), epochs, seed)
    for epoch in range(epochs):
        check_cancelled(cancelled)
        due += often
        active = (due >= 1.0).nonzero().squeeze(1)
        due[active] -= 1.0
        heads, ends = active // weights.shape[1], tails[active]
        head_x, head_y = x[heads], y[heads]
        pull_x, pull_y = forces.pull(head_x - there_x[ends], head_y - there_y[ends])
        push_x, push_y = forces.push(head_x, head_y, negatives, rows[epoch])
        now = rate * (1.0 - epoch / epochs)
        x.index_add_(0, heads, pull_x.add_(push_x), alpha=now)
        y.index_add_(0, heads, pull_y.add_(push_y), alpha=now)
    return torch.stack([x, y], dim=1).cpu().numpy()


def _move(
    x: Tensor,
    y: Tensor,
    heads: Tensor,
    tails: Tensor,
    forces: Forces,
    rate: float,
    rows: Sequence[int],
) -> None:
    """Let these edges pull both ends, and random samples push their heads."""
    head_x, head_y = x[heads], y[heads]
    pull_x, pull_y = forces.pull(head_x - x[tails], head_y - y[tails])
    push_x, push_y = forces.push(head_x, head_y, NegativeSamples(x, y, len(heads)), rows)
    x.index_add_(0, tails, pull_x, alpha=-rate).index_add_(
        0, heads, push_x.add_(pull_x), alpha=rate
    )
    y.index_add_(0, tails, pull_y, alpha=-rate).index_add_(
        0, heads, push_y.add_(pull_y), alpha=rate
    )
