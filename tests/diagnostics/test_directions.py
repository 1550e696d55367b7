import numpy as np
import pytest

from atlas_widget.diagnostics import spread_counts


def test_two_groups_are_seen_as_two_hills_with_nothing_between():
    random = np.random.default_rng(0)
    centres = np.repeat([[1.0, 0.2, 0.1, 0.0], [0.1, 0.0, 1.0, 0.2]], 40, axis=0)
    counts = spread_counts(centres + random.normal(0, 0.03, centres.shape))
    middle = len(counts) // 2
    assert counts.sum() == 80
    assert counts[middle - 1 : middle + 2].sum() == 0
    assert counts[:middle].sum() == counts[middle:].sum() == 40


@pytest.mark.parametrize("activations", [np.ones((1, 3)), np.ones((6, 3)), np.zeros((5, 3))])
def test_where_all_lie_in_one_place_nothing_is_counted(activations):
    assert len(spread_counts(activations)) == 0


def test_of_many_samples_some_are_looked_at():
    assert spread_counts(np.random.default_rng(1).random((5000, 3))).sum() == 512
