"""Targets of pictures of one layer: its channels, and the positions and groups of an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from atlas_widget.images.thumbnails import THUMBNAIL_SIZE, encode_thumbnail
from atlas_widget.session.pictures.picture import Examples, Picture, State

__all__ = ["ChannelTargets", "DirectionTargets", "PositionTargets"]

Box = tuple[float, float, float, float]

_AROUND = 1.5  # of a position's own share of the image: what stands in for its picture


class DirectionTargets:
    """Directions of a layer, such as groups of channels; see `pictures.picture.Targets`.

    Parameters
    ----------
    group
        The group of pictures.
    directions
        A row for each, (n, channels).
    """

    def __init__(self, group: str, directions: npt.NDArray[np.floating]) -> None:
        self._group = group
        self._rows = np.asarray(directions, np.float32)
        lengths = np.linalg.norm(self._rows, axis=1, keepdims=True)
        self._units = self._rows / np.maximum(lengths, 1e-12)

    def __len__(self) -> int:
        return len(self._rows)

    def has(self, group: str, number: int) -> bool:
        """Return True if there is such a direction."""
        return group == self._group and 0 <= number < len(self._rows)

    def directions(self, group: str, numbers: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the directions of these numbers."""
        del group
        found: npt.NDArray[np.float32] = self._rows[list(numbers)]
        return found

    def examples(self, group: str, numbers: Sequence[int]) -> list[Examples]:
        """Return no examples: the pictures are made of the directions alone."""
        del group
        return [Examples() for _ in numbers]

    def ranks(
        self, group: str, numbers: Sequence[int], activations: npt.NDArray[np.float32]
    ) -> list[int]:
        """Return each picture's rank: one plus the number of directions nearer than its own."""
        del group
        cosines = activations @ self._units.T
        own = cosines[np.arange(len(numbers)), list(numbers)]
        return [int(rank) for rank in 1 + (cosines > own[:, None]).sum(1)]

    def crop(self, group: str, number: int) -> Picture:
        """Return an empty tile: nothing stands in for the picture of a direction."""
        del group, number
        return Picture(np.zeros((THUMBNAIL_SIZE, THUMBNAIL_SIZE, 3), np.uint8), State.CROP)


class ChannelTargets(DirectionTargets):
    """The channels of a layer.

    Their pictures are those of the units' pages, made with the same settings and seed and so found
    in the cache.

    Parameters
    ----------
    group
        The group of pictures.
    channels
        The number of channels.
    """

    def __init__(self, group: str, channels: int) -> None:
        super().__init__(group, np.eye(channels, dtype=np.float32))


class PositionTargets(DirectionTargets):
    """The positions of an image.

    Parameters
    ----------
    group
        The group of pictures.
    directions
        The activation of each shown position, (n, channels).
    image
        The image as the model is given it, uint8 (h, w, 3).
    grid
        Rows and columns of the shown positions.
    boxes
        The part of the image that each effectively sees, in pixels: its channel statistics keep
        the picture natural, as the real crops of a cell do.
    """

    def __init__(
        self,
        group: str,
        directions: npt.NDArray[np.floating],
        image: npt.NDArray[np.uint8],
        grid: tuple[int, int],
        boxes: Sequence[Box],
    ) -> None:
        super().__init__(group, directions)
        self._image = Image.fromarray(image)
        self._grid = grid
        self._boxes = boxes
        self._jpegs: dict[Box, bytes] = {}

    def examples(self, group: str, numbers: Sequence[int]) -> list[Examples]:
        """Return what each position sees of the image."""
        del group
        return [Examples((self._jpeg(self._boxes[number]),)) for number in numbers]

    def crop(self, group: str, number: int) -> Picture:
        """Return the piece of the image at a position."""
        del group
        rows, columns = self._grid
        row, column = divmod(number, columns)
        width, height = self._image.size
        x, y = (column + 0.5) * width / columns, (row + 0.5) * height / rows
        half = _AROUND * max(width / columns, height / rows) / 2
        box = tuple(round(side) for side in (x - half, y - half, x + half, y + half))
        piece = self._image.crop(_within(box, width, height))
        small = piece.resize((THUMBNAIL_SIZE, THUMBNAIL_SIZE), Image.Resampling.BICUBIC)
        return Picture(np.asarray(small), State.CROP)

    def _jpeg(self, box: Box) -> bytes:
        if box not in self._jpegs:
            self._jpegs[box] = encode_thumbnail(self._image, box)
        return self._jpegs[box]


def _within(box: tuple[int, ...], width: int, height: int) -> tuple[int, int, int, int]:
    """Return a box moved and, if need be, cut so that it lies in the image."""
    x0, y0, x1, y1 = box
    right, down = max(0, -x0) - max(0, x1 - width), max(0, -y0) - max(0, y1 - height)
    x0, x1, y0, y1 = x0 + right, x1 + right, y0 + down, y1 + down
    return max(0, x0), max(0, y0), max(min(width, x1), 1), max(min(height, y1), 1)
