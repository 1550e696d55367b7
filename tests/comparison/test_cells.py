"""Partners of cells, against sets of samples."""

from __future__ import annotations

import numpy as np

from atlas_widget.atlas.grid import Grid
from atlas_widget.comparison.cells import match_cells

RNG = np.random.default_rng(0)


def grid_of(cells, size=4):
    """A grid in which each sample is in a given cell."""
    cells = np.asarray(cells)
    xy = (np.stack([cells % size, cells // size], axis=1) + 0.5) / size
    return Grid.from_layout(np.zeros((len(cells), 1)), xy, size, 1)


def test_the_partner_has_the_largest_jaccard_index():
    mine, theirs = RNG.integers(16, size=200), RNG.integers(16, size=200)
    found = match_cells(grid_of(mine), grid_of(theirs), np.arange(200)).table
    for cell, row in found.iterrows():
        sets = {other: (mine == cell, theirs == other) for other in set(theirs)}
        index = {other: (a & b).sum() / (a | b).sum() for other, (a, b) in sets.items()}
        assert row["jaccard"] == max(index.values())
        assert index[row["partner"]] == row["jaccard"]
        a, b = sets[row["partner"]]
        assert row["share"] == (a & b).sum() / a.sum()


def test_renamed_cells_are_matched_and_one_dissolved_is_not():
    mine = np.repeat(np.arange(12), 20)
    names = RNG.permutation(12)
    theirs = names[mine]
    theirs[mine == 3] = np.arange(20) % 12
    found = match_cells(grid_of(mine), grid_of(theirs), np.arange(240)).table
    assert not found.loc[3, "matched"]
    kept = found.drop(index=3)
    assert kept["matched"].all()
    np.testing.assert_array_equal(kept["partner"].astype(int), names[kept.index])
    np.testing.assert_array_equal(kept["one_to_one"].astype(int), names[kept.index])


def test_of_unrelated_maps_about_one_cell_in_twenty_seems_matched():
    shares = [
        match_cells(
            grid_of(RNG.integers(36, size=720), 6), grid_of(RNG.integers(36, size=720), 6),
            np.arange(720), seed=trial,
        ).table["matched"].mean()
        for trial in range(4)
    ]  # fmt: skip
    assert np.mean(shares) < 0.12


def test_a_cell_of_few_images_is_left_open():
    mine = np.repeat(np.arange(8), 16)
    images = np.where(mine == 2, 0, np.arange(1, 129))
    found = match_cells(grid_of(mine), grid_of(mine), images).table
    assert found["matched"].isna().tolist() == [cell == 2 for cell in found.index]
    assert found.loc[2, "images"] == 1
