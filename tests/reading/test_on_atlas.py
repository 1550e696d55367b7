"""Places of an image's positions on an atlas."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.errors import AtlasError
from atlas_widget.layout import mean_places
from tests.reading.atlases import atlas_of
from tests.reading.networks import chain, read

LAYER = "conv3"
rng = np.random.default_rng(0)


@pytest.fixture(scope="module")
def seen():
    with read(chain(), [LAYER]) as reading:
        yield reading


def test_a_position_that_is_a_sample_lies_on_it(seen):
    own = seen.activations(LAYER).reshape(7, -1).T
    others = np.abs(rng.normal(size=(300, 7)))
    samples = np.vstack([others[:100], own[[5, 20]] * 3, others[100:], own[5]])
    atlas = atlas_of(samples)
    table = seen.on(atlas)
    assert len(table) == 36
    for position, sample in ((5, 100), (20, 101)):  # the first of two that are alike
        row = table.iloc[position]
        assert (row["row"], row["column"]) == divmod(position, 6)
        assert row["sample"] == sample
        assert (row["x"], row["y"]) == tuple(atlas.xy[sample])
        assert row["cosine"] == pytest.approx(1, abs=1e-6)
        assert row["image"] == f"image {sample}"
        assert not row["unusual"]
        grid = atlas.grid(4)
        assert sample in grid.members(grid.cell(row["cell"]))
        assert row["borrowed"] == row["cell"]


def test_a_place_depends_on_the_activation_and_the_atlas_alone(seen):
    atlas = atlas_of(np.abs(rng.normal(size=(200, 7))))
    whole = seen.on(atlas)
    own = seen.activations(LAYER).reshape(7, -1).T
    one = mean_places(own[11:12], atlas.activations, atlas.xy)
    np.testing.assert_allclose(one.places[0], whole.loc[11, ["x", "y"]].to_numpy(float), atol=1e-6)
    turned = mean_places(own[::-1], atlas.activations, atlas.xy)
    np.testing.assert_allclose(turned.places[::-1], whole[["x", "y"]], atol=1e-5)


def test_others_lie_between_their_eight_nearest_samples(seen):
    atlas = atlas_of(np.abs(rng.normal(size=(200, 7))))
    table = seen.on(atlas)
    own = seen.activations(LAYER).reshape(7, -1).T
    known = atlas.activations / np.linalg.norm(atlas.activations, axis=1, keepdims=True)
    for position in (0, 13, 35):
        cosines = known @ (own[position] / np.linalg.norm(own[position]))
        near = np.argsort(-cosines)[:8]
        assert table.loc[position, "sample"] == near[0]
        assert table.loc[position, "cosine"] == pytest.approx(cosines[near[0]], abs=1e-5)
        low, high = atlas.xy[near].min(0), atlas.xy[near].max(0)
        place = table.loc[position, ["x", "y"]].to_numpy(float)
        assert (place >= low - 1e-6).all()
        assert (place <= high + 1e-6).all()


def test_positions_unlike_all_samples_are_marked(seen):
    own = seen.activations(LAYER).reshape(7, -1).T
    usual = own[0] / np.linalg.norm(own[0])
    samples = usual + 0.02 * rng.normal(size=(300, 7))
    cosines = own @ usual / np.linalg.norm(own, axis=1)
    table = seen.on(atlas_of(samples))
    assert not table.loc[0, "unusual"]
    assert table.loc[int(cosines.argmin()), "unusual"]
    alone = seen.on(atlas_of(samples, images=np.zeros(300, int)))  # one image says nothing
    assert not alone["unusual"].any()


def test_a_place_without_a_cell_borrows_the_nearest_samples(seen):
    own = seen.activations(LAYER).reshape(7, -1).T
    samples = np.vstack([own[0] + 0.1, own[0] + 0.11, own[0] + 0.12])
    xy = np.array([[0.05, 0.05], [0.95, 0.05], [0.5, 0.95]])
    atlas = atlas_of(samples, xy=xy, grids=(9,))
    table = seen.on(atlas)
    between = table[table["cell"] < 0]
    assert len(between)
    known = set(atlas.grid(9).ids.tolist())
    assert set(between["borrowed"]) <= known


def test_an_atlas_of_something_else_is_refused(seen):
    with pytest.raises(AtlasError, match="was not read"):
        seen.on(atlas_of(np.ones((9, 7)), layer="layer4"))
    with pytest.raises(AtlasError, match="has 5 channels, and the image's map 7"):
        seen.on(atlas_of(np.ones((9, 5))))
