"""Planted cells: one group or two, tight or scattered, kept together by the layout or not."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.progress import Cancelled

CHANNELS = 40


def one_group(rng, count, spread=0.3):
    return np.ones(CHANNELS) + spread * rng.normal(size=(count, CHANNELS))


def two_groups(rng, count, apart=4.0):
    direction = rng.normal(size=CHANNELS)
    direction -= direction.mean()  # across all of the mean, since only the angle counts
    direction *= apart / np.linalg.norm(direction)
    return one_group(rng, count) + np.outer(np.arange(count) % 2, direction)


def skewed(rng, count):
    return rng.exponential(size=(count, CHANNELS)) / np.arange(1, CHANNELS + 1) ** 0.5


def heavy_tailed(rng, count):
    return 3 + rng.normal(size=(count, CHANNELS)) / np.sqrt(rng.chisquare(3, (count, 1)) / 3)


@pytest.mark.parametrize("kind", [one_group, skewed, heavy_tailed])
@pytest.mark.parametrize("count", [8, 30])
def test_one_group_is_not_taken_for_two(atlas_of, kind, count) -> None:
    rng = np.random.default_rng(1)
    table = atlas_of([kind(rng, count) for _ in range(150)]).diagnostics()
    assert (table["chance"] < 0.05).mean() <= 0.08
    assert table["bimodal"].sum() <= 2


def test_two_groups_are_found(atlas_of) -> None:
    rng = np.random.default_rng(2)
    cells = [two_groups(rng, 20) if cell % 3 == 0 else one_group(rng, 20) for cell in range(60)]
    table = atlas_of(cells).diagnostics()
    planted = np.arange(60) % 3 == 0
    assert table["bimodal"][planted].mean() > 0.9
    assert table["bimodal"][~planted].sum() <= 2
    # between two groups there is nothing
    assert table["emptiness"][planted].median() > table["emptiness"][~planted].max()


def test_directions_that_agree_and_that_do_not(atlas_of) -> None:
    rng = np.random.default_rng(3)
    tight, loose = one_group(rng, 12, 0.05), one_group(rng, 12, 3.0)
    single = one_group(rng, 1)
    table = atlas_of([tight, loose, single, np.zeros((3, CHANNELS))]).diagnostics()
    units = loose / np.linalg.norm(loose, axis=1, keepdims=True)
    cosines = units @ units.T
    pairs = cosines[np.triu_indices(12, 1)]
    assert table["resultant"][0] > 0.99
    assert table["resultant"][1] == pytest.approx(np.linalg.norm(units.mean(0)), abs=1e-5)
    assert table["agreement"][1] == pytest.approx(pairs.mean(), abs=1e-5)
    to_mean = units @ loose.mean(0) / np.linalg.norm(loose.mean(0))
    assert table["nearest_cosine"][1] == pytest.approx(to_mean.max(), abs=1e-5)
    assert table["nearest_sample"][1] == 12 + to_mean.argmax()
    assert table["resultant"][2] == pytest.approx(1)
    assert np.isnan(table["agreement"][2])
    assert np.isnan(table["chance"][2])
    assert table["resultant"][3] == 0
    assert not table["bimodal"].any()


def test_rows_are_those_of_the_table_of_cells(atlas_of) -> None:
    rng = np.random.default_rng(4)
    atlas = atlas_of([one_group(rng, count) for count in (3, 9, 5)])
    joined = atlas.cells(3).merge(atlas.diagnostics(3), on=["id", "count"], validate="1:1")
    assert joined["count"].tolist() == [3, 9, 5]
    assert (joined["sample"] == joined["nearest_sample"]).all()
    assert joined["images"].tolist() == [3, 9, 5]
    assert joined["looked_at"].tolist() == [3, 9, 5]


def test_near_duplicates_of_a_crop_do_not_make_a_mean_look_lonely(atlas_of) -> None:
    rng = np.random.default_rng(5)
    pairs = np.repeat(one_group(rng, 10), 2, axis=0) + 1e-4 * rng.normal(size=(20, CHANNELS))
    apart = atlas_of([pairs], per_image=1).diagnostics()
    together = atlas_of([pairs], per_image=2).diagnostics()
    assert apart["emptiness"][0] > 20
    assert together["emptiness"][0] < 1
    assert together["images"][0] == 10
    assert np.isnan(atlas_of([pairs], per_image=20).diagnostics()["emptiness"][0])


def test_can_be_stopped_and_tells_how_far_it_is(atlas_of) -> None:
    atlas = atlas_of([one_group(np.random.default_rng(6), 20)])
    with pytest.raises(Cancelled):
        atlas.diagnostics(cancelled=lambda: True)
    told = []
    atlas.diagnostics(progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (20, 20)
