"""Hartigan's dip, against its definition, and how often it cries wolf."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

from atlas_widget.diagnostics import dip, dip_chance


def dip_by_definition(values: NDArray[np.float64]) -> float:
    """The distance to the nearest distribution function that has its peak here, or here, or …

    A linear programme for each place of the peak. Unknown are the function's values at the data,
    its limits on both sides of the peak, where it may jump, and the distance.
    """
    x = np.sort(values)
    n = len(x)
    left, right, distance = n, n + 1, n + 2
    found = []
    for peak in range(n):
        rows, limits = [], []

        def at_most(limit: float, factors: dict[int, float], rows=rows, limits=limits) -> None:
            row = np.zeros(n + 3)
            row[list(factors)] = list(factors.values())
            rows.append(row)
            limits.append(limit)

        steps = {i: (i / n, (i + 1) / n) for i in range(n) if i != peak}
        steps[peak] = steps[right] = ((peak + 1) / n, (peak + 1) / n)
        steps[left] = (peak / n, peak / n)
        for unknown, (below, above) in steps.items():
            at_most(below, {unknown: 1, distance: -1})
            at_most(-above, {unknown: -1, distance: -1})
        rising, falling = [*range(peak), left], [right, *range(peak + 1, n)]
        for one, other in itertools.pairwise([*rising, peak, *falling]):
            at_most(0, {one: 1, other: -1})
        for side, places, sign in ((rising, x[: peak + 1], 1), (falling, x[peak:], -1)):
            slopes = sign / np.diff(places)
            for k in range(len(side) - 2):
                first, second = slopes[k : k + 2]
                one, middle, other = side[k : k + 3]
                at_most(0, {one: -first, middle: first + second, other: -second})
        cost = np.zeros(n + 3)
        cost[distance] = 1
        found.append(linprog(cost, np.array(rows), np.array(limits), bounds=(0, 1)).fun)
    return min(found)


def test_is_the_distance_to_the_nearest_distribution_of_one_peak() -> None:
    rng = np.random.default_rng(0)
    for count in (4, 5, 7, 10):
        for values in (
            rng.normal(size=count),
            rng.exponential(size=count),
            np.concatenate([rng.normal(size=count // 2), rng.normal(9, 1, count - count // 2)]),
        ):
            assert dip(values) == pytest.approx(dip_by_definition(values), abs=1e-7)


def test_known_dips() -> None:
    assert dip(np.arange(20)) == pytest.approx(1 / 40)  # as even as can be
    assert dip([0.0] * 8 + [1.0] * 8) == pytest.approx(1 / 4)  # as far from one peak as can be
    assert dip([3.0] * 8) == pytest.approx(1 / 16)
    values = np.random.default_rng(0).normal(size=30)
    assert dip(values[::-1] * 7 - 3) == pytest.approx(dip(values))


@pytest.mark.parametrize("count", [5, 12, 45, 120])
def test_chance_is_a_chance(count: int) -> None:
    rng = np.random.default_rng(count)
    chances = [dip_chance(dip(rng.uniform(size=count)), count) for _ in range(1200)]
    for level in (0.01, 0.05, 0.1):
        below = np.mean(np.array(chances) <= level)
        assert below == pytest.approx(level, abs=3.5 * np.sqrt(level / 1200))


def test_chance_of_the_least_and_of_too_few() -> None:
    assert dip_chance(1 / 40, 20) == 1
    assert np.isnan(dip_chance(0.25, 3))
    assert dip_chance(0.25, 40) == pytest.approx(1e-5)
