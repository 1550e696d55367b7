"""What a picture is optimised for, in Lucid's vocabulary.

An :class:`Objective` maps what a layer sees (:class:`Seen`) to one score per picture; more is
better. Objectives compose: ``direction(a) + 0.3 * channel(7) - 0.1 * total_variation()``. None of
them but :func:`diversity` lets one picture of a batch depend on another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from atlas_widget.errors import ActivationsError

__all__ = [
    "Objective",
    "Seen",
    "as_objective",
    "channel",
    "direction",
    "direction_everywhere",
    "diversity",
    "layer",
    "neuron",
    "total_variation",
    "transparency",
]

_EPS = 1e-12


@dataclass(frozen=True)
class Seen:
    """What the network saw of a batch of pictures.

    Parameters
    ----------
    activations
        The layer's map, shape (n, channels, height, width).
    centre
        Row and column of the unit that looks at the middle of the picture.
    pictures
        The pictures before the transforms, RGB in [0, 1], shape (n, 3, size, size); a fourth plane
        is their opacity.
    """

    activations: Tensor
    centre: tuple[int, int]
    pictures: Tensor

    @property
    def centre_activations(self) -> Tensor:
        """Activations of the centre unit, shape (n, channels)."""
        row, column = self.centre
        return self.activations[:, :, row, column]


class Objective(ABC):
    """(what the layer sees) → one score per picture. Add, multiply, scale and negate them."""

    @abstractmethod
    def __call__(self, seen: Seen) -> Tensor:
        """Return the scores, shape (n,)."""

    def select(self, index: Tensor) -> Objective:
        """Keep the rows of `index`; objectives without a row per picture stay as they are."""
        del index
        return self

    def merge(self, others: Sequence[Objective]) -> Objective:
        """Append the rows of `others`, which are of the same making."""
        del others
        return self

    def to(self, device: torch.device) -> Objective:
        """Move the objective's tensors to `device`."""
        del device
        return self

    def __add__(self, other: Objective | float) -> Objective:
        if isinstance(other, Objective):
            return _Sum(((1.0, self), (1.0, other)))
        return self if other == 0 else NotImplemented  # so that sum([...]) works

    __radd__ = __add__

    def __mul__(self, other: Objective | float) -> Objective:
        if isinstance(other, Objective):
            return _Product(self, other)
        return _Sum(((float(other), self),))

    __rmul__ = __mul__

    def __neg__(self) -> Objective:
        return self * -1.0

    def __sub__(self, other: Objective) -> Objective:
        return self + (-other)


class _Sum(Objective):
    def __init__(self, terms: Sequence[tuple[float, Objective]]) -> None:
        flat: list[tuple[float, Objective]] = []
        for weight, term in terms:
            inner = term.terms if isinstance(term, _Sum) else ((1.0, term),)
            flat += [(weight * w, t) for w, t in inner]
        self.terms: tuple[tuple[float, Objective], ...] = tuple(flat)

    def __call__(self, seen: Seen) -> Tensor:
        scores = [weight * term(seen) for weight, term in self.terms]
        return torch.stack(scores).sum(0)

    def select(self, index: Tensor) -> Objective:
        return _Sum([(weight, term.select(index)) for weight, term in self.terms])

    def merge(self, others: Sequence[Objective]) -> Objective:
        columns = zip(*(other.terms for other in others if isinstance(other, _Sum)), strict=True)
        merged = [
            (weight, term.merge([other for _, other in column]))
            for (weight, term), column in zip(self.terms, columns, strict=True)
        ]
        return _Sum(merged)

    def to(self, device: torch.device) -> Objective:
        return _Sum([(weight, term.to(device)) for weight, term in self.terms])

    def __repr__(self) -> str:
        return " + ".join(f"{weight:g}·{term!r}" for weight, term in self.terms)


class _Product(Objective):
    def __init__(self, one: Objective, other: Objective) -> None:
        self.factors = one, other

    def __call__(self, seen: Seen) -> Tensor:
        one, other = self.factors
        return one(seen) * other(seen)

    def select(self, index: Tensor) -> Objective:
        return _Product(*(factor.select(index) for factor in self.factors))

    def merge(self, others: Sequence[Objective]) -> Objective:
        pairs = [other.factors for other in others if isinstance(other, _Product)]
        columns = zip(*pairs, strict=True) if pairs else ((), ())
        return _Product(
            *(factor.merge(column) for factor, column in zip(self.factors, columns, strict=True))
        )

    def to(self, device: torch.device) -> Objective:
        return _Product(*(factor.to(device) for factor in self.factors))

    def __repr__(self) -> str:
        return " · ".join(f"({factor!r})" for factor in self.factors)


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

    def __repr__(self) -> str:
        where = ", everywhere" if self.everywhere else ""
        return f"direction({len(self.targets)} targets, power={self.power:g}{where})"


class _Function(Objective):
    def __init__(self, function: Callable[[Seen], Tensor], name: str) -> None:
        self.function, self.name = function, name

    def __call__(self, seen: Seen) -> Tensor:
        return self.function(seen)

    def __repr__(self) -> str:
        return self.name


def _targets(directions: Any) -> Tensor:
    array = torch.as_tensor(
        np.asarray(directions) if not torch.is_tensor(directions) else directions
    )
    targets = array.detach().to(torch.float32)
    targets = targets[None] if targets.ndim == 1 else targets
    if targets.ndim != 2 or len(targets) == 0:
        raise ActivationsError(
            f"directions of shape {tuple(array.shape)}: expected (n, channels), a row a picture"
        )
    bad = ~torch.isfinite(targets).all(1) | (targets.norm(dim=1) == 0)
    if bad.any():
        which = bad.nonzero().flatten().tolist()
        raise ActivationsError(
            f"direction {which[0]} is zero or not finite ({len(which)} of {len(targets)} are): "
            "a picture needs a direction to go in"
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
    """Like :func:`direction`, averaged over all positions: a texture instead of one thing."""
    return _Direction(_targets(targets), power, floor, reach, everywhere=True)


def channel(index: int) -> Objective:
    """Mean activation of one channel over all positions."""
    return _Function(lambda seen: seen.activations[:, index].mean((1, 2)), f"channel({index})")


def neuron(index: int, row: int | None = None, column: int | None = None) -> Objective:
    """Activation of one channel at one position; the centre where no position is given."""

    def score(seen: Seen) -> Tensor:
        y = seen.centre[0] if row is None else row
        x = seen.centre[1] if column is None else column
        return seen.activations[:, index, y, x]

    return _Function(score, f"neuron({index}, {row}, {column})")


def layer() -> Objective:
    """Mean square of the whole layer: DeepDream."""
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
    """An objective as it is; a channel's number; an array of directions."""
    if isinstance(value, Objective):
        return value
    if isinstance(value, (int, np.integer)):
        return channel(int(value))
    return direction(value)
