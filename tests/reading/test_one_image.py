"""Images of all kinds, and what is refused with what to do instead."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from atlas_widget.errors import ImagesError
from atlas_widget.reading.one_image import as_one_image

rng = np.random.default_rng(0)
pixels = rng.integers(0, 256, (40, 60, 3)).astype(np.uint8)
photo = Image.fromarray(pixels)


def written(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def test_files_pictures_and_arrays_are_one_image(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(written(photo))
    wanted, notices = as_one_image(photo, 32)
    assert wanted.shape == (1, 3, 32, 32)
    assert notices == []
    with path.open("rb") as file:
        for given in (path, str(path), path.read_bytes(), file, pixels, pixels[None]):
            found, _ = as_one_image(given, 32)
            torch.testing.assert_close(found, wanted)


def test_what_is_no_plain_rgb_is_made_so(tmp_path):
    wanted, _ = as_one_image(photo.convert("L").convert("RGB"), 32)
    torch.testing.assert_close(as_one_image(photo.convert("L"), 32)[0], wanted)
    path = tmp_path / "print.jpg"
    photo.convert("CMYK").save(path)
    assert as_one_image(path, 32)[0].shape == (1, 3, 32, 32)
    assert as_one_image(photo.convert("RGBA"), 32)[0].shape == (1, 3, 32, 32)


def test_a_tensor_keeps_its_size():
    rgb = torch.rand(3, 20, 24)
    found, _ = as_one_image(rgb, 32)
    torch.testing.assert_close(found, rgb[None])
    with pytest.raises(ImagesError, match="before normalisation"):
        as_one_image(rgb * 5 - 2, 32)


def test_a_small_image_is_enlarged_with_a_notice_and_a_tiny_one_refused():
    small = photo.resize((20, 15))
    found, notices = as_one_image(small, 64)
    assert found.shape == (1, 3, 64, 64)
    assert "20 × 15 px is enlarged to 64 × 64 px" in notices[0]
    for tiny in (photo.resize((5, 30)), torch.rand(3, 4, 4)):
        with pytest.raises(ImagesError, match="too small"):
            as_one_image(tiny, 64)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("https://example.org/cat.png", "is an address: download the file"),
        ("drawing.svg", r"drawing \(SVG\).*export it as PNG"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "export it as PNG"),
        ("film.mp4", "is a video: save one frame"),
        (b"\0\0\0\x18ftypmp42" + bytes(40), "is a video: save one frame"),
        ("nowhere.png", "is not there"),
        (".", "is a folder"),
        (b"not an image", "Cannot read the image"),
        (None, "image is None"),
        (3, "image is 3"),
        ([photo, photo], "list of 2"),
        (torch.rand(2, 3, 16, 16), r"holds 2 images.*image\[0\]"),
        (np.zeros((2, 16, 16, 3), np.uint8), "holds 2 images"),
        ({"a": 1}, "One image is taken"),
    ],
)
def test_what_is_no_single_still_image_is_refused(given, words):
    with pytest.raises(ImagesError, match=words):
        as_one_image(given, 32)


def test_a_drawing_under_another_name_is_known(tmp_path):
    path = tmp_path / "photo.png"
    path.write_text('<svg width="10"></svg>')
    with pytest.raises(ImagesError, match="export it as PNG"):
        as_one_image(path, 32)
