"""A cell that is a mixture, taken apart."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.errors import CellError
from tests.diagnostics.test_cells import one_group, two_groups


def test_both_groups_come_back(atlas_of) -> None:
    rng = np.random.default_rng(0)
    planted = two_groups(rng, 21)
    atlas = atlas_of([one_group(rng, 9), planted])
    split = atlas.split(2, 1)
    first, second = split.halves
    assert (first.count, second.count) == (11, 10)
    assert set(first.samples) == set(9 + np.arange(0, 21, 2))
    assert set(second.samples) == set(9 + np.arange(1, 21, 2))
    assert (
        first.samples[0]
        == atlas.grid(2).members(1)[0::2][
            np.argmax(planted[::2] @ first.mean / np.linalg.norm(planted[::2], axis=1))
        ]
    )
    np.testing.assert_allclose(first.mean, planted[::2].mean(0), rtol=1e-5)
    means = first.mean / np.linalg.norm(first.mean), second.mean / np.linalg.norm(second.mean)
    assert split.cosine == pytest.approx(means[0] @ means[1], abs=1e-5)
    assert (first.images, second.images) == (11, 10)
    assert first.resultant > atlas.diagnostics()["resultant"][1]
    assert split.apart > 5
    assert split.chance < 0.01
    assert split.clear


def test_one_group_can_be_cut_but_that_is_not_clear(atlas_of) -> None:
    split = atlas_of([one_group(np.random.default_rng(1), 30)]).split(1, 0)
    assert sum(half.count for half in split.halves) == 30
    assert split.apart < 5
    assert not split.clear


def test_the_least_that_can_be_split(atlas_of) -> None:
    rng = np.random.default_rng(2)
    atlas = atlas_of([one_group(rng, 2), one_group(rng, 1), np.ones((4, 40))])
    split = atlas.split(3, 0)
    assert [half.count for half in split.halves] == [1, 1]
    assert not split.clear
    assert atlas.split(3, 2).cosine == pytest.approx(1)  # of samples that are all the same
    assert not atlas.split(3, 2).clear
    with pytest.raises(CellError, match="single sample"):
        atlas.split(3, 1)
    with pytest.raises(CellError, match="Cell 7"):
        atlas.split(3, 7)
