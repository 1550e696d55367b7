"""The base of sources whose items are asked for by number: lists and data sets."""

from __future__ import annotations

from typing import Any

from PIL import Image

from atlas_widget.errors import ImagesError
from atlas_widget.images.array_format import LOOKED_AT, ArrayFormat, faint_notice
from atlas_widget.images.items import BatchReader, opened
from atlas_widget.images.source import NamedImages, evenly
from atlas_widget.images.unreadable import UnreadableImageError, or_unreadable

__all__ = ["NumberedItems"]


class NumberedItems(NamedImages):
    """Items by number, each with one image; what cannot be read of one is told when it is opened.

    A few of them, evenly spread, are looked at in the beginning: to judge the format of arrays, and
    so that items of something else than images say so at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._items_of = BatchReader(batches=False)

    def _item(self, index: int) -> Any:
        """Return an item, whatever it is; it may raise anything."""
        raise NotImplementedError

    def open(self, index: int) -> Image.Image:
        """Return the image as 8-bit RGB, or raise `UnreadableImageError`."""
        return self._finished(index, self._read(index))

    def _read(self, index: int) -> Any:
        """Return an image as `opened` does."""
        item = or_unreadable(f"There is no item {index}", self._item, index)
        return opened(or_unreadable(f"Item {index}", self._items_of.image, item))

    def _look(
        self,
        what: str,
        preprocessing: Any,
        value_range: Any,
        known: ArrayFormat | None = None,
    ) -> dict[int, Any]:
        """Judge the format from a few items, and return what was read of them by their numbers.

        Of images that were made 8-bit ones already the format is `known`, and nothing is judged.

        Raises
        ------
        ImagesError
            None of them has an image.
        """
        read: dict[int, Any] = {}
        reason: UnreadableImageError | None = None
        for index in evenly(len(self), LOOKED_AT):
            try:
                read[index] = self._read(index)
            except UnreadableImageError as error:
                reason = reason or error
        if known is None:
            known = ArrayFormat.judged(read.values(), preprocessing, value_range)
            if faint := faint_notice(read.values()):
                self.remark(faint)
        self.array_format = known
        usable = {}
        for index, image in read.items():
            try:
                self._finished(index, image)
                usable[index] = image
            except UnreadableImageError as error:
                reason = reason or error
        if not usable:
            raise ImagesError(f"No images in {what}: {reason}")
        if self._items_of.left_out:
            self.remark(
                f"Of each item only the first image is taken: {self._items_of.left_out:,} further "
                f"ones (masks, views, frames) were left out of the {len(read)} items looked at."
            )
        return usable
