"""Which samples two atlases have in common, and what is said where they have none."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.atlas import Atlas
from atlas_widget.comparison.pairing import common_samples
from atlas_widget.errors import AtlasError, OtherCollectionError
from tests.comparison.planted import atlas_of, groups

VALUES, _ = groups(120)
IMAGES = np.repeat(np.arange(30), 4)


def part_of(atlas: Atlas, rows, key="part") -> Atlas:
    record = {**atlas.provenance, "key": key}
    return Atlas(atlas.samples.take(rows), atlas.xy[rows], layer="conv", provenance=record)


def test_the_same_places_are_all_in_common():
    a, b = atlas_of(VALUES, IMAGES), atlas_of(VALUES[:, :5], IMAGES)
    found = common_samples([a, b], ["a", "b"])
    for rows in found.rows:
        np.testing.assert_array_equal(rows, np.arange(120))
    np.testing.assert_array_equal(found.images, IMAGES)
    assert found.notice == ""


def test_the_common_part_is_found_in_any_order_and_counted():
    a = atlas_of(VALUES, IMAGES)
    rows = np.random.default_rng(1).permutation(120)[:70]
    b = part_of(a, rows)
    found = common_samples([a, b], ["a", "b"])
    assert len(found) == 70
    np.testing.assert_array_equal(found.rows[0], np.sort(rows))
    np.testing.assert_array_equal(rows[found.rows[1]], found.rows[0])
    assert "70 samples" in found.notice
    assert "120 of a and 70 of b" in found.notice


def test_three_have_in_common_what_all_have():
    a = atlas_of(VALUES, IMAGES)
    b, c = part_of(a, np.arange(80)), part_of(a, np.arange(119, 39, -1), "other")
    found = common_samples([a, b, c], ["a", "b", "c"])
    np.testing.assert_array_equal(found.rows[0], np.arange(40, 80))
    np.testing.assert_array_equal(found.rows[2], 119 - np.arange(40, 80))


def test_a_place_that_was_drawn_twice_is_paired_twice():
    a = atlas_of(VALUES, IMAGES)
    twice = part_of(a, [3, 3, 5, 8, 8, 8])
    other = part_of(a, [8, 3, 5, 3, 8], "other")
    found = common_samples([twice, other], ["a", "b"])
    assert len(found) == 5
    np.testing.assert_array_equal(
        twice.activations[found.rows[0]], other.activations[found.rows[1]]
    )


def test_of_too_many_some_are_chosen():
    a = atlas_of(VALUES, IMAGES)
    found = common_samples([a, a], ["a", "b"], most=50)
    assert len(found) == len(set(found.rows[0])) == 50
    assert "50 of 120" in found.notice


def test_other_images_are_refused_with_their_names():
    a, b = atlas_of(VALUES, IMAGES), atlas_of(VALUES, IMAGES, fingerprint="holidays")
    with pytest.raises(OtherCollectionError, match=r"a's are photos .* b's are holidays"):
        common_samples([a, b], ["a", "b"])


def test_other_names_are_refused_where_there_is_no_fingerprint():
    a = atlas_of(VALUES, IMAGES, fingerprint=None)
    b = atlas_of(VALUES, IMAGES, fingerprint=None)
    b.samples.image_names[:] = [f"other {number}" for number in range(30)]
    with pytest.raises(OtherCollectionError, match="other images"):
        common_samples([a, b], ["a", "b"])


def test_other_crops_are_refused_with_what_differs_and_what_helps():
    a = atlas_of(VALUES, IMAGES, settings={"seed": 0, "crop_scale": [0.2, 1]})
    b = atlas_of(VALUES, IMAGES, key="other", settings={"seed": 4, "crop_scale": [0.2, 1]})
    b.samples.crops[:] += 0.1
    with pytest.raises(OtherCollectionError, match=r"seed \(0, 4\).*like=a"):
        common_samples([a, b], ["a", "b"])


def test_maps_of_other_sizes_are_refused_and_the_coarser_one_is_named():
    a = atlas_of(VALUES, IMAGES, map_size=(14, 14))
    b = atlas_of(VALUES, IMAGES, key="other", map_size=(7, 7))
    with pytest.raises(OtherCollectionError, match=r"Build a at the places of b: .*like=b"):
        common_samples([a, b], ["a", "b"])


def test_what_is_no_atlas_is_refused():
    with pytest.raises(AtlasError, match="b is 'layer3'"):
        common_samples([atlas_of(VALUES, IMAGES), "layer3"], ["a", "b"])
