"""The objective that keeps pictures' early statistics near those of real examples.

A layer's direction says what a picture shows and little about what its surfaces look like. Early
layers know that: in photos their channels have means and deviations that pictures made by gradient
ascent do not have. Matching such statistics is how DeepInversion (Yin et al., CVPR 2020) uses the
running averages of batch norms, and VITAL (Adagorgun et al., ICCV 2025) the activations of real
examples; per layer it is the moment form of the style loss of Gatys et al. (2016). Here each
picture has the statistics of its own examples, and nothing is asked of what lies within the spread
of these: the examples forbid what is unnatural without prescribing the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from atlas_widget.errors import ActivationsError
from atlas_widget.inversion.early_layers import ChannelStatistics
from atlas_widget.inversion.objective import Objective, Seen

__all__ = ["ExampleStatistics", "example_statistics"]

_EPS = 1e-6


@dataclass(frozen=True)
class ExampleStatistics:
    """Statistics of early layers over the examples of each picture, a row a picture.

    Attributes
    ----------
    mean, deviation
        Averages over the examples, float32 (n, channels of all early layers).
    mean_spread, deviation_spread
        Standard deviations over the examples.
    weight
        What each channel counts, summing to one: (channels,).
    """

    mean: Tensor
    deviation: Tensor
    mean_spread: Tensor
    deviation_spread: Tensor
    weight: Tensor

    @classmethod
    def of(
        cls, seen: ChannelStatistics, counts: Sequence[int], weight: Tensor
    ) -> ExampleStatistics:
        """Summarise statistics of examples, so many of the first picture, of the second, ...

        Parameters
        ----------
        seen
            Of all examples, in order.
        counts
            How many are each picture's; at least one.
        weight
            What each channel counts.
        """
        means = torch.split(seen.mean, list(counts))
        deviations = torch.split(seen.deviation, list(counts))
        return cls(
            mean=torch.stack([each.mean(0) for each in means]),
            deviation=torch.stack([each.mean(0) for each in deviations]),
            mean_spread=torch.stack([each.std(0, correction=0) for each in means]),
            deviation_spread=torch.stack([each.std(0, correction=0) for each in deviations]),
            weight=weight,
        )

    def __len__(self) -> int:
        return len(self.mean)

    def select(self, index: Tensor) -> ExampleStatistics:
        """Keep the rows of `index`."""
        return self._map(lambda value: value[index.to(value.device)])

    def merge(self, others: Sequence[ExampleStatistics]) -> ExampleStatistics:
        """Append the rows of `others`."""
        values = {
            name: torch.cat([getattr(self, name), *(getattr(each, name) for each in others)])
            for name in _ROWS
        }
        return ExampleStatistics(**values, weight=self.weight)

    def to(self, device: torch.device) -> ExampleStatistics:
        """Move the tensors to `device`."""
        moved = self._map(lambda value: value.to(device))
        return ExampleStatistics(
            **{name: getattr(moved, name) for name in _ROWS}, weight=self.weight.to(device)
        )

    def _map(self, change: Any) -> ExampleStatistics:
        values = {name: change(getattr(self, name)) for name in _ROWS}
        return ExampleStatistics(**values, weight=self.weight)


_ROWS = tuple(field.name for field in fields(ExampleStatistics) if field.name != "weight")


class _Natural(Objective):
    """Minus the squared distance of early statistics to those of the examples, beyond tolerance."""

    def __init__(self, examples: ExampleStatistics, strength: Tensor, tolerance: float) -> None:
        self.examples = examples
        self.strength = strength
        self.tolerance = tolerance

    def __call__(self, seen: Seen) -> Tensor:
        if seen.early is None:
            raise ActivationsError("statistics of earlier layers were not read")
        wanted = self.examples
        unit = wanted.deviation + _EPS
        distance = self._beyond(seen.early.mean, wanted.mean, wanted.mean_spread) / unit
        other = self._beyond(seen.early.deviation, wanted.deviation, wanted.deviation_spread) / unit
        # beyond a few deviations a channel counts in proportion: from noise, single channels are
        # a hundred deviations off, and squares would leave nothing to the others
        penalty = (_huber(distance) + _huber(other)) * wanted.weight
        return -self.strength * penalty.sum(1)

    def _beyond(self, value: Tensor, wanted: Tensor, spread: Tensor) -> Tensor:
        return ((value - wanted).abs() - self.tolerance * spread).clamp_min(0)

    @property
    def needs_early(self) -> bool:
        return True

    def select(self, index: Tensor) -> Objective:
        rows = self.examples.select(index)
        return _Natural(rows, self.strength[index.to(self.strength.device)], self.tolerance)

    def merge(self, others: Sequence[Objective]) -> Objective:
        same = [other for other in others if isinstance(other, _Natural)]
        examples = self.examples.merge([other.examples for other in same])
        strength = torch.cat([self.strength, *(other.strength for other in same)])
        return _Natural(examples, strength, self.tolerance)

    def to(self, device: torch.device) -> Objective:
        return _Natural(self.examples.to(device), self.strength.to(device), self.tolerance)

    @property
    def pictures(self) -> int:
        return len(self.examples)

    def made_for(self, pictures: int, channels: int) -> Objective:
        del channels
        if len(self.examples) != pictures:
            raise ActivationsError(
                f"statistics of the examples of {len(self.examples)} pictures for {pictures}"
            )
        return self

    def __repr__(self) -> str:
        return f"example_statistics({len(self.examples)} pictures, tolerance={self.tolerance:g})"


def example_statistics(
    examples: ExampleStatistics, *, strength: Tensor | float = 1.0, tolerance: float = 1.0
) -> Objective:
    """Keep the channel statistics of early layers near those of each picture's examples.

    The score is minus the distance of each channel's mean and deviation over the positions to the
    examples' averages, as far as it is beyond their spread, in the examples' own deviations:
    squared up to two, in proportion beyond; averaged over channels and layers.

    Parameters
    ----------
    examples
        From :meth:`~atlas_widget.inversion.InversionEngine.statistics_of`.
    strength
        What it counts beside other objectives, for all pictures or each, (n,).
    tolerance
        How far statistics may be off, in standard deviations over the examples.
    """
    rows = torch.as_tensor(strength, dtype=torch.float32).cpu().expand(len(examples)).clone()
    return _Natural(examples, rows, tolerance)


def _huber(distance: Tensor) -> Tensor:
    return torch.where(distance < 2, 0.5 * distance.square(), 2 * distance - 2)
