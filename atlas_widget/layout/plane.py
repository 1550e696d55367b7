"""Give samples places in a square such that similar activations lie close together."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.layout.neighbor_index import Activations, NeighborIndex, unit_directions
from atlas_widget.layout.others import OtherLayout
from atlas_widget.layout.placing import place_among
from atlas_widget.layout.principal import chosen_rows, principal_places
from atlas_widget.layout.process import umap_places
from atlas_widget.layout.spreading import spread
from atlas_widget.layout.umap_torch import fuzzy_graph, nearest_neighbors, optimize_layout
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

__all__ = ["FIT_SAMPLES", "default_neighbors", "quick_layout", "umap_layout"]

FIT_SAMPLES = 100_000
"""Maximum number of samples laid out by UMAP; others are placed among them."""

_EXACT = 20_000  # samples, up to which all are compared with all
_HASTE = 5000  # samples, up to which someone is probably waiting
_SHARES = (0.15, 0.65, 0.20)  # of the time: neighbours, UMAP, placing the others


def quick_layout(
    activations: NDArray[np.floating] | Activations, seed: int = 0
) -> NDArray[np.float32]:
    """Lay samples out by their two principal components: 4,000 in 20 ms, a million in seconds.

    Parameters
    ----------
    activations : array-like, shape (n, channels)
        The samples; read in blocks, so it may be memory-mapped.
    seed : int
        Parts samples that coincide.

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Places in [0, 1]; y grows downwards.
    """
    return spread(principal_places(activations, seed))


def umap_layout(
    activations: NDArray[np.floating] | Activations,
    *,
    seed: int = 0,
    neighbors: int | None = None,
    min_dist: float = 0.05,
    epochs: int | None = None,
    fit_samples: int = FIT_SAMPLES,
    other: OtherLayout | None = None,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
    device: torch.device | str = "cpu",
) -> NDArray[np.float32]:
    """Lay samples out by UMAP with cosine distances, starting from `quick_layout`'s arrangement.

    `lay_out` does the same and falls back to our own UMAP where umap-learn cannot be used.

    Of more than `fit_samples`, so many are chosen at random and laid out, and the others placed
    among their nearest of those, in batches (`place_among`): the time per sample falls, and memory
    holds the chosen ones alone, plus a few numbers a sample. On a GPU all of it runs there.

    Parameters
    ----------
    activations : array-like, shape (n, channels)
        The samples; read in blocks, so it may be memory-mapped, or anything that has a length and a
        `shape` and gives rows by slices and by arrays of indices. Zero vectors and duplicates do no
        harm.
    seed : int
        The same seed gives the same layout.
    neighbors : int, optional
        How many neighbours of a sample count; by default √n / 4, within 10 and 50 (the article has
        50 for a million). Never more than there are. Up to 20,000 samples they are exact, beyond
        that nearly so (`NeighborIndex`).
    min_dist : float
        How close UMAP lets neighbours come.
    epochs : int, optional
        By default 200 with umap-learn; with our own UMAP 300 up to 10,000 samples, 200 beyond.
    fit_samples : int
        How many samples UMAP itself lays out at most.
    other : OtherLayout, optional
        Lays these out in place of our own UMAP, from `other_layout`; the others are placed among
        them all the same. umap-learn gets our graph of neighbours and where samples begin.
        Other libraries are given `neighbors`, `min_dist`, cosine distances, seed and device, as
        far as they take them; epochs are their own, and there is no progress meanwhile. While an
        object lays out, `cancelled` is not asked.
    progress, cancelled : callable, optional
        Up to 20,000 samples called with (epochs done, epochs), beyond that with thousandths of all
        the work; asked before each epoch and batch.
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
    LayoutProcessError
        umap-learn cannot be imported, fails, or its process died.
    AtlasError
        `other` fails, or returns something else than places.
    Cancelled
        `cancelled` returned True.
    """
    start = principal_places(activations, seed, cancelled)
    rows = chosen_rows(len(activations), max(fit_samples, 3), seed)
    count = len(rows)
    wanted = neighbors if neighbors is not None else default_neighbors(count)
    wanted = min(max(wanted, 2), count - 1)
    if wanted < 2:
        return spread(start)
    few = len(activations) <= min(_EXACT, count)
    searching, moving, placing = (progress if few and part == 1 else None for part in range(3))
    if progress is not None and not few:
        searching, moving, placing = _parts(progress, placing=count < len(activations))
    units = unit_directions(activations, rows, device=device)
    all_chosen = count == len(activations)
    index = None
    ours = other is None or other.is_default  # what begins from the neighbours that we find
    if not few and (ours or not all_chosen):
        index = NeighborIndex(units, seed=seed, cancelled=cancelled)
    if ours:
        if index is None or count <= _EXACT:
            found = nearest_neighbors(units, wanted, progress=searching, cancelled=cancelled)
        else:
            found = index.search(
                units, wanted, themselves=True, progress=searching, cancelled=cancelled
            )
        graph = fuzzy_graph(*(tensor.cpu().numpy() for tensor in found))
        del found
    if other is None:
        xy = optimize_layout(
            graph,
            start[rows],
            epochs=epochs or (300 if count <= 10_000 else 200),
            min_dist=min_dist,
            seed=seed,
            parts=4 if count <= _HASTE else 8,
            device=device,
            progress=moving,
            cancelled=cancelled,
        )
    elif other.is_default:
        xy = umap_places(
            graph,
            start[rows],
            epochs=epochs or 200,
            min_dist=min_dist,
            seed=seed,
            progress=moving,
            cancelled=cancelled,
        )
    else:
        check_cancelled(cancelled)
        xy = other.places(
            units,
            neighbors=wanted,
            min_dist=min_dist,
            seed=seed,
            device=device,
            cancelled=cancelled,
        )
        check_cancelled(cancelled)
        if moving is not None:
            moving(1, 1)
    if index is not None and not all_chosen:
        xy = place_among(
            activations,
            rows,
            xy,
            index,
            forces=other is None or other.is_umap,
            min_dist=min_dist,
            seed=seed,
            device=device,
            progress=placing,
            cancelled=cancelled,
        )
    return spread(xy)


def default_neighbors(count: int) -> int:
    """Return how many neighbours of a sample count where nobody says: √n / 4, within 10 and 50."""
    return int(np.clip(count**0.5 / 4, 10, 50))


def _parts(
    progress: ProgressCallback, *, placing: bool
) -> tuple[ProgressCallback, ProgressCallback, ProgressCallback]:
    """Return progress of each part of the work, told on as thousandths of all of it."""
    shares = _SHARES if placing else (*_SHARES[:2], 0.0)
    ends = np.cumsum([0.0, *shares]) / sum(shares)

    def part(low: float, high: float) -> ProgressCallback:
        def tell(done: int, total: int) -> None:
            progress(round(1000 * (low + (high - low) * done / max(total, 1))), 1000)

        return tell

    first, second, third = (part(low, high) for low, high in pairwise(ends))
    return first, second, third
