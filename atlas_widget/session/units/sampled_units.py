"""Statistics and examples of every unit of a layer, over the samples of an atlas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from atlas_widget.attribution.statistics import wilson_interval

if TYPE_CHECKING:
    from atlas_widget.atlas.samples import Samples

__all__ = ["STATISTICS", "Column", "LabelShare", "SampledUnits"]

STATISTICS = ("max", "mean", "std", "active", "sparseness", "min", "kurtosis", "selectivity")
"""Names of the statistics, in the order of the rows of `SampledUnits.statistics`."""

QUILT_QUANTILES = (0.0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
"""Lower ends of the columns of a quilt, as quantiles of the positive activations."""

_MAX_READ = 20_000  # samples; of more, evenly spaced ones
_MAX_VALUES = 16_000_000  # of all units; so that wide layers take no more than 64 MB
_BLOCK = 4096
_BINS = 40
_RELATIVES = 8
_MIXED = 3  # labels told of each column of a quilt
_LABELLED = 20  # strongest examples whose labels are counted
_DIRECTIONS = 20
_SEED = 0


@dataclass(frozen=True)
class Column:
    """One column of a quilt: examples whose activation lies between two values.

    Attributes
    ----------
    low, high
        The ends; activations above `low`, up to `high`.
    count
        Number of samples in between.
    samples
        A few of them, drawn at random with a fixed seed: their numbers.
    labels
        The most frequent labels of the images of all of them, with their shares, largest first;
        none if the images have no labels.
    """

    low: float
    high: float
    count: int
    samples: npt.NDArray[np.int64]
    labels: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class LabelShare:
    """The most frequent label among the images of a unit's strongest examples.

    Attributes
    ----------
    label
        The label.
    count, total
        In how many of how many images.
    low, high
        The 95 % interval of the share (Wilson, 1927).
    base
        Its share among all sampled images.
    floor
        Share of the most frequent label for random directions of the layer.
    """

    label: str
    count: int
    total: int
    low: float
    high: float
    base: float
    floor: float


class SampledUnits:
    """The units of a layer as the samples of an atlas show them; no network is run.

    Parameters
    ----------
    samples
        The samples; of very many, 20,000 evenly spaced ones are read.
    labels
        The label of each image of the source that the samples come from; None if they have none.

    Attributes
    ----------
    numbers
        The samples that are read, int64 (n,).
    """

    def __init__(self, samples: Samples, labels: Sequence[str | None] | None = None) -> None:
        self._samples = samples
        self._labels = self._by_image(labels)
        count, units = samples.activations.shape
        most = max(1, min(_MAX_READ, _MAX_VALUES // max(units, 1)))
        self.numbers = np.arange(0, count, max(1, -(-count // most)))

    @property
    def count(self) -> int:
        """Number of units."""
        return int(self._samples.activations.shape[1])

    @cached_property
    def values(self) -> npt.NDArray[np.float32]:
        """Activation of every unit for every sample read, float32 (units, n)."""
        read = self._samples.activations
        parts = [
            np.asarray(read[self.numbers[start : start + _BLOCK]], np.float32)
            for start in range(0, len(self.numbers), _BLOCK)
        ]
        return np.ascontiguousarray(np.concatenate(parts).T)

    @cached_property
    def mean(self) -> npt.NDArray[np.float32]:
        """Mean activation of every unit, float32 (units,)."""
        return np.asarray(self.values.mean(1, dtype=np.float64), np.float32)

    @cached_property
    def std(self) -> npt.NDArray[np.float32]:
        """Standard deviation of every unit's activations, float32 (units,)."""
        return np.asarray(self.values.std(1, dtype=np.float64), np.float32)

    @cached_property
    def statistics(self) -> npt.NDArray[np.float32]:
        """Statistics of every unit, float32 (len(STATISTICS), units).

        ``active`` is the share of samples with a positive activation; ``sparseness`` is
        1 − mean(a)² / mean(a²) of the positive parts: 0 if all are alike, near 1 if few carry all;
        ``kurtosis`` is the population's, 0 for a normal distribution; ``selectivity`` is that of
        :func:`~atlas_widget.units.selectivity.selectivity` over the mean of each image's samples,
        NaN without labels and for layers with negative activations.
        """
        values = self.values
        positive = np.maximum(values, 0)
        mean = positive.mean(1, dtype=np.float64)
        square = np.square(positive, dtype=np.float64).mean(1)
        with np.errstate(invalid="ignore", divide="ignore"):
            sparseness = np.where(square > 0, 1 - mean**2 / square, np.nan)
        rows = (
            values.max(1),
            self.mean,
            self.std,
            (values > 0).mean(1),
            sparseness,
            values.min(1),
            _kurtosis(values),
            np.full(self.count, np.nan) if self.signed else self._by_label[0],
        )
        return np.stack([np.asarray(row, np.float32) for row in rows])

    @property
    def labels(self) -> list[str]:
        """The labels of the images, sorted; empty if there are fewer than two."""
        return [] if self._labels is None else self._names

    @property
    def best_labels(self) -> npt.NDArray[np.int64]:
        """The label with the largest mean activation of each unit, as a number; −1 for none."""
        return self._by_label[1]

    @cached_property
    def _by_label(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Selectivity of every unit, and its label with the largest mean."""
        from scipy import sparse

        from atlas_widget.units.selectivity import selectivity

        if self._labels is None:
            return np.full(self.count, np.nan), np.full(self.count, -1)
        images = np.asarray(self._samples.image_ids)[self.numbers]
        present, row = np.unique(images, return_inverse=True)
        mean = sparse.csr_matrix(
            (1 / np.bincount(row)[row], (row, np.arange(len(row)))), (len(present), len(row))
        )
        # the order of the means is the same from any zero; selectivity is only told where it is 0
        lowest = np.minimum(self.values.min(1), 0)
        values = mean @ (self.values.T - lowest)
        index, _, _, best = selectivity(values, self._labels[present], resamples=0)
        return index, best

    @cached_property
    def signed(self) -> bool:
        """True if the layer has negative activations worth the name: a hundredth of the largest."""
        return bool(-self.values.min() > 0.01 * max(float(self.values.max()), 0.0))

    def is_dead(self, unit: int) -> bool:
        """Return True if a unit has the same activation for all samples."""
        own = self.values[unit]
        return bool(own.max() == own.min())

    def order(self, unit: int) -> npt.NDArray[np.int64]:
        """Return the samples by activation, largest first; equal ones by number."""
        return self.numbers[np.argsort(-self.values[unit], kind="stable")]

    def examples(self, unit: int, count: int) -> npt.NDArray[np.int64]:
        """Return the samples with the largest activations, at most one of each image."""
        images = np.asarray(self._samples.image_ids)
        chosen: list[int] = []
        seen: set[int] = set()
        for sample in self.order(unit):
            image = int(images[sample])
            if image not in seen:
                seen.add(image)
                chosen.append(int(sample))
            if len(chosen) == count:
                break
        return np.array(chosen, np.int64)

    def activation(self, unit: int, sample: int) -> float:
        """Return the activation of a unit for a sample."""
        return float(self._samples.activations[sample, unit])

    def histogram(self, unit: int) -> tuple[list[int], float, float]:
        """Return counts of activations in bins of equal width, and the ends of the range."""
        own = self.values[unit]
        counts, edges = np.histogram(own, bins=_BINS)
        return counts.tolist(), float(edges[0]), float(edges[-1])

    def quilt(self, unit: int, count: int) -> list[Column]:
        """Return samples over the whole range of activations.

        Parameters
        ----------
        unit
            The unit.
        count
            Maximum number of samples in a column.

        Returns
        -------
        list of Column
            One for activations of at most 0 if there are any, and one for each of
            `QUILT_QUANTILES` of the positive ones; those without samples are left out.
        """
        own = self.values[unit]
        positive = own[own > 0]
        ends = [float(own.min()), 0.0] if (own <= 0).any() else []
        if len(positive):
            inner = np.quantile(positive, QUILT_QUANTILES[1:]).tolist()
            ends = [*(ends or [0.0]), *inner, float(positive.max())]
        rng = np.random.default_rng((_SEED, unit))
        columns = []
        for at, (low, high) in enumerate(pairwise(ends)):
            above = own >= low if at == 0 else own > low
            within = np.flatnonzero(above & (own <= high))
            if len(within):
                some = rng.permutation(within)[:count]
                some = some[np.argsort(own[some], kind="stable")]
                mix = self._mix(self.numbers[within])
                columns.append(Column(low, high, len(within), self.numbers[some], mix))
        return columns

    def relatives(self, unit: int) -> list[tuple[int, float]]:
        """Return the units most correlated with one over the samples, either sign, with r."""
        if self.is_dead(unit):
            return []
        deviation = self.std
        own = self.values[unit] - self.values[unit].mean()
        with np.errstate(invalid="ignore", divide="ignore"):
            r = (self.values @ own) / (len(own) * deviation * deviation[unit])
        r = np.where(np.isfinite(r) & (deviation > 0), r, 0.0).clip(-1, 1)
        r[unit] = 0.0
        nearest = np.argsort(-np.abs(r), kind="stable")[:_RELATIVES]
        return [(int(other), float(r[other])) for other in nearest if r[other]]

    def label(self, unit: int) -> LabelShare | None:
        """Return the most frequent label of a unit's strongest examples; None if there is none."""
        labels = self._labels
        if labels is None or self.is_dead(unit):
            return None
        images = np.asarray(self._samples.image_ids)[self.examples(unit, _LABELLED)]
        number, count = _most_frequent(labels[images])
        if count == 0:
            return None
        total = len(images)
        low, high = wilson_interval(count, total)
        base = float((labels == number).mean())
        return LabelShare(self._names[number], count, total, low, high, base, self.label_floor)

    @cached_property
    def label_floor(self) -> float:
        """Mean share of the most frequent label in the examples of random directions."""
        labels = self._labels
        assert labels is not None
        deviation = np.maximum(self.std, 1e-12)
        rng = np.random.default_rng(_SEED)
        directions = rng.normal(size=(_DIRECTIONS, self.count)).astype(np.float32) / deviation
        own = np.asarray(self._samples.image_ids)[self.numbers]
        shares = []
        for along in directions @ self.values:
            images = own[np.argsort(-along, kind="stable")]
            _, first = np.unique(images, return_index=True)  # one sample of each image
            strongest = images[np.sort(first)[:_LABELLED]]
            shares.append(_most_frequent(labels[strongest])[1] / len(strongest))
        return float(np.mean(shares))

    def _mix(self, samples: npt.NDArray[np.int64]) -> tuple[tuple[str, float], ...]:
        """Return the most frequent labels of samples' images, and their shares."""
        labels = self._labels
        if labels is None:
            return ()
        own = labels[np.asarray(self._samples.image_ids)[samples]]
        counts = np.bincount(own[own >= 0], minlength=len(self._names))
        most = np.argsort(-counts, kind="stable")[:_MIXED]
        return tuple(
            (self._names[number], float(counts[number] / len(own)))
            for number in most
            if counts[number]
        )

    def _by_image(self, labels: Sequence[str | None] | None) -> npt.NDArray[np.int64] | None:
        """Return the number of each sampled image's label, −1 for none; None if all are alike."""
        if labels is None:
            return None
        indices = np.asarray(self._samples.image_indices).tolist()
        own = [labels[at] if 0 <= at < len(labels) else None for at in indices]
        self._names = sorted({label for label in own if label is not None})
        if len(self._names) < 2:
            return None
        number = {name: at for at, name in enumerate(self._names)}
        return np.array([-1 if label is None else number[label] for label in own], np.int64)

    def share_below(self, unit: int, activation: float) -> float:
        """Return the share of samples whose activation is below a value."""
        return float((self.values[unit] < activation).mean())


def _kurtosis(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return each row's kurtosis, less the 3 of a normal distribution; NaN if all are alike."""
    found = np.full(len(values), np.nan)
    for at, row in enumerate(values):  # by row: a wide layer's copies would be large
        squares = np.square(row.astype(np.float64) - row.mean(dtype=np.float64))
        variance = squares.mean()
        if row.max() > row.min() and variance > 0:
            found[at] = np.square(squares).mean() / variance**2 - 3
    return found


def _most_frequent(labels: npt.NDArray[np.int64]) -> tuple[int, int]:
    """Return the most frequent number that is not negative, and how often it is there."""
    known = labels[labels >= 0]
    if not len(known):
        return -1, 0
    counts = np.bincount(known)
    return int(counts.argmax()), int(counts.max())
