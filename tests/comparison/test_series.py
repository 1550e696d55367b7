"""A series: the same samples throughout, each map beside the one before."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget import Atlas, compare_atlases, compare_series
from atlas_widget.errors import AtlasError
from tests.comparison.planted import atlas_of, groups

APART, KINDS = groups(300, kinds=5)
NOISE = np.random.default_rng(3).normal(size=APART.shape)
STEPS = (0.0, 0.4, 0.8, 1.0)


def named(kinds):
    return np.array(["ape", "bee", "cat", "dog", "elk"])[kinds]


@pytest.fixture(scope="module")
def atlases():
    """From noise to five groups."""
    return [atlas_of((1 - t) * NOISE + t * APART) for t in STEPS]


@pytest.fixture(scope="module")
def series(atlases):
    return compare_series(atlases, names=["start", "early", "late", "end"], controls=1)


def test_it_is_the_comparisons_of_neighbours(series, atlases):
    assert len(series) == 4
    assert series.places.shape == (4, 300, 2)
    np.testing.assert_array_equal(series.places[0], atlases[0].xy)
    first = compare_atlases(atlases[0], atlases[1], controls=1)
    np.testing.assert_array_equal(series.places[1], first.b.xy)
    second = compare_atlases(first.b, atlases[2], controls=1)
    np.testing.assert_array_equal(series.places[2], second.b.xy)
    table = series.table()
    assert table.index.tolist() == ["start", "early", "late", "end"]
    assert np.isnan(table.loc["start", "agreement"])
    assert table.loc["late", "agreement"] == second.table().loc["agreement", "value"]


def test_classes_come_apart(series):
    table = series.table(named(KINDS))
    assert table["same_class"].is_monotonic_increasing
    assert abs(table.loc["start", "same_class"]) < 0.05
    assert table.loc["end", "same_class"] > 0.95
    assert (table["same_class_low"] <= table["same_class"]).all()


def test_classes_at_random_are_not_apart_in_any(series):
    mixed = np.random.default_rng(0).permutation(KINDS)
    assert series.table(mixed)["same_class"].abs().max() < 0.06


def test_a_class_in_one_image_alone_is_by_chance_alone():
    """Neighbours are of other images, of which none has that class."""
    images = np.repeat(np.arange(30), 4)
    pair = [atlas_of(groups(120, seed=seed)[0], images) for seed in (1, 2)]
    table = compare_series(pair, controls=0).table(images[::4])
    np.testing.assert_allclose(table["same_class"], 0)


def test_samples_that_all_have_are_used(atlases):
    whole = atlases[0]
    rows = np.arange(250)
    part = Atlas(
        atlases[1].samples.take(rows), atlases[1].xy[rows], layer="conv",
        provenance={**whole.provenance, "key": "part"},
    )  # fmt: skip
    found = compare_series([whole, atlases[3], part], controls=0)
    assert found.places.shape == (3, 250, 2)
    assert "250 samples" in found.notices[0]


def test_the_filmstrip_has_all_of_them(series):
    figure = series.to_figure(named(KINDS))
    assert [axes.get_title() for axes in figure.axes[:4]] == ["start", "early", "late", "end"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["ape", "bee", "cat", "dog", "elk"]
    dots = [axes.collections[0] for axes in series.to_figure().axes[:4]]
    assert all(len(each.get_offsets()) == 300 for each in dots)
    # without classes a sample has the same colour throughout
    colours = [each.get_facecolor() for each in dots]
    np.testing.assert_array_equal(colours[0], colours[3])


def test_bad_input(atlases, series):
    with pytest.raises(AtlasError, match="two atlases or more"):
        compare_series(atlases[:1])
    with pytest.raises(AtlasError, match="two atlases or more"):
        compare_series(atlases[0])
    with pytest.raises(AtlasError, match=r"atlases\[1\] is None"):
        compare_series([atlases[0], None])
    with pytest.raises(AtlasError, match="4 different names"):
        compare_series(atlases, names=["a", "b"])
    with pytest.raises(AtlasError, match=r"classes has the shape \(7,\)"):
        series.table([0] * 7)


def test_progress_is_told(atlases):
    seen = []
    compare_series(atlases[:3], controls=0, progress=lambda done, total: seen.append(done / total))
    assert seen == sorted(seen)
    assert 0.5 in seen
    assert seen[-1] == 1
