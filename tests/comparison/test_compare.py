"""Comparisons with known answers: rotated, permuted, shuffled, half shuffled, real networks."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget import Atlas, AtlasComparison, compare_atlases
from atlas_widget.errors import AtlasError, CellError, OtherCollectionError
from atlas_widget.layout import umap_layout
from atlas_widget.progress import Cancelled
from tests.comparison.planted import atlas_of, groups, rotation

VALUES, KINDS = groups()
MAP = umap_layout(VALUES)
IMAGES = np.repeat(np.arange(150), 4)


@pytest.fixture(scope="module")
def rotated() -> AtlasComparison:
    """The same layer, its channels mixed by a rotation, whose own map is another one."""
    return compare_atlases(
        atlas_of(VALUES, xy=MAP),
        atlas_of(3 * VALUES @ rotation(16), xy=umap_layout(VALUES, seed=5)[:, ::-1]),
    )


@pytest.fixture(scope="module")
def shuffled() -> AtlasComparison:
    """The same activations, each at another sample."""
    order = np.random.default_rng(1).permutation(600)
    return compare_atlases(atlas_of(VALUES, xy=MAP), atlas_of(VALUES[order], xy=MAP[order]))


@pytest.fixture(scope="module")
def half() -> AtlasComparison:
    """Two kinds of samples, far apart: of one kind neighbours stay, of the other none does."""
    values = np.zeros((600, 32))
    values[:300, :16] = np.abs(VALUES[:300])
    values[300:, 16:] = np.abs(VALUES[300:])
    other = values.copy()
    other[300:] = values[300 + np.random.default_rng(1).permutation(300)]
    return compare_atlases(atlas_of(values, xy=umap_layout(values)), atlas_of(other))


def test_a_rotation_changes_nothing(rotated):
    scores = rotated.table()["value"]
    assert scores["agreement"] == pytest.approx(1, abs=0.005)  # ties round
    assert scores["cka"] == pytest.approx(1, abs=1e-6)
    assert scores["displacement"] < 0.1 < 0.2 < scores["displacement_free"]
    assert scores["cells"] > 0.7
    assert len(rotated.gone()) + len(rotated.new()) < 0.1 * len(rotated.cells())
    np.testing.assert_array_equal(rotated.a.xy, MAP)


def test_shuffled_samples_have_nothing_in_common_and_no_map_pretends_so(shuffled):
    table = shuffled.table()
    scores = table["value"]
    # what is by chance: 600 samples, and ten neighbours in 599
    assert scores["agreement"] == pytest.approx(0, abs=0.01)
    assert table.loc["cka", "low"] < 0 < table.loc["cka", "high"]
    assert scores["map_agreement"] == pytest.approx(0, abs=0.01)
    assert scores["displacement"] > 0.8
    assert scores["trust"] > 0.9  # it is a good map all the same
    assert len(shuffled.gone()) > 0.8 * len(shuffled.cells())


def test_controls_are_what_shuffled_samples_give(rotated, shuffled):
    controls, scores = rotated.table(), shuffled.table()
    for name in ("agreement", "cka", "map_agreement", "cells"):
        assert controls.loc[name, "control"] == pytest.approx(scores.loc[name, "value"], abs=0.03)
    assert controls.loc["displacement", "control"] > 0.8
    low, high = controls.loc["agreement", ["control_low", "control_high"]]
    assert low < controls.loc["agreement", "control"] < high


def test_half_of_the_samples_keep_their_neighbours_and_the_map_says_which(half):
    assert half.table().loc["agreement", "value"] == pytest.approx(0.5, abs=0.03)
    np.testing.assert_allclose(half.agreement[:300], 1)
    assert np.abs(half.agreement[300:].mean()) < 0.05
    cells = half.cells()
    grid = half.a.grid(6)
    kept = np.array([(grid.members(number) < 300).mean() for number in range(len(grid))])
    assert cells["agreement"][kept == 1].min() > 0.9
    assert cells["agreement"][kept == 0].max() < 0.4
    assert np.corrcoef(cells["agreement"], kept)[0, 1] > 0.95


def test_who_keeps_its_neighbours_keeps_its_place(half):
    moved = np.linalg.norm(half.b.xy - half.a.xy, axis=1)
    assert np.median(moved[:300]) < 0.4 * np.median(moved[300:])


def test_agreement_is_the_share_of_neighbours_corrected_for_chance_by_hand():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(60, 5)), rng.normal(size=(60, 5))
    b[:, :3] += a[:, :3]
    images = rng.integers(10, size=60)
    found = compare_atlases(atlas_of(a, images), atlas_of(b, images), neighbors=4, controls=0)
    near = []
    for values in (a, b):
        units = values / np.linalg.norm(values, axis=1, keepdims=True)
        cosine = units @ units.T
        cosine[images[:, None] == images] = -2
        near.append([set(row) for row in np.argsort(-cosine, axis=1)[:, :4]])
    for row in range(60):
        chance = 4 / (images != images[row]).sum()
        share = len(near[0][row] & near[1][row]) / 4
        assert found.agreement[row] == pytest.approx((share - chance) / (1 - chance))
    assert found.table()["control"].isna().all()


def test_positions_of_one_image_do_not_make_layers_alike():
    """Both layers know of each image which it is, and nothing else in common."""
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(150, 16))[IMAGES] + 0.1 * rng.normal(size=(600, 16)) for _ in "ab")
    scores = compare_atlases(atlas_of(a, IMAGES), atlas_of(b, IMAGES)).table()
    assert abs(scores.loc["agreement", "value"]) < 0.02
    assert abs(scores.loc["cka", "value"]) < 0.1


def test_permuted_units_are_found_again():
    order = np.random.default_rng(2).permutation(16)
    found = compare_atlases(atlas_of(VALUES, xy=MAP), atlas_of(VALUES[:, order], xy=MAP))
    units = found.units
    np.testing.assert_array_equal(units.table["match"].astype(int), np.argsort(order))
    np.testing.assert_allclose(units.table["r"], 1, atol=1e-6)
    assert units.gone == units.new == []
    assert units.cka == pytest.approx(1, abs=1e-6)


def test_where_the_samples_of_a_cell_went(rotated):
    grid = rotated.a.grid(6)
    cell = int(grid.ids[grid.counts.argmax()])
    went = rotated.went(cell)
    assert went["count"].sum() == grid.counts.max()
    assert went["share"].sum() == pytest.approx(1)
    partner = rotated.cells().loc[cell]
    assert went.loc[partner["partner"], "share"] == pytest.approx(partner["share"])
    back = rotated.went(int(partner["partner"]), of="b")
    assert back.loc[cell, "count"] == went.loc[partner["partner"], "count"]


def test_a_common_part_is_compared_and_said():
    a = atlas_of(VALUES, xy=MAP)
    rows = np.arange(599, 199, -1)
    b = Atlas(
        a.samples.take(rows), MAP[rows], layer="conv", provenance={**a.provenance, "key": "part"}
    )
    found = compare_atlases(a, b)
    assert len(found) == len(found.a) == len(found.b) == 400
    assert "400 samples" in found.notices[0]
    np.testing.assert_array_equal(found.a.activations, found.b.activations)
    np.testing.assert_array_equal(found.a.xy, MAP[200:])


def test_the_same_seed_gives_the_same_comparison():
    pair = atlas_of(VALUES, xy=MAP), atlas_of(VALUES**2, xy=MAP)
    first, again = (compare_atlases(*pair, controls=2, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.b.xy, again.b.xy)
    assert first.table().equals(again.table())


def test_the_atlases_are_left_as_they_are():
    a, b = atlas_of(VALUES, xy=MAP), atlas_of(VALUES**2, xy=MAP)
    before = dict(b.provenance)
    compare_atlases(a, b, controls=0)
    assert b.provenance == before
    np.testing.assert_array_equal(b.xy, MAP)


def test_figures_show_both_maps(half):
    for overlay in ("agreement", "places"):
        figure = half.to_figure(overlay=overlay)
        titles = [axes.get_title() for axes in figure.axes]
        assert titles[0].startswith("a")
        assert titles[1].startswith("b, laid out beside it")
        picture = np.asarray(figure.axes[0].images[0].get_array())
        assert (picture[..., 3] > 0).any()
    gone = len(half.gone())
    figure = half.to_figure()
    assert f"{gone} gone" in figure.axes[0].get_title()
    assert len(figure.axes[0].patches) == gone


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"neighbors": 0}, "neighbors=0"),
        ({"neighbors": 2.5}, "neighbors=2.5"),
        ({"spring": -1}, "spring=-1"),
        ({"spring": float("nan")}, "spring=nan"),
        ({"controls": -1}, "controls=-1"),
        ({"names": ["one"]}, "names="),
        ({"names": ["one", "one"]}, "names="),
        ({"device": "abacus"}, "abacus"),
    ],
)
def test_arguments_out_of_range_are_refused(options, message):
    a = atlas_of(VALUES, xy=MAP)
    with pytest.raises(AtlasError, match=message):
        compare_atlases(a, a, **options)


def test_too_few_samples_are_refused_with_what_would_do():
    few = atlas_of(VALUES[:20])
    with pytest.raises(OtherCollectionError, match=r"21 samples.*there are 19.*neighbors=9"):
        compare_atlases(few, few)
    compare_atlases(few, few, neighbors=9, controls=1)
    one_image = atlas_of(VALUES, np.zeros(600, np.int64))
    with pytest.raises(OtherCollectionError, match="1 images in common"):
        compare_atlases(one_image, one_image)


def test_what_is_asked_of_a_comparison_is_checked(rotated):
    with pytest.raises(AtlasError, match="of='c'"):
        rotated.cells(of="c")
    with pytest.raises(AtlasError, match="overlay='heat'"):
        rotated.to_figure(overlay="heat")
    with pytest.raises(CellError, match="Cell 99"):
        rotated.went(99)


def test_it_can_be_stopped():
    a = atlas_of(VALUES, xy=MAP)
    with pytest.raises(Cancelled):
        compare_atlases(a, a, cancelled=lambda: True)
