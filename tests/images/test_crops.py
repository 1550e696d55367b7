"""Crops and positions follow from seed and name alone."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from atlas_widget.images.crops import Crop, crop_boxes, crop_image, random_positions


def test_same_name_same_crops() -> None:
    crops = crop_boxes("cat.jpg", (640, 480), seed=3, count=5)
    assert crops == crop_boxes("cat.jpg", (640, 480), seed=3, count=5)
    assert crops[2:] == crop_boxes("cat.jpg", (640, 480), seed=3, count=3, start=2)
    assert crops != crop_boxes("cat.jpg", (640, 480), seed=4, count=5)
    assert crops != crop_boxes("dog.jpg", (640, 480), seed=3, count=5)


def test_same_in_another_process() -> None:
    code = (
        "from atlas_widget.images.crops import *;"
        "print(crop_boxes('é.jpg', (640, 480), seed=1)[0], random_positions('é.jpg', 0, (14, 14)))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-X", "utf8", "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    here = f"{crop_boxes('é.jpg', (640, 480), seed=1)[0]} {random_positions('é.jpg', 0, (14, 14))}"
    assert runs == {here + "\n"}


@pytest.mark.parametrize("size", [(640, 480), (100, 700), (33, 33)])
def test_crops_are_squares_inside_the_image(size: tuple[int, int]) -> None:
    width, height = size
    crops = crop_boxes("a", size, count=300, scale=(0.2, 1.0))
    boxes = np.array([crop.box for crop in crops]) * (width, height, width, height)
    sides = boxes[:, 2:] - boxes[:, :2]
    assert (boxes >= 0).all()
    assert (boxes[:, 2:] <= (width + 1e-3, height + 1e-3)).all()
    np.testing.assert_allclose(sides[:, 0], sides[:, 1], atol=1e-2)
    fraction = sides[:, 0] / min(size)
    assert 0.19 < fraction.min() < 0.25
    assert 0.9 < fraction.max() < 1.001
    assert 0.35 < np.mean([crop.flipped for crop in crops]) < 0.65


def test_crop_image_cuts_and_mirrors() -> None:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, 40:] = 255
    image = Image.fromarray(pixels)
    right = np.asarray(crop_image(image, Crop((0.5, 0.0, 1.0, 1.0)), 16))
    assert right.shape == (16, 16, 3)
    assert (right[:, 4:] == 255).all()
    half = np.asarray(crop_image(image, Crop((0.25, 0.0, 0.75, 1.0)), 16))
    mirrored = np.asarray(crop_image(image, Crop((0.25, 0.0, 0.75, 1.0), True), 16))
    assert half[8, 14, 0] == 255
    assert half[8, 1, 0] == 0
    np.testing.assert_array_equal(mirrored, half[:, ::-1])


def test_large_crops_are_antialiased() -> None:
    checkers = np.indices((256, 256)).sum(axis=0) % 2 * 255
    image = Image.fromarray(np.repeat(checkers[:, :, None], 3, axis=2).astype(np.uint8))
    small = np.asarray(crop_image(image, Crop((0.0, 0.0, 1.0, 1.0)), 32))
    assert np.abs(small.astype(int) - 127).max() < 8


@pytest.mark.parametrize(
    ("map_size", "lowest", "highest"), [((14, 14), 1, 12), ((4, 4), 1, 2), ((3, 3), 0, 2)]
)
def test_positions_leave_out_the_ring(map_size: tuple[int, int], lowest: int, highest: int) -> None:
    drawn = np.concatenate([random_positions("a", k, map_size, count=3) for k in range(200)])
    assert drawn.min() == lowest
    assert drawn.max() == highest


def test_positions_are_distinct_and_no_more_than_there_are() -> None:
    positions = random_positions("a", 0, (4, 5), count=99)
    assert len(positions) == 6
    assert len(np.unique(positions, axis=0)) == 6
    assert random_positions("a", 0, (1, 1), count=5).tolist() == [[0, 0]]
