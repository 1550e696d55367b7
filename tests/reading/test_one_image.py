"""Images of all kinds, and what is refused with what to do instead."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from atlas_widget import activation_groups
from atlas_widget.errors import ImagesError
from atlas_widget.reading.one_image import as_one_image
from tests.reading.networks import chain, identity, read

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
    one = as_one_image(photo, 32)
    wanted = one.rgb
    assert wanted.shape == (1, 3, 32, 32)
    assert one.notices == []
    assert one.size == (60, 40)
    assert one.crop == (10, 0, 50, 40)
    with path.open("rb") as file:
        for given in (path, str(path), path.read_bytes(), file, pixels, pixels[None]):
            found = as_one_image(given, 32).rgb
            torch.testing.assert_close(found, wanted)


def test_what_is_no_plain_rgb_is_made_so(tmp_path):
    wanted = as_one_image(photo.convert("L").convert("RGB"), 32).rgb
    torch.testing.assert_close(as_one_image(photo.convert("L"), 32).rgb, wanted)
    path = tmp_path / "print.jpg"
    plain = Image.new("RGB", (40, 40), (200, 60, 30))
    plain.convert("CMYK").save(path)
    found = as_one_image(path, 32).rgb
    wanted = torch.tensor([200, 60, 30])[None, :, None, None].expand_as(found) / 255
    torch.testing.assert_close(found, wanted, atol=0.03, rtol=0)  # a JPEG is not exact
    assert as_one_image(photo.convert("RGBA"), 32).rgb.shape == (1, 3, 32, 32)


def test_a_tensor_keeps_its_size():
    rgb = torch.rand(3, 20, 24)
    found = as_one_image(rgb, 32)
    torch.testing.assert_close(found.rgb, rgb[None])
    assert found.crop == (0, 0, 24, 20)
    with pytest.raises(ImagesError, match="before normalisation"):
        as_one_image(rgb * 5 - 2, 32)


def test_a_small_image_is_enlarged_with_a_notice_and_a_tiny_one_refused():
    small = photo.resize((20, 15))
    found = as_one_image(small, 64)
    assert found.rgb.shape == (1, 3, 64, 64)
    assert "20 × 15 px is enlarged to 64 × 64 px" in found.notices[0]
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


@pytest.mark.parametrize("given", ["https://example.org/cat.png", "film.mp4", "drawing.svg"])
def test_what_is_refused_leaves_nothing_behind(given):
    model = chain()
    for call in (
        lambda: read(model, ["relu1"], given, input_size=12),
        lambda: activation_groups(model, "relu1", given, 2, transform=identity, device="cpu"),
    ):
        with pytest.raises(ImagesError, match=r"download the file|save one frame|export it as PNG"):
            call()
    assert not any(module._forward_hooks for module in model.modules())
    with read(model, ["relu1"]) as seen, pytest.raises(ImagesError):
        seen.another(given)
