"""A map of a layer's units: those that are active together lie side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from atlas_widget.layout import quick_layout, spread, umap_layout
from atlas_widget.progress import CancelledCallback

__all__ = ["UnitMap", "map_units"]

_ASPECT = 1.6  # columns for each row: screens are wider than high
_MIN_UNITS = 16  # units that UMAP is of use for
_NEIGHBORS = 10
_MAX_DIMENSIONS = 256
_TOLERANCE = 1e-6  # deviation, as a share of the largest value, below which a unit never changes


@dataclass(frozen=True)
class UnitMap:
    """Places of units in a rectangle of slots; see :func:`map_units`.

    Attributes
    ----------
    rows, columns
        Of the rectangle.
    slots
        The slot of each unit, ``row * columns + column``; -1 for units that never change.
    adjacent, overall
        Mean correlation of units in adjacent slots (left, right, above, below), and of all pairs;
        NaN where there are none.
    """

    rows: int
    columns: int
    slots: npt.NDArray[np.int64]
    adjacent: float
    overall: float


def map_units(
    values: npt.NDArray[np.floating],
    *,
    seed: int = 0,
    cancelled: CancelledCallback | None = None,
) -> UnitMap:
    """Arrange units so that those whose activations correlate lie side by side.

    UMAP (McInnes et al., 2018) with the distance 1 − r, and then the assignment of units to slots
    of a full rectangle with the least sum of squared distances. As in any map of many dimensions,
    neighbours are alike more often than others, and some that are alike lie apart: what
    `adjacent` is above `overall` says how far it got.

    Parameters
    ----------
    values
        The activation of each unit for the same samples, (units, samples).
    seed
        The same seed gives the same map.
    cancelled
        Asked now and then; once it returns True, `Cancelled` is raised.
    """
    from scipy.optimize import linear_sum_assignment

    centred = np.asarray(values, np.float32) - values.mean(1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1)
    largest = np.abs(values).max(1, initial=0)
    alive = np.flatnonzero(lengths > _TOLERANCE * largest * np.sqrt(values.shape[1]))
    slots = np.full(len(values), -1, np.int64)
    count = len(alive)
    if not count:
        return UnitMap(0, 0, slots, float("nan"), float("nan"))
    rows_of_r = centred[alive] / lengths[alive, None]
    columns = int(np.ceil(np.sqrt(count * _ASPECT)))
    rows = -(-count // columns)
    r = rows_of_r @ rows_of_r.T
    vectors = _vectors_of(r)
    if count < _MIN_UNITS:
        places = quick_layout(vectors, seed)
    else:
        places = umap_layout(vectors, seed=seed, neighbors=_NEIGHBORS, cancelled=cancelled)
    x, y = spread(places, height=1.0).T
    at_row, at_column = np.divmod(np.arange(rows * columns), columns)
    across = (x[:, None] - (at_column + 0.5) / columns) * columns
    down = (y[:, None] - (at_row + 0.5) / rows) * rows
    chosen, slot = linear_sum_assignment(across**2 + down**2)
    slots[alive[chosen]] = slot
    return UnitMap(rows, columns, slots, *_correlations(r, slots[alive], columns))


def _vectors_of(r: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a vector for each unit, whose cosines are the correlations.

    They have far fewer dimensions than there are samples; of many, the strongest are kept.
    """
    strengths, axes = np.linalg.eigh(np.asarray(r, np.float64))
    kept = slice(-min(_MAX_DIMENSIONS, len(strengths)), None)
    return np.asarray(axes[:, kept] * np.sqrt(np.maximum(strengths[kept], 0)), np.float32)


def _correlations(
    r: npt.NDArray[np.float32], slots: npt.NDArray[np.int64], columns: int
) -> tuple[float, float]:
    """Return the mean correlation of units in adjacent slots, and of all pairs."""
    if len(slots) < 2:
        return float("nan"), float("nan")
    row, column = np.divmod(slots, columns)
    apart = np.abs(row[:, None] - row) + np.abs(column[:, None] - column)
    adjacent = r[apart == 1]
    others = r[apart > 0]
    near = float(adjacent.mean()) if len(adjacent) else float("nan")
    return near, float(others.mean())
