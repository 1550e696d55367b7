"""Units that are active together lie side by side on the map of units."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.progress import Cancelled
from atlas_widget.units.unit_map import map_units


def families(count, members, samples=400, seed=0):
    """Units of families, each of which follows a signal of its own."""
    rng = np.random.default_rng(seed)
    signals = rng.normal(size=(count, samples))
    noise = rng.normal(size=(count, members, samples))
    return (signals[:, None] + 0.4 * noise).reshape(count * members, samples).astype(np.float32)


def test_families_lie_together():
    values = families(6, 12)
    order = np.random.default_rng(1).permutation(len(values))
    found = map_units(values[order])
    assert sorted(found.slots) == sorted(set(found.slots))  # no slot twice
    assert found.slots.min() >= 0
    assert found.slots.max() < found.rows * found.columns
    row, column = np.divmod(found.slots, found.columns)
    apart = np.abs(row[:, None] - row) + np.abs(column[:, None] - column)
    same = (order // 12)[:, None] == (order // 12)
    assert same[apart == 1].mean() > 0.6  # by chance 0.15


def test_the_correlations_it_tells_are_those_of_the_slots():
    values = families(4, 6)
    found = map_units(values)
    r = np.corrcoef(values)
    near, every = [], []
    for one in range(len(values)):
        for other in range(len(values)):
            if one == other:
                continue
            every.append(r[one, other])
            a, b = (divmod(int(found.slots[unit]), found.columns) for unit in (one, other))
            if abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1:
                near.append(r[one, other])
    assert found.adjacent == pytest.approx(np.mean(near), abs=1e-5)
    assert found.overall == pytest.approx(np.mean(every), abs=1e-5)
    assert found.adjacent > found.overall


def test_scale_and_offset_of_units_do_not_matter():
    values = families(3, 10)
    scales = np.random.default_rng(2).uniform(1, 50, (len(values), 1)).astype(np.float32)
    one, other = map_units(values), map_units(values * scales + 3)
    assert other.adjacent == pytest.approx(one.adjacent, abs=0.1)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_units_have_places_too(count):
    found = map_units(families(1, count))
    assert len(set(found.slots)) == count


def test_units_that_never_change_have_no_place():
    values = families(2, 10)
    values[[3, 7]] = 0.25
    found = map_units(values)
    assert found.slots[[3, 7]].tolist() == [-1, -1]
    assert (np.delete(found.slots, [3, 7]) >= 0).all()
    nothing = map_units(np.zeros((3, 10), np.float32))
    assert (nothing.rows, nothing.slots.tolist()) == (0, [-1, -1, -1])


def test_it_stops_when_asked_to():
    with pytest.raises(Cancelled):
        map_units(families(3, 10), cancelled=lambda: True)
