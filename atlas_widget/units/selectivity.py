"""Class selectivity of units, with intervals by image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

__all__ = ["selectivity"]

_FLOAT = npt.NDArray[np.float64]


def selectivity(
    values: npt.NDArray[np.floating],
    class_of: npt.NDArray[np.int64],
    *,
    resamples: int = 200,
    seed: int = 0,
) -> tuple[_FLOAT, _FLOAT, _FLOAT, npt.NDArray[np.int64]]:
    """Return each unit's class selectivity, its interval, and its best class.

    (μ_best − μ_rest) / (μ_best + μ_rest), where μ_best is the largest mean of a class and μ_rest
    the mean of the other classes' means (Morcos et al., "On the importance of single directions for
    generalization", ICLR 2018).

    Parameters
    ----------
    values
        A number ≥ 0 of each image for each unit, (images, units).
    class_of
        The class of each image, -1 for none, (images,).
    resamples
        Number of bootstrap samples of images, drawn within each class; 0: there is no interval.
    seed
        Seed of these.

    Returns
    -------
    selectivity, low, high, best
        Each (units,): NaN and -1 for units that are 0 everywhere, and with fewer than two classes.
        The interval is the 2.5 to 97.5 % quantiles for the class that is best over all images.
    """
    labelled = class_of >= 0
    values, class_of = np.asarray(values, np.float64)[labelled], class_of[labelled]
    units = values.shape[1]
    present, number = np.unique(class_of, return_inverse=True)
    missing = np.full(units, np.nan)
    if len(present) < 2:
        return missing, missing, missing, np.full(units, -1)
    means = _class_means(values, number, len(present), np.ones(len(values)))
    best = means.argmax(0)
    point = _index(means, best)
    alive = ~np.isnan(point)
    found = np.where(alive, present[best], -1)
    if not resamples:
        return point, missing, missing, found
    rng = np.random.default_rng(seed)
    drawn = np.stack(
        [_index(_class_means(values, number, len(present), _draw(rng, number)), best)
         for _ in range(resamples)]
    )  # fmt: skip
    low, high = missing.copy(), missing.copy()
    if alive.any():
        low[alive], high[alive] = np.nanquantile(drawn[:, alive], [0.025, 0.975], axis=0)
    return point, low, high, found


def _class_means(
    values: _FLOAT, number: npt.NDArray[np.intp], classes: int, weights: _FLOAT
) -> _FLOAT:
    """Return the weighted mean of each class for each unit, (classes, units)."""
    matrix = sparse.csr_matrix(
        (weights, (number, np.arange(len(number)))), (classes, len(number)), dtype=np.float64
    )
    totals: _FLOAT = np.asarray(matrix @ values)
    counts: _FLOAT = np.maximum(np.asarray(matrix.sum(1)), 1e-12)
    return totals / counts


def _index(means: _FLOAT, best: npt.NDArray[np.intp]) -> _FLOAT:
    """Return the selectivity for the best class."""
    top = means[best, np.arange(means.shape[1])]
    rest = (means.sum(0) - top) / (len(means) - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        index: _FLOAT = np.where(top + rest > 0, (top - rest) / (top + rest), np.nan)
    return index


def _draw(rng: np.random.Generator, number: npt.NDArray[np.intp]) -> _FLOAT:
    """Return how often each image is drawn, as many of each class as there are."""
    weights = np.zeros(len(number))
    for one in range(number.max() + 1):
        own = np.flatnonzero(number == one)
        weights += np.bincount(rng.choice(own, len(own)), minlength=len(number))
    return weights
