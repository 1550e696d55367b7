"""The images in what lists, data sets, loaders and generators hold: items and batches of items."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from atlas_widget.images.array_format import CHANNELS, ArrayFormat, as_array
from atlas_widget.images.decode import eight_bit, read_file, to_rgb, upright
from atlas_widget.images.unreadable import UnreadableImageError, or_unreadable

__all__ = ["EXTENSIONS", "BatchReader", "Opened", "image_of", "is_image", "opened"]

_PHOTOS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".jp2")
_OTHERS = (".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pnm")
EXTENSIONS = frozenset([*_PHOTOS, *_OTHERS])

Opened = Image.Image | NDArray[Any]

_KEYS = ("image", "img", "pixel_values", "images", "x")
_MAX_BATCH = 1 << 16
_BEGINNINGS = (b"\xff\xd8", b"\x89PNG", b"RIFF", b"GIF8", b"BM", b"II*", b"MM\0*", b"\0\0\0", b"P")
_one_at_a_time = threading.Lock()
"""Open files, and images that Pillow reads when asked: two threads would take them apart."""


def opened(item: Any) -> Any:
    """Read a single image: an upright PIL image, or an array (a tensor stays one).

    Parameters
    ----------
    item
        A PIL image, an array or tensor, a path (also one in a ZIP file) or URL, an open file, the
        contents of a file, or a dict of a path or contents, as Hugging Face has them.

    Raises
    ------
    UnreadableImageError
        It is none of these, or cannot be read.
    """
    if isinstance(item, UnreadableImageError):
        raise item
    if isinstance(item, Mapping):
        item = item.get("bytes") or item.get("path")
    if isinstance(item, Image.Image):
        with _one_at_a_time if isinstance(item, ImageFile.ImageFile) else nullcontext():
            return or_unreadable("Cannot read the image", upright, item)
    if isinstance(item, str) and "://" in item:
        return or_unreadable(f"Cannot read {item}", _fetched, item)
    if isinstance(item, (str, os.PathLike)):
        return read_file(Path(item).expanduser())
    if isinstance(item, (bytes, bytearray, memoryview)):
        return read_file(bytes(item))
    if hasattr(item, "read_bytes"):
        return read_file(or_unreadable(f"Cannot read {item}", item.read_bytes))
    if hasattr(item, "read") and hasattr(item, "seek"):
        with _one_at_a_time:
            return read_file(or_unreadable(f"Cannot read {item!r:.80}", _contents, item))
    array = or_unreadable("Cannot read the image", as_array, item)
    if array is None:
        raise UnreadableImageError(f"Not an image but {type(item).__name__}.")
    if array.ndim == 1 and array.dtype == np.uint8:  # as torchvision.io.read_file returns a file
        return read_file(array.tobytes())
    return item


def image_of(read: Any, array_format: ArrayFormat) -> tuple[Image.Image, float]:
    """Make 8-bit RGB of what `opened` returned, and say which part of its numbers is cut off."""
    if isinstance(read, Image.Image):
        return eight_bit(read, array_format), 0.0
    image, outside = or_unreadable("Cannot read the image", array_format.image, read)
    return to_rgb(image), outside


def is_image(item: Any) -> bool:
    """Return whether an item is a single image, as far as that shows without reading it."""
    if isinstance(item, str):  # else any label would be one
        known = Path(item).suffix.lower() in EXTENSIONS or "://" in item
        return known or Path(item).expanduser().is_file()
    if isinstance(item, (Image.Image, os.PathLike, bytes, bytearray, memoryview)):
        return True
    if isinstance(item, Mapping):
        return len(item) > 0 and set(item) <= {"bytes", "path"}  # as Hugging Face has it undecoded
    if hasattr(item, "read_bytes") or (hasattr(item, "read") and hasattr(item, "seek")):
        return True
    return _dimensions(item) in (2, 3) or (_dimensions(item) == 1 and _is_encoded(item))


@dataclasses.dataclass
class BatchReader:
    """Takes batches and items apart; keeps what it learned about their form.

    Attributes
    ----------
    batches : bool
        Whether several images may come at once. Else each item stands for one.
    left_out : int
        Images beside those taken: masks, second views, further frames.
    grey_batches : bool
        Whether arrays of three dimensions were taken for grey images, one after the other.
    """

    batches: bool = True
    left_out: int = 0
    grey_batches: bool = False
    _tuples: bool = False  # whether tuples were seen to be batches

    def images(self, thing: Any) -> list[Any]:
        """Return the images in what came, not yet read; an error in the place of what is none."""
        if isinstance(thing, UnreadableImageError):
            return [thing]
        if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
            thing = {each.name: getattr(thing, each.name) for each in dataclasses.fields(thing)}
        if isinstance(thing, Mapping) and not is_image(thing):
            return self._of_mapping(thing)
        if getattr(thing, "is_nested", False):  # PyTorch's tensors of several sizes
            return list(thing.unbind())
        dimensions = _dimensions(thing)
        if dimensions is not None and dimensions > 2 and not hasattr(thing, "reshape"):
            thing = as_array(thing)
        if dimensions is not None and dimensions > 3:
            return list(thing.reshape(-1, *thing.shape[-3:]))
        if dimensions == 3 and self.batches and self._is_grey_batch(thing):
            self.grey_batches = True
            return list(thing)
        if is_image(thing):
            return [thing]
        if isinstance(thing, Iterator):
            return self.images(list(islice(thing, _MAX_BATCH)))
        if isinstance(thing, np.ndarray) and thing.dtype == object and thing.ndim:
            return self.images(list(thing))
        if isinstance(thing, (tuple, list)):
            return self._of_sequence(thing)
        return [_no_image(thing)]

    def image(self, item: Any) -> Any:
        """Return the one image of a data set's item; raise an error if there is none."""
        images = self.images(item)
        found = [image for image in images if not isinstance(image, UnreadableImageError)]
        if not found:
            raise images[0] if images else UnreadableImageError("There is no image in the item.")
        self.left_out += len(found) - 1
        return found[0]

    def _of_mapping(self, thing: Mapping[Any, Any]) -> list[Any]:
        for key in (*_KEYS, *thing):
            # as WebDataset has it: by the extension of the file
            if key in thing and (key in _KEYS or f".{key}".lower() in EXTENSIONS):
                return self.images(thing[key])
        holding = [key for key, value in thing.items() if _holds_images(value)]
        if len(holding) == 1:
            return self.images(thing[holding[0]])
        found = ", ".join(repr(key) for key in islice(thing, 12))
        which = f"; several hold images: {', '.join(map(repr, holding))}" if holding else ""
        return [
            UnreadableImageError(
                "Looked for 'image', 'img' or 'pixel_values' in the dataset's items, which have "
                f"{found}{which}."
            )
        ]

    def _of_sequence(self, thing: tuple[Any, ...] | list[Any]) -> list[Any]:
        if not len(thing):
            return []
        first, others = thing[0], list(thing[1:])
        single = is_image(first)
        if single and self._is_one_item(thing, others):
            # an image and what belongs to it: a label, a mask, another view, its file
            same = [each for each in others if is_image(each)]
            if _is_place(first) and any(not _is_place(each) for each in same):
                first = next(each for each in same if not _is_place(each))
                same = [each for each in same if not _is_place(each)][1:]
            self.left_out += len(same)
            return self.images(first)
        if first is None and isinstance(thing, tuple) and not any(map(_holds_images, others)):
            return [_no_image(None)]
        if single or first is None:
            self._tuples = self._tuples or isinstance(thing, tuple)
            return [image for member in thing for image in self.images(member)]
        if _is_batch(first):
            if isinstance(thing, list) and all(_is_listed_batch(other) for other in others):
                return [image for member in thing for image in self.images(member)]
            self.left_out += sum(len(self.images(other)) for other in others if _is_batch(other))
            return self.images(first if _dimensions(first) is not None else list(first))
        if isinstance(first, (tuple, list, Mapping)):
            return [image for member in thing for image in self.images(member)]
        # labels come first
        for at, other in enumerate(others):
            if _holds_images(other):
                return self._of_sequence(tuple(others[at:]))
        return [_no_image(thing)]

    def _is_one_item(self, thing: tuple[Any, ...] | list[Any], others: list[Any]) -> bool:
        """Return whether a sequence that begins with an image is an item rather than a batch."""
        if not self.batches:
            return True
        if not any(other is None or is_image(other) for other in others):
            return not any(_holds_images(other) for other in others) and len(thing) <= 8
        if not all(other is None or is_image(other) for other in others):
            return len(thing) <= 4
        return isinstance(thing, tuple) and 1 < len(thing) <= 3 and not self._tuples

    def _is_grey_batch(self, thing: Any) -> bool:
        """Return whether an array (a, b, c) has a grey images rather than one with channels."""
        first, last = thing.shape[0], thing.shape[2]
        if self.grey_batches:
            return last not in CHANNELS
        if last in CHANNELS or first in (1, 3):
            return False
        return first != 4 or not _is_opaque(thing[3])


def _is_place(thing: Any) -> bool:
    return isinstance(thing, (str, os.PathLike))


def _is_opaque(plane: Any) -> bool:
    """Return whether this may be what is 100 % opaque of an image with four channels."""
    array = as_array(plane)
    return array is not None and bool((array == (255 if array.dtype == np.uint8 else 1)).all())


def _is_batch(thing: Any) -> bool:
    """Return whether this is several images: an array of them, or a list of nothing else."""
    dimensions = _dimensions(thing)
    if dimensions is not None:
        return dimensions > 3
    some = thing is not None and isinstance(thing, (tuple, list)) and len(thing) > 0
    return (
        some and any(map(is_image, thing)) and all(each is None or is_image(each) for each in thing)
    )


def _is_listed_batch(thing: Any) -> bool:
    """Return whether this is a list or tuple of images, next to other such ones."""
    return _dimensions(thing) is None and _is_batch(thing)


def _holds_images(thing: Any) -> bool:
    if isinstance(thing, str):
        return False
    return is_image(thing) or _is_batch(thing)


def _dimensions(thing: Any) -> int | None:
    """Count the dimensions of an array of numbers; None for anything else."""
    dtype = getattr(thing, "dtype", None)
    if dtype is None or str(dtype) == "object" or isinstance(thing, np.generic):
        return None
    if getattr(thing, "is_nested", False):
        return None
    try:
        return len(thing.shape)
    except Exception:  # of a shape that is not known, other libraries' arrays raise their own
        return None


def _is_encoded(thing: Any) -> bool:
    """Return whether a row of bytes begins as a file does: a row of labels does not."""
    array = as_array(thing) if str(thing.dtype).endswith("uint8") and len(thing) > 32 else None
    return array is not None and array[:8].tobytes().startswith(_BEGINNINGS)


def _no_image(thing: Any) -> UnreadableImageError:
    return UnreadableImageError(f"Not an image but {type(thing).__name__}.")


def _fetched(url: str) -> Opened:
    try:
        import fsspec
    except ImportError as error:
        raise UnreadableImageError(f"URLs need fsspec: {error}") from error
    with fsspec.open(url, "rb") as file:
        return read_file(file.read())


def _contents(file: Any) -> bytes:
    file.seek(0)
    return bytes(file.read())
