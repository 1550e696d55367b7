"""Conversion of a few pictures, in any form, to one batch of RGB in [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from atlas_widget.errors import ImagesError
from atlas_widget.images.decode import to_rgb
from atlas_widget.images.unreadable import or_unreadable

__all__ = ["as_rgb", "middle_square"]

_ACCEPTED = (
    "RGB pictures are taken as a tensor (n, 3, h, w) with values in [0, 1], an array (n, h, w, 3), "
    "or a list of PIL images."
)


def as_rgb(images: Any, size: int) -> Tensor:
    """Turn pictures into a float tensor (n, 3, h, w) with values in [0, 1].

    Parameters
    ----------
    images : Tensor, array, PIL image or a sequence of these
        One picture or several. Tensors and arrays keep their size; PIL images and members of a
        list are scaled and cropped to a square.
    size : int
        The side of that square.
    """
    if isinstance(images, Image.Image):
        images = [images]
    if isinstance(images, Tensor | np.ndarray):
        return _checked(_batch(images))
    if isinstance(images, Sequence) and not isinstance(images, str | bytes):
        if len(images) == 0:
            raise ImagesError(f"There are no pictures. {_ACCEPTED}")
        return _checked(torch.cat([_square(image, size) for image in images]))
    raise ImagesError(f"images is a {type(images).__name__}. {_ACCEPTED}")


def middle_square(width: int, height: int) -> tuple[int, int, int, int]:
    """Return the square that is cropped in the middle of a picture: x0, y0, x1, y1 in pixels."""
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def _batch(values: Tensor | np.ndarray[Any, Any]) -> Tensor:
    if isinstance(values, np.ndarray) and not values.flags.writeable:
        values = values.copy()  # PyTorch shares memory only with arrays that may be written to
    tensor = torch.as_tensor(values).detach()
    if tensor.ndim == 2:
        tensor = tensor[None]
    if tensor.ndim == 3:
        tensor = tensor[None]
    if tensor.ndim != 4 or 0 in tensor.shape:
        raise ImagesError(f"images has the shape {tuple(values.shape)}. {_ACCEPTED}")
    if tensor.shape[1] not in (1, 3) and tensor.shape[3] in (1, 3, 4):
        tensor = tensor.permute(0, 3, 1, 2)[:, :3]
    if tensor.shape[1] not in (1, 3):
        raise ImagesError(f"images has the shape {tuple(values.shape)}. {_ACCEPTED}")
    if tensor.dtype == torch.uint8:
        tensor = tensor / 255
    return tensor.float().expand(-1, 3, -1, -1)


def _square(image: Any, size: int) -> Tensor:
    """Return one picture of a list, scaled and cropped in the middle: (1, 3, size, size)."""
    if isinstance(image, Tensor | np.ndarray):
        values = _checked(_batch(image))
        if len(values) != 1:
            raise ImagesError(
                f"A list holds single pictures, not {tuple(image.shape)}. {_ACCEPTED}"
            )
        array = (values[0].permute(1, 2, 0).cpu().numpy() * 255).round().astype(np.uint8)
        image = Image.fromarray(array)
    if not isinstance(image, Image.Image):
        raise ImagesError(f"A list holds a {type(image).__name__}. {_ACCEPTED}")
    rgb = or_unreadable("Cannot read the image", to_rgb, image)
    square = rgb.resize((size, size), Image.Resampling.BICUBIC, box=middle_square(*rgb.size))
    return torch.from_numpy(np.array(square)).permute(2, 0, 1)[None] / 255


def _checked(rgb: Tensor) -> Tensor:
    low, high = float(rgb.min()), float(rgb.max())
    if not (low >= -1e-3 and high <= 1 + 1e-3):
        raise ImagesError(
            f"The pictures' values reach from {low:.3g} to {high:.3g}, not from 0 to 1; pass them "
            "before normalisation (transform= does that)."
        )
    return rgb.clamp(0, 1)
