import math

import numpy as np
import pytest

from atlas_widget.attribution.naming import label_of
from atlas_widget.attribution.statistics import (
    ClassValue,
    attribution_interval,
    significant,
    top_classes,
)
from atlas_widget.errors import AttributionError


@pytest.mark.parametrize("method", ["bootstrap", "t"])
@pytest.mark.parametrize("samples", [3, 8, 40])
def test_the_interval_covers_the_mean_as_often_as_it_says(method, samples):
    values = np.random.default_rng(0).normal(1.0, 1.0, (samples, 4000))
    mean, low, high = attribution_interval(values, seed=1, method=method)
    assert ((low <= mean) & (mean <= high)).all()
    assert 0.93 < ((low <= 1) & (high >= 1)).mean() < 0.97


@pytest.mark.parametrize("method", ["bootstrap", "t"])
def test_the_interval_is_seldom_above_the_mean_of_what_attribution_gives(method):
    # as class values are: skewed to the right, with heavy tails
    values = np.random.default_rng(0).exponential(size=(12, 4000)) ** 1.3
    _, low, _ = attribution_interval(values, seed=1, method=method)
    assert (low > math.gamma(2.3)).mean() < 0.025


def test_the_interval_is_reproducible_and_of_one_sample_unknown():
    values = np.random.default_rng(0).normal(size=(5, 3))
    for one, other in zip(
        attribution_interval(values, 7), attribution_interval(values, 7), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    mean, low, high = attribution_interval(values[:1])
    np.testing.assert_allclose(mean, values[0], rtol=1e-6)
    assert np.isnan(low).all()
    assert np.isnan(high).all()
    with pytest.raises(AttributionError, match="at least one"):
        attribution_interval(np.zeros((0, 3)))
    with pytest.raises(AttributionError, match="'bootstrap' or 't', not 'bayes'"):
        attribution_interval(values, method="bayes")


@pytest.mark.parametrize("method", ["bootstrap", "t"])
@pytest.mark.parametrize("value", [8.3649247e-05, -3.0, 1e-38, 1.0])
def test_samples_that_differ_by_a_rounding_have_an_interval_of_some_width(method, value):
    """Which bits a convolution rounds to depends on the processor; that an interval is one, not."""
    one = np.float32(value)
    other = np.nextafter(one, np.float32(np.inf))
    values = [[one, one]] * 30 + [[one, other]]
    mean, low, high = attribution_interval(values, method=method)
    assert low[1] < mean[1] < high[1]
    assert low[0] == mean[0] == high[0] == one
    # and of no more width than that: two steps of float32 to either side
    assert high[1] - low[1] <= 4 * np.spacing(abs(other))


def test_top_classes_for_and_against():
    means = np.array([0.1, 3.0, -2.0, 0.0, 1.0, -0.5])
    values = means + np.random.default_rng(0).normal(0, 0.01, (12, 6)) * (means != 0)
    in_favour, against = top_classes(values, count=2)
    assert [item.index for item in in_favour] == [1, 4]
    assert [item.index for item in against] == [2, 5]
    assert in_favour[0].low < in_favour[0].value < in_favour[0].high
    assert top_classes(np.zeros((3, 4))) == ([], [])


def test_label_rule():
    labels = ["cat", "<b>dog</b>"]
    clear = [ClassValue(0, 3.0, 2.5, 3.5), ClassValue(1, 1.0, 0.5, 1.5)]
    assert label_of(clear, labels) == "cat"
    close = [ClassValue(0, 3.0, 2.5, 3.5, True), ClassValue(7, 2.9, 2.4, 3.4, True)]
    assert label_of(close, labels) == "mixed: cat, class 7"
    by_chance = [close[0], ClassValue(7, 2.9, 2.4, 3.4, False)]
    assert label_of(by_chance, labels) is None
    assert label_of(close[1:], None) == "class 7"
    assert label_of([ClassValue(0, 3.0, -0.1, 6.0)], labels) is None
    assert label_of([ClassValue(0, 3.0, np.nan, np.nan)], labels) is None
    assert label_of([], labels) is None


@pytest.mark.parametrize("samples", [1, 3, 12])
def test_noise_has_no_label(samples):
    rng = np.random.default_rng(0)
    labelled = [label_of(top_classes(rng.normal(size=(samples, 1000)))[0]) for _ in range(50)]
    assert sum(label is not None for label in labelled) <= 4


def test_a_class_among_noise_is_found():
    values = np.random.default_rng(0).normal(size=(12, 1000))
    values[:, 17] += 5
    values[:, 18] -= 5
    in_favour, against = top_classes(values)
    assert in_favour[0].index == 17
    assert against[0].index == 18
    assert in_favour[0].clear
    assert against[0].clear
    assert label_of(in_favour) == "class 17"
    values[:, 18] += 10
    assert label_of(top_classes(values)[0]) in (
        "mixed: class 17, class 18",
        "mixed: class 18, class 17",
    )


def test_classes_that_were_not_computed_are_none_of_these():
    values = np.random.default_rng(0).normal(size=(12, 6)) * 0.01 + [3, 2, np.nan, 1, np.nan, -1]
    in_favour, against = top_classes(values)
    assert [item.index for item in in_favour] == [0, 1, 3]
    assert [item.index for item in against] == [5]
    assert label_of(in_favour) == "class 0"
    values[0, 0] = np.nan  # nor those that were computed for some samples
    assert [item.index for item in top_classes(values)[0]] == [1, 3]


def test_of_many_tests_few_findings_are_false():
    rng = np.random.default_rng(0)
    chances = rng.uniform(size=(200, 100))
    chances[:, :20] *= 1e-4  # there is something to find
    chances[:, 99] = np.nan
    found = np.array([significant(row) for row in chances])
    assert found[:, :20].mean() > 0.99
    assert (found[:, 20:].sum(1) / np.maximum(found.sum(1), 1)).mean() < 0.1
    assert not found[:, 99].any()
    assert not np.any([significant(rng.uniform(0.02, 1, 100)) for _ in range(20)])
    assert len(significant([])) == 0
