"""Random crops that depend on the seed and the image's name, and on nothing else.

Not on the order of the images, nor on how many there are: the same photo in another folder, run or
machine gives the same crops.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Crop", "crop_boxes", "crop_image", "random_positions"]

_UNIT = 2.0**-64


@dataclass(frozen=True, slots=True)
class Crop:
    """A square of an image.

    Attributes
    ----------
    box : tuple of float
        Left, top, right, bottom as fractions of the image's width and height.
    flipped : bool
        Whether it is mirrored left to right.
    """

    box: tuple[float, float, float, float]
    flipped: bool = False


def crop_boxes(
    name: str,
    size: tuple[int, int],
    *,
    seed: int = 0,
    count: int = 1,
    scale: tuple[float, float] = (0.35, 1.0),
    start: int = 0,
) -> list[Crop]:
    """Draw square crops of an image.

    Parameters
    ----------
    name : str
        The image's name, which together with `seed` determines the crops.
    size : tuple of int
        Width and height of the image.
    seed : int
        Another seed gives other crops.
    count : int
        How many.
    scale : tuple of float
        Least and greatest side, as fractions of the image's shorter side; all octaves in between
        are equally likely.
    start : int
        Number of the first one, to continue an earlier call.
    """
    width, height = size
    low, high = np.log(scale[0]), np.log(scale[1])
    crops = []
    for number in range(start, start + count):
        u = _uniforms(seed, name, number, "crop", 4)
        side = float(np.exp(low + u[0] * (high - low))) * min(width, height)
        x, y = u[1] * (width - side), u[2] * (height - side)
        edges = np.array([x / width, y / height, (x + side) / width, (y + side) / height], "f4")
        left, top, right, bottom = (float(edge) for edge in np.clip(edges, 0.0, 1.0))
        crops.append(Crop((left, top, right, bottom), bool(u[3] < 0.5)))
    return crops


def crop_image(image: Image.Image, crop: Crop, size: int) -> Image.Image:
    """Cut out a crop and resize it, antialiased, to `size` × `size` pixels."""
    left, top, right, bottom = crop.box
    box = (
        left * image.width,
        top * image.height,
        min(right * image.width, float(image.width)),
        min(bottom * image.height, float(image.height)),
    )
    cut = image.resize((size, size), Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)
    return cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if crop.flipped else cut


def random_positions(
    name: str, number: int, map_size: tuple[int, int], *, seed: int = 0, count: int = 1
) -> NDArray[np.int16]:
    """Draw distinct positions on a layer's map for crop `number` of an image.

    The outermost ring sees the padding beyond the image, so it is left out where the map is larger
    than 3×3. There are no more positions than the map has.

    Returns
    -------
    ndarray, shape (count, 2)
        Rows and columns.
    """
    rows, columns = map_size
    margin = 1 if min(rows, columns) > 3 else 0
    inner_rows, inner_columns = rows - 2 * margin, columns - 2 * margin
    total = inner_rows * inner_columns
    u = _uniforms(seed, name, number, "position", 1)
    rng = np.random.default_rng(int(u[0] / _UNIT))
    chosen = rng.choice(total, size=min(count, total), replace=False)
    return np.stack(
        [chosen // inner_columns + margin, chosen % inner_columns + margin], axis=1
    ).astype(np.int16)


def _uniforms(seed: int, name: str, number: int, purpose: str, count: int) -> list[float]:
    """Draw `count` (at most 8) numbers from [0, 1) by hashing."""
    text = f"{purpose}\0{seed}\0{number}\0{name}"
    digest = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=64).digest()
    return [int(value) * _UNIT for value in np.frombuffer(digest, "<u8")[:count]]
