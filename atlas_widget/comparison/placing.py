"""Places of one layer's samples beside those of another: springs, a fit of maps, displacement."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.layout import anchored_layout, spread
from atlas_widget.progress import CancelledCallback, ProgressCallback

__all__ = ["SPRING", "displacement", "fit_onto", "place_beside", "springs_of"]

Floats = NDArray[np.float64]

SPRING = 1.0
"""Strength of springs. On the demo's pairs of layers and networks maps are then at least as
trustworthy as layouts from scratch; 3 costs up to 0.004 of trustworthiness, 10 up to 0.017
(benchmarks/compare.py)."""


def springs_of(kept: Floats, chances: Floats, strength: float) -> Floats:
    """Return how strongly each sample is held: by what its neighbourhoods have in common.

    Parameters
    ----------
    kept
        Share of each sample's neighbours that is the same in both layers, (n,).
    chances
        The share that unrelated layers have in common, (n,).
    strength
        What the Jaccard index of the two sets of neighbours, less what is due to chance, is
        multiplied by. The same spring for all would make any two maps look alike.
    """
    beyond = np.clip((kept - chances) / np.maximum(1 - chances, 1e-9), 0, 1)
    springs: Floats = np.clip(strength * beyond / (2 - beyond), 0, 1)
    return springs


def place_beside(
    activations: NDArray[np.floating],
    start: NDArray[np.floating],
    springs: Floats,
    *,
    seed: int = 0,
    neighbors: int | None = None,
    device: torch.device | str = "cpu",
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> NDArray[np.float32]:
    """Lay a layer's samples out beside another layer's map.

    The layout begins at the other map's places; `springs` hold the samples there. Then it is
    rotated, reflected, scaled and shifted as the better held half of the samples fits best, and
    spread over the square as every layout is.

    Parameters
    ----------
    activations
        (n, channels).
    start
        Places of the same samples on the other map, (n, 2).
    springs
        From `springs_of`, (n,).
    seed, neighbors, device, progress, cancelled
        See `anchored_layout`.

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Places in [0, 1].
    """
    laid_out = anchored_layout(
        activations,
        start,
        springs,
        seed=seed,
        neighbors=neighbors,
        device=device,
        progress=progress,
        cancelled=cancelled,
    )
    return spread(fit_onto(laid_out, start, springs >= np.median(springs)))


def fit_onto(
    xy: NDArray[np.floating], onto: NDArray[np.floating], by: NDArray[np.bool_] | None = None
) -> Floats:
    """Rotate, reflect, scale and shift places such that they come to lie nearest to others.

    Parameters
    ----------
    xy, onto
        Places of the same samples on two maps, (n, 2).
    by
        Which samples the fit is made by; by default all.

    Returns
    -------
    ndarray of float64, shape (n, 2)
    """
    chosen = np.ones(len(xy), np.bool_) if by is None else by
    mine, theirs = np.asarray(xy, np.float64), np.asarray(onto, np.float64)
    middle, goal = mine[chosen].mean(0), theirs[chosen].mean(0)
    about, towards = mine[chosen] - middle, theirs[chosen] - goal
    left, sizes, right = np.linalg.svd(about.T @ towards)
    extent = float((about**2).sum())
    scale = float(sizes.sum()) / extent if extent > 0 and sizes.sum() > 0 else 1.0
    fitted: Floats = (mine - middle) @ (left @ right) * scale + goal
    return fitted


def displacement(xy: NDArray[np.floating], onto: NDArray[np.floating]) -> Floats:
    """Return how far each sample is from its place on another map, in that map's radii.

    The radius is the root mean square distance from the middle: two maps that have nothing to do
    with each other are about 1 apart in the median.
    """
    theirs = np.asarray(onto, np.float64)
    radius = np.sqrt(((theirs - theirs.mean(0)) ** 2).sum(1).mean())
    moved: Floats = np.linalg.norm(np.asarray(xy, np.float64) - theirs, axis=1)
    return moved / max(float(radius), 1e-12)
