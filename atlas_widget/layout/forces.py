"""UMAP's two forces (McInnes, Healy, Melville 2018): neighbours attract, random samples repel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import curve_fit
from torch import Tensor

__all__ = ["Forces", "NegativeSamples"]

_NEGATIVES = 5  # as umap-learn's negative_sample_rate
_MAX_STEP = 4.0


class NegativeSamples:
    """The samples that push others away; which of them is drawn at random.

    Drawing a sample for each of many is slow, looking it up slower. Where either are in random
    order, as many samples in a row, from a random one on, are as good.
    """

    def __init__(self, x: Tensor, y: Tensor, most: int) -> None:
        times = 1 + -(-most // len(x))  # so that rows of `most` begin anywhere
        self._x, self._y = x.repeat(times), y.repeat(times)

    @staticmethod
    def draw(count: int, times: int, seed: int) -> list[list[int]]:
        """Draw, for so many times, where in a negatives of `count` the rows begin."""
        generator = torch.Generator().manual_seed(seed)
        drawn: list[list[int]] = torch.randint(
            count, (times, _NEGATIVES), generator=generator
        ).tolist()
        return drawn

    def row(self, first: int, count: int) -> tuple[Tensor, Tensor]:
        """Places of `count` of them."""
        return self._x[first : first + count], self._y[first : first + count]


@dataclass(frozen=True)
class Forces:
    """Steps by which samples move: along the gradients of 1 / (1 + a d^2b), UMAP's likelihood."""

    a: float
    b: float

    @classmethod
    def of(cls, min_dist: float) -> Forces:
        """Fit the likelihood to "1 up to `min_dist`, then falling off exponentially"."""
        distance = np.linspace(0.0, 3.0, 300)
        wanted = np.where(distance < min_dist, 1.0, np.exp(-(distance - min_dist)))

        def curve(d: NDArray[np.float64], a: float, b: float) -> NDArray[np.float64]:
            fitted: NDArray[np.float64] = 1.0 / (1.0 + a * d ** (2 * b))
            return fitted

        (a, b), _ = curve_fit(curve, distance, wanted)
        return cls(float(a), float(b))

    def pull(self, dx: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
        """Return the steps that bring ends nearer to each other that are so far apart."""
        square = (dx * dx).addcmul_(dy, dy)
        power = _power(square, self.b - 1.0)
        below = (power * square).mul_(self.a).add_(1.0)
        pull = power.mul_(-2.0 * self.a * self.b).div_(below)
        return _step(dx * pull), _step(dy * pull)

    def push(
        self, x: Tensor, y: Tensor, negatives: NegativeSamples, rows: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """Return the sums of the steps of samples at (x, y) away from one of each row."""
        sum_x, sum_y = torch.zeros_like(x), torch.zeros_like(y)
        for first in rows:
            other_x, other_y = negatives.row(first, len(x))
            dx, dy = x - other_x, y - other_y
            square = (dx * dx).addcmul_(dy, dy)
            below = _power(square, self.b).mul_(self.a).add_(1.0).mul_(square.add_(1e-3))
            push = below.reciprocal_().mul_(2.0 * self.b)
            sum_x.add_(_step(dx.mul_(push)))
            sum_y.add_(_step(dy.mul_(push)))
        return sum_x, sum_y


def _power(values: Tensor, exponent: float) -> Tensor:
    """Raise `values` to a power: three times faster than `pow`, and as exact as needed."""
    return values.clamp_min(1e-12).log_().mul_(exponent).exp_()


def _step(step: Tensor) -> Tensor:
    return step.clamp_(-_MAX_STEP, _MAX_STEP)
