"""Building at the places of another atlas: the same places, a record, clear refusals."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from atlas_widget import Atlas, compare_atlases, compare_series
from atlas_widget.errors import AtlasError, ImagesError, OtherCollectionError

OPTIONS = {
    "grids": (4, 8),
    "input_size": 64,
    "device": "cpu",
    "progress": False,
    "layout_method": "umap-torch",
}


@pytest.fixture
def first(tiny_model, tiny_images) -> Atlas:
    return Atlas.build(tiny_model, "middle", tiny_images, num_samples=150, seed=3, **OPTIONS)


def retrained(model: torch.nn.Module) -> torch.nn.Module:
    """A checkpoint a little later in its training."""
    other = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weights in other.parameters():
            weights += (
                0.1 * weights.std(correction=0) * torch.randn(weights.shape, generator=generator)
            )
    return other


def test_another_layer_is_built_at_the_same_places(tiny_model, tiny_images, first) -> None:
    other = Atlas.build(tiny_model, "stem", tiny_images, like=first, **OPTIONS)
    assert len(other) == len(first)
    np.testing.assert_array_equal(other.samples.crops, first.samples.crops)
    assert other.provenance["settings"]["num_samples"] == 150
    assert other.provenance["settings"]["seed"] == 3
    assert other.provenance["like"]["layer"] == "middle"
    assert other.provenance["like"]["key"] == first.provenance["key"]
    usual = Atlas.build(tiny_model, "stem", tiny_images, num_samples=150, seed=3, **OPTIONS)
    assert other.provenance["key"] != usual.provenance["key"]
    found = compare_atlases(first, other, controls=2)
    assert len(found) == 150
    assert found.notices == ()
    assert found.names == ("middle", "stem")
    assert found.table().loc["agreement", "low"] > 0.05
    # built apart, they are at positions of maps of two sizes
    with pytest.raises(OtherCollectionError, match="like=a"):
        compare_atlases(first, usual)


def test_a_checkpoint_has_the_same_places_by_itself(tiny_model, tiny_images, first) -> None:
    later = retrained(tiny_model)
    by_itself = Atlas.build(later, "middle", tiny_images, num_samples=150, seed=3, **OPTIONS)
    like = Atlas.build(later, "middle", tiny_images, like=first, **OPTIONS)
    np.testing.assert_allclose(like.activations, by_itself.activations, atol=1e-5)
    found = compare_atlases(first, by_itself, controls=2)
    assert len(found) == 150
    same = compare_atlases(first, first, controls=2)
    agreement = [each.table().loc["agreement", "value"] for each in (found, same)]
    assert 0.1 < agreement[0] < agreement[1] == pytest.approx(1)


def test_places_are_handed_on_and_saved(tiny_model, tiny_images, first, tmp_path) -> None:
    stem = Atlas.build(tiny_model, "stem", tiny_images, like=first, **OPTIONS)
    stem.save(tmp_path / "stem")
    loaded = Atlas.load(tmp_path / "stem")
    last = Atlas.build(tiny_model, "last", tiny_images, like=loaded, **OPTIONS)
    direct = Atlas.build(tiny_model, "last", tiny_images, like=first, **OPTIONS)
    np.testing.assert_allclose(last.activations, direct.activations, atol=1e-5)
    series = compare_series([loaded, first, last], controls=0)
    assert len(series.images) == 150
    assert series.names == ("stem", "middle", "last")


def test_other_images_are_refused(tiny_model, tiny_images, first, tmp_path) -> None:
    other = tmp_path / "others"
    other.mkdir()
    for number, path in enumerate(sorted(tiny_images.iterdir())):
        (other / f"holiday_{number}.png").write_bytes(path.read_bytes())
    with pytest.raises(ImagesError, match="should be 'picture_"):
        Atlas.build(tiny_model, "middle", other, like=first, **OPTIONS)


def test_what_goes_with_it_and_what_it_is_are_checked(tiny_model, tiny_images, first, tmp_path):
    with pytest.raises(AtlasError, match="like='stem'"):
        Atlas.build(tiny_model, "middle", tiny_images, like="stem", **OPTIONS)
    with pytest.raises(AtlasError, match="leave out folder="):
        Atlas.build(tiny_model, "middle", tiny_images, like=first, folder=tmp_path, **OPTIONS)
    bare = Atlas(first.samples, first.xy, layer="middle")
    with pytest.raises(AtlasError, match="how large the layer's map is"):
        Atlas.build(tiny_model, "middle", tiny_images, like=bare, **OPTIONS)
