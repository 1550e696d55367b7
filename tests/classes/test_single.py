"""An atlas of one class: what is in it, what it says of itself, and how it is kept."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget import Atlas
from atlas_widget.classes import class_atlas
from atlas_widget.classes.single import default_count, grids_for, select
from atlas_widget.errors import AtlasError, AttributionError


@pytest.fixture(scope="module")
def chosen(atlas, attributions, favourite) -> Atlas:
    return class_atlas(atlas, favourite, attributions, count=50)


def test_holds_the_samples_that_argue_most_for_the_class(atlas, attributions, favourite, chosen):
    values = attributions.of(favourite)
    strongest = np.sort(values)[::-1][:50]
    rows = chosen.influence.origin
    assert len(chosen) == len(set(rows.tolist())) == 50
    np.testing.assert_allclose(np.sort(chosen.influence.signed)[::-1], strongest)
    assert (chosen.influence.signed > 0).all()
    np.testing.assert_array_equal(chosen.activations, atlas.activations[rows])
    assert chosen.samples.name(0) == atlas.samples.name(int(rows[0]))


def test_is_laid_out_by_itself(chosen, atlas):
    assert chosen.xy.min() < 0.05
    assert chosen.xy.max() > 0.95
    assert not np.allclose(chosen.xy, atlas.xy[chosen.influence.origin])
    again = chosen.with_layout(chosen.xy)
    assert again.influence is chosen.influence


def test_winning_takes_those_that_argue_for_no_class_as_much(atlas, attributions, favourite):
    winning = class_atlas(atlas, favourite, attributions, by="winning", count=240)
    rows = winning.influence.origin
    wanted = (attributions.winning == favourite) & (attributions.of(favourite) > 0)
    assert set(rows.tolist()) == set(np.flatnonzero(wanted).tolist())
    assert winning.provenance["selected"]["by"] == "winning"


def test_influence_of_cells(chosen):
    grid = chosen.grid(4)
    cells = chosen.influence.cells(grid)
    for cell in range(len(grid)):
        own = chosen.influence.signed[grid.members(cell)]
        assert cells.mean[cell] == pytest.approx(own.mean(), rel=1e-5)
        low, mean, high = (part[cell] for part in (cells.low, cells.mean, cells.high))
        if len(own) == 1:
            assert np.isnan([low, high]).all()
        else:
            assert low == mean == high if (own == own[0]).all() else low < mean < high
    np.testing.assert_allclose(cells.positive + cells.negative, cells.mean, rtol=1e-5)
    table = chosen.cells(4)
    np.testing.assert_array_equal(table["influence"], cells.mean)
    assert {"influence_low", "influence_high"} <= set(table.columns)
    with pytest.raises(AtlasError, match="not about class"):
        chosen.influence.cells(grid, 99)


def test_comes_back_from_disk(chosen, tmp_path):
    chosen.save(tmp_path / "class.atlas")
    loaded = Atlas.load(tmp_path / "class.atlas")
    assert loaded.influence.classes == chosen.influence.classes
    np.testing.assert_array_equal(loaded.influence.values, chosen.influence.values)
    np.testing.assert_array_equal(loaded.influence.origin, chosen.influence.origin)
    assert loaded.axes is None
    assert loaded.provenance == chosen.provenance


def test_says_what_it_was_chosen_from(chosen, atlas, favourite):
    record = chosen.provenance["selected"]
    assert record["kind"] == "class atlas"
    assert record["label"] == f"kind {favourite}"
    assert record["from_key"] == atlas.provenance["key"]
    assert record["from_samples"] == 240
    assert record["samples"] == 50
    assert "key" not in chosen.provenance
    assert "selected" not in atlas.provenance


def test_too_few_samples_and_wrong_words(atlas, attributions):
    least = int((attributions.values > 0).sum(0).argmin())
    with pytest.raises(AttributionError, match=r"of 240 samples argue for"):
        class_atlas(atlas, least, attributions, count=3)
    with pytest.raises(AtlasError, match="Did you mean 'winning'"):
        select(attributions, 0, by="wining")
    with pytest.raises(AtlasError, match="at least one"):
        class_atlas(atlas, 0, attributions, count=0)


def test_defaults_grow_with_the_atlas():
    assert default_count(1_000_000) == 2000
    assert default_count(4000) == 1000
    assert default_count(20) == 10
    assert grids_for(2000) == (16, 32, 64)
    assert grids_for(10) == (4, 8, 16)
