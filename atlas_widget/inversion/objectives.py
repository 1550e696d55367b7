"""Objectives of feature inversion, in Lucid's vocabulary.

An :class:`Objective` maps what a layer sees (:class:`Seen`) to one score per picture; more is
better. Objectives compose: ``direction(a) + 0.3 * channel(7) - 0.1 * total_variation()``. None of
them but :func:`diversity` lets one picture of a batch depend on another. Those of one channel, one
neuron, a whole layer and their diversity are those of "Feature Visualization" (Olah et al., Distill
2017), the directions those of "Activation Atlas" (Carter et al., Distill 2019).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from atlas_widget.errors import ActivationsError
from atlas_widget.inversion.channel_statistics import ExampleStatistics, channel_statistics
from atlas_widget.inversion.inputs import as_directions
from atlas_widget.inversion.objective import Objective, Seen

__all__ = [
    "ExampleStatistics",
    "Objective",
    "Seen",
    "as_objective",
    "channel",
    "channel_statistics",
    "direction",
    "direction_everywhere",
    "diversity",
    "layer",
    "neuron",
    "total_variation",
    "transparency",
    "unit",
]

_EPS = 1e-12


class _Direction(Objective):
    """(h·t / ‖t‖) · max(floor, cos(h, t))^power, at the centre unit or averaged over all."""

    def __init__(
        self, targets: Tensor, power: float, floor: float, reach: float | None, everywhere: bool
    ) -> None:
        self.targets = targets
        self.power, self.floor, self.reach, self.everywhere = power, floor, reach, everywhere
        self._norm = targets.norm(dim=1).clamp_min(_EPS)
        self._unit = targets / self._norm[:, None]

    def __call__(self, seen: Seen) -> Tensor:
        if self.everywhere:
            h = seen.activations.flatten(2)
            dot = (h * self._unit[:, :, None]).sum(1)
            return self._score(dot, h, self._norm[:, None]).mean(1)
        h = seen.centre_activations
        return self._score((h * self._unit).sum(1), h, self._norm)

    def _score(self, dot: Tensor, h: Tensor, wanted: Tensor) -> Tensor:
        # both norms are in the cosine: dividing by ‖h‖ alone leaves it under the floor, where
        # the angle says nothing; without the floor, negative × negative would look like success
        cosine = dot * (h * h).sum(1).clamp_min(_EPS**2).rsqrt()
        if self.reach is not None:
            # what is already as strong as the target gains little from more of it
            dot = dot / (1 + dot.clamp_min(0) / (self.reach * wanted))
        return dot * cosine.clamp_min(self.floor) ** self.power

    def _like(self, targets: Tensor) -> Objective:
        return _Direction(targets, self.power, self.floor, self.reach, self.everywhere)

    def select(self, index: Tensor) -> Objective:
        return self._like(self.targets[index.to(self.targets.device)])

    def merge(self, others: Sequence[Objective]) -> Objective:
        rows = [other.targets for other in others if isinstance(other, _Direction)]
        return self._like(torch.cat([self.targets, *rows]))

    def to(self, device: torch.device) -> Objective:
        return self._like(self.targets.to(device))

    @property
    def pictures(self) -> int:
        return len(self.targets)

    def made_for(self, pictures: int, channels: int) -> Objective:
        count, width = self.targets.shape
        if width != channels:
            raise ActivationsError(
                f"directions have {width} numbers, the layer {channels} channels"
            )
        if count not in (1, pictures):
            raise ActivationsError(
                f"{count} directions for {pictures} pictures: one for all, or one for each"
            )
        return self if count == pictures else self._like(self.targets.repeat(pictures, 1))

    def __repr__(self) -> str:
        where = ", everywhere" if self.everywhere else ""
        return f"direction({len(self.targets)} targets, power={self.power:g}{where})"


class _Function(Objective):
    """A function of what is seen; of one `channel`, where that is not None."""

    def __init__(
        self, function: Callable[[Seen], Tensor], name: str, channel: int | None = None
    ) -> None:
        self.function, self.name, self.channel = function, name, channel

    def __call__(self, seen: Seen) -> Tensor:
        return self.function(seen)

    def made_for(self, pictures: int, channels: int) -> Objective:
        del pictures
        if self.channel is not None and not -channels <= self.channel < channels:
            raise ActivationsError(f"{self.name}: the layer has the channels 0 to {channels - 1}")
        return self

    def __repr__(self) -> str:
        return self.name


def _targets(directions: Any) -> Tensor:
    targets = torch.from_numpy(as_directions(directions))
    if not len(targets):
        raise ActivationsError(
            f"directions of shape {tuple(targets.shape)}: expected (n, channels), a row a picture"
        )
    return targets


def direction(
    targets: Any, *, power: float = 2.0, floor: float = 0.1, reach: float | None = None
) -> Objective:
    """Drive the centre unit's activations h towards the directions t, a row a picture.

    The score is (h·t / ‖t‖) · max(floor, cos(h, t))^power. The first factor drives the activation
    to be strong, without end; with a `reach` it levels off there, and the angle decides: pictures
    of weak directions (a clear sky, a wall) stay calm, and cosines come out higher.

    Parameters
    ----------
    targets
        Directions, shape (n, channels) or (channels,).
    power
        How much the angle counts against the strength; 0 is the plain dot product.
    floor
        Least value of the cosine in the product.
    reach
        Strength, in the target's own, about which the first factor levels off; None: it never does.
    """
    return _Direction(_targets(targets), power, floor, reach, everywhere=False)


def direction_everywhere(
    targets: Any, *, power: float = 2.0, floor: float = 0.1, reach: float | None = None
) -> Objective:
    """Average :func:`direction` over all positions: a texture instead of one thing."""
    return _Direction(_targets(targets), power, floor, reach, everywhere=True)


def channel(index: int) -> Objective:
    """Mean activation of one channel, from 0, over all positions."""
    index = operator.index(index)

    def score(seen: Seen) -> Tensor:
        mean: Tensor = seen.activations[:, index].mean((1, 2))
        return mean

    return _Function(score, f"channel({index})", index)


def neuron(index: int, row: int | None = None, column: int | None = None) -> Objective:
    """Activation of one channel at one position; the centre where no position is given.

    Positions are those of the map that the layer makes of what the network is shown, which is
    mostly smaller than the map of a whole photo.
    """
    index = operator.index(index)

    def score(seen: Seen) -> Tensor:
        y = seen.centre[0] if row is None else row
        x = seen.centre[1] if column is None else column
        rows, columns = seen.activations.shape[2:]
        if not (0 <= y < rows and 0 <= x < columns):
            raise ActivationsError(
                f"neuron({index}, {row}, {column}): of pictures of this size the layer makes a map "
                f"of {rows} × {columns} positions; without row and column it is the centre"
            )
        return seen.activations[:, index, y, x]

    return _Function(score, f"neuron({index}, {row}, {column})", index)


def unit(index: int, sign: int = 1, *, everywhere: bool = False) -> Objective:
    """Activation of a unit, or its opposite: the pictures of a unit's page.

    Parameters
    ----------
    index
        The unit, from 0.
    sign
        1 excites it; -1 drives it below zero, which needs a layer with negative activations: after
        a ReLU there is no gradient where it is 0, so take the layer before.
    everywhere
        Whether the mean over all positions counts (`channel`: a texture), or the centre (`neuron`).
    """
    if sign not in (1, -1):
        raise ActivationsError(f"sign={sign!r:.40}: 1 or -1")
    positive = channel(index) if everywhere else neuron(index)
    return positive if sign == 1 else -1.0 * positive


def layer() -> Objective:
    """Mean square of the whole layer: DeepDream (Mordvintsev et al. 2015)."""
    return _Function(lambda seen: seen.activations.square().mean((1, 2, 3)), "layer()")


def diversity() -> Objective:
    """Reward a batch for looking unlike itself: minus the cosine of the channels' Gram matrices.

    The one objective under which the pictures of a batch depend on each other: add it to show the
    several faces of one feature.
    """

    def score(seen: Seen) -> Tensor:
        maps = seen.activations.flatten(2)
        grams = (maps @ maps.transpose(1, 2)).flatten(1)
        grams = grams / grams.norm(dim=1, keepdim=True).clamp_min(_EPS)
        likeness = grams @ grams.T
        others: Tensor = likeness.sum(1) - likeness.diagonal()
        return -others / max(len(maps) - 1, 1)

    return _Function(score, "diversity()")


def total_variation() -> Objective:
    """Mean absolute difference of neighbouring pixels; subtract it for calmer pictures."""

    def score(seen: Seen) -> Tensor:
        x = seen.pictures[:, :3]
        down: Tensor = (x[:, :, 1:] - x[:, :, :-1]).abs().mean((1, 2, 3))
        across: Tensor = (x[..., 1:] - x[..., :-1]).abs().mean((1, 2, 3))
        return down + across

    return _Function(score, "total_variation()")


def transparency() -> Objective:
    """Part of the picture that is clear, within [0, 1]; 0 without a parametrization's opacity.

    Multiply by it, ``direction(v) * transparency()``, and what the network needs not turns clear.
    """

    def score(seen: Seen) -> Tensor:
        if seen.pictures.shape[1] != 4:
            return seen.pictures.new_zeros(len(seen.pictures))
        return 1 - seen.pictures[:, 3].mean((1, 2))

    return _Function(score, "transparency()")


def as_objective(value: Any) -> Objective:
    """Return an objective as it is, or make one of a channel's number or an array of directions."""
    if isinstance(value, Objective):
        return value
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return channel(int(value))
    return direction(value)
