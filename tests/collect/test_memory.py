"""Samples are random, reproducible, and know where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from atlas_widget.atlas.samples import Samples
from atlas_widget.collect import (
    CROP_SCALE,
    check_activations,
    collect,
    default_crop_scale,
    iter_collect,
    sample_images,
)
from atlas_widget.errors import ActivationsError, AtlasError, ImagesError
from atlas_widget.images import as_image_source
from atlas_widget.probe import LayerProbe
from atlas_widget.progress import Cancelled
from tests.conftest import tiny_picture

SIZE = 64


@pytest.fixture
def probe(tiny_model: torch.nn.Module) -> Iterator[LayerProbe]:
    with LayerProbe(tiny_model, "middle", input_size=SIZE, device="cpu") as probe:
        yield probe


@pytest.fixture
def source(tiny_images: Path):
    return as_image_source(tiny_images)


def assert_equal(a: Samples, b: Samples) -> None:
    for name in ("activations", "positions", "crops", "flipped", "image_ids", "image_indices"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    assert a.image_names == b.image_names
    np.testing.assert_array_equal(a.thumbnails.blob, b.thumbnails.blob)


def test_shapes(probe, source) -> None:
    samples = collect(probe, source, num_samples=100)
    assert samples.activations.shape == (100, 12)
    assert samples.activations.dtype == np.float32
    assert samples.positions.shape == (100, 2)
    assert samples.positions.min() >= 1
    assert samples.positions.max() <= 14
    assert samples.crops.shape == (100, 4)
    assert len(samples.thumbnails) == len(samples) == 100
    assert samples.thumbnails.get(99).shape == (64, 64, 3)
    assert sorted(samples.image_names) == source.names
    assert len(np.unique(samples.image_ids)) == 12


def test_same_seed_same_samples(probe, source) -> None:
    samples = collect(probe, source, num_samples=60, seed=1)
    assert_equal(samples, collect(probe, source, num_samples=60, seed=1))
    other = collect(probe, source, num_samples=60, seed=2)
    assert not np.array_equal(samples.activations, other.activations)


def test_crops_do_not_depend_on_the_other_images(probe, source) -> None:
    """The same photo gives the same crops and positions whatever stands beside it."""
    samples = collect(probe, source, num_samples=96)
    alone = collect(probe, as_image_source(source.paths[3]), num_samples=10, positions_per_crop=8)
    mine = samples.take(
        np.flatnonzero(samples.image_ids == samples.image_names.index(alone.name(0)))
    )
    np.testing.assert_array_equal(alone.crops[0], mine.crops[0])
    np.testing.assert_array_equal(alone.positions[:8], mine.positions[:8])
    np.testing.assert_allclose(alone.activations[:8], mine.activations[:8], atol=1e-5)


def test_many_images_give_one_sample_each(probe, source) -> None:
    samples = collect(probe, source, num_samples=12)
    assert sorted(samples.image_ids) == list(range(12))
    fewer = collect(probe, source, num_samples=10)
    assert len(set(fewer.image_names)) == 10


def test_few_images_give_several_positions_of_several_crops(probe, source) -> None:
    samples = collect(probe, source, num_samples=240, positions_per_crop=5)
    crops = {tuple(crop) for crop in samples.crops.tolist()}
    assert len(crops) == 48
    for crop in crops:
        rows = np.flatnonzero((samples.crops == np.float32(crop)).all(axis=1))
        assert len(np.unique(samples.positions[rows], axis=0)) == 5


def test_parts_are_fair_and_add_up(probe, source) -> None:
    parts = list(iter_collect(probe, source, num_samples=240, positions_per_crop=2, batch_size=24))
    assert len(parts) == 5
    assert all(len(part.image_names) == 12 for part in parts)
    assert_equal(
        Samples.concatenate(parts),
        collect(probe, source, num_samples=240, positions_per_crop=2, batch_size=24),
    )


def test_sample_images_are_what_the_network_saw(probe, source) -> None:
    samples = collect(probe, source, num_samples=50)
    chosen = [40, 3, 17]
    images = sample_images(samples, source, chosen, SIZE)
    assert images.shape == (3, 3, SIZE, SIZE)
    maps = probe.activations(images)
    again = np.stack(
        [maps[k, :, row, col].numpy() for k, (row, col) in enumerate(samples.positions[chosen])]
    )
    np.testing.assert_allclose(again, samples.activations[chosen], rtol=1e-3, atol=1e-4)


def test_sample_images_of_other_images(probe, source, tmp_path: Path) -> None:
    samples = collect(probe, source, num_samples=20)
    tiny_picture(0).save(tmp_path / "other.png")
    with pytest.raises(ImagesError, match="not what the samples were collected from"):
        sample_images(samples, as_image_source(tmp_path), [0], SIZE)


def test_thumbnails_show_the_position(tiny_model) -> None:
    """Left half black, right half white: a sample on the right sees white."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, 32:] = 255
    source = as_image_source([Image.fromarray(pixels)])
    with LayerProbe(tiny_model, "middle", input_size=SIZE, device="cpu") as probe:
        samples = collect(probe, source, num_samples=60, crop_scale=(1.0, 1.0))
    for index in range(len(samples)):
        level = samples.thumbnails.get(index).mean()
        col = int(samples.positions[index, 1])
        right = (col >= 8) != bool(samples.flipped[index])
        if abs(col - 7.5) > 3:
            assert (level > 127) == right


def test_vectors(tiny_model, source) -> None:
    with LayerProbe(tiny_model, "pool", input_size=SIZE, device="cpu") as probe:
        samples = collect(probe, source, num_samples=30)
    assert samples.activations.shape == (30, 16)
    assert (samples.positions == 0).all()
    assert len({tuple(crop) for crop in samples.crops.tolist()}) == 30


def test_unreadable_images_are_named_and_made_up_for(probe, tiny_images: Path, tmp_path) -> None:
    for file in sorted(tiny_images.iterdir())[:5]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "broken.jpg").write_bytes(b"no")
    (tmp_path / "empty.png").write_bytes(b"")
    source = as_image_source(tmp_path)
    samples = collect(probe, source, num_samples=90)
    assert len(samples) == 90
    assert sorted(samples.unreadable) == ["broken.jpg", "empty.png"]
    assert sorted(source.unreadable) == ["broken.jpg", "empty.png"]
    assert len(samples.image_names) == 5


def test_a_model_that_runs_out_of_memory_goes_on_with_half_the_batch(
    probe, source, monkeypatch
) -> None:
    whole = collect(probe, source, num_samples=120, batch_size=8)
    encode, sizes = probe.accelerated(), []

    def greedy(rgb):
        sizes.append(len(rgb))
        if len(rgb) > 3:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
        return encode(rgb)

    monkeypatch.setattr(probe, "accelerated", lambda: greedy)
    halves = collect(probe, source, num_samples=120, batch_size=8)
    assert sizes[:4] == [8, 4, 2, 2]
    assert max(sizes[2:]) == 2, "and so from then on"
    np.testing.assert_allclose(halves.activations, whole.activations, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(halves.crops, whole.crops)


def test_no_readable_image(probe, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no")
    with pytest.raises(ImagesError, match=r"None of the 1 images.*broken\.jpg"):
        collect(probe, as_image_source(tmp_path), num_samples=20)


def test_progress_and_cancelling(probe, source) -> None:
    seen: list[tuple[int, int]] = []
    collect(probe, source, num_samples=100, progress=lambda *now: seen.append(now))
    assert seen[0] == (0, 100)
    assert seen[-1] == (100, 100)
    assert seen == sorted(seen)
    calls = iter([False, False, True])
    with pytest.raises(Cancelled):
        collect(probe, source, num_samples=1000, cancelled=lambda: next(calls))


def test_sources_may_say_which_crops_suit_them(demo_images, source) -> None:
    assert default_crop_scale(source) == CROP_SCALE
    assert default_crop_scale(demo_images) == (0.25, 0.8)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"num_samples": 3}, ActivationsError, "num_samples=3"),
        ({"crop_scale": (0.0, 1.0)}, AtlasError, "crop_scale"),
        ({"crop_scale": (0.9, 0.5)}, AtlasError, "crop_scale"),
        ({"positions_per_crop": 0}, AtlasError, "positions_per_crop=0"),
    ],
)
def test_parameters(probe, source, parameters, error, message) -> None:
    with pytest.raises(error, match=message):
        collect(probe, source, **parameters)


class TestActivations:
    """Activations of which no atlas can be made."""

    @pytest.fixture
    def samples(self, probe, source) -> Samples:
        return collect(probe, source, num_samples=30)

    def check(self, samples: Samples, values: np.ndarray) -> None:
        check_activations(Samples(**{**vars(samples), "activations": values.astype(np.float32)}))

    def test_zero(self, samples: Samples) -> None:
        with pytest.raises(ActivationsError, match="All 30 activations are zero"):
            self.check(samples, np.zeros((30, 12)))

    def test_constant(self, samples: Samples) -> None:
        with pytest.raises(ActivationsError, match="All 30 activations are the same"):
            self.check(samples, np.ones((30, 12)) * np.arange(12))

    def test_not_finite(self, samples: Samples) -> None:
        values = samples.activations.copy()
        values[[4, 7], 2] = [np.nan, np.inf]
        with pytest.raises(ActivationsError, match=rf"2 of 30.*{samples.name(4)}"):
            self.check(samples, values)

    def test_too_few(self, samples: Samples) -> None:
        with pytest.raises(ActivationsError, match="5 samples are too few"):
            check_activations(samples.take(range(5)))

    def test_some_zeros_are_fine(self, samples: Samples) -> None:
        values = samples.activations.copy()
        values[3] = 0
        self.check(samples, values)


def test_take_renumbers_images(probe, source) -> None:
    samples = collect(probe, source, num_samples=60)
    part = samples.take([50, 2])
    assert [part.name(0), part.name(1)] == [samples.name(50), samples.name(2)]
    assert part.crop(0) == samples.crop(50)
    assert len(part.image_names) <= 2
    index = int(part.image_indices[part.image_ids[0]])
    assert source.name(index) == samples.name(50)


def test_the_models_threads_are_left_alone(probe, source) -> None:
    before = torch.is_grad_enabled()
    collect(probe, source, num_samples=20)
    assert torch.is_grad_enabled() == before
