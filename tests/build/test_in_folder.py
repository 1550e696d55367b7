"""A folder of atlases: what `Atlas.build` builds, whatever came in between."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from atlas_widget import Atlas
from atlas_widget.atlas import atlas as atlas_module
from atlas_widget.atlas.files import NoAtlasOfLayerError, find_atlas
from atlas_widget.atlas.moments import Moments
from atlas_widget.atlas.samples import Samples
from atlas_widget.build import build_atlases
from atlas_widget.collect.shard_file import shard_name
from atlas_widget.errors import AtlasError, OtherCollectionError, SavedAtlasError
from atlas_widget.images.thumbnails import Thumbnails
from atlas_widget.inversion import Whitening
from atlas_widget.progress import Cancelled

SMALL = {
    "num_samples": 120,
    "grids": (4, 8),
    "input_size": 64,
    "device": "cpu",
    "progress": False,
    "batch_size": 8,
    "samples_per_shard": 40,
}


def built(model, images: Path, folder: Path, layers=("stem", "middle"), **options):
    return build_atlases(model, list(layers), images, folder, **{**SMALL, **options})


def contents(folder: Path) -> dict[str, object]:
    """All that an atlas holds, without the time at which it was made."""
    found: dict[str, object] = {
        file.name: file.read_bytes() for file in sorted(folder.glob("*.safetensors"))
    }
    record = json.loads((folder / "atlas.json").read_text())
    del record["provenance"]["created"]
    return {**found, "atlas.json": record}


def test_it_is_what_is_built_in_memory(tiny_model, tiny_images, tmp_path: Path) -> None:
    paths = built(tiny_model, tiny_images, tmp_path / "out", batch_size=None)
    assert paths == {layer: tmp_path / "out" / layer for layer in ("stem", "middle")}
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "build.holder",
        "build.lock",
        "middle",
        "stem",
    ]
    with torch.random.fork_rng():
        whole = Atlas.build(
            tiny_model, "middle", tiny_images, num_samples=120, grids=(4, 8), device="cpu",
            progress=False,
        )  # fmt: skip
    # at the size of input that the model is assumed to have
    again = Atlas.build(
        tiny_model, "middle", tiny_images, num_samples=120, grids=(4, 8), device="cpu",
        progress=False, folder=tmp_path / "kept",
    )  # fmt: skip
    np.testing.assert_array_equal(again.activations, whole.activations)
    np.testing.assert_array_equal(again.xy, whole.xy)
    np.testing.assert_array_equal(again.grid(4).means, whole.grid(4).means)
    assert again.samples.image_names == whole.samples.image_names
    assert again.provenance["key"] == whole.provenance["key"]


def test_stopped_anywhere_it_comes_out_the_same(tiny_model, tiny_images, tmp_path: Path) -> None:
    built(tiny_model, tiny_images, tmp_path / "whole")
    for stop in (1, 4, 6, 12, 40):
        left = iter(range(stop))
        with pytest.raises(Cancelled):
            built(
                tiny_model,
                tiny_images,
                tmp_path / "halves",
                cancelled=lambda left=left: next(left, None) is None,
            )
    built(tiny_model, tiny_images, tmp_path / "halves")
    for layer in ("stem", "middle"):
        whole, halves = (contents(tmp_path / name / layer) for name in ("whole", "halves"))
        assert halves == whole


def test_what_is_there_is_not_built_again(
    tiny_model, tiny_images, tmp_path: Path, monkeypatch
) -> None:
    built(tiny_model, tiny_images, tmp_path)
    before = contents(tmp_path / "middle")
    monkeypatch.setattr(
        "atlas_widget.build.builder.collect_to_disk", lambda *_, **__: pytest.fail("again")
    )
    built(tiny_model, tiny_images, tmp_path)
    assert contents(tmp_path / "middle") == before
    monkeypatch.setattr(
        "atlas_widget.build.builder.lay_out", lambda *_, **__: pytest.fail("laid out again")
    )
    built(tiny_model, tiny_images, tmp_path, grids=(4, 6))
    assert Atlas.load(tmp_path / "middle").grids == (4, 6)


def test_another_method_lays_out_what_is_there(
    tiny_model, tiny_images, tmp_path: Path, monkeypatch
) -> None:
    built(tiny_model, tiny_images, tmp_path, ["middle"])
    ours = Atlas.load(tmp_path)
    monkeypatch.setattr(
        "atlas_widget.build.builder.collect_to_disk", lambda *_, **__: pytest.fail("again")
    )
    built(tiny_model, tiny_images, tmp_path, ["middle"], layout_method=PCA(2))
    theirs = Atlas.load(tmp_path)
    assert not np.array_equal(theirs.xy, ours.xy)
    np.testing.assert_array_equal(theirs.activations, ours.activations)
    assert theirs.provenance["settings"]["layout_method"]["parameters"]["n_components"] == 2
    assert theirs.provenance["key"] != ours.provenance["key"]
    assert ours.provenance["settings"]["layout_method"]["library"] == "umap-learn"
    assert "umap-learn" in ours.provenance["versions"]
    monkeypatch.setattr(
        "atlas_widget.build.builder.lay_out", lambda *_, **__: pytest.fail("laid out again")
    )
    built(tiny_model, tiny_images, tmp_path, ["middle"], layout_method=PCA(2))
    monkeypatch.undo()
    built(tiny_model, tiny_images, tmp_path, ["middle"])
    np.testing.assert_array_equal(Atlas.load(tmp_path).xy, ours.xy)


def test_another_layer_joins_the_others(tiny_model, tiny_images, tmp_path: Path) -> None:
    built(tiny_model, tiny_images, tmp_path / "one", ["middle"])
    built(tiny_model, tiny_images, tmp_path / "one", ["stem", "middle"])
    built(tiny_model, tiny_images, tmp_path / "both")
    for layer in ("stem", "middle"):
        assert contents(tmp_path / "one" / layer) == contents(tmp_path / "both" / layer)


def test_something_else_is_not_overwritten_unless_asked_for(
    tiny_model, tiny_images, tmp_path: Path
) -> None:
    built(tiny_model, tiny_images, tmp_path, ["middle"])
    with pytest.raises(OtherCollectionError, match=r"middle.*seed \(was 0, is 1\)"):
        built(tiny_model, tiny_images, tmp_path, ["middle"], seed=1)
    assert Atlas.load(tmp_path).provenance["settings"]["seed"] == 0
    built(tiny_model, tiny_images, tmp_path, ["middle"], seed=1, restart=True)
    assert Atlas.load(tmp_path).provenance["settings"]["seed"] == 1
    (tmp_path / "stem").mkdir()
    (tmp_path / "stem" / "mine.txt").write_text("mine")
    with pytest.raises(OtherCollectionError, match="holds no atlas"):
        built(tiny_model, tiny_images, tmp_path, ["stem"], restart=True)
    assert (tmp_path / "stem" / "mine.txt").read_text() == "mine"


def test_a_damaged_shard_is_mended_on_the_way(
    tiny_model, tiny_images, tmp_path: Path, capsys
) -> None:
    built(tiny_model, tiny_images, tmp_path / "whole")
    left = iter(range(8))
    with pytest.raises(Cancelled):
        built(
            tiny_model,
            tiny_images,
            tmp_path / "mended",
            samples_per_shard=40,
            cancelled=lambda: next(left, None) is None,
        )
    file = tmp_path / "mended" / "shards" / "middle" / shard_name(0)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    built(tiny_model, tiny_images, tmp_path / "mended", progress=True)
    assert "collected again" in capsys.readouterr().err
    assert contents(tmp_path / "mended" / "middle") == contents(tmp_path / "whole" / "middle")


def test_a_damaged_atlas_is_built_again(tiny_model, tiny_images, tmp_path: Path) -> None:
    built(tiny_model, tiny_images, tmp_path)
    before = contents(tmp_path / "middle")
    file = tmp_path / "middle" / "activations.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    built(tiny_model, tiny_images, tmp_path)
    assert contents(tmp_path / "middle") == before


def test_atlases_are_found_in_the_folder_they_were_built_in(
    tiny_model, tiny_images, tmp_path: Path
) -> None:
    built(tiny_model, tiny_images, tmp_path)
    assert find_atlas(tmp_path, "stem") == tmp_path / "stem"
    assert find_atlas(tmp_path / "stem") == tmp_path / "stem"
    with pytest.raises(SavedAtlasError, match=r"several atlases \(middle, stem\)"):
        Atlas.load(tmp_path)
    with pytest.raises(NoAtlasOfLayerError, match=r"no atlas of layer 'mid'.*'middle'"):
        find_atlas(tmp_path, "mid")


def test_layers_are_a_list(tiny_model, tiny_images, tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match="layers='middle'"):
        build_atlases(tiny_model, "middle", tiny_images, tmp_path)  # type: ignore[arg-type]


def test_a_large_atlas_opens_without_reading_its_activations(tmp_path: Path, monkeypatch) -> None:
    """Its grids are kept, so that a million samples open in a second or two."""
    monkeypatch.setattr(atlas_module, "_LARGE_BYTES", 0)
    rng = np.random.default_rng(0)
    count = 5000
    samples = Samples(
        activations=rng.normal(size=(count, 8)).astype(np.float16),
        positions=np.zeros((count, 2), np.int16),
        crops=np.tile(np.float32([0, 0, 1, 1]), (count, 1)),
        flipped=np.zeros(count, np.bool_),
        image_ids=np.arange(count, dtype=np.int32),
        image_names=[str(number) for number in range(count)],
        image_indices=np.arange(count, dtype=np.int32),
        thumbnails=Thumbnails(np.zeros(0, np.uint8), np.zeros(count + 1, np.int64)),
    )
    atlas = Atlas(samples, rng.random((count, 2)), layer="middle", grids=(4, 8))
    atlas.save(tmp_path / "large")
    back = Atlas.load(tmp_path / "large")
    opened = back.with_layout(back.xy)
    monkeypatch.setattr(
        "atlas_widget.atlas.grid._means", lambda *_: pytest.fail("activations were read")
    )
    monkeypatch.setattr(Moments, "add", lambda *_: pytest.fail("activations were read"))
    np.testing.assert_array_equal(back.moments.second_moment, atlas.moments.second_moment)
    whitening = Whitening.of(back.moments)
    np.testing.assert_allclose(
        whitening.matrix, Whitening.of(samples.activations).matrix, rtol=1e-4
    )
    for size in (4, 8):
        grid = opened.grid(size)
        np.testing.assert_array_equal(grid.means, atlas.grid(size).means)
        np.testing.assert_array_equal(grid.representatives(), atlas.grid(size).representatives())
        np.testing.assert_array_equal(grid.counts, atlas.grid(size).counts)
        assert grid.nearest(3).tolist() == atlas.grid(size).nearest(3).tolist()
        np.testing.assert_array_equal(grid.members(3), atlas.grid(size).members(3))
