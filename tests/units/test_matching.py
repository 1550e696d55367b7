"""Matches on layers whose matches are known: permuted, scaled, unrelated, dead."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.errors import OtherCollectionError
from atlas_widget.units import UnitScan, match_units
from atlas_widget.units.layer_scan import LayerScan
from atlas_widget.units.matching import debiased_cka

IMAGES = 200


def scan_of(values: np.ndarray, images: str = "photos") -> UnitScan:
    """A scan in which these are the maxima and means of each unit over each image."""
    import torch

    maps = torch.tensor(values, dtype=torch.float32)[:, :, None, None]
    scan = LayerScan.of(maps, list(range(len(values))))
    record = {"images": images, "layers": {"a": {"map_size": [1, 1], "boxes": [[0, 0, 1, 1]]}}}
    names = [f"{number}.jpg" for number in range(len(values))]
    return UnitScan({"a": scan}, record, names, [], np.full(len(values), -1))


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).gamma(1.0, 1.0, (IMAGES, 12))


def test_permuted_and_scaled_units_match_their_own(values):
    order = np.random.default_rng(1).permutation(12)
    scales = np.linspace(0.5, 3, 12)
    found = match_units(scan_of(values), "a", scan_of((values * scales)[:, order]))
    expected = np.argsort(order)
    np.testing.assert_array_equal(found.table["match"].astype(int), expected)
    np.testing.assert_array_equal(found.table["one_to_one"].astype(int), expected)
    np.testing.assert_allclose(found.table["r"], 1, atol=1e-6)
    assert found.table["mutual"].all()
    assert found.table["above_floor"].all()
    assert found.gone == found.new == []


def test_a_layer_matches_itself(values):
    found = match_units(scan_of(values), "a", scan_of(values))
    np.testing.assert_array_equal(found.table["match"].astype(int), np.arange(12))
    assert found.cka == pytest.approx(1, abs=1e-9)


def test_units_without_a_match_are_gone_and_new(values):
    other = np.random.default_rng(2).gamma(1.0, 1.0, values.shape)
    other[:, :8] = values[:, :8] + 0.1 * other[:, :8]
    found = match_units(scan_of(values), "a", scan_of(other))
    assert set(found.gone) <= {8, 9, 10, 11}
    assert len(found.gone) >= 3  # by chance one in twenty is above the floor
    assert set(found.new) <= {8, 9, 10, 11}
    assert (found.table["match"][:8] == np.arange(8)).all()


def test_unrelated_layers_have_hardly_a_match_and_no_cka(values):
    other = np.random.default_rng(3).gamma(1.0, 1.0, (IMAGES, 30))
    found = match_units(scan_of(values), "a", scan_of(other))
    assert found.table["above_floor"].mean() < 0.3
    assert abs(found.cka) < 0.1


def test_a_dead_unit_matches_nothing(values):
    dead = values.copy()
    dead[:, 3] = 0.7
    found = match_units(scan_of(dead), "a", scan_of(values))
    row = found.table.loc[3]
    assert row["match"] is not row["match"] or str(row["match"]) == "<NA>"
    assert np.isnan(row["r"])
    assert not row["above_floor"]
    assert 3 not in found.gone  # it never said anything
    back = match_units(scan_of(values), "a", scan_of(dead))
    assert (back.table["match"].dropna() != 3).all()


def test_cka_is_that_of_a_rotation_and_does_not_grow_with_units():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(60, 20))
    rotation, _ = np.linalg.qr(rng.normal(size=(20, 20)))
    assert debiased_cka(a, a @ rotation) == pytest.approx(1)
    wide = [debiased_cka(rng.normal(size=(60, 500)), rng.normal(size=(60, 500))) for _ in range(5)]
    assert np.mean(wide) == pytest.approx(0, abs=0.03)


def test_scans_of_other_images_are_refused(values):
    with pytest.raises(OtherCollectionError, match="other images"):
        match_units(scan_of(values), "a", scan_of(values, "others"))
