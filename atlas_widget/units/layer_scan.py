"""Streaming statistics and extreme examples of the units of one layer; merging is associative."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

__all__ = ["BOTTOM", "TOP", "LayerScan"]

TOP = 32
"""Number of strongest examples that are kept of each unit."""

BOTTOM = 16
"""Number of weakest examples that are kept of each unit."""

_LEVELS = 256
"""Levels of positive activations, eight for each doubling from 2⁻¹⁶ to 2¹⁶."""

_LOWEST = (127 - 16) * 8 - 1  # a float's exponent and first three bits, below the lowest level
_TOP_PART = 0.01  # share of positions whose part of the sum is told
_FLOAT = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LayerScan:
    """Statistics and examples of the units of a layer.

    Attributes
    ----------
    top_values, bottom_values
        Largest and smallest activations, best first, one position of each image,
        float32 (units, kept).
    top_images, bottom_images
        The numbers of their images, int32 (units, kept).
    top_positions, bottom_positions
        Their positions on the map, row by row, int32 (units, kept).
    images
        Numbers of the images scanned, ascending, int32 (images,).
    image_max, image_mean
        Maximum and mean of each unit over the positions of each image, float32 (images, units).
    positions
        Positions scanned, int64 (1,).
    positive, zero
        Number of positions with an activation above 0, and of exactly 0, int64 (units,).
    levels
        Number of positions by the size of their activation, int64 (units, 257): column 0 has those
        of at most 2⁻¹⁶, negative ones too; then there are eight columns for each doubling.
    pilot
        Number about which the powers are taken, float64 (units,).
    powers
        Sums of the first four powers of activations minus the pilot, float64 (4, units).
    """

    top_values: npt.NDArray[np.float32]
    top_images: npt.NDArray[np.int32]
    top_positions: npt.NDArray[np.int32]
    bottom_values: npt.NDArray[np.float32]
    bottom_images: npt.NDArray[np.int32]
    bottom_positions: npt.NDArray[np.int32]
    images: npt.NDArray[np.int32]
    image_max: npt.NDArray[np.float32]
    image_mean: npt.NDArray[np.float32]
    positions: npt.NDArray[np.int64]
    positive: npt.NDArray[np.int64]
    zero: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]
    pilot: _FLOAT
    powers: _FLOAT

    @classmethod
    def of(cls, maps: Tensor, numbers: Sequence[int]) -> Self:
        """Return the scan of one batch.

        Parameters
        ----------
        maps
            The layer's maps, (images, units, rows, columns).
        numbers
            The images' numbers, ascending.
        """
        h = maps.detach().flatten(2)
        high, high_at = h.max(2)
        low, low_at = h.min(2)
        pilot = h.mean((0, 2))
        x = h - pilot[None, :, None]
        square = x * x
        # sums within a picture in float32, which is exact enough; across pictures in float64
        powers = torch.stack(
            [
                part.sum(2, dtype=torch.float32).sum(0, dtype=torch.float64)
                for part in (x, square, square * x, square * square)
            ]
        )
        ids = np.asarray(numbers, np.int32)
        kept = min(TOP, len(ids)), min(BOTTOM, len(ids))
        values = _numpy(high), _numpy(low)
        places = _numpy(high_at).astype(np.int32), _numpy(low_at).astype(np.int32)
        top = _best(-values[0].T, _rows(ids, h.shape[1]), places[0].T, kept[0])
        bottom = _best(values[1].T, _rows(ids, h.shape[1]), places[1].T, kept[1])
        return cls(
            -top[0],
            top[1],
            top[2],
            *bottom,
            ids,
            values[0],
            _numpy(h.mean(2)),
            np.array([h.shape[0] * h.shape[2]], np.int64),
            _numpy((h > 0).sum((0, 2))).astype(np.int64),
            _numpy((h == 0).sum((0, 2))).astype(np.int64),
            _numpy(_levels(h)).astype(np.int64),
            _numpy(pilot).astype(np.float64),
            _numpy(powers),
        )

    def merge(self, other: Self) -> Self:
        """Return the scan of the images of both; these must be others in each."""
        top = _merge_best(
            (-self.top_values, self.top_images, self.top_positions),
            (-other.top_values, other.top_images, other.top_positions),
            TOP,
        )
        bottom = _merge_best(
            (self.bottom_values, self.bottom_images, self.bottom_positions),
            (other.bottom_values, other.bottom_images, other.bottom_positions),
            BOTTOM,
        )
        images = np.concatenate([self.images, other.images])
        order = np.argsort(images, kind="stable")
        moved = other.about(self.pilot)
        return replace(
            self,
            top_values=-top[0],
            top_images=top[1],
            top_positions=top[2],
            bottom_values=bottom[0],
            bottom_images=bottom[1],
            bottom_positions=bottom[2],
            images=images[order],
            image_max=np.concatenate([self.image_max, other.image_max])[order],
            image_mean=np.concatenate([self.image_mean, other.image_mean])[order],
            positions=self.positions + other.positions,
            positive=self.positive + other.positive,
            zero=self.zero + other.zero,
            levels=self.levels + other.levels,
            powers=self.powers + moved.powers,
        )

    def about(self, pilot: _FLOAT) -> Self:
        """Return the same scan with its powers taken about another number."""
        shift = self.pilot - pilot
        n = float(self.positions[0])
        s1, s2, s3, s4 = self.powers
        powers = np.stack(
            [
                s1 + n * shift,
                s2 + 2 * shift * s1 + n * shift**2,
                s3 + 3 * shift * s2 + 3 * shift**2 * s1 + n * shift**3,
                s4 + 4 * shift * s3 + 6 * shift**2 * s2 + 4 * shift**3 * s1 + n * shift**4,
            ]
        )
        return replace(self, pilot=np.array(pilot), powers=powers)

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.pilot)

    def moments(self) -> tuple[_FLOAT, _FLOAT, _FLOAT, _FLOAT]:
        """Return mean, standard deviation, skewness and excess kurtosis over all positions.

        All are of the population; skewness and kurtosis are NaN for units that never change.
        """
        n = float(self.positions[0])
        about_mean = self.about(self.pilot + self.powers[0] / n).powers / n
        variance = np.maximum(about_mean[1], 0.0)
        # what rounding leaves of a unit that never changes
        changes = variance > 1e-12 * np.maximum(np.square(self.pilot), 1e-30)
        with np.errstate(invalid="ignore", divide="ignore"):
            skew = np.where(changes, about_mean[2] / variance**1.5, np.nan)
            kurtosis = np.where(changes, about_mean[3] / variance**2 - 3, np.nan)
        return self.pilot + self.powers[0] / n, np.sqrt(variance), skew, kurtosis

    def top_share(self) -> _FLOAT:
        """Return which part of all positive activation the 1 % largest positions carry, 0.01 to 1.

        From the histogram of levels, each counted as its middle: within about a tenth of itself.
        NaN for units without positive activation.
        """
        edges = 2.0 ** np.arange(-16, 16)[:, None] * (1 + np.arange(8) / 8)
        sizes = (edges + 2.0 ** np.arange(-16, 16)[:, None] / 16).ravel()[::-1]
        counts = self.levels[:, :0:-1].astype(np.float64)  # the largest first
        before = np.cumsum(counts, 1) - counts
        left = np.maximum(_TOP_PART * float(self.positions[0]) - before, 0)
        largest, all_ = np.minimum(counts, left) @ sizes, counts @ sizes
        with np.errstate(invalid="ignore"):
            share: _FLOAT = largest / all_
        return share

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return all arrays by name, to be saved."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return the scan of saved arrays; raise `KeyError` if one is missing."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def _levels(h: Tensor) -> Tensor:
    """Return how many activations of (images, units, positions) are in each level of each unit."""
    units = h.shape[1]
    # the first bits of a positive float rise with it; those of a negative one are negative
    first = h.float().contiguous().view(torch.int32) >> 20
    level = (first - _LOWEST).clamp(0, _LEVELS)
    level += torch.arange(units, device=h.device, dtype=torch.int32)[:, None] * (_LEVELS + 1)
    counts = torch.bincount(level.flatten(), minlength=units * (_LEVELS + 1))
    return counts.view(units, _LEVELS + 1)


def _numpy(tensor: Tensor) -> Any:
    return tensor.cpu().numpy()


def _rows(ids: npt.NDArray[np.int32], units: int) -> npt.NDArray[np.int32]:
    return np.broadcast_to(ids, (units, len(ids)))


def _best(
    values: npt.NDArray[np.float32],
    images: npt.NDArray[np.int32],
    positions: npt.NDArray[np.int32],
    kept: int,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the smallest values of each row, first those of lower image numbers, with the rest."""
    order = np.lexsort((images, values), axis=1)[:, :kept]

    def ordered(array: npt.NDArray[Any]) -> Any:
        return np.ascontiguousarray(np.take_along_axis(array, order, 1))

    return ordered(values), ordered(images), ordered(positions)


def _merge_best(
    one: tuple[npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.int32]],
    other: tuple[npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.int32]],
    kept: int,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    values, images, positions = (np.concatenate(pair, 1) for pair in zip(one, other, strict=True))
    return _best(values, images, positions, kept)
