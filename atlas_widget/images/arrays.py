"""Images that are in memory already: arrays, tensors, PIL images, or a list of any of these."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas_widget.errors import ImagesError
from atlas_widget.images.decode import UnreadableImageError, decode, to_rgb
from atlas_widget.images.folder import FileSource
from atlas_widget.images.source import NamedImages
from atlas_widget.images.targets import label_of

__all__ = ["ListSource", "Values", "make_source", "to_image", "values_of"]

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_LOOKED_AT = 16


@dataclass(frozen=True)
class Values:
    """What the numbers in float images mean: rgb = number · scale + shift, per channel."""

    scale: tuple[float, ...] = (1.0,)
    shift: tuple[float, ...] = (0.0,)
    note: str = ""


def values_of(items: Sequence[Any], preprocessing: Any = None) -> Values:
    """Judge from a few float images what their numbers mean.

    In [0, 1] they are RGB; up to 255 they are RGB too; any other were normalised for a network, and
    `preprocessing.mean` and `.std` (else ImageNet's) bring them back.
    """
    arrays = [array for item in items if (array := _as_array(item)) is not None]
    floats = [array for array in arrays if array.dtype.kind == "f" and array.size]
    low = min((float(np.nanmin(array)) for array in floats), default=0.0)
    high = max((float(np.nanmax(array)) for array in floats), default=1.0)
    # a resize may overshoot the range a little
    if low >= -0.05 and high <= 1.05:
        return Values()
    if low >= -12.0 and high > 30.0:
        return Values((1 / 255,), (0.0,))
    mean = getattr(preprocessing, "mean", None)
    std = getattr(preprocessing, "std", None)
    note = "denormalised"
    if mean is None or std is None:
        mean, std = _IMAGENET_MEAN, _IMAGENET_STD
        note = "denormalised with ImageNet's mean and deviation, which was assumed"
    return Values(tuple(map(float, std)), tuple(map(float, mean)), note)


def to_image(item: Any, values: Values) -> Image.Image:
    """Make an RGB image of a PIL image, an array, a tensor, a path or the bytes of a file."""
    if isinstance(item, Image.Image):
        return to_rgb(item)
    if isinstance(item, (str, os.PathLike)):
        return decode(Path(item).expanduser())
    if isinstance(item, bytes):
        return decode(item)
    array = _as_array(item)
    if array is None:
        raise UnreadableImageError(f"Not an image but a {type(item).__name__}.")
    pixels = _channels_last(array)
    if pixels.dtype.kind == "f":
        if not np.isfinite(pixels).all():
            raise UnreadableImageError("The image has values that are not finite.")
        rgb = pixels.astype(np.float32) * np.asarray(values.scale, "f4") + np.asarray(
            values.shift, "f4"
        )
        pixels = np.rint(np.clip(rgb, 0.0, 1.0) * 255.0).astype(np.uint8)
    elif pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype != np.uint8:
        top = 65535 if int(pixels.max(initial=0)) > 255 else 255
        pixels = (np.clip(pixels, 0, top).astype(np.float32) * (255.0 / top)).astype(np.uint8)
    if pixels.shape[2] == 1:
        return to_rgb(Image.fromarray(np.ascontiguousarray(pixels[:, :, 0])))
    return to_rgb(Image.fromarray(np.ascontiguousarray(pixels)))


class ListSource(NamedImages):
    """Images in a list or along the first axis of an array.

    Parameters
    ----------
    items : sequence
        PIL images, arrays, tensors, paths, bytes of files, dicts as Hugging Face's, or pairs of one
        of these and a label.
    values : Values
        What float numbers mean.
    names : sequence of str, optional
        Names; by default those of the files they come from, or their numbers.
    description : str, optional
        What they are.
    labels : sequence of int or str, optional
        What each is of.
    """

    concurrent = True

    def __init__(
        self,
        items: Sequence[Any],
        values: Values,
        names: Sequence[str] | None = None,
        description: str | None = None,
        labels: Sequence[Any] | None = None,
    ) -> None:
        super().__init__()
        self._items = items
        self._labels = list(labels) if labels is not None else None
        self._values = values
        self._names = list(names) if names is not None else _names(items)
        self.description = description or f"{len(items):,} images"
        if values.note:
            self.description += f" ({values.note})"

    def __len__(self) -> int:
        return len(self._items)

    def name(self, index: int) -> str:
        """Name an image."""
        return self._names[index]

    @property
    def labels(self) -> list[Any] | None:
        """What each image is of, where the list has pairs of an image and a label."""
        return self._labels

    def open(self, index: int) -> Image.Image:
        """Return the image as 8-bit RGB."""
        return to_image(self._items[index], self._values)

    def fingerprint(self) -> str:
        """Hash the names and every pixel."""
        digest = hashlib.blake2b(repr((self._values, self._names)).encode(), digest_size=16)
        for item in self._items:
            if isinstance(item, Image.Image):
                digest.update(f"{item.mode}{item.size}".encode() + item.tobytes())
            elif (array := _as_array(item)) is not None:
                digest.update(f"{array.dtype}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).tobytes())
            else:
                digest.update(item if isinstance(item, bytes) else str(item).encode())
        return digest.hexdigest()


def make_source(images: Any, preprocessing: Any = None) -> NamedImages | None:
    """Make a source of a list, tuple, array, tensor or single PIL image; None of anything else."""
    if isinstance(images, Image.Image):
        images = [images]
    stack = None if isinstance(images, (list, tuple)) else _as_array(images)
    if stack is not None:
        images = _unstacked(stack)
    elif not isinstance(images, (list, tuple)):
        return None
    if not images:
        raise ImagesError("The list of images is empty.")
    if all(isinstance(item, (str, os.PathLike)) for item in images):
        return FileSource([Path(item).expanduser() for item in images], _names(images))
    items = [unpack(item) for item in images]
    wrong = next((item for item in items if not _is_image(item)), None)
    if wrong is not None:
        raise ImagesError(
            "A list of images holds PIL images, arrays, tensors or paths, not "
            f"{type(wrong).__name__}."
        )
    every = max(1, len(items) // _LOOKED_AT)
    labels = [label_of(item) for item in images]
    known = None if None in labels else labels
    return ListSource(items, values_of(items[::every], preprocessing), labels=known)


def unpack(item: Any) -> Any:
    """Take the image out of a dataset's item: a dict, or a pair of an image and a label."""
    if isinstance(item, Mapping):
        for key in ("image", "img", "pixel_values", "images", "jpg", "png", "x"):
            if key in item:
                inner = item[key]
                if isinstance(inner, Mapping) and ("bytes" in inner or "path" in inner):
                    return inner.get("bytes") or inner.get("path")
                return inner
        raise ImagesError(
            "Looked for 'image', 'img' or 'pixel_values' in the dataset's items, which have "
            f"{', '.join(map(repr, item))}."
        )
    if isinstance(item, (tuple, list)) and item and _is_image(item[0]):
        return item[0]
    return item


def _is_image(item: Any) -> bool:
    if isinstance(item, (Image.Image, str, os.PathLike, bytes)):
        return True
    array = _as_array(item)
    return array is not None and array.ndim in (2, 3)


def _as_array(item: Any) -> NDArray[Any] | None:
    """View a tensor or array as an array; None for anything else."""
    if isinstance(item, np.ndarray):
        return item
    if hasattr(item, "detach") and hasattr(item, "cpu"):
        tensor = item.detach().cpu()
        # bfloat16 has no NumPy counterpart
        return np.asarray(tensor.float() if tensor.is_floating_point() else tensor)
    return None


def _unstacked(stack: NDArray[Any]) -> list[NDArray[Any]]:
    if stack.ndim == 4 and len(stack):
        return list(stack)
    if stack.ndim == 3 and (stack.shape[0] in (1, 3) or stack.shape[2] in (1, 3, 4)):
        return [stack]
    raise ImagesError(
        "An array of images has the shape (n, 3, height, width) or (n, height, width, 3), "
        f"not {tuple(stack.shape)}."
    )


def _channels_last(array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim == 2:
        return array[:, :, None]
    if array.ndim == 3:
        # (3, h, w) is PyTorch's order; a picture 3 pixels high is not a picture
        if array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4):
            return array.transpose(1, 2, 0)
        if array.shape[2] in (1, 3, 4):
            return array
    raise UnreadableImageError(
        f"An image has the shape (3, height, width) or (height, width, 3), not {array.shape}."
    )


def _names(items: Sequence[Any]) -> list[str]:
    """Name images after their files, where they have one, and in any case uniquely."""
    width = len(str(max(len(items) - 1, 1)))
    names: list[str] = []
    taken: set[str] = set()
    for number, item in enumerate(items):
        file = item if isinstance(item, (str, os.PathLike)) else getattr(item, "filename", "")
        name = Path(os.fspath(file)).name if file else f"image {number:0{width}d}"
        if name in taken:
            name = f"{name} ({number})"
        taken.add(name)
        names.append(name)
    return names
