"""What the numbers in images mean is judged once for a data set, and a guess is said to be one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from atlas_widget.errors import ImagesError
from atlas_widget.images import ImageSource, as_image_source

RNG = np.random.default_rng(0)
BLOCKS = np.kron(RNG.random((6, 8, 3)), np.ones((8, 8, 1)))
PHOTOS = np.clip(BLOCKS + 0.1 * RNG.standard_normal((20, 48, 64, 3)), 0.0, 1.0)
GREY = PHOTOS[..., 0]
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def pixels(source: ImageSource) -> np.ndarray:
    return np.stack([np.asarray(source.open(index)) for index in range(len(source))])


def assert_looks_like_photos(source: ImageSource, brightness: float = 1.0) -> None:
    expected = PHOTOS * brightness * 255
    assert np.abs(pixels(source).astype(float) - expected).max() <= 4


def folder_of(images: list[Image.Image], folder: Path, extension: str = "png") -> Path:
    folder.mkdir(exist_ok=True)
    for number, image in enumerate(images):
        image.save(folder / f"{number:02}.{extension}")
    return folder


@pytest.mark.parametrize(
    ("make", "taken_for"),
    [
        (lambda: (PHOTOS * 1023).astype(np.uint16), "10 bits"),
        (lambda: (PHOTOS * 4095).astype(np.int32), "12 bits"),
        (lambda: (PHOTOS * 4095).astype(">u2"), "12 bits"),
        (lambda: (PHOTOS * 65535).astype(np.uint16), "16 bits"),
        (lambda: (PHOTOS * 255 - 128).astype(np.int8), "signed bytes"),
        (lambda: (PHOTOS * 255).astype(np.float32), "8 bits"),
        (lambda: PHOTOS * 65535, "16 bits"),
        (lambda: PHOTOS * 1.5, "0 to 1.5"),
        (lambda: PHOTOS * 1e6, "0 to 1,000,000"),
        (lambda: PHOTOS * 2 - 1, "numbers from -1 to 1"),
        (lambda: (PHOTOS - MEAN) / STD, "ImageNet's mean and deviation, which was assumed"),
    ],
)
def test_a_guess_is_said_and_comes_out_right(make: Callable[[], Any], taken_for: str) -> None:
    source = as_image_source(list(make()))
    assert_looks_like_photos(source)
    (notice,) = source.notices
    assert f"taken for {taken_for}" in notice or f"normalised with {taken_for}" in notice
    assert "value_range=(" in notice
    assert taken_for in source.description


@pytest.mark.parametrize(
    "make",
    [
        lambda: (PHOTOS * 255).astype(np.uint8),
        lambda: (PHOTOS * 255).astype(np.int64),
        lambda: PHOTOS,
        lambda: PHOTOS.astype(np.float16),
        lambda: PHOTOS.astype(">f4"),
        lambda: torch.from_numpy(PHOTOS).permute(0, 3, 1, 2).bfloat16(),
        lambda: torch.from_numpy(PHOTOS).permute(0, 3, 1, 2).requires_grad_(),
    ],
)
def test_what_goes_without_saying_is_not_said(make: Callable[[], Any]) -> None:
    source = as_image_source(make())
    assert_looks_like_photos(source)
    assert source.notices == []


def test_the_models_own_mean_and_deviation_come_first() -> None:
    half = SimpleNamespace(mean=(0.4, 0.4, 0.4), std=(0.2, 0.2, 0.2))
    source = as_image_source(list((PHOTOS - 0.4) / 0.2), preprocessing=half)
    assert_looks_like_photos(source)
    assert "the model's mean and deviation" in source.notices[0]


def test_computed_tomography() -> None:
    scans = (GREY * 1400 - 1000).astype(np.int16)
    scans[:, :5] = -2000  # outside of the scanner's circle
    source = as_image_source(list(scans))
    (notice,) = source.notices
    assert "Hounsfield" in notice
    assert "value_range=(-1024, 3071)" in notice
    window = as_image_source(list(scans), value_range=(-160, 240))
    assert pixels(window)[:, 5:].std() > 1.5 * pixels(source)[:, 5:].std()


def test_one_hot_pixel_does_not_make_all_others_black() -> None:
    hot = (PHOTOS * 900).astype(np.uint16)
    hot[:, 0, 0] = 65535
    source = as_image_source(list(hot))
    assert np.abs(pixels(source)[:, 1:].astype(float) - PHOTOS[:, 1:] * 255).max() <= 4
    assert "value_range=(0, 900)" in source.notices[0]


def test_few_bright_spots_on_a_dark_ground_are_not_cut_off() -> None:
    spots = np.full((20, 64, 64), 100, np.uint16)
    spots[:, ::16, ::16] = np.arange(200, 3400, 200)[: 4 * 4].reshape(4, 4)
    source = as_image_source(list(spots))
    assert len(np.unique(pixels(source)[:, ::16, ::16])) == 16


def test_numbers_far_from_zero_have_contrast() -> None:
    """Such as temperatures."""
    source = as_image_source(list(GREY * 20 + 280))
    assert np.ptp(pixels(source)) == 255


def test_one_scale_for_all_images() -> None:
    """A dark image stays darker than a bright one, in arrays and in files."""
    dark_and_bright = [(PHOTOS[0] * (200 if number % 2 else 4095)) for number in range(12)]
    source = as_image_source([each.astype(np.uint16) for each in dark_and_bright])
    means = [np.asarray(source.open(index)).mean() for index in (1, 0)]
    assert means[0] < means[1] / 10


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_files_of_twelve_bits(tmp_path: Path, extension: str) -> None:
    deep = [
        Image.fromarray((grey * (4095 if number else 200)).astype(np.uint16))
        for number, grey in enumerate(GREY)
    ]
    source = as_image_source(folder_of(deep, tmp_path / "deep", extension))
    assert "12 bits" in source.notices[0]
    assert np.abs(pixels(source)[1:, ..., 0].astype(float) - GREY[1:] * 255).max() <= 1
    assert pixels(source)[0].max() <= 13, "the dark one, at the scale of all"
    given = as_image_source(tmp_path / "deep", value_range=(0, 8190))
    assert np.abs(pixels(given)[1:, ..., 0].astype(float) - GREY[1:] * 127.5).max() <= 1
    assert given.fingerprint() != source.fingerprint()
    contents = [path.read_bytes() for path in sorted((tmp_path / "deep").iterdir())]
    np.testing.assert_array_equal(pixels(as_image_source(contents)), pixels(source))
    opened = [Image.open(path) for path in sorted((tmp_path / "deep").iterdir())]
    np.testing.assert_array_equal(pixels(as_image_source(opened)), pixels(source))


def test_a_rare_kind_that_was_not_looked_at_is_said() -> None:
    images: list[Any] = [(photo * 255).astype(np.uint8) for photo in PHOTOS.repeat(3, axis=0)]
    images[17] = (PHOTOS[0] * 4095).astype(np.uint16)
    source = as_image_source(images)
    assert source.notices == []
    source.open(17)
    assert "image 17, have another kind of numbers" in source.notices[0]
    assert as_image_source(iter(images)).notices == source.notices


def test_a_stream_is_judged_from_sixteen_images_not_from_its_first_batch() -> None:
    tensors = torch.from_numpy(PHOTOS).permute(0, 3, 1, 2) * 255
    dark = torch.from_numpy(PHOTOS[:1]).permute(0, 3, 1, 2) * 0.5
    source = as_image_source(iter([dark, *tensors.split(4)]))
    assert len(source) == 21
    assert np.asarray(source.open(0)).max() <= 1
    assert np.abs(pixels(source)[1:].astype(float) - PHOTOS * 255).max() <= 4


def test_what_is_beyond_white_later_on_is_said() -> None:
    later = np.concatenate([PHOTOS[:16] * 200, PHOTOS[16:] * 60000]).astype(np.uint16)
    source = as_image_source(iter(later))
    assert any("4 images have more than a tenth" in notice for notice in source.notices)


@pytest.mark.parametrize(
    "images",
    [
        list((PHOTOS / 255).astype(np.float32)),
        list((PHOTOS * 7).astype(np.uint8)),
        [Image.fromarray((photo * 3).astype(np.uint8)) for photo in PHOTOS],
        (Image.fromarray((photo * 3).astype(np.uint8)) for photo in PHOTOS),
    ],
    ids=["divided twice", "labels", "images", "generator"],
)
def test_a_handful_of_levels_is_never_silent(images: Any) -> None:
    source = as_image_source(images)
    assert any("Hardly anything is to be seen" in notice for notice in source.notices)
    assert sum("Hardly anything" in notice for notice in source.notices) == 1


def test_masks_of_zeros_and_ones_are_black_and_white() -> None:
    source = as_image_source(list((PHOTOS > 0.5).astype(np.uint8)))
    assert np.unique(pixels(source)).tolist() == [0, 255]
    assert "masks" in source.notices[0]


def test_masked_numbers_are_grey() -> None:
    masked = np.ma.masked_array((PHOTOS * 255).astype(np.uint8))
    masked[:, :10] = np.ma.masked
    source = as_image_source(list(masked))
    assert (pixels(source)[:, :10] == 128).all()
    np.testing.assert_array_equal(pixels(source)[:, 10:], masked.data[:, 10:])


def test_opacity_is_not_normalised() -> None:
    opaque = np.concatenate([(PHOTOS - MEAN) / STD, np.ones((20, 48, 64, 1))], axis=-1)
    half = SimpleNamespace(mean=tuple(MEAN), std=tuple(STD))
    assert_looks_like_photos(as_image_source(list(opaque), preprocessing=half))


def test_order_of_channels_is_that_of_the_data_set() -> None:
    tall = np.zeros((3, 40, 3), np.uint8)  # either 40 rows of 3 pixels, or 3 rows of 40
    wide = np.zeros((3, 40, 50), np.uint8)
    assert as_image_source([tall, wide]).open(0).size == (3, 40)
    assert as_image_source([tall, wide.transpose(1, 2, 0)]).open(0).size == (40, 3)
    tiny = torch.arange(27, dtype=torch.uint8).reshape(3, 3, 3) * 9
    of_tensor = np.asarray(as_image_source([tiny]).open(0))
    np.testing.assert_array_equal(of_tensor, tiny.permute(1, 2, 0))
    np.testing.assert_array_equal(np.asarray(as_image_source([tiny.numpy()]).open(0)), tiny)


@pytest.mark.parametrize("value_range", [(3, 1), (0, np.inf), 255, ("a", "b"), (1, 2, 3)])
def test_value_range_is_a_pair_of_numbers(value_range: Any) -> None:
    with pytest.raises(ImagesError, match=r"value_range=.*\(0, 4095\)"):
        as_image_source(list(PHOTOS * 4095), value_range=value_range)


def test_a_build_tells_what_was_assumed(tiny_model: torch.nn.Module) -> None:
    from atlas_widget import Atlas

    options = {"num_samples": 40, "grids": (2,), "device": "cpu", "progress": False}
    arrays = list((PHOTOS * 4095).astype(np.uint16))
    atlas = Atlas.build(tiny_model, "middle", arrays, **options)
    assert any("12 bits" in notice for notice in atlas.notices)
    given = Atlas.build(
        tiny_model, "middle", as_image_source(arrays, value_range=(0, 4095)), **options
    )
    assert not any("a guess" in notice for notice in given.notices)
    np.testing.assert_array_equal(given.activations, atlas.activations)


def test_the_widget_tells_what_was_assumed(tiny_model: torch.nn.Module, tmp_path: Path) -> None:
    from atlas_widget import AtlasWidget

    arrays = list((PHOTOS * 4095).astype(np.uint16))
    options = {"num_samples": 40, "grids": (2,), "cache_dir": tmp_path}
    for _ in range(2):  # the second time the atlas comes from the cache
        widget = AtlasWidget(tiny_model, "middle", arrays, **options)
        try:
            widget.wait(60)
            assert any("12 bits" in notice for notice in widget.notices)
        finally:
            widget.close()
