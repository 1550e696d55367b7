"""Pictures that a user gives for a test: those that cannot be read are left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atlas_widget.causes.pictures import pictures_of
from atlas_widget.errors import ImagesError
from atlas_widget.probe import LayerProbe
from tests.conftest import make_tiny_model, tiny_picture


@pytest.fixture
def probe():
    with LayerProbe(make_tiny_model(), "middle", input_size=32, device="cpu") as opened:
        yield opened


def test_a_truncated_image_of_a_list_is_left_out(tmp_path: Path, probe: LayerProbe) -> None:
    for number in range(3):
        tiny_picture(number).save(tmp_path / f"{number}.jpg")
    (tmp_path / "1.jpg").write_bytes((tmp_path / "1.jpg").read_bytes()[:700])
    opened = [Image.open(tmp_path / f"{number}.jpg") for number in range(3)]
    assert pictures_of(opened, probe).shape == (2, 32, 32, 3)
    np.testing.assert_array_equal(pictures_of(opened, probe), pictures_of(tmp_path, probe))
    with pytest.raises(ImagesError, match="None of the images"):
        pictures_of([Image.open(tmp_path / "1.jpg")], probe)


def test_images_of_twelve_bits_are_not_white(probe: LayerProbe) -> None:
    """Pillow's own conversion cuts all numbers above 255 off."""
    grey = np.linspace(0, 4095, 32 * 32).reshape(32, 32).astype(np.uint16)
    pixels = pictures_of([Image.fromarray(grey)], probe)
    assert np.abs(pixels[0, ..., 0] - grey / 4095 * 255).max() <= 1
