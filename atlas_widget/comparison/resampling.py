"""Intervals and controls by image: samples of one image are not independent of each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["image_interval", "jackknife_interval", "permuted_by_image", "statistic_interval"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LEVEL = 0.95
_Z = 1.96  # the same of a normal deviate
_BLOCK = 2**22  # weights drawn at once


def image_interval(
    values: NDArray[np.floating], images: Ints, *, resamples: int = 1000, seed: int = 0
) -> tuple[float, float, float]:
    """Return the mean of samples' values, with a 95 % bootstrap interval over images.

    Parameters
    ----------
    values
        One for each sample, (n,).
    images
        Number of each sample's image, (n,).
    resamples
        How often images are drawn, with replacement.
    seed
        Determines what is drawn.

    Returns
    -------
    tuple of float
        Mean, low, high. With a single image there is no interval: NaN.
    """
    if not len(values):
        return float("nan"), float("nan"), float("nan")
    _, number, sizes = np.unique(images, return_inverse=True, return_counts=True)
    count = len(sizes)
    mean = float(np.mean(values))
    if count < 2:
        return mean, float("nan"), float("nan")
    sums = np.bincount(number.reshape(-1), np.asarray(values, np.float64))
    rng = np.random.default_rng(seed)
    means = []
    step = max(1, _BLOCK // count)
    for start in range(0, resamples, step):
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=min(step, resamples - start))
        means.append((drawn @ sums) / (drawn @ sizes))
    low, high = np.quantile(np.concatenate(means), [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return mean, float(low), float(high)


def statistic_interval(
    statistic: Callable[[Ints], float], images: Ints, *, resamples: int = 200, seed: int = 0
) -> tuple[float, float, float]:
    """Return a statistic of samples, with a 95 % bootstrap interval over images.

    Parameters
    ----------
    statistic
        Of the samples with these numbers, which may occur several times.
    images, resamples, seed
        As of `image_interval`.
    """
    order = np.argsort(images, kind="stable")
    _, starts = np.unique(images[order], return_index=True)
    groups = np.split(order, starts[1:])
    whole = float(statistic(np.arange(len(images))))
    if len(groups) < 2:
        return whole, float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    found = [
        statistic(np.concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))]))
        for _ in range(resamples)
    ]
    low, high = np.nanquantile(found, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return whole, float(low), float(high)


def permuted_by_image(images: Ints, rng: np.random.Generator) -> Ints:
    """Return for each sample another one to take its place: images are exchanged as wholes.

    Samples of one image stay together and, where all images have as many, no image keeps its own.
    Where numbers differ, images run over into each other.

    Parameters
    ----------
    images
        Number of each sample's image, (n,).
    rng
        What draws.

    Returns
    -------
    ndarray of int64, shape (n,)
        A permutation.
    """
    order = np.argsort(images, kind="stable")
    _, starts = np.unique(images[order], return_index=True)
    groups = np.split(order, starts[1:])
    mixed = rng.permutation(len(groups))
    # each image in this circle gets the samples of the next one, so that none keeps its own
    own = np.concatenate([groups[i] for i in mixed])
    theirs = np.concatenate([groups[i] for i in np.roll(mixed, -1)])
    permutation = np.empty(len(images), np.int64)
    permutation[own] = theirs
    return permutation


def jackknife_interval(
    statistic: Callable[[Ints], float], images: Ints, *, groups: int = 20, seed: int = 0
) -> tuple[float, float, float]:
    """Return a statistic of samples, with a 95 % interval by leaving out groups of images.

    For statistics that samples drawn twice would distort, such as shared information.

    Parameters
    ----------
    statistic
        Of the samples with these numbers.
    images
        Number of each sample's image, (n,).
    groups
        How many groups of images are left out, one after the other.
    seed
        Determines the groups.
    """
    whole = float(statistic(np.arange(len(images))))
    _, number = np.unique(images, return_inverse=True)
    number = number.reshape(-1)
    count = int(number.max()) + 1
    groups = min(groups, count)
    if groups < 2:
        return whole, float("nan"), float("nan")
    group = np.random.default_rng(seed).permutation(count)[number] % groups
    without = [statistic(np.flatnonzero(group != each)) for each in range(groups)]
    spread = float(np.sqrt((groups - 1) * np.var(without)))
    return whole, whole - _Z * spread, whole + _Z * spread
