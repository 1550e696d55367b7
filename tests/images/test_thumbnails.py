"""Thumbnails come back as they went in, in any order."""

from __future__ import annotations

import numpy as np
from PIL import Image

from atlas_widget.images.thumbnails import THUMBNAIL_SIZE, Thumbnails, encode_thumbnail


def one(level: int) -> bytes:
    picture = Image.new("RGB", (100, 100), (level, level, level))
    return encode_thumbnail(picture, (10, 10, 60, 60))


def test_get_and_take() -> None:
    thumbnails = Thumbnails.from_jpegs([one(0), one(100), one(200)])
    assert len(thumbnails) == 3
    assert thumbnails.get(1).shape == (THUMBNAIL_SIZE, THUMBNAIL_SIZE, 3)
    assert thumbnails.get(1).dtype == np.uint8
    assert abs(int(thumbnails.get(1)[5, 5, 0]) - 100) < 3
    swapped = thumbnails.take([2, 0])
    assert len(swapped) == 2
    np.testing.assert_array_equal(swapped.get(0), thumbnails.get(2))


def test_none() -> None:
    assert len(Thumbnails.from_jpegs([])) == 0
