"""The objective that keeps the early statistics of pictures near those of real examples.

A direction of a layer says what a picture shows and little about what its surfaces look like.
Early layers know that: in photos their channels have means and deviations that pictures made by
gradient ascent do not have. Matching such statistics is how DeepInversion (Yin et al., CVPR 2020)
uses the running averages of batch norms and VITAL (Görgün et al., ICCV 2025) the activations of
real examples; in one layer, means and deviations are the form that Li et al. ("Demystifying Neural
Style Transfer", IJCAI 2017) gave to the style of Gatys et al. (CVPR 2016). Here each picture has
the statistics of its own examples, and nothing is asked of it within their spread: the examples
forbid what is unnatural without prescribing the picture. They know nothing of positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from atlas_widget.errors import ActivationsError
from atlas_widget.inversion.objective import Objective, Seen

__all__ = ["ExampleStatistics", "channel_statistics"]

_RELATIVE = 0.1  # of a layer's mean variance, added to each channel's: some hardly ever vary
_PRIOR_SPREAD = 0.25  # of a channel's deviation: what one example more would add to the spread


@dataclass(frozen=True)
class ExampleStatistics:
    """Statistics of early layers over the examples of each picture, a row a picture.

    Attributes
    ----------
    centre
        Means over the examples, (n, levels, 2, channels): of the means and the deviations of all
        channels of all early layers, at each size at which pictures are shown to the network.
    spread
        Standard deviations of the same over the examples.
    scale
        Deviation of each channel within an example, in which distances are measured.
    counts
        How many examples each picture has, (n,); of a picture with none nothing is asked.
    weight
        What each channel counts, (channels,): every layer alike.
    """

    centre: Tensor
    spread: Tensor
    scale: Tensor
    counts: Tensor
    weight: Tensor

    @classmethod
    def of(
        cls, statistics: Tensor, counts: Sequence[int], channels: Sequence[int]
    ) -> ExampleStatistics:
        """Summarise the statistics of single examples.

        Parameters
        ----------
        statistics
            (examples, levels, 2, channels): so many of the first picture, of the second, …
        counts
            How many are each picture's.
        channels
            How many channels each layer has.
        """
        levels, total = statistics.shape[1], sum(channels)
        centre = torch.zeros(len(counts), levels, 2, total)
        spread, scale = torch.zeros_like(centre), torch.ones_like(centre)
        start = 0
        for row, count in enumerate(counts):
            own = statistics[start : start + count].float().cpu()
            start += count
            if not count:
                continue
            centre[row] = own.mean(0)
            variance = own[:, :, 1].square().mean(0)
            floor = [
                part.mean(-1, keepdim=True) for part in torch.split(variance, list(channels), -1)
            ]
            widths = torch.cat(
                [part.expand(levels, n) for part, n in zip(floor, channels, strict=True)], -1
            )
            own_scale = (variance + _RELATIVE * widths).clamp_min(1e-12).sqrt()
            scale[row] = own_scale[:, None]
            squares = (own - centre[row]).square().sum(0)
            usual = (_PRIOR_SPREAD * scale[row]).square()
            spread[row] = ((squares + usual) / len(own)).sqrt()
        weight = [torch.full((n,), 1 / n) for n in channels]
        return cls(
            centre, spread, scale, torch.tensor(list(counts)), torch.cat(weight) / len(channels)
        )

    def __len__(self) -> int:
        return len(self.centre)

    def select(self, index: Tensor) -> ExampleStatistics:
        """Keep the rows of `index`."""
        return self._with(
            {name: getattr(self, name)[index.to(self.centre.device)] for name in _ROWS}
        )

    def merge(self, others: Sequence[ExampleStatistics]) -> ExampleStatistics:
        """Append the rows of `others`."""
        rows = {name: [getattr(each, name) for each in (self, *others)] for name in _ROWS}
        return self._with({name: torch.cat(parts) for name, parts in rows.items()})

    def to(self, device: torch.device) -> ExampleStatistics:
        """Move the tensors to `device`."""
        return ExampleStatistics(
            **{field.name: getattr(self, field.name).to(device) for field in fields(self)}
        )

    def _with(self, rows: dict[str, Any]) -> ExampleStatistics:
        return ExampleStatistics(**rows, weight=self.weight)


_ROWS = ("centre", "spread", "scale", "counts")


class _ChannelStatistics(Objective):
    """Minus the squared distance of statistics to those of the examples, beyond the tolerance."""

    def __init__(self, examples: ExampleStatistics, tolerance: float) -> None:
        self.examples, self.tolerance = examples, tolerance

    def __call__(self, seen: Seen) -> Tensor:
        if seen.early is None:
            raise ActivationsError("statistics of earlier layers were not read")
        wanted, level = self.examples, seen.level
        off = (seen.early - wanted.centre[:, level]).abs()
        beyond = (off - self.tolerance * wanted.spread[:, level]).clamp_min(0)
        beyond = beyond / wanted.scale[:, level]
        penalty = (beyond.square().mean(1) * wanted.weight).sum(1)
        return -penalty * (wanted.counts > 0)

    @property
    def needs_early(self) -> bool:
        return True

    def select(self, index: Tensor) -> Objective:
        return _ChannelStatistics(self.examples.select(index), self.tolerance)

    def merge(self, others: Sequence[Objective]) -> Objective:
        rows = [other.examples for other in others if isinstance(other, _ChannelStatistics)]
        return _ChannelStatistics(self.examples.merge(rows), self.tolerance)

    def to(self, device: torch.device) -> Objective:
        return _ChannelStatistics(self.examples.to(device), self.tolerance)

    @property
    def pictures(self) -> int:
        return len(self.examples)

    def made_for(self, pictures: int, channels: int) -> Objective:
        del channels
        if len(self.examples) != pictures:
            raise ActivationsError(
                f"statistics of the examples of {len(self.examples)} pictures for {pictures}: "
                "one row for each"
            )
        return self

    def __repr__(self) -> str:
        return f"channel_statistics({len(self.examples)} pictures, tolerance={self.tolerance:g})"


def channel_statistics(examples: ExampleStatistics, *, tolerance: float = 1.0) -> Objective:
    """Keep the channel statistics of early layers near those of each picture's examples.

    The score is minus the mean squared distance of every channel's mean and deviation over the
    positions to the examples' averages, as far as it is beyond their spread, in deviations of the
    channel; averaged over channels, then layers. It has no unit: add it to other objectives by
    :meth:`~atlas_widget.inversion.Objective.with_prior`. After DeepInversion (Yin et al. 2020),
    VITAL (Görgün et al. 2025) and the style statistics of Gatys et al. (2016).

    Parameters
    ----------
    examples
        From :meth:`~atlas_widget.inversion.InversionEngine.statistics_of`.
    tolerance
        How far statistics may be off, in standard deviations over the examples.
    """
    return _ChannelStatistics(examples, tolerance)
