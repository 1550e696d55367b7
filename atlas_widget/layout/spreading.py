"""Spreading of places of any scale and density over a rectangle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["HEIGHT", "spread"]

HEIGHT = 0.5
"""Height of a layout as a share of its width: an output cell is about twice as wide as high."""

_GOLDEN = (5**0.5 - 1) / 2
_MARGIN = 0.005


def spread(
    xy: NDArray[np.floating], steps: int = 28, strength: float = 0.25, height: float = HEIGHT
) -> NDArray[np.float32]:
    """Spread places over a rectangle, so that empty gaps shrink and crowds get room.

    UMAP's distances across gaps and its densities mean little, yet would leave most of the map
    empty. In each step all samples move along one direction, part of the way from where they are to
    where as many samples of an evenly filled rectangle would lie on the same side. Along a
    direction their order never changes, so nothing folds over and neighbours stay neighbours.

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
        Places of any scale.
    steps : int
        How many directions; more fill the rectangle more evenly.
    strength : float
        Part of the way to go in each step, below 1.
    height : float
        Height of the rectangle as a share of its width, in (0, 1]. It lies in the middle of the
        unit square, whose grids have square cells: the shape of the map is that of what shows it.

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Places in [0, 1], y within `height` about 0.5.
    """
    if len(xy) == 0:
        return np.zeros((0, 2), np.float32)
    low, high = np.percentile(xy, [1, 99], axis=0)
    sides = np.array([1.0, height])
    places = (np.asarray(xy, np.float64) - (low + high) / 2) / np.maximum(high - low, 1e-9)
    places *= sides
    quantiles = (np.arange(len(xy)) + 0.5) / len(xy)
    for step in range(steps):
        angle = np.pi * ((step * _GOLDEN) % 1.0)
        direction = np.array([np.cos(angle), np.sin(angle)])
        along = places @ direction
        even = _projected_quantiles(quantiles, direction * sides)
        order = np.argsort(along, kind="stable")
        inline = along[order]
        # samples in the same place stay there together
        group = np.concatenate([[0], np.cumsum(inline[1:] != inline[:-1])])
        goal = np.bincount(group, even) / np.bincount(group)
        move = np.empty_like(along)
        move[order] = strength * (goal[group] - inline)
        places += move[:, None] * direction
    low, high = places.min(axis=0), places.max(axis=0)
    extent = high - low
    # what lies on a line or a point goes into the middle of the other axis
    flat = extent < 1e-9
    unit = np.where(flat, 0.5, (places - low) / np.where(flat, 1.0, extent))
    return (0.5 + sides * (1 - 2 * _MARGIN) * (unit - 0.5)).astype(np.float32)


def _projected_quantiles(
    quantiles: NDArray[np.float64], sides: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quantiles of an evenly filled rectangle about the origin, projected on a direction.

    `sides` are its sides, each projected. The projection's density is a trapezoid: it rises over
    the shorter one's length, is level, and falls again.
    """
    short, long = np.sort(np.abs(sides))
    end = (short + long) / 2
    corner = short / (2 * long)
    rising = -end + np.sqrt(2 * short * long * np.minimum(quantiles, corner))
    falling = end - np.sqrt(2 * short * long * np.minimum(1 - quantiles, corner))
    level = -end + short / 2 + long * quantiles
    level = np.where(quantiles > 1 - corner, falling, level)
    result: NDArray[np.float64] = np.where(quantiles < corner, rising, level)
    return result
