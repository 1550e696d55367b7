"""Images that are in memory already: arrays, tensors, PIL images, or a list of any of these."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas_widget.errors import ImagesError
from atlas_widget.images.array_format import CHANNELS, as_array
from atlas_widget.images.fingerprints import hash_item
from atlas_widget.images.folder import FileSource
from atlas_widget.images.numbered import NumberedItems
from atlas_widget.images.source import NamedImages
from atlas_widget.images.targets import label_of
from atlas_widget.images.unreadable import UnreadableImageError

__all__ = ["ListSource", "make_source"]


class ListSource(NumberedItems):
    """Images in a list or along the first axis of an array.

    Parameters
    ----------
    items : sequence
        PIL images, arrays, tensors, paths, URLs, contents of files, dicts as Hugging Face's, or
        pairs of one of these and a label.
    description : str, optional
        What they are.
    labels : sequence of int or str, optional
        What each is of.
    preprocessing, value_range : optional
        See `as_image_source`.
    """

    concurrent = True

    def __init__(
        self,
        items: Sequence[Any],
        description: str | None = None,
        labels: Sequence[Any] | None = None,
        *,
        preprocessing: Any = None,
        value_range: Any = None,
    ) -> None:
        super().__init__()
        self._items = items
        self._labels = list(labels) if labels is not None else None
        self._names = _names(items)
        self._failed: dict[int, UnreadableImageError] = {}
        self._look("the list", preprocessing, value_range)
        self.description = (description or f"{len(items):,} images") + self.array_format.meaning

    def __len__(self) -> int:
        return len(self._items)

    def name(self, index: int) -> str:
        """Name an image."""
        return self._names[index]

    @property
    def labels(self) -> list[Any] | None:
        """What each image is of, where the list has pairs of an image and a label."""
        return self._labels

    def _item(self, index: int) -> Any:
        return self._items[index]

    def _read(self, index: int) -> Any:
        # Pillow gives the readable half of some damaged images when it is asked once more
        if index in self._failed:
            raise self._failed[index]
        try:
            return super()._read(index)
        except UnreadableImageError as error:
            self._failed[index] = error
            raise

    def fingerprint(self) -> str:
        """Hash the names and every pixel; of files, sizes and times of change."""
        text = repr((self.array_format.key, self._names))
        digest = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16)
        for item in self._items:
            hash_item(digest, item)
        return digest.hexdigest()


def make_source(images: Any, preprocessing: Any = None, value_range: Any = None) -> Any:
    """Make a source of a list, tuple, array, tensor or single image; None of anything else."""
    from atlas_widget.images.streams import stream_source

    if isinstance(images, (Image.Image, bytes, bytearray, memoryview)):
        images = [images]
    remark = ""
    is_array = isinstance(images, np.ndarray) or hasattr(images, "detach")
    stack = as_array(images) if is_array else None
    if stack is not None and stack.dtype == object:
        images = list(stack.reshape(-1))
    elif stack is not None:
        images, remark = _unstacked(images, stack)
    elif not isinstance(images, (list, tuple)):
        return None
    if not len(images):
        raise ImagesError("The list of images is empty.")
    if all(isinstance(item, (str, os.PathLike)) for item in images) and not any(
        "://" in str(item) for item in images
    ):
        paths = [Path(item).expanduser() for item in images]
        return FileSource(paths, _names(images), value_range=value_range)
    if stack is None and any(map(_is_batch, images)):
        return stream_source(images, "the list", preprocessing, value_range)
    labels = [label_of(item) for item in images]
    known = None if None in labels else labels
    source: NamedImages = ListSource(
        images, labels=known, preprocessing=preprocessing, value_range=value_range
    )
    if remark:
        source.remark(remark)
    return source


def _is_batch(item: Any) -> bool:
    """Whether an item of a list is itself a batch: an array of images, or a list of some."""
    if isinstance(item, list):
        return True
    array = hasattr(item, "shape") and hasattr(item, "reshape")
    return array and len(item.shape) > 3


def _unstacked(images: Any, stack: NDArray[Any]) -> tuple[list[Any], str]:
    """Take an array apart into images; of tensors, into tensors. Say so where that is a guess."""
    if stack.ndim > 4:
        images = images.reshape(-1, *stack.shape[-3:])
        return list(images), (
            f"An array of the shape {tuple(stack.shape)} was taken for {len(images):,} images, one "
            "after the other."
        )
    if stack.ndim == 4 and len(stack):
        return list(images), ""
    if stack.ndim == 3 and 0 not in stack.shape:
        if stack.shape[0] in (1, 3) or stack.shape[2] in CHANNELS:
            return [images], ""
        return list(images), (
            f"An array of the shape {tuple(stack.shape)} was taken for {len(stack):,} grey images. "
            "A single image has the shape (3, height, width) or (height, width, 3)."
        )
    raise ImagesError(
        "An array of images has the shape (n, 3, height, width) or (n, height, width, 3), "
        f"not {tuple(stack.shape)}."
    )


def _names(items: Sequence[Any]) -> list[str]:
    """Name images after their files, where they have one, and in any case uniquely."""
    width = len(str(max(len(items) - 1, 1)))
    names: list[str] = []
    taken: set[str] = set()
    for number, item in enumerate(items):
        file = item if isinstance(item, (str, os.PathLike)) else getattr(item, "filename", "")
        known = isinstance(file, (str, os.PathLike)) and file
        name = Path(os.fspath(file)).name if known else f"image {number:0{width}d}"
        if name in taken:
            name = f"{name} ({number})"
        taken.add(name)
        names.append(name)
    return names
