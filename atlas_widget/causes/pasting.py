"""Putting a patch on a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas_widget.errors import AtlasError, ImagesError
from atlas_widget.images.decode import to_rgb

__all__ = [
    "CORNERS",
    "Box",
    "as_picture",
    "box_at",
    "corner_boxes",
    "noise_patch",
    "paste",
    "pixel_box",
    "put",
    "scaled",
]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as fractions of the picture's width and height."""

Picture = NDArray[np.uint8]

_MAX_DISTANCE = 8.0

CORNERS = ("top left", "top right", "bottom left", "bottom right")


def paste(image: Any, patch: Any, box: Box) -> Picture:
    """Return a picture with a patch put on it.

    Parameters
    ----------
    image, patch : array or PIL image
        RGB: (height, width, 3) of 8 bits, or floats in [0, 1].
    box : tuple of float
        Left, top, right, bottom, as fractions of the image's width and height. The patch is scaled
        to it; what reaches beyond the image is cut off.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
    """
    under = as_picture(image).copy()
    left, top, width, height = pixel_box(box, under.shape)
    put(under, scaled(as_picture(patch), (width, height)), left, top)
    return under


def put(picture: Picture, patch: Picture, left: int, top: int) -> None:
    """Write a patch into a picture, from this pixel on; what reaches beyond is cut off."""
    height, width = picture.shape[:2]
    right, bottom = min(left + patch.shape[1], width), min(top + patch.shape[0], height)
    first, upper = max(left, 0), max(top, 0)
    if first < right and upper < bottom:
        picture[upper:bottom, first:right] = patch[
            upper - top : bottom - top, first - left : right - left
        ]


def scaled(patch: Picture, size: tuple[int, int], *, smooth: bool = True) -> Picture:
    """Return a patch scaled to a width and height; not smooth, single pixels stay sharp."""
    method = Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(np.ascontiguousarray(patch)).resize(size, method))


def pixel_box(box: Box, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return left, top, width and height of a box in pixels; at least one pixel each way."""
    if len(box) != 4 or not np.isfinite(box).all() or not (box[0] < box[2] and box[1] < box[3]):
        raise AtlasError(
            f"box={box!r}: left, top, right and bottom as fractions of the picture, left < right "
            "and top < bottom."
        )
    if max(abs(edge) for edge in box) > _MAX_DISTANCE:
        raise AtlasError(f"box={box!r}: fractions of the picture, not pixels.")
    height, width = shape[:2]
    left, top = round(box[0] * width), round(box[1] * height)
    right, bottom = round(box[2] * width), round(box[3] * height)
    return left, top, max(right - left, 1), max(bottom - top, 1)


def box_at(position: tuple[float, float], size: float, shape: tuple[int, ...]) -> Box:
    """Return the box of a square patch about a position, moved inwards at the picture's rim.

    Parameters
    ----------
    position : tuple of float
        x and y of its middle, as fractions of the picture's width and height.
    size : float
        Its side, as a fraction of the picture's shorter side.
    shape : tuple of int
        The picture's: height, width, …
    """
    height, width = shape[:2]
    side = size * min(height, width)
    half = (side / width / 2, side / height / 2)
    x, y = (min(max(p, h), 1 - h) for p, h in zip(position, half, strict=True))
    return x - half[0], y - half[1], x + half[0], y + half[1]


def corner_boxes(size: float, shape: tuple[int, ...]) -> dict[str, Box]:
    """Return the boxes of a square patch in the four corners of a picture, by name."""
    ends = {"left": 0.0, "right": 1.0, "top": 0.0, "bottom": 1.0}
    boxes = {}
    for name in CORNERS:
        vertical, horizontal = name.split()
        boxes[name] = box_at((ends[horizontal], ends[vertical]), size, shape)
    return boxes


def noise_patch(random: np.random.Generator, side: int = 64) -> Picture:
    """Return a patch of independent uniform noise."""
    return random.integers(0, 256, (side, side, 3), np.uint8)


def as_picture(image: Any) -> Picture:
    """Return an array or PIL image as RGB of 8 bits, (height, width, 3)."""
    if isinstance(image, Image.Image):
        return np.asarray(to_rgb(image))
    array = np.asarray(image)
    if array.ndim == 3 and array.shape[2] == 4:
        array = array[:, :, :3]
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise ImagesError(
            "A picture is a PIL image or an array of the shape (height, width, 3), not "
            f"{type(image).__name__} of shape {array.shape}."
        )
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind == "f" and array.min() >= -1e-3 and array.max() <= 1 + 1e-3:
        pixels: Picture = np.rint(np.clip(array, 0, 1) * 255).astype(np.uint8)
        return pixels
    raise ImagesError(
        f"A picture has bytes, or floats in [0, 1]; these are {array.dtype} from {array.min():.3g} "
        f"to {array.max():.3g}."
    )
