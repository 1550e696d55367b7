"""The source of images in a list, which are in memory already or are read from where it says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from atlas_widget.images.array_format import ArrayFormat
from atlas_widget.images.fingerprints import hash_item
from atlas_widget.images.numbered import NumberedItems
from atlas_widget.images.unreadable import UnreadableImageError

__all__ = ["ListSource", "unique_names"]


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
    array_format : ArrayFormat, optional
        By which the images were made 8-bit ones already.
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
        array_format: ArrayFormat | None = None,
    ) -> None:
        super().__init__()
        self._items = items
        self._labels = list(labels) if labels is not None else None
        self._names = unique_names(items)
        self._failed: dict[int, UnreadableImageError] = {}
        if any(isinstance(item, np.memmap) for item in items[:1]):
            self.hashed = "sizes and times of mapped files, and the beginning of each image"
        self._look("the list", preprocessing, value_range, array_format)
        self.description = (description or f"{len(items):,} images") + self.array_format.meaning

    def __len__(self) -> int:
        return len(self._items)

    def name(self, index: int) -> str:
        """Name an image."""
        return self._names[index]

    @property
    def labels(self) -> list[Any] | None:
        """Label of each image, where the list has pairs of an image and a label."""
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


def unique_names(items: Sequence[Any]) -> list[str]:
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
