"""A patch lands where it should and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from atlas_widget.causes import paste
from atlas_widget.causes.pasting import box_at, corner_boxes
from atlas_widget.errors import AtlasError, ImagesError

grey = np.full((40, 80, 3), 90, np.uint8)
red = np.full((8, 8, 3), (255, 0, 0), np.uint8)


def where_red(picture: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(picture[..., 0] == 255)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_a_patch_fills_its_box_and_leaves_the_rest():
    result = paste(grey, red, (0.25, 0.5, 0.5, 1.0))
    assert where_red(result) == (20, 20, 40, 40)
    assert (result[:20] == 90).all()
    assert (grey == 90).all()  # the original is left alone
    assert result.dtype == np.uint8


def test_pillow_floats_and_alpha():
    wanted = paste(grey, red, (0, 0, 0.5, 0.5))
    rgba = np.dstack([red, np.full((8, 8), 255, np.uint8)])
    for image, patch in (
        (Image.fromarray(grey), Image.fromarray(rgba, "RGBA")),
        (grey / 255, red / 255),
        (grey, rgba),
    ):
        np.testing.assert_array_equal(paste(image, patch, (0, 0, 0.5, 0.5)), wanted)


def test_what_reaches_beyond_is_cut_off():
    assert where_red(paste(grey, red, (-0.1, 0.75, 0.1, 1.5))) == (0, 30, 8, 40)
    assert (paste(grey, red, (1.5, 0, 2, 1)) == 90).all()
    half = np.concatenate([red[:4], np.zeros((4, 8, 3), np.uint8)])  # red above, black below
    lower = paste(grey, half, (0, -0.5, 0.25, 0.5))
    assert (lower[4:20, :20, 0] < 40).all()  # of it the lower half is seen


def test_corners_and_positions_are_squares_within_the_picture():
    boxes = corner_boxes(0.5, grey.shape)
    assert boxes["top left"] == (0, 0, 0.25, 0.5)
    assert boxes["bottom right"] == (0.75, 0.5, 1, 1)
    assert len(boxes) == 4
    assert box_at((0.5, 0.5), 0.2, grey.shape) == pytest.approx((0.45, 0.4, 0.55, 0.6))
    assert box_at((0.99, 0), 0.2, grey.shape) == pytest.approx((0.9, 0, 1, 0.2))


@pytest.mark.parametrize("box", [(0.5, 0, 0.2, 1), (0, 0, 20, 20), (0, 0, float("nan"), 1), (0, 1)])
def test_wrong_boxes(box):
    with pytest.raises(AtlasError, match="box="):
        paste(grey, red, box)


@pytest.mark.parametrize("image", [np.zeros((4, 4)), np.zeros((4, 4, 3)) + 7.0, "photo.png"])
def test_wrong_pictures(image):
    with pytest.raises(ImagesError, match="A picture"):
        paste(image, red, (0, 0, 1, 1))
