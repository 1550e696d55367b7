"""A set of whole pictures, as pixels in one array."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from atlas_widget.errors import ImagesError
from atlas_widget.images.decode import UnreadableImageError
from atlas_widget.images.opening import as_image_source
from atlas_widget.images.source import ImageSource, open_image
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.pictures import as_rgb

__all__ = ["as_pixels", "pictures_of"]


def as_pixels(rgb: Tensor) -> NDArray[np.uint8]:
    """Return pictures (n, 3, height, width) in [0, 1] as bytes (n, height, width, 3)."""
    pixels = (rgb * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    return np.ascontiguousarray(pixels.cpu().numpy())


def pictures_of(images: Any, probe: LayerProbe) -> NDArray[np.uint8]:
    """Return all of the user's pictures, cropped to squares of the model's size in the middle.

    Parameters
    ----------
    images
        A tensor (n, 3, height, width) or array (n, height, width, 3), which keep their size; a list
        of PIL images or arrays; or anything that `as_image_source` takes. Files that cannot be read
        are left out.
    probe : LayerProbe

    Returns
    -------
    ndarray of uint8, (n, height, width, 3)
    """
    if isinstance(images, Tensor | np.ndarray | Image.Image):
        return as_pixels(as_rgb(images, probe.input_size))
    if _is_list_of_pictures(images):
        pictures, about = iter(images), f"{len(images)} images"
    else:
        source = as_image_source(images, preprocessing=probe.preprocessing)
        pictures, about = _readable(source), source.description
    read = []
    for picture in pictures:
        with contextlib.suppress(UnreadableImageError):
            read.append(as_pixels(as_rgb([picture], probe.input_size)))
    if not read:
        raise ImagesError(f"None of the images could be read ({about}).")
    return np.concatenate(read)


def _readable(source: ImageSource) -> Iterator[Image.Image]:
    for index in range(len(source)):
        with contextlib.suppress(UnreadableImageError):
            yield open_image(source, index)


def _is_list_of_pictures(images: Any) -> bool:
    return (
        isinstance(images, Sequence)
        and len(images) > 0
        and isinstance(images[0], Tensor | np.ndarray | Image.Image)
    )
