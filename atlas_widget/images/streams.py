"""Images of what can only be gone through: generators, iterable data sets, batches of loaders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import GeneratorType
from typing import Any

import numpy as np
from PIL import Image

from atlas_widget.errors import ImagesError
from atlas_widget.images.array_format import LOOKED_AT, ArrayFormat, faint_notice
from atlas_widget.images.items import BatchReader, image_of, opened
from atlas_widget.images.list_source import ListSource
from atlas_widget.images.unreadable import UnreadableImageError, or_unreadable

__all__ = ["KEPT_IN_MEMORY", "stream_source"]

KEPT_IN_MEMORY = 4096
"""Maximum number of images taken from a source that can only be iterated."""

_BYTES_KEPT = 4 << 30
_FAILURES_IN_A_ROW = 20
_EMPTY_IN_A_ROW = 10_000


def stream_source(
    stream: Iterable[Any], what: str, preprocessing: Any = None, value_range: Any = None
) -> ListSource:
    """Keep the first images of what comes in batches, or one by one, as 8-bit images.

    What cannot be read stays among them as its error, so that it is left out and named as the
    unreadable images of any other source are.

    Parameters
    ----------
    stream : iterable
        Of images, (image, label) pairs, dicts, or batches of them in any of the usual forms.
    what : str
        What it is, for messages.
    preprocessing, value_range : optional
        See `as_image_source`.

    Raises
    ------
    ImagesError
        There is no image that can be read.
    """
    kept = _Kept(preprocessing, value_range)
    steps = _Steps(stream)
    for step in steps:
        kept.take_step(step)
        if kept.full:
            break
        steps.note_images(kept.count)
    images = kept.finish()
    readable = [image for image in images if isinstance(image, Image.Image)]
    if not readable:
        reason = f": {images[0]}" if images else "."
        raise ImagesError(f"No images came from {what}{reason}")
    first = "" if kept.whole and steps.ended else "the first "
    about = f"{first}{len(images):,} images"
    source = ListSource(images, description=about, array_format=kept.array_format)
    for line in [*kept.notices(what, steps), *steps.notices(what)]:
        source.remark(line)
    for index, outside in kept.cut_off.items():
        source.note_cut_off(index, outside)
    for index in kept.of_another_kind:
        source.note_other_kind(index)
    return source


class _Steps:
    """Steps of a stream; an error stands for a step that failed."""

    def __init__(self, stream: Iterable[Any]) -> None:
        self._stream = stream
        self.ended = False
        self.broken_off: Exception | None = None
        self._images = 0
        self._empty = 0

    def __iter__(self) -> Iterator[Any]:
        failures = 0
        try:
            steps = iter(self._stream)
        except Exception as error:  # a data set of a user's own may raise anything
            self.broken_off = error
            yield UnreadableImageError(f"It cannot be iterated: {type(error).__name__}: {error}")
            return
        while self._empty < _EMPTY_IN_A_ROW:
            try:
                step = next(steps)
            except StopIteration:
                # a generator that raised has ended with it; other iterators go on
                self.ended = not (failures and isinstance(steps, GeneratorType))
                return
            except Exception as error:  # as above
                failures += 1
                self.broken_off = error
                yield UnreadableImageError(f"{type(error).__name__}: {error}")
                if failures >= _FAILURES_IN_A_ROW:
                    return
                continue
            failures, self.broken_off = 0, None
            yield step

    def note_images(self, count: int) -> None:
        """Learn how many images there are, so that endless nothing comes to an end."""
        self._empty = self._empty + 1 if count == self._images else 0
        self._images = count

    def notices(self, what: str) -> list[str]:
        """Say where the stream broke off."""
        if self.broken_off is None or self.ended:
            return []
        error = f"{type(self.broken_off).__name__}: {self.broken_off}"
        return [f"After {self._images:,} images nothing more came from {what}: {error:.200}"]


class _Kept:
    """Images that are kept, and what is known of their format from the first of them."""

    def __init__(self, preprocessing: Any, value_range: Any) -> None:
        self.batches = BatchReader()
        self.array_format = ArrayFormat()
        self.cut_off: dict[int, float] = {}
        self.of_another_kind: list[int] = []
        self.whole = True
        self._judged = False
        self._faint = ""
        self._options = preprocessing, value_range
        self._waiting: list[Any] = []
        self._images: list[Image.Image | UnreadableImageError] = []
        self._bytes = 0

    @property
    def count(self) -> int:
        """Number of images, those among them that cannot be read."""
        return len(self._images) + len(self._waiting)

    @property
    def full(self) -> bool:
        """Return whether no further images are kept."""
        return self.count >= KEPT_IN_MEMORY or self._bytes > _BYTES_KEPT

    def take_step(self, step: Any) -> None:
        """Read the images of a batch; the format is judged as soon as there are enough of them."""
        try:
            items = or_unreadable("A batch", self.batches.images, step)
        except UnreadableImageError as error:
            items = [error]
        for item in items:
            if self.full:
                self.whole = False
                return
            try:
                read = opened(item)
            except UnreadableImageError as error:
                read = error
            # a stream may fill the same memory again and again
            self._waiting.append(read if isinstance(read, Image.Image | Exception) else _copy(read))
            if self._judged or len(self._waiting) >= LOOKED_AT:
                self._finish_waiting()

    def finish(self) -> list[Image.Image | UnreadableImageError]:
        """Return all images."""
        self._finish_waiting()
        return self._images

    def notices(self, what: str, steps: _Steps) -> list[str]:
        """Say what was taken for what, and what was left out."""
        lines = [self._faint] if self._faint else []
        if not (self.whole and steps.ended) and steps.broken_off is None:
            lines.append(
                f"The first {len(self._images):,} images of {what} were taken, as many as are kept "
                "in memory; what may come after them was not looked at. A data set with a length, "
                "or a folder, is read as a whole."
            )
        if self.batches.left_out:
            lines.append(
                f"{self.batches.left_out:,} further images (masks, views, frames) that came beside "
                f"the {len(self._images):,} images of {what} were left out."
            )
        if self.batches.grey_batches:
            lines.append(
                f"Arrays of three dimensions from {what} were taken for batches of grey images. A "
                "single image has the shape (3, height, width) or (height, width, 3)."
            )
        return lines

    def _finish_waiting(self) -> None:
        if not self._judged:
            self.array_format = ArrayFormat.judged(self._waiting, *self._options)
            self._faint = faint_notice(self._waiting)
            self._judged = bool(self._waiting)
        for read in self._waiting:
            if isinstance(read, UnreadableImageError):
                self._images.append(read)
                continue
            try:
                image, outside = image_of(read, self.array_format)
            except UnreadableImageError as error:
                self._images.append(error)
                continue
            self.cut_off[len(self._images)] = outside
            if not self.array_format.knows(read):
                self.of_another_kind.append(len(self._images))
            self._bytes += 4 * image.width * image.height  # as Pillow keeps them
            self._images.append(image)
        self._waiting = []


def _copy(read: Any) -> Any:
    return read.detach().clone() if hasattr(read, "detach") else np.array(read, subok=True)
