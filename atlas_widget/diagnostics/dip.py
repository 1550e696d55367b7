"""Hartigan's dip test: whether values have one peak or more (Hartigan and Hartigan, 1985).

The dip is how far the values' distribution function lies from the nearest one that has a single
peak, whatever its shape: convex up to some place, concave from there on. That makes it a test of
two groups and of nothing else: heavy tails and skew, which a comparison with a bell curve takes for
a second group, leave it cold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["MIN_SAMPLES", "dip", "dip_chance"]

MIN_SAMPLES = 4
"""Fewer values have no dip beyond the least that any have."""

Floats = NDArray[np.float64]

# Dips of evenly spread values, simulated: a million times each size, 300,000 times beyond 100.
_SIZES = [4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 30, 50, 100, 200, 500]
_CHANCES = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 1e-4, 1e-5]
# √n · dip: a row for each size, a column for each chance to exceed it
_SCALED_DIPS = np.array([
    [0.2500, 0.3149, 0.3752, 0.4145, 0.4473, 0.4632, 0.4742, 0.4838, 0.4885, 0.4965, 0.4990],
    [0.2720, 0.3603, 0.3954, 0.4168, 0.4330, 0.4395, 0.4432, 0.4456, 0.4464, 0.4471, 0.4472],
    [0.3015, 0.3659, 0.3898, 0.4036, 0.4392, 0.4707, 0.4963, 0.5224, 0.5376, 0.5726, 0.5925],
    [0.3117, 0.3617, 0.3821, 0.4237, 0.4637, 0.4869, 0.5054, 0.5245, 0.5344, 0.5554, 0.5631],
    [0.3140, 0.3550, 0.4011, 0.4353, 0.4692, 0.4893, 0.5056, 0.5269, 0.5488, 0.6055, 0.6403],
    [0.3125, 0.3685, 0.4091, 0.4399, 0.4716, 0.4929, 0.5184, 0.5469, 0.5648, 0.6106, 0.6339],
    [0.3091, 0.3757, 0.4127, 0.4416, 0.4770, 0.5047, 0.5283, 0.5539, 0.5714, 0.6190, 0.6626],
    [0.3156, 0.3814, 0.4161, 0.4504, 0.4893, 0.5140, 0.5363, 0.5640, 0.5845, 0.6386, 0.6752],
    [0.3238, 0.3860, 0.4261, 0.4593, 0.4984, 0.5261, 0.5506, 0.5804, 0.6005, 0.6606, 0.7106],
    [0.3280, 0.3952, 0.4348, 0.4704, 0.5114, 0.5399, 0.5653, 0.5971, 0.6190, 0.6841, 0.7590],
    [0.3368, 0.4053, 0.4468, 0.4833, 0.5265, 0.5570, 0.5844, 0.6180, 0.6427, 0.7111, 0.7643],
    [0.3455, 0.4160, 0.4586, 0.4966, 0.5411, 0.5722, 0.6018, 0.6373, 0.6641, 0.7387, 0.8079],
    [0.3549, 0.4272, 0.4714, 0.5108, 0.5577, 0.5903, 0.6209, 0.6580, 0.6853, 0.7708, 0.8406],
    [0.3616, 0.4352, 0.4801, 0.5205, 0.5687, 0.6027, 0.6338, 0.6761, 0.7038, 0.7828, 0.8479],
    [0.3682, 0.4431, 0.4884, 0.5295, 0.5787, 0.6139, 0.6457, 0.6872, 0.7179, 0.8099, 0.8981],
])  # fmt: skip


def dip(values: ArrayLike) -> float:
    """Return the dip of some values, from 1 / (2 n) to 1 / 4.

    Parameters
    ----------
    values : array_like, (n,)
        In any order.

    Notes
    -----
    Within an interval that is to hold the peak, the greatest convex function below the
    distribution function and the least concave one above it are compared where they touch it. Where
    they are furthest apart, the interval is cut down to what lies between; what is cut off on the
    left has to be fitted by the first, on the right by the second. It ends when what is left is no
    wider than the worst of these fits.
    """
    places, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
    total = int(counts.sum())
    above = np.cumsum(counts) / total
    below = above - counts / total
    start, end = 0, len(places) - 1
    worst = 0.0
    while start < end:
        x, bottom, top = places[start : end + 1], below[start : end + 1], above[start : end + 1]
        convex_at = _lower_hull(x, bottom)
        concave_at = _lower_hull(x, -top)
        convex = np.interp(x, x[convex_at], bottom[convex_at])
        concave = np.interp(x, x[concave_at], top[concave_at])
        apart = concave - convex
        left = convex_at[int(apart[convex_at].argmax())]
        right = concave_at[int(apart[concave_at].argmax())]
        widest = max(apart[left], apart[right])
        if apart[left] >= apart[right]:
            right = next(place for place in concave_at if place >= left)
        else:
            left = next(place for place in reversed(convex_at) if place <= right)
        if widest <= worst:
            break
        misfit_left = (top - convex)[:left].max(initial=0.0)
        misfit_right = (concave - bottom)[right + 1 :].max(initial=0.0)
        worst = max(worst, misfit_left, misfit_right)
        if (left, right) == (0, end - start):
            break
        start, end = start + left, start + right
    return max(float(worst) / 2, 1 / (2 * total))


def dip_chance(statistic: float, count: int) -> float:
    """Return how often values with one peak have a dip as large as this, at most.

    Of evenly spread values, which among all with one peak dip most; so that the chance is too high
    for others rather than too low.

    Parameters
    ----------
    statistic : float
        From `dip`.
    count : int
        Of how many values.

    Returns
    -------
    float
        From 1e-5 to 1; NaN for fewer than `MIN_SAMPLES`.
    """
    if count < MIN_SAMPLES:
        return float("nan")
    if statistic <= 1 / (2 * count) + 1e-12:
        return 1.0
    # √n · dip hardly depends on n, so that there is little to interpolate
    sizes = np.log(_SIZES)
    place = np.clip(np.log(count), sizes[0], sizes[-1])
    scaled = [np.interp(place, sizes, column) for column in _SCALED_DIPS.T]
    return float(np.exp(np.interp(np.sqrt(count) * statistic, scaled, np.log(_CHANCES))))


def _lower_hull(x: Floats, y: Floats) -> list[int]:
    """Return which points the greatest convex function below all of them touches."""
    xs, ys = x.tolist(), y.tolist()
    hull: list[int] = []
    for new in range(len(xs)):
        while len(hull) > 1:
            first, middle = hull[-2], hull[-1]
            rise = (ys[middle] - ys[first]) * (xs[new] - xs[first])
            if rise < (ys[new] - ys[first]) * (xs[middle] - xs[first]):
                break
            hull.pop()
        hull.append(new)
    return hull
