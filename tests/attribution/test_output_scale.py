import math

import numpy as np
import pytest

from atlas_widget.attribution import output_scale
from atlas_widget.errors import AttributionError


def test_the_lead_is_the_median_difference_of_the_two_highest():
    found = output_scale([[1, 5, 3], [0, 0, 9], [2, 1, -4.0]])
    assert found.lead == 2  # of 2, 9 and 1
    assert (found.images, found.classes) == (3, 3)


def test_correlation_and_entropy_against_the_library():
    rows = np.random.default_rng(0).normal(size=(6, 40)) * 3
    found = output_scale(rows)
    pairs = np.corrcoef(rows)[np.triu_indices(6, 1)]
    assert found.alike == pytest.approx(np.median(pairs))
    from scipy.stats import entropy

    each = [entropy(np.exp(row) / np.exp(row).sum()) / math.log(40) for row in rows]
    assert found.entropy == pytest.approx(np.median(each))
    assert not found.untrained


def test_near_uniform_outputs_that_are_alike_look_untrained():
    rng = np.random.default_rng(0)
    common = rng.normal(size=100) * 0.1
    alike = common + rng.normal(size=(16, 100)) * 0.01
    assert output_scale(alike).untrained
    assert not output_scale(alike * 200).untrained, "sure of itself: images of one kind are alike"
    assert not output_scale(rng.normal(size=(16, 100)) * 0.1).untrained, "as of an embedding"
    assert not output_scale(alike[:4]).untrained, "too few to tell"
    assert not output_scale(alike[:, :4]).untrained


def test_rows_that_are_not_finite_do_not_count():
    assert output_scale([[1, 2.0], [np.nan, 1]]).images == 1
    with pytest.raises(AttributionError, match="finite"):
        output_scale([[np.inf, 1]])
    assert math.isnan(output_scale([[1.0], [2.0]]).lead)
