"""The shown positions of a layer's map."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.session.image.shown_map import ShownMap


def test_all_positions_of_a_small_map_are_shown():
    shown = ShownMap.of(3, 5)
    assert (shown.rows, shown.columns, shown.stride) == (3, 5, 1)
    assert [shown.position(number) for number in (0, 4, 5, 14)] == [(0, 0), (0, 4), (1, 0), (2, 4)]
    values = np.arange(15.0).reshape(3, 5)
    assert np.array_equal(shown.sums(values), values.ravel())
    assert np.array_equal(shown.picked(values), values.ravel())


@pytest.mark.parametrize("size", [(56, 56), (57, 30), (112, 1)])
def test_of_a_large_map_each_stands_for_a_square(size):
    shown = ShownMap.of(*size)
    assert max(shown.rows, shown.columns) <= 28
    squares = [place for number in range(shown.count) for place in shown.square(number)]
    assert sorted(squares) == [(row, column) for row in range(size[0]) for column in range(size[1])]
    for number in range(shown.count):
        assert shown.position(number) in shown.square(number)
    values = np.random.default_rng(0).normal(size=size)
    by_hand = [sum(values[place] for place in shown.square(n)) for n in range(shown.count)]
    assert np.allclose(shown.sums(values), by_hand)
    assert np.isclose(shown.sums(values).sum(), values.sum())
