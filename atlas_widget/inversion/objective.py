"""What an objective is, and how objectives are added, weighed and multiplied."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Objective", "Seen"]


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

    @property
    def pictures(self) -> int | None:
        """How many pictures it is about; None where any number will do."""
        return None

    def made_for(self, pictures: int, channels: int) -> Objective:
        """Return it for so many pictures of a layer with so many channels.

        Raises
        ------
        ActivationsError
            It is about another number of pictures, or of channels.
        """
        del pictures, channels
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
    """Objectives, each with its weight, added."""

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

    @property
    def pictures(self) -> int | None:
        return _most(term for _, term in self.terms)

    def made_for(self, pictures: int, channels: int) -> Objective:
        return _Sum([(weight, term.made_for(pictures, channels)) for weight, term in self.terms])

    def __repr__(self) -> str:
        return " + ".join(f"{weight:g}·{term!r}" for weight, term in self.terms)


class _Product(Objective):
    """Two objectives, multiplied."""

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

    @property
    def pictures(self) -> int | None:
        return _most(self.factors)

    def made_for(self, pictures: int, channels: int) -> Objective:
        return _Product(*(factor.made_for(pictures, channels) for factor in self.factors))

    def __repr__(self) -> str:
        return " · ".join(f"({factor!r})" for factor in self.factors)


def _most(objectives: Iterable[Objective]) -> int | None:
    counts = [count for each in objectives if (count := each.pictures) is not None]
    return max(counts, default=None)
