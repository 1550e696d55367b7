"""The finished thing: built, asked, given another layout; labels, keys and notices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torchvision.models import squeezenet1_1

from atlas_widget import Atlas, demo
from atlas_widget.attribution.output_labels import resolve_labels
from atlas_widget.build.provenance import AtlasSettings, atlas_key
from atlas_widget.errors import AtlasError, ImagesError, LayerNotFoundError, UnreadableImagesError
from atlas_widget.images import as_image_source
from atlas_widget.layout import other_layout
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.model_name import model_name
from atlas_widget.progress import Cancelled
from tests.conftest import make_tiny_model

LABELS = [f"class {number}" for number in range(10)]


@pytest.fixture(scope="module")
def built(tiny_images: Path) -> Atlas:
    return Atlas.build(
        make_tiny_model(),
        "middle",
        tiny_images,
        labels=LABELS,
        num_samples=200,
        grids=(8, 4),
        device="cpu",
        progress=False,
    )


@pytest.fixture
def atlas(built: Atlas) -> Atlas:
    """The same atlas in a frame of its own, so that a test may write on it."""
    return built.with_layout(built.xy)


def test_build(atlas: Atlas) -> None:
    assert atlas.activations.shape == (200, 12)
    assert atlas.xy.shape == (200, 2)
    assert (atlas.xy >= 0).all()
    assert (atlas.xy <= 1).all()
    assert atlas.grids == (4, 8)
    assert atlas.layer == "middle"
    assert atlas.labels == LABELS
    assert len(atlas) == 200
    assert "200 samples" in repr(atlas)


def test_same_seed_same_atlas(atlas: Atlas, tiny_model, tiny_images) -> None:
    options = {"num_samples": 200, "device": "cpu", "progress": False}
    again = Atlas.build(tiny_model, "middle", tiny_images, **options)
    np.testing.assert_array_equal(again.activations, atlas.activations)
    np.testing.assert_array_equal(again.xy, atlas.xy)
    other = Atlas.build(tiny_model, "middle", tiny_images, seed=1, **options)
    assert not np.array_equal(other.activations, atlas.activations)


def test_training_mode_is_left_as_found(tiny_model, tiny_images) -> None:
    tiny_model.train()
    before = {name: value.clone() for name, value in tiny_model.state_dict().items()}
    Atlas.build(tiny_model, "middle", tiny_images, num_samples=40, progress=False)
    assert all(module.training for module in tiny_model.modules())
    for name, value in tiny_model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(parameter.requires_grad for parameter in tiny_model.parameters())


def test_wrapped_models(tiny_images) -> None:
    wrapped = torch.nn.DataParallel(squeezenet1_1())
    atlas = Atlas.build(
        wrapped, "features.3", tiny_images, num_samples=20, device="cpu", progress=False
    )
    assert atlas.labels is not None
    assert atlas.provenance["model"].endswith("SqueezeNet")
    with pytest.raises(AtlasError, match=r"torch\.nn\.Module"):
        Atlas.build("resnet50", "layer1", tiny_images)


def test_grid_and_cells(atlas: Atlas) -> None:
    grid = atlas.grid(4)
    assert atlas.grid(4) is grid
    assert grid.means.shape == (len(grid), 12)
    cells = atlas.cells(4)
    assert len(cells) == len(grid)
    assert list(cells.columns) == [
        "row",
        "col",
        "id",
        "x",
        "y",
        "count",
        "label",
        "sample",
        "image",
    ]
    assert (cells["id"] == cells["row"] * 4 + cells["col"]).all()
    assert cells["count"].sum() <= 200
    assert cells["label"].isna().all()
    assert set(cells["image"]) <= set(atlas.samples.image_names)
    np.testing.assert_allclose(cells["x"], (cells["col"] + 0.5) / 4)
    for cell, sample in enumerate(cells["sample"]):
        assert sample in grid.members(cell)
    assert len(atlas.cells()) == len(cells)


def test_cells_have_the_labels_that_are_known(atlas: Atlas) -> None:
    first, second = atlas.grid(4).ids[:2].tolist()
    atlas.cell_labels[4] = {first: "cat", second: None}
    assert atlas.cells(4)["label"].tolist()[:2] == ["cat", None]


def test_with_layout(atlas: Atlas) -> None:
    other = atlas.with_layout(atlas.xy[:, ::-1])
    np.testing.assert_array_equal(other.xy[:, 0], atlas.xy[:, 1])
    assert other.activations is atlas.activations
    assert other.grids == atlas.grids
    assert set(other.grid(4).ids) != set() != set(atlas.grid(4).ids)
    with pytest.raises(AtlasError, match=r"\(3, 2\)"):
        atlas.with_layout(np.zeros((3, 2)))
    assert other.provenance["layout"] == "given"
    elsewhere = atlas.with_layout(atlas.xy * 40 - 7)
    assert (elsewhere.xy >= 0).all()
    assert (elsewhere.xy <= 1).all()
    assert len(np.unique(elsewhere.xy[:, 0])) > 100
    with pytest.raises(AtlasError, match=r"outside \[0, 1\]"):
        atlas.with_layout(atlas.xy * np.nan)


@pytest.mark.parametrize("grids", [(), (0,), (4, "8"), (4, 10_000), (True,)])
def test_grids(tiny_model, tiny_images, grids) -> None:
    with pytest.raises(AtlasError, match="grids="):
        Atlas.build(tiny_model, "middle", tiny_images, grids=grids)


def test_provenance_is_json(atlas: Atlas) -> None:
    record = json.loads(json.dumps(atlas.provenance))
    assert record["layer"] == "middle"
    assert record["model"].endswith("TinyNet")
    assert record["images"]["count"] == 12
    assert record["settings"]["num_samples"] == 200
    assert len(record["weights_hash"]) >= 16
    assert "torch" in record["versions"]


def test_key(tiny_model, tiny_images, atlas: Atlas) -> None:
    source = as_image_source(tiny_images)
    settings = AtlasSettings(num_samples=200)
    with LayerProbe(tiny_model, "middle", device="cpu") as probe:
        key = atlas_key(probe, source, settings)
        assert key == Atlas.key(probe, source, settings) == atlas.provenance["key"]
        assert key != atlas_key(probe, source, AtlasSettings(num_samples=201))
        elsewhere = AtlasSettings(num_samples=200, layout_method=other_layout(PCA(2)))
        assert key != atlas_key(probe, source, elsewhere)
        assert key != atlas_key(probe, as_image_source(source.paths[:5]), settings)
        scale = AtlasSettings(num_samples=200, crop_scale=(0.2, 1.0))
        assert key == atlas_key(probe, source, scale), "the default, said aloud"
    with LayerProbe(tiny_model, "last", device="cpu") as probe:
        assert key != atlas_key(probe, source, settings)
    with torch.no_grad():
        tiny_model.head.bias += 1
    with LayerProbe(tiny_model, "middle", device="cpu") as probe:
        assert key != atlas_key(probe, source, settings)


def test_progress_and_notices_go_to_stderr(tiny_model, tiny_images, tmp_path, capsys) -> None:
    for file in tiny_images.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "broken.png").write_bytes(b"no")
    atlas = Atlas.build(tiny_model, "middle", tmp_path, num_samples=40)
    captured = capsys.readouterr()
    assert "collecting   40/40" in captured.err
    assert "layout       200/200" in captured.err
    assert "1 of 13 images could not be read: broken.png" in captured.err
    assert captured.out == ""
    assert any("broken.png" in notice for notice in atlas.notices)


def test_too_many_unreadable_images(tiny_model, tiny_images, tmp_path) -> None:
    for file in sorted(tiny_images.iterdir())[:6]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "broken.png").write_bytes(b"no")
    options = {"num_samples": 100, "progress": False}
    with pytest.raises(UnreadableImagesError, match=r"1 of 7 .*10%.*broken.*max_unreadable=0.5"):
        Atlas.build(tiny_model, "middle", tmp_path, **options)
    atlas = Atlas.build(tiny_model, "middle", tmp_path, max_unreadable=0.5, **options)
    with pytest.warns(DeprecationWarning, match="max_unreadable"):
        again = Atlas.build(tiny_model, "middle", tmp_path, most_unreadable=0.5, **options)
    assert len(again) == len(atlas)
    assert atlas.samples.unreadable == ("broken.png",)


def test_cancelling(tiny_model, tiny_images) -> None:
    with pytest.raises(Cancelled):
        Atlas.build(tiny_model, "middle", tiny_images, progress=False, cancelled=lambda: True)


def test_unknown_layer_and_folder(tiny_model, tiny_images, tmp_path) -> None:
    with pytest.raises(LayerNotFoundError, match="middle"):
        Atlas.build(tiny_model, "midle", tiny_images)
    with pytest.raises(ImagesError, match=str(tmp_path)):
        Atlas.build(tiny_model, "middle", tmp_path)


class TestLabels:
    def test_as_given(self, tiny_model) -> None:
        assert resolve_labels(LABELS, 10, tiny_model) == (LABELS, None)
        assert resolve_labels(dict(enumerate(LABELS)), 10, tiny_model) == (LABELS, None)
        assert resolve_labels(None, 10, tiny_model) == (None, None)
        assert resolve_labels(LABELS, None, tiny_model) == (None, None)

    def test_html_stays_text(self, tiny_model) -> None:
        evil = ["<img src=x onerror=alert(1)>"] * 10
        assert resolve_labels(evil, 10, tiny_model)[0] == evil

    @pytest.mark.parametrize("count", [9, 11])
    def test_too_few_or_many(self, tiny_model, count: int) -> None:
        labels = [str(number) for number in range(count)]
        with pytest.raises(AtlasError, match=f"{count} labels were given.* 10 outputs"):
            resolve_labels(labels, 10, tiny_model)

    def test_gap_in_a_dict(self, tiny_model) -> None:
        with pytest.raises(AtlasError, match="output 3 has none"):
            resolve_labels({k: "x" for k in range(10) if k != 3}, 10, tiny_model)

    def test_one_string(self, tiny_model) -> None:
        with pytest.raises(AtlasError, match="not one string"):
            resolve_labels("labels.txt", 10, tiny_model)

    def test_imagenet_is_assumed_aloud(self) -> None:
        labels, notice = resolve_labels(None, 1000, squeezenet1_1())
        assert labels is not None
        assert labels[0] == "tench"
        assert notice is not None
        assert "assumed" in notice

    def test_the_demo_knows_its_own_labels(self, demo_model) -> None:
        labels, notice = resolve_labels(None, 1000, demo_model)
        assert labels == demo.labels()
        assert notice is None

    def test_nothing_is_assumed_of_ones_own_model(self, tiny_model) -> None:
        assert resolve_labels(None, 1000, tiny_model) == (None, None)


def test_model_names(demo_model, tiny_model) -> None:
    assert model_name(demo_model) == "tf_efficientnet_lite0"
    assert model_name(tiny_model) == "tests.conftest.TinyNet"


def test_demo_is_a_map(demo_model) -> None:
    """The demo fills a good part of its half of the square; photos mix rather than lie apart."""
    atlas = Atlas.build(demo_model, "blocks.4.2", num_samples=640, device="cpu", progress=False)
    grid = atlas.grid(10)
    assert len(grid) > 40
    mixed = [
        len(np.unique(atlas.samples.image_ids[grid.members(cell)])) > 1
        for cell in range(len(grid))
        if grid.counts[cell] >= 3
    ]
    assert np.mean(mixed) > 0.3
    assert atlas.labels is not None
    assert len(atlas.labels) == 1000
