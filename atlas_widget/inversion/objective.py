"""Base class of objectives, with their sums and products."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Objective", "Seen"]


@dataclass(frozen=True)
class Seen:
    """Activations of the network for a batch of pictures.

    Parameters
    ----------
    activations
        The layer's map, shape (n, channels, height, width).
    centre
        Row and column of the unit that looks at the middle of the picture.
    pictures
        The pictures before the transforms, RGB in [0, 1], shape (n, 3, size, size); a fourth plane
        is their opacity.
    early
        Channel statistics of earlier layers, (n, 2, channels of these): means and deviations over
        the positions. Read only where an objective needs them.
    level
        Which of the sizes the network is shown: 0 is that of the last steps, 1 the coarse one.
    """

    activations: Tensor
    centre: tuple[int, int]
    pictures: Tensor
    early: Tensor | None = None
    level: int = 0

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
    def needs_early(self) -> bool:
        """True if it uses statistics of earlier layers, so that these have to be read."""
        return False

    @property
    def pictures(self) -> int | None:
        """Number of pictures that it is made for; None for any number."""
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

    def with_prior(
        self, prior: Objective, weight: float = 1.0, least: Tensor | float = 0.0
    ) -> Objective:
        """Add `prior`, a penalty without a unit, in proportion to what has been reached.

        The score is s + weight · max(|s|, least) · p, with the maximum taken as a number: beyond
        `least`, its gradient is along that of log s + weight · p. So the weight means the same in
        every layer, however strong its activations are, and where the two disagree, which keeps s
        small, s is what is followed.

        Parameters
        ----------
        prior
            A penalty p, 0 at best.
        weight
            What p counts.
        least
            What |s| is taken as where it is smaller, for all pictures or each, (n,): while nothing
            of s has been reached, as in noise, p decides where to begin.
        """
        return _WithPrior(self, prior, weight, torch.as_tensor(least, dtype=torch.float32))

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
    def needs_early(self) -> bool:
        return any(term.needs_early for _, term in self.terms)

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
    def needs_early(self) -> bool:
        return any(factor.needs_early for factor in self.factors)

    @property
    def pictures(self) -> int | None:
        return _most(self.factors)

    def made_for(self, pictures: int, channels: int) -> Objective:
        return _Product(*(factor.made_for(pictures, channels) for factor in self.factors))

    def __repr__(self) -> str:
        return " · ".join(f"({factor!r})" for factor in self.factors)


class _WithPrior(Objective):
    """An objective and a penalty that counts in proportion to it."""

    def __init__(self, aim: Objective, prior: Objective, weight: float, least: Tensor) -> None:
        self.aim, self.prior, self.weight, self.least = aim, prior, weight, least

    def __call__(self, seen: Seen) -> Tensor:
        score = self.aim(seen)
        reached = torch.maximum(score.detach().abs(), self.least)
        return score + self.weight * reached * self.prior(seen)

    def select(self, index: Tensor) -> Objective:
        least = self.least[index.to(self.least.device)] if self.least.ndim else self.least
        return _WithPrior(self.aim.select(index), self.prior.select(index), self.weight, least)

    def merge(self, others: Sequence[Objective]) -> Objective:
        same = [other for other in others if isinstance(other, _WithPrior)]
        aim = self.aim.merge([other.aim for other in same])
        prior = self.prior.merge([other.prior for other in same])
        least = self.least
        if least.ndim:
            least = torch.cat([least, *(other.least for other in same)])
        return _WithPrior(aim, prior, self.weight, least)

    def to(self, device: torch.device) -> Objective:
        return _WithPrior(
            self.aim.to(device), self.prior.to(device), self.weight, self.least.to(device)
        )

    @property
    def needs_early(self) -> bool:
        return self.aim.needs_early or self.prior.needs_early

    @property
    def pictures(self) -> int | None:
        return _most((self.aim, self.prior))

    def made_for(self, pictures: int, channels: int) -> Objective:
        aim = self.aim.made_for(pictures, channels)
        prior = self.prior.made_for(pictures, channels)
        return _WithPrior(aim, prior, self.weight, self.least)

    def __repr__(self) -> str:
        return f"({self.aim!r}).with_prior({self.prior!r}, {self.weight:g})"


def _most(objectives: Iterable[Objective]) -> int | None:
    counts = [count for each in objectives if (count := each.pictures) is not None]
    return max(counts, default=None)
