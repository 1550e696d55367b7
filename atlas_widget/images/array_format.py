"""The format of the arrays of one data set: order of channels, and meaning of their numbers.

Both are judged once, from the first images, and hold for all: images that were scaled one by one
could not be compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas_widget.images.unreadable import UnreadableImageError
from atlas_widget.images.value_range import (
    FLOAT,
    INTEGER,
    MIN_LEVELS,
    UINT8,
    ValueRange,
    given_range,
    judge_range,
    number_kind,
)

__all__ = ["LOOKED_AT", "ArrayFormat", "as_array", "faint_notice", "is_deep"]

LOOKED_AT = 16
"""Number of images that are read to judge a data set."""

CHANNELS = (1, 3, 4)
_GREY = 128
_MUCH_BLACK = 0.5
_OUTSIDE = 0.02  # of the range: what lies further off is cut off visibly


@dataclass(frozen=True)
class ArrayFormat:
    """Format of the arrays of one data set.

    Attributes
    ----------
    ranges : mapping of str to ValueRange
        By the kind of numbers; what is not in it is as `judge_range` has it of no images.
    channels_first : bool, optional
        Whether (3, height, width) is their order where both orders are possible; None where some
        have one order and some the other, or none tells: then PyTorch's is that of tensors.
    """

    ranges: Mapping[str, ValueRange] = field(default_factory=dict)
    channels_first: bool | None = None

    @classmethod
    def judged(
        cls, items: Iterable[Any], preprocessing: Any = None, value_range: Any = None
    ) -> ArrayFormat:
        """Judge from the first images of a data set; those that cannot be judged are passed over.

        Parameters
        ----------
        items : iterable
            Arrays, tensors and PIL images, of which those of more than 8 bits count.
        preprocessing, value_range
            See `as_image_source`.
        """
        arrays = [(item, array) for item in items if (array := _array_of(item)) is not None]
        first = _channels_first([array for _, array in arrays])
        known = cls(channels_first=first)
        by_kind: dict[str, list[NDArray[Any]]] = defaultdict(list)
        for item, array in arrays:
            kind = number_kind(array.dtype)
            if kind is None or array.dtype.kind == "b":
                continue
            try:
                pixels = np.ma.getdata(known.channels_last(array, _is_tensor(item)))
            except UnreadableImageError:
                continue
            if np.isfinite(pixels).all():
                by_kind[kind].append(pixels)
        if value_range is not None:
            ranges = dict.fromkeys({*by_kind, INTEGER, FLOAT}, given_range(value_range))
        else:
            ranges = {
                kind: judge_range(kind, some, preprocessing) for kind, some in by_kind.items()
            }
        return cls(ranges, first)

    @property
    def key(self) -> str:
        """Text for fingerprints that determines an image; empty for the usual format."""
        parts = sorted((kind, each.scale, each.shift) for kind, each in self.ranges.items())
        plain = not parts and self.channels_first is None
        return "" if plain else repr((parts, self.channels_first))

    @property
    def meaning(self) -> str:
        """Meaning that the numbers were taken for, as an addition to a description."""
        meanings = [range_.meaning for range_ in self.ranges.values() if range_.meaning]
        return f" ({'; '.join(dict.fromkeys(meanings))})" if meanings else ""

    @property
    def notices(self) -> list[str]:
        """Lines for the user about what the numbers were taken for."""
        return [range_.notice for range_ in self.ranges.values() if range_.notice]

    def knows(self, item: Any) -> bool:
        """Return whether the numbers of what was read are of a kind that was judged.

        Those of bytes need no judgement; 8-bit PIL images have none that matter.
        """
        array = _array_of(item)
        kind = number_kind(array.dtype) if array is not None else UINT8
        return kind == UINT8 or kind in self.ranges

    def image(self, item: Any) -> tuple[Image.Image, float]:
        """Make an 8-bit image of an array, a tensor or a deep PIL image.

        Returns
        -------
        PIL image, float
            In mode L, RGB or RGBA; and which part of its numbers is cut off for being beyond white.

        Raises
        ------
        UnreadableImageError
            It has no pixels, numbers of a wrong type or not finite, or a shape that no image has.
        """
        array = _array_of(item)
        kind = number_kind(array.dtype) if array is not None else None
        if array is None or kind is None:
            what = type(item).__name__ if array is None else f"an array of {array.dtype}"
            raise UnreadableImageError(f"Not an image but {what}.")
        pixels = self.channels_last(array, _is_tensor(item))
        masked = np.ma.isMaskedArray(pixels)
        hidden = np.asarray(np.ma.getmaskarray(pixels).any(axis=2)) if masked else None
        pixels = np.ma.getdata(pixels)
        if pixels.dtype.kind == "b":
            bytes_, outside = pixels.astype(np.uint8) * 255, 0.0
        elif kind == UINT8 and kind not in self.ranges:
            bytes_, outside = pixels, 0.0
        else:
            shown = pixels if hidden is None else pixels[~hidden][:, None]
            if not np.isfinite(shown).all():
                raise UnreadableImageError("The image has values that are not finite.")
            rgb = (self.ranges.get(kind) or judge_range(kind, [])).rgb(np.nan_to_num(pixels))
            outside = _cut_off(rgb)
            bytes_ = np.rint(np.clip(rgb, 0.0, 1.0) * 255.0).astype(np.uint8)
        if hidden is not None:
            bytes_ = np.where(hidden[:, :, None], np.uint8(_GREY), bytes_)
        grey = bytes_.shape[2] == 1
        return Image.fromarray(np.ascontiguousarray(bytes_[:, :, 0] if grey else bytes_)), outside

    def channels_last(self, array: NDArray[Any], is_tensor: bool = False) -> NDArray[Any]:
        """View an image as (height, width, channels)."""
        if 0 in array.shape:
            raise UnreadableImageError(f"The image has no pixels: its shape is {array.shape}.")
        if array.ndim == 2:
            return array[:, :, None]
        if array.ndim == 3:
            first, last = array.shape[0] in CHANNELS, array.shape[2] in CHANNELS
            if first and last:
                first = is_tensor if self.channels_first is None else self.channels_first
            if first:
                return array.transpose(1, 2, 0)
            if last:
                return array
        raise UnreadableImageError(
            "An image has the shape (height, width), (3, height, width) or (height, width, 3), "
            f"with 1, 3 or 4 channels, not {array.shape}."
        )


def as_array(item: Any) -> NDArray[Any] | None:
    """View a tensor or another array as an array; None for anything else."""
    if isinstance(item, np.ndarray):
        return item
    if hasattr(item, "detach") and hasattr(item, "cpu"):
        tensor = item.detach().cpu().resolve_neg()
        # bfloat16 has no NumPy counterpart
        return np.asarray(tensor.float() if tensor.is_floating_point() else tensor)
    if hasattr(item, "__array__") and not isinstance(item, Image.Image | np.generic | type):
        return np.asarray(item)
    return None


def is_deep(image: Image.Image) -> bool:
    """Return whether a PIL image has numbers of more than 8 bits."""
    return image.mode.startswith("I") or image.mode == "F"


def faint_notice(images: Iterable[Any]) -> str:
    """Say that 8-bit images are all but of one colour; nothing if they are not, or if one is flat.

    Other programs make such files of 10 or 12 bits of which Pillow reads the upper 8.
    """
    extrema = []
    for image in images:
        if isinstance(image, Image.Image) and not is_deep(image):
            low, high = np.asarray(image).min(), np.asarray(image).max()
            extrema.append((int(low), int(high)))
    if not extrema:
        return ""
    low, high = min(low for low, _ in extrema), max(high for _, high in extrema)
    if high - low >= MIN_LEVELS or low == high:
        return ""
    return (
        f"Hardly anything is to be seen in the images: {len(extrema)} that were looked at have "
        f"only {high - low + 1} of 256 levels, {low} to {high}. Files with 16 bits for each colour "
        "lose the lower 8 when they are read: save them with 8, or give arrays and value_range."
    )


def _array_of(item: Any) -> NDArray[Any] | None:
    if isinstance(item, Image.Image):
        return np.asarray(item) if is_deep(item) else None
    return as_array(item)


def _cut_off(rgb: NDArray[np.float32]) -> float:
    """Return the part beyond white; that beyond black only where hardly anything else is left.

    Outside of a scanner's circle, or where nothing was measured, numbers far below are usual.
    """
    above, below = float(np.mean(rgb > 1.0 + _OUTSIDE)), float(np.mean(rgb < -_OUTSIDE))
    return above + below if below > _MUCH_BLACK else above


def _is_tensor(item: Any) -> bool:
    return hasattr(item, "detach")


def _channels_first(arrays: Iterable[NDArray[Any]]) -> bool | None:
    """Return the order of those whose shape leaves no choice, if all of them have the same."""
    orders = set()
    for array in arrays:
        if array.ndim == 3:
            first, last = array.shape[0] in CHANNELS, array.shape[2] in CHANNELS
            if first != last:
                orders.add(first)
    return orders.pop() if len(orders) == 1 else None
