"""The statistics and examples of units, against numbers computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kurtosis

from atlas_widget.atlas.samples import Samples
from atlas_widget.images.thumbnails import Thumbnails
from atlas_widget.session.units.sampled_units import STATISTICS, SampledUnits


def samples_of(activations, image_ids=None) -> Samples:
    activations = np.asarray(activations, np.float32)
    count = len(activations)
    ids = np.arange(count) if image_ids is None else np.asarray(image_ids)
    return Samples(
        activations,
        np.zeros((count, 2), np.int16),
        np.tile(np.float32([0, 0, 1, 1]), (count, 1)),
        np.zeros(count, bool),
        ids.astype(np.int32),
        [f"{number}.jpg" for number in range(ids.max() + 1)],
        np.arange(ids.max() + 1, dtype=np.int32),
        Thumbnails.from_jpegs([b""] * count),
    )


@pytest.fixture(scope="module")
def random_units() -> SampledUnits:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (500, 6)).astype(np.float32)
    values[:, 3] = np.maximum(values[:, 3], 0)
    values[:, 5] = 0.25
    values[:, 4] = -2 * values[:, 0] + 0.1 * values[:, 4]
    return SampledUnits(samples_of(values, np.arange(500) // 4))


def test_statistics_by_hand():
    units = SampledUnits(samples_of([[0], [0], [0], [4]]))
    found = dict(zip(STATISTICS, units.statistics[:, 0].tolist(), strict=True))
    assert found["mean"] == 1
    assert found["max"] == 4
    assert found["active"] == 0.25
    assert found["std"] == pytest.approx(np.sqrt(3))
    assert found["sparseness"] == pytest.approx(3 / 4)
    assert found["kurtosis"] == pytest.approx(7 / 3 - 3)
    assert np.isnan(found["selectivity"])  # without labels
    assert not units.signed


def test_statistics_are_numpys(random_units):
    values = random_units.values.astype(np.float64)
    expected = {
        "max": values.max(1),
        "mean": values.mean(1),
        "std": values.std(1),
        "active": (values > 0).mean(1),
        "min": values.min(1),
        "kurtosis": kurtosis(values, axis=1),
    }
    for name, row in zip(STATISTICS, random_units.statistics, strict=True):
        if name in expected:
            np.testing.assert_allclose(row, expected[name], atol=1e-6)
    assert random_units.signed


def test_a_unit_that_never_changes_is_dead_and_has_no_relatives(random_units):
    assert random_units.is_dead(5)
    assert not random_units.is_dead(0)
    assert random_units.relatives(5) == []
    assert 5 not in dict(random_units.relatives(0))


def test_examples_are_the_strongest_one_of_each_image():
    units = SampledUnits(samples_of([[1], [5], [4], [5], [2]], [0, 1, 1, 2, 3]))
    assert units.examples(0, 3).tolist() == [1, 3, 4]  # of equals, the lower number first
    assert units.examples(0, 10).tolist() == [1, 3, 4, 0]


def test_examples_equal_a_search_over_all(random_units):
    values = random_units.values[2]
    best = [(values[4 * image : 4 * image + 4].max(), -image) for image in range(125)]
    images = [-image for _, image in sorted(best, reverse=True)[:12]]
    found = random_units.examples(2, 12)
    assert [int(sample) // 4 for sample in found] == images


@pytest.mark.parametrize("unit", [0, 3])
def test_the_quilt_covers_every_sample_once(random_units, unit):
    columns = random_units.quilt(unit, 5)
    assert sum(column.count for column in columns) == 500
    values = random_units.values[unit]
    for column in columns:
        assert len(column.samples) == min(5, column.count)
        own = values[column.samples]
        assert np.all((own >= column.low) & (own <= column.high))
    assert columns[0].high == 0.0
    assert columns[-1].high == values.max()
    again = random_units.quilt(unit, 5)
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(columns, again, strict=True))


def test_relatives_are_the_largest_correlations(random_units):
    correlations = np.corrcoef(random_units.values[:5])
    found = random_units.relatives(0)
    assert found[0][0] == 4
    for other, r in found:
        assert r == pytest.approx(correlations[0, other], abs=1e-5)


def test_the_share_of_samples_below_an_activation(random_units):
    values = np.sort(random_units.values[0])
    assert random_units.share_below(0, float(values[250])) == 0.5
    assert random_units.share_below(0, float(values[-1]) + 1) == 1


def test_of_very_many_samples_evenly_spaced_ones_are_read():
    values = np.arange(50_000, dtype=np.float32)[:, None]
    units = SampledUnits(samples_of(values))
    assert 10_000 <= len(units.numbers) <= 20_000
    assert np.array_equal(units.values[0], values[units.numbers, 0])
    assert units.order(0)[0] == units.numbers[-1]


def test_of_very_wide_layers_fewer_samples_are_read():
    units = SampledUnits(samples_of(np.zeros((3000, 8000), np.float32)))
    assert units.count == 8000
    assert len(units.numbers) * units.count <= 16_000_000


def test_the_most_frequent_label_by_hand():
    values = np.array([[5, 1], [4, 2], [3, 0], [2, 5], [1, 4], [0, 3]], np.float32)
    units = SampledUnits(samples_of(values), ["cat", "cat", "dog", None, "dog", "dog"])
    found = units.label(0)
    assert (found.label, found.count, found.total) == ("dog", 3, 6)
    assert found.base == 0.5
    assert found.low < 0.5 < found.high
    assert found.floor == 0.5  # all six are among the strongest 20 of any direction
    assert SampledUnits(samples_of(values), ["cat"] * 6).label(0) is None
    assert SampledUnits(samples_of(values)).label(0) is None


def test_each_column_of_a_quilt_tells_its_most_frequent_labels():
    values = np.array([[-1], [-2], [1], [2], [3], [4]], np.float32)
    units = SampledUnits(samples_of(values), ["cat", None, "cat", "dog", "dog", "cat"])
    columns = units.quilt(0, 5)
    assert columns[0].count == 2
    assert columns[0].labels == (("cat", 0.5),)  # the other one has none
    assert sum(column.count for column in columns) == 6
    strongest = columns[-1]
    assert strongest.labels == (("cat", 1.0),)
    assert all(column.labels == () for column in SampledUnits(samples_of(values)).quilt(0, 5))


def test_a_unit_of_one_label_stands_out_from_random_directions():
    rng = np.random.default_rng(0)
    labels = ["cat" if number % 10 == 0 else f"other {number % 7}" for number in range(600)]
    values = rng.normal(size=(600, 8)).astype(np.float32)
    values[::10, 3] += 6
    found = SampledUnits(samples_of(values), labels).label(3)
    assert (found.label, found.count) == ("cat", 20)
    assert found.base == pytest.approx(0.1)
    assert found.floor < 0.5 < found.low


def test_the_label_in_whose_images_a_unit_is_most_active():
    activations = [[4, 1, 0], [2, 1, 0], [0, 3, 0], [1, 5, 0], [9, 0, 0]]
    images = [0, 0, 1, 1, 2]
    units = SampledUnits(samples_of(activations, images), ["cat", "dog", None])
    assert units.labels == ["cat", "dog"]
    assert units.best_labels.tolist() == [0, 1, -1]  # the last image has no label
    found = dict(zip(STATISTICS, units.statistics, strict=True))["selectivity"]
    assert found[:2] == pytest.approx([(3 - 0.5) / (3 + 0.5), (4 - 1) / (4 + 1)])
    assert np.isnan(found[2])


def test_units_of_a_signed_layer_have_a_label_but_no_selectivity():
    units = SampledUnits(samples_of([[-4, 1], [-1, 2]]), ["cat", "dog"])
    assert units.best_labels.tolist() == [1, 1]
    assert np.isnan(dict(zip(STATISTICS, units.statistics, strict=True))["selectivity"]).all()


def test_images_of_one_label_name_no_unit():
    units = SampledUnits(samples_of([[1], [2]]), ["cat", "cat"])
    assert units.labels == []
    assert units.best_labels.tolist() == [-1]
