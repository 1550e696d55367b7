"""Find nearest neighbours among many samples, nearly all of them, in a fraction of the time.

Samples are put into lists by the nearest of about √n centres (spherical k-means); a search looks
into the lists of the few centres nearest to what it is for. This is the "inverted file" of Sivic
and Zisserman (2003), as in Faiss (Johnson, Douze, Jégou 2017). All of it is products of matrices:
it is reproducible, runs on a GPU, needs no compiler at its first call (pynndescent, which finds
more in as much time, took 85 s for that), and can be stopped.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

__all__ = ["Activations", "NeighborIndex", "unit_directions"]

_ROUNDS = 6  # of k-means; more than that hardly change what is found
_TRAINING = 32  # samples per centre
_BATCH = 8192  # samples that are looked for at a time


def unit_directions(
    activations: NDArray[np.floating] | Activations,
    rows: NDArray[np.int64] | None = None,
    *,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Return activations as vectors of length 1, with one more channel for zero vectors alone.

    Zero vectors, which have no direction, are thus each other's neighbours and far from all others.

    Parameters
    ----------
    activations : array-like, shape (n, channels)
        Read in blocks.
    rows : ndarray of int64, optional
        Which of them, in ascending order; by default all.
    device : torch.device or str
        Where to put them.

    Returns
    -------
    Tensor of float32, shape (n or len(rows), channels + 1)
    """
    count = len(activations) if rows is None else len(rows)
    units = torch.empty(count, activations.shape[1] + 1, device=device)
    for start in range(0, count, _BATCH):
        part = slice(start, start + _BATCH) if rows is None else rows[start : start + _BATCH]
        block = torch.as_tensor(np.asarray(activations[part]), dtype=torch.float32, device=device)
        # by the largest value first, since squares of very large or small ones leave float32
        largest = block.abs().amax(dim=1, keepdim=True)
        scaled = block / torch.where(largest > 0, largest, 1.0)
        into = units[start : start + len(block)]
        into[:, :-1] = scaled / scaled.norm(dim=1, keepdim=True).clamp_min(1.0)
        into[:, -1:] = largest == 0
    return units


class Activations(Protocol):
    """Interface of activations for layouts: an array, memory-mapped, or of many shards."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, channels)."""

    def __len__(self) -> int:
        """Return n."""

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> Any:
        """Return some rows, of any kind of floating point numbers."""


class NeighborIndex:
    """Samples, sorted such that those nearest to a direction are soon found.

    Parameters
    ----------
    units : Tensor, shape (n, channels)
        From `unit_directions`.
    seed : int
        Chooses where k-means begins.
    cancelled : callable, optional
        Asked now and then; once it returns True, `Cancelled` is raised.
    """

    def __init__(
        self, units: Tensor, *, seed: int = 0, cancelled: CancelledCallback | None = None
    ) -> None:
        self._units = units
        lists = max(1, round(len(units) ** 0.5))
        self._centres = _centres(units, lists, seed, cancelled)
        nearest = self._nearest_centres(units, 1, cancelled).squeeze(1)
        self._order = nearest.argsort(stable=True)
        sizes = torch.bincount(nearest, minlength=len(self._centres))
        self._ends = sizes.cumsum(0).tolist()

    def __len__(self) -> int:
        return len(self._units)

    def search(
        self,
        units: Tensor,
        count: int,
        *,
        probes: int = 16,
        themselves: bool = False,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Find the `count` samples nearest to each direction, by cosine distance.

        Parameters
        ----------
        units : Tensor, shape (m, channels)
            From `unit_directions`.
        count : int
            How many; fewer than there are samples.
        probes : int
            Into how many lists to look: of 100,000 activations' 50 nearest, 16 find 94 of 100 and 8
            find 87.
        themselves : bool
            Whether `units` are the samples themselves, which are not their own neighbours.
        progress, cancelled : callable, optional
            Called with (done, m) after each batch; asked before each one.

        Returns
        -------
        indices : Tensor of int64, shape (m, count)
            Nearest first.
        distances : Tensor, shape (m, count)
            1 - cosine.
        """
        indices, distances = [], []
        for start in range(0, len(units), _BATCH):
            check_cancelled(cancelled)
            batch = units[start : start + _BATCH]
            own = torch.arange(start, start + len(batch), device=units.device)
            index, cosine = self._search(batch, count, probes, own if themselves else None)
            indices.append(index)
            distances.append((1.0 - cosine).clamp_min_(0.0))
            if progress is not None:
                progress(min(start + _BATCH, len(units)), len(units))
        return torch.cat(indices), torch.cat(distances)

    def _search(
        self, units: Tensor, count: int, probes: int, own: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Look for one batch, list by list: whoever looks into a list does so at once."""
        probes = min(probes, len(self._centres))
        lists = self._nearest_centres(units, probes, None)
        best = units.new_full((len(units), probes, count), -torch.inf)
        where = torch.zeros(best.shape, dtype=torch.int64, device=units.device)
        looked = lists.flatten()
        askers = looked.argsort(stable=True)
        ends = torch.bincount(looked, minlength=len(self._centres)).cumsum(0).tolist()
        for number, end in enumerate(ends):
            asking = askers[(ends[number - 1] if number else 0) : end]
            members = self._members(number)
            if not len(asking) or not len(members):
                continue
            rows, slots = asking // probes, asking % probes
            cosine = units[rows] @ self._units[members].T
            if own is not None:
                cosine.masked_fill_(own[rows, None] == members, -torch.inf)
            values, at = cosine.topk(min(count, len(members)), dim=1, sorted=False)
            best[rows, slots, : at.shape[1]] = values
            where[rows, slots, : at.shape[1]] = members[at]
        values, at = best.flatten(1).topk(count, dim=1)
        found = where.flatten(1).gather(1, at)
        lacking = torch.isinf(values).any(dim=1).nonzero().squeeze(1)
        if len(lacking):  # their lists were too short: all samples are looked at
            found[lacking], values[lacking] = self._exact(units, lacking, count, own)
        return found, values

    def _exact(
        self, units: Tensor, rows: Tensor, count: int, own: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        found, values = [], []
        for part in torch.split(rows, max(1, 2**24 // len(self))):
            cosine = units[part] @ self._units.T
            if own is not None:
                cosine[torch.arange(len(part), device=cosine.device), own[part]] = -torch.inf
            best, at = cosine.topk(count, dim=1)
            found.append(at)
            values.append(best)
        return torch.cat(found), torch.cat(values)

    def _members(self, number: int) -> Tensor:
        return self._order[(self._ends[number - 1] if number else 0) : self._ends[number]]

    def _nearest_centres(
        self, units: Tensor, count: int, cancelled: CancelledCallback | None
    ) -> Tensor:
        nearest = []
        for part in torch.split(units, _BATCH):
            check_cancelled(cancelled)
            nearest.append((part @ self._centres.T).topk(count, dim=1).indices)
        return torch.cat(nearest)


def _centres(units: Tensor, count: int, seed: int, cancelled: CancelledCallback | None) -> Tensor:
    """Return unit vectors such that every sample has one near it."""
    chosen: NDArray[np.int64] = np.random.default_rng(seed).permutation(len(units))
    training = units[torch.from_numpy(chosen[: count * _TRAINING]).to(units.device)]
    centres = training[:count].clone()
    for _ in range(_ROUNDS):
        sums = torch.zeros_like(centres)
        for part in torch.split(training, _BATCH):
            check_cancelled(cancelled)
            sums.index_add_(0, (part @ centres.T).argmax(dim=1), part)
        lengths = sums.norm(dim=1, keepdim=True)
        centres = torch.where(lengths > 0, sums / lengths.clamp_min(1e-12), centres)
    return centres
