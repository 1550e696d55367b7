"""The meaning of the numbers in images: which one is black, and which is white."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import ImagesError

__all__ = [
    "FLOAT",
    "INTEGER",
    "MIN_LEVELS",
    "UINT8",
    "ValueRange",
    "given_range",
    "judge_range",
    "number_kind",
]

UINT8, INTEGER, FLOAT = "uint8", "integer", "float"

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_BITS = (8, 10, 12, 14, 16)
_CT = (-1024.0, 3071.0)
_OVERSHOOT = 0.06  # of the range, by which resizing may leave it
MIN_LEVELS = 16  # of 256: with fewer, hardly anything is to be seen
_MIN_GUESSED_LEVELS = 32  # of 256, outliers left out
_OUTLIERS = 0.1  # percent, both among the darkest and among the brightest numbers
_MAX_WHITE = 0.02  # of the values looked at may lie above the range
_MAX_BLACK = 0.5  # and below: what lies outside of a scanner's circle has some number far below
_VALUES_LOOKED_AT = 65_536  # of one image


@dataclass(frozen=True)
class ValueRange:
    """Meaning of numbers: rgb = number · scale + shift, per channel, where rgb is in [0, 1].

    Attributes
    ----------
    scale, shift : tuple of float
        One for all channels, or one for each of three.
    meaning : str
        What the numbers were taken for, if that is more than a matter of course.
    notice : str
        What a user should know about it.
    """

    scale: tuple[float, ...] = (1.0,)
    shift: tuple[float, ...] = (0.0,)
    meaning: str = ""
    notice: str = ""

    @classmethod
    def between(cls, low: float, high: float, meaning: str = "") -> ValueRange:
        """Return the range that has `low` for black and `high` for white."""
        scale = 1.0 / (high - low)
        return cls((scale,), (-low * scale,), meaning)

    def rgb(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return numbers (…, channels) as RGB in [0, 1], as far as they are within the range."""
        scale, shift = np.asarray(self.scale), np.asarray(self.shift)
        if len(self.scale) > 1 and values.shape[-1] == 1:
            scale, shift = scale.mean(), shift.mean()
        elif len(self.scale) > 1 and values.shape[-1] == 4:  # opacity was not normalised
            scale, shift = np.append(scale, 1.0), np.append(shift, 0.0)
        # in double precision where single has not the digits, as of integers of 32 bits
        wide = np.float64 if values.dtype.itemsize > 2 and values.dtype.kind != "f" else np.float32
        rgb = values.astype(wide) * scale.astype(wide) + shift.astype(wide)
        return np.asarray(rgb, np.float32)


def number_kind(dtype: np.dtype[Any]) -> str | None:
    """Return which kind of numbers an array has: `UINT8`, `INTEGER`, `FLOAT`, or None for others.

    Truth values count as unsigned bytes, whose range is a matter of course, too.
    """
    if dtype == np.uint8 or dtype.kind == "b":
        return UINT8
    return {"i": INTEGER, "u": INTEGER, "f": FLOAT}.get(dtype.kind)


def given_range(value_range: Any) -> ValueRange:
    """Return the range that a user gave.

    Raises
    ------
    ImagesError
        It is not a pair of finite numbers, the first one smaller.
    """
    try:
        low, high = (float(value) for value in value_range)
        sound = np.isfinite([low, high]).all() and low < high
    except (TypeError, ValueError):
        sound = False
    if not sound:
        raise ImagesError(
            f"value_range={value_range!r}: a pair of numbers, that of black and that of white, "
            "such as (0, 4095)."
        )
    return ValueRange.between(low, high, f"{low:,.6g} is black and {high:,.6g} white, as given")


def judge_range(kind: str, arrays: Sequence[NDArray[Any]], preprocessing: Any = None) -> ValueRange:
    """Judge from some arrays of one kind what the numbers of a whole data set mean.

    The first usual range that they fit is taken, if the images come out with enough grey levels
    and without large parts beyond white; else the range that they have.

    Parameters
    ----------
    kind : str
        See `number_kind`.
    arrays : sequence of ndarray, (height, width, channels)
        Of the first images, without numbers that are not finite.
    preprocessing : optional
        Something with `mean` and `std`, by which floats may have been normalised.
    """
    if not arrays:
        return {INTEGER: ValueRange.between(0, 65535)}.get(kind, _matter_of_course(kind))
    seen = _Seen.of(arrays)
    if kind == UINT8 or (kind == FLOAT and seen.low >= -0.05 and seen.high <= 1.05):
        return _checked_matter_of_course(kind, seen)
    candidates = _integer_ranges(seen) if kind == INTEGER else _float_ranges(seen, preprocessing)
    for candidate in candidates:
        if seen.fits(candidate):
            if kind == INTEGER and candidate.meaning == "8 bits" and seen.high > 127:
                return ValueRange(candidate.scale, candidate.shift)
            return _with_notice(candidate, seen)
    return _measured(seen)


@dataclass(frozen=True)
class _Seen:
    """Numbers that were seen: extremes, those of each channel, and some of all."""

    low: float
    high: float
    channels: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    some: NDArray[np.float64]
    images: int

    @classmethod
    def of(cls, arrays: Sequence[NDArray[Any]]) -> _Seen:
        lows = [array.min((0, 1)).astype(np.float64) for array in arrays]
        highs = [array.max((0, 1)).astype(np.float64) for array in arrays]
        channels = None
        if all(len(each) == 3 for each in lows):
            channels = np.min(lows, 0), np.max(highs, 0)
        some = []
        for array in arrays:
            flat = array.reshape(-1)
            some.append(flat[:: max(1, flat.size // _VALUES_LOOKED_AT)].astype(np.float64))
        return cls(
            min(float(each.min()) for each in lows),
            max(float(each.max()) for each in highs),
            channels,
            np.concatenate(some),
            len(arrays),
        )

    def fits(self, candidate: ValueRange) -> bool:
        """Return whether images come out with enough levels and hardly anything beyond white."""
        rgb = self.some * np.mean(candidate.scale) + np.mean(candidate.shift)
        if self.low == self.high:
            return True  # nothing to be seen in any case
        if np.mean(rgb > 1.0 + _OVERSHOOT) > _MAX_WHITE or np.mean(rgb < -_OVERSHOOT) > _MAX_BLACK:
            return False
        dark, bright = np.percentile(np.clip(rgb, 0.0, 1.0), (_OUTLIERS, 100.0 - _OUTLIERS))
        return bool((bright - dark) * 255.0 >= _MIN_GUESSED_LEVELS)


def _matter_of_course(kind: str) -> ValueRange:
    return ValueRange.between(0, 255) if kind == UINT8 else ValueRange()


def _checked_matter_of_course(kind: str, seen: _Seen) -> ValueRange:
    """Return what such numbers always mean, and say if hardly anything is to be seen then.

    The numbers are not stretched: what was looked at may be the dark beginning of a film.
    """
    if kind == UINT8 and seen.low == 0 and seen.high == 1:
        return _with_notice(ValueRange.between(0, 1, "masks of 0 and 1"), seen)
    course = _matter_of_course(kind)
    levels = (seen.high - seen.low) * course.scale[0] * 255.0
    if seen.low == seen.high or levels >= MIN_LEVELS:
        return course
    white = 255 if kind == UINT8 else 1
    return ValueRange(
        course.scale,
        course.shift,
        notice=(
            f"Hardly anything is to be seen in the images: of the numbers from 0 (black) to "
            f"{white} (white), {_images(seen.images)} have only those from {_number(seen.low)} to "
            f"{_number(seen.high)}. {_how_to_say(seen.low, seen.high)}"
        ),
    )


def _integer_ranges(seen: _Seen) -> Iterator[ValueRange]:
    if seen.low >= 0:
        yield from _bits(seen.high)
        return
    if seen.low >= -128 and seen.high <= 127:
        yield ValueRange.between(-128, 127, "signed bytes")
    yield from _hounsfield(seen)


def _float_ranges(seen: _Seen, preprocessing: Any) -> Iterator[ValueRange]:
    if seen.low >= -max(_OVERSHOOT * seen.high, 0.05):
        if seen.high > 30:
            yield from _bits(seen.high / (1 + _OVERSHOOT / 2))
        return
    signed = ValueRange.between(-1, 1, "numbers from -1 to 1")
    within = seen.low >= -1.05 and seen.high <= 1.05
    if within and seen.low <= -0.9 and seen.high >= 0.9:
        yield signed
    mean, std = getattr(preprocessing, "mean", None), getattr(preprocessing, "std", None)
    if mean is not None and std is not None:
        known = _normalised(mean, std, "the model's mean and deviation")
        if _covers(known, seen):
            yield known
    if within:
        yield signed
    imagenet = _normalised(
        _IMAGENET_MEAN, _IMAGENET_STD, "ImageNet's mean and deviation, which was assumed"
    )
    if _covers(imagenet, seen):
        yield imagenet
    yield from _hounsfield(seen)


def _bits(high: float) -> Iterator[ValueRange]:
    bits = next((bits for bits in _BITS if high < 1 << bits), None)
    if bits is not None:
        yield ValueRange.between(0, (1 << bits) - 1, f"{bits} bits")


def _hounsfield(seen: _Seen) -> Iterator[ValueRange]:
    if -4096 <= seen.low <= -200 and 200 <= seen.high <= 4096:
        yield ValueRange.between(*_CT, "Hounsfield units of computed tomography")


def _normalised(mean: Sequence[float], std: Sequence[float], whose: str) -> ValueRange:
    meaning = f"numbers normalised with {whose}"
    return ValueRange(tuple(map(float, std)), tuple(map(float, mean)), meaning)


def _covers(candidate: ValueRange, seen: _Seen) -> bool:
    """Return whether all channels lie within RGB's range, but for what a resize overshoots."""
    lows, highs = seen.channels or (np.array([seen.low]), np.array([seen.high]))
    low, high = candidate.rgb(lows[None])[0], candidate.rgb(highs[None])[0]
    return bool((low >= -_OVERSHOOT).all() and (high <= 1 + _OVERSHOOT).all())


def _measured(seen: _Seen) -> ValueRange:
    """Return the range that the numbers have, without outliers if those would hide all others."""
    low, high = seen.low, seen.high
    if low >= 0 and low < 0.5 * high:
        low = 0.0  # black is black
    if not seen.fits(ValueRange.between(low, high)) and seen.low < seen.high:
        inner = np.percentile(seen.some, (_OUTLIERS, 100.0 - _OUTLIERS))
        if inner[0] < inner[1]:
            low, high = (float(value) for value in inner)
    if low == high:
        return ValueRange.between(low, low + 1.0)
    return _with_notice(ValueRange.between(low, high, f"{_number(low)} to {_number(high)}"), seen)


def _with_notice(range_: ValueRange, seen: _Seen) -> ValueRange:
    scale, shift = float(np.mean(range_.scale)), float(np.mean(range_.shift))
    black, white = -shift / scale, (1.0 - shift) / scale
    notice = (
        f"It is a guess what the numbers in the images mean. They go from {_number(seen.low)} to "
        f"{_number(seen.high)} in {_images(seen.images)} and are taken for {range_.meaning}, with "
        f"{_number(black)} for black and {_number(white)} for white. {_how_to_say(black, white)}"
    )
    return ValueRange(range_.scale, range_.shift, range_.meaning, notice)


def _how_to_say(low: float, high: float) -> str:
    pair = f"({_number(low)}, {_number(high)})".replace(",", "").replace(" ", ", ")
    return (
        f"To say otherwise, give images=as_image_source(…, value_range={pair}) with other numbers."
    )


def _images(count: int) -> str:
    return "the one image looked at" if count == 1 else f"the {count} images looked at"


def _number(value: float) -> str:
    value += 0.0  # minus zero is zero
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
