"""One image of any kind, as a model is given it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from atlas_widget.errors import ImagesError
from atlas_widget.images.array_format import ArrayFormat
from atlas_widget.images.items import image_of, opened
from atlas_widget.probe.pictures import as_rgb, middle_square

__all__ = ["Box", "OneImage", "as_one_image"]

_MIN_SIDE = 8  # pixels; of less there is nothing to be seen
_BEGINNING = 512  # bytes that are looked at to tell a drawing from a photo
_VIDEOS = frozenset([".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"])
_ACCEPTED = (
    "One image is taken: the path or the contents of a file, a PIL image, an array (h, w, 3) or a "
    "tensor (3, h, w) with values in [0, 1]."
)


Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class OneImage:
    """An image as a model is given it, and where that lies in the image as it was.

    Attributes
    ----------
    rgb
        RGB in [0, 1], (1, 3, h, w).
    size
        Width and height of the image as it was, upright, in pixels.
    crop
        The part of it that `rgb` shows: x0, y0, x1, y1 in these pixels.
    notices
        What there is to say of it.
    """

    rgb: Tensor
    size: tuple[int, int]
    crop: Box
    notices: list[str] = field(default_factory=list)

    @classmethod
    def whole(cls, rgb: Tensor) -> OneImage:
        """Return an image that is given to the model as it is."""
        height, width = rgb.shape[2:]
        return cls(rgb, (width, height), (0, 0, width, height))

    def in_original(self, box: Box) -> Box:
        """Return a box of `rgb`, x0, y0, x1, y1, in pixels of the image as it was."""
        left, top, right, bottom = self.crop
        height, width = self.rgb.shape[2:]
        across, down = (right - left) / width, (bottom - top) / height
        x0, x1 = (round(left + x * across) for x in box[::2])
        y0, y1 = (round(top + y * down) for y in box[1::2])
        return x0, y0, x1, y1


def as_one_image(image: Any, size: int) -> OneImage:
    """Turn one image into RGB (1, 3, h, w) with values in [0, 1].

    Parameters
    ----------
    image
        The path or the contents of a file, an open file, a PIL image or an array: these are
        turned upright, converted to RGB, scaled and cropped in the middle. A tensor (3, h, w) or
        (1, 3, h, w) keeps its size.
    size
        Side of the square that the others are scaled to, in pixels.

    Raises
    ------
    ImagesError
        It is no single image, has fewer than 8 pixels on a side, or is of a kind that cannot be
        read: an address, a drawing (SVG), a video.
    """
    _refuse(image)
    if isinstance(image, Tensor):
        rgb = as_rgb(image, size)
        if len(rgb) != 1:
            raise ImagesError(f"image holds {len(rgb)} images. {_ACCEPTED} Give image[0].")
        _check_side(rgb.shape[3], rgb.shape[2])
        return OneImage.whole(rgb)
    if isinstance(image, np.ndarray) and image.ndim == 4:
        if len(image) != 1:
            raise ImagesError(f"image holds {len(image)} images. {_ACCEPTED} Give image[0].")
        image = image[0]
    if isinstance(image, np.ndarray):
        image = np.array(image)  # one that may be written to, for PyTorch
    try:
        read = opened(image)
    except ImagesError as error:
        raise ImagesError(f"{error} {_ACCEPTED}") from error
    shown, _ = image_of(read, ArrayFormat.judged([read]))
    _check_side(*shown.size)
    notices = []
    if 2 * min(shown.size) < size:
        notices.append(
            f"The image of {shown.width} × {shown.height} px is enlarged to {size} × {size} px: "
            "it is blurred for the model."
        )
    crop = middle_square(*shown.size)
    return OneImage(as_rgb([shown], size), shown.size, crop, notices)


def _check_side(width: int, height: int) -> None:
    if min(width, height) < _MIN_SIDE:
        raise ImagesError(
            f"The image is too small: {width} × {height} px, and at least {_MIN_SIDE} on each side "
            "are needed."
        )


def _refuse(image: Any) -> None:
    """Raise for what is no still image of pixels, with what to do instead."""
    if isinstance(image, list | tuple):
        raise ImagesError(f"image is a {type(image).__name__} of {len(image)}. {_ACCEPTED}")
    if image is None or isinstance(image, bool | int | float):
        raise ImagesError(f"image is {image!r}. {_ACCEPTED}")
    if isinstance(image, str) and "://" in image:
        raise ImagesError(
            f"image={image!r:.80} is an address: download the file, and give its path."
        )
    if isinstance(image, str | os.PathLike):
        path = Path(image).expanduser()
        suffix = path.suffix.lower()
        if suffix in (".svg", ".svgz"):
            raise ImagesError(_drawing(repr(str(path))))
        if suffix in _VIDEOS:
            raise ImagesError(f"{str(path)!r} is a video: save one frame of it as PNG or JPEG.")
        if not path.is_file():
            what = "a folder" if path.is_dir() else "not there"
            raise ImagesError(f"The file {str(path)!r} is {what}. {_ACCEPTED}")
        with path.open("rb") as file:
            _refuse_drawing(file.read(_BEGINNING), repr(str(path)))
    elif isinstance(image, bytes | bytearray):
        _refuse_drawing(bytes(image[:_BEGINNING]), "image")
    elif isinstance(image, Image.Image) and 0 in image.size:
        raise ImagesError(f"The image is empty: {image.width} × {image.height} px.")


def _refuse_drawing(beginning: bytes, name: str) -> None:
    if b"<svg" in beginning.lower():
        raise ImagesError(_drawing(name))
    if beginning[4:8] == b"ftyp" and beginning[8:12] not in (b"avif", b"avis", b"heic", b"mif1"):
        raise ImagesError(f"{name} is a video: save one frame of it as PNG or JPEG.")


def _drawing(name: str) -> str:
    return f"{name} is a drawing (SVG), which has no pixels: export it as PNG."
