"""A number split over the positions, channels or groups of a layer, with all that is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import AtlasError
from atlas_widget.probe.derivatives import MaxPool

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Attribution", "Completeness"]

_CLOSED = 0.01  # of the sum of all sizes
_ROUNDING = 1e-6  # of the score, in float32
_BLANK = 1e-3  # of the score


@dataclass(frozen=True)
class Attribution:
    """A number split over the positions, channels or groups of a layer.

    Each value is activation times gradient, so that all values, and the remainders, add up to the
    number itself.

    Attributes
    ----------
    layer
        Name of the layer.
    about
        What is split: a class's name, ``"a − b"`` for two, or a place in a later layer.
    parts
        Over what.
    values
        (rows, columns) of positions, (channels,), or (groups,).
    remainders
        Parts of the number that are no position, channel or group, by name: ``"prefix tokens"``
        (tokens that are no part of the picture), ``"in no group"``, ``"biases"`` (constants added
        behind the layer, times their gradient), ``"rest"`` (what is left: the nonlinear part, and
        what does not pass through the layer; zero in a chain of convolutions, ReLUs and pooling).
        With integrated gradients the last two are ``"at zero"`` (the number for a layer that is
        zero everywhere) and ``"gap"`` (what too few steps leave).
    score
        The number.
    max_pool
        How max pooling was differentiated.
    """

    layer: str
    about: str
    parts: Literal["positions", "channels", "groups"]
    values: NDArray[np.float64]
    remainders: dict[str, float]
    score: float
    max_pool: MaxPool = "plain"

    @property
    def total(self) -> float:
        """Sum of all values, without the remainders."""
        return float(self.values.sum())

    @property
    def shares(self) -> NDArray[np.float64]:
        """Each value over the sum of all sizes; the net sum may be near zero."""
        shares: NDArray[np.float64] = self.values / max(float(np.abs(self.values).sum()), 1e-300)
        return shares

    def table(self, count: int | None = None) -> pd.DataFrame:
        """Return the values as a table, highest first, then the remainders and the sum.

        Parameters
        ----------
        count
            How many of the highest and how many of the lowest to list; a row ``"all others"``
            holds the sum of those between. None: all.

        Returns
        -------
        DataFrame
            ``contribution`` and ``share`` of the sum of all sizes of values (NaN in other rows),
            indexed by ``channel`` or ``group`` (a number), or ``position`` (row, column).
        """
        import pandas as pd

        if count is not None and count < 1:
            raise AtlasError(f"count={count}: how many rows on each side, 1 or more.")
        flat, shares = self.values.ravel(), self.shares.ravel()
        order = np.argsort(-flat, kind="stable")
        whole = count is None or 2 * count >= len(order)
        listed = order if whole else np.concatenate([order[:count], order[-(count or 0) :]])
        names = [self._name(int(each)) for each in listed]
        rows = list(zip(names, flat[listed].tolist(), shares[listed].tolist(), strict=True))
        if not whole:
            others = float(flat.sum() - flat[listed].sum())
            rows.insert(count or 0, ("all others", others, np.nan))
        rows += [(name, value, np.nan) for name, value in self.remainders.items()]
        rows.append(("sum", self.score, np.nan))
        # an Index of tuples would become one of several levels
        index = pd.Index([row[0] for row in rows], name=self.parts[:-1], tupleize_cols=False)
        return pd.DataFrame(
            {"contribution": [row[1] for row in rows], "share": [row[2] for row in rows]},
            index=index,
        )

    def _name(self, number: int) -> object:
        if self.parts != "positions":
            return number
        row, column = divmod(number, self.values.shape[1])
        return row, column

    def __repr__(self) -> str:
        rest = "".join(f", {name} {value:+.3g}" for name, value in self.remainders.items())
        count = f"{self.values.size} {self.parts}"
        return (
            f"<Attribution of {self.about} = {self.score:.4g} at {self.layer}: {count} "
            f"{self.total:+.4g}{rest}>"
        )


@dataclass(frozen=True)
class Completeness:
    """Account of a score: the part an attribution explains, and what is left.

    Attributes
    ----------
    layer, about
        Name of the layer, and what was attributed.
    score
        y(h), the score.
    attributed
        Sum of activation times gradient over the layer's map.
    prefix_tokens, biases, rest
        See :class:`Attribution`: with `attributed` they add up to the score.
    at_zero
        y(0), the score for a layer that is zero everywhere, tokens that are no part of the picture
        included.
    sizes
        Sum of the sizes of the positions' contributions.
    max_pool
        How max pooling was differentiated; what adds up with "plain" does not with "relaxed".
    """

    layer: str
    about: str
    score: float
    attributed: float
    prefix_tokens: float
    biases: float
    rest: float
    at_zero: float
    sizes: float
    max_pool: MaxPool = field(default="plain")

    @property
    def gap(self) -> float:
        """Attributed, less the change that the layer as a whole makes: Σ − (y(h) − y(0)).

        Zero where everything behind the layer is linear; otherwise the biases' part in it.
        """
        return self.attributed + self.prefix_tokens - (self.score - self.at_zero)

    @property
    def closed(self) -> bool:
        """True if the rest is at most a hundredth of the sum of all sizes, or mere rounding."""
        return abs(self.rest) <= max(_CLOSED * self.sizes, _ROUNDING * abs(self.score))

    @property
    def blank(self) -> bool:
        """True if no position contributes anything to speak of, be it for or against.

        So it is where all that follows reads a position through a layer norm, which does not see
        the length of its input: a map of it would be empty, and not for want of evidence.
        """
        return self.sizes <= _BLANK * abs(self.score)
