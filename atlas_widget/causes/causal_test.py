"""Predicted and actual changes of scores, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CausalTest"]

_INK = "#333333"
_FAINT = "#b5b5b5"
# Okabe and Ito's colours, which are told apart with any common colour blindness
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#000000")
_RESAMPLES = 1000


@dataclass(frozen=True)
class CausalTest:
    """Predicted and actual change of scores, where a direction was removed or added at a layer.

    Attributes
    ----------
    predicted : ndarray of float32, shape (pictures, scores)
        The change of the layer's map, times the gradient of the score: attribution's account.
    actual : ndarray of float32, shape (pictures, scores)
        How much the score changed when the rest of the network ran on the changed map.
    names : tuple of str
        What the scores are called.
    positions : ndarray of int64, shape (pictures,)
        At how many positions of each picture's map something changed.
    what : str
        What was done, in a few words.
    """

    predicted: NDArray[np.float32]
    actual: NDArray[np.float32]
    names: tuple[str, ...]
    positions: NDArray[np.int64]
    what: str

    def __len__(self) -> int:
        return len(self.predicted)

    @property
    def correlation(self) -> float:
        """Pearson's, over all pictures and scores; NaN where either does not vary."""
        return _correlation(self.predicted.ravel(), self.actual.ravel())

    @property
    def correlations(self) -> dict[str, float]:
        """Pearson's, over the pictures, for each score."""
        columns = zip(self.names, self.predicted.T, self.actual.T, strict=True)
        return {name: _correlation(predicted, actual) for name, predicted, actual in columns}

    @property
    def slope(self) -> float:
        """Actual change per unit of predicted change (least squares through the origin).

        1 where the rest of the network is linear; below, it makes up for the change, above, it
        enlarges it.
        """
        power = float(np.square(self.predicted, dtype=np.float64).sum())
        return float((self.predicted * self.actual).sum()) / power if power > 0 else float("nan")

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the correlation, by resampling whole pictures.

        The scores of one picture are not independent of each other, so they stay together.
        """
        random = np.random.default_rng(0)
        drawn = random.integers(0, len(self), (_RESAMPLES, len(self)))
        found = [
            _correlation(self.predicted[rows].ravel(), self.actual[rows].ravel()) for rows in drawn
        ]
        known = np.array([value for value in found if np.isfinite(value)])
        if len(self) < 3 or len(known) < _RESAMPLES / 2:
            return float("nan"), float("nan")
        low, high = np.quantile(known, [0.025, 0.975])
        return float(low), float(high)

    def __str__(self) -> str:
        low, high = self.interval
        within = f" [{low:.2f}, {high:.2f}]" if np.isfinite(low) else ""
        scores = f" × {len(self.names)} scores" if len(self.names) > 1 else ""
        pictures = f"n = {len(self)} picture{'' if len(self) == 1 else 's'}{scores}"
        return (
            f"{self.what}: r = {self.correlation:.2f}{within}, slope {self.slope:.2f}, {pictures}"
        )

    def to_figure(self, *, width: float = 3.4, dpi: float = 150) -> Figure:
        """Draw actual against predicted change, a point for each picture and score.

        Parameters
        ----------
        width : float
            Inches.
        dpi : float

        Returns
        -------
        matplotlib.figure.Figure
            Made without pyplot.
        """
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        few = len(self.names) <= len(_COLOURS)
        drawing = Figure((width, width * 1.02), dpi=dpi, facecolor="white", layout="constrained")
        FigureCanvasAgg(drawing)
        axes = drawing.add_subplot()
        low = float(min(self.predicted.min(), self.actual.min(), 0.0))
        high = float(max(self.predicted.max(), self.actual.max(), 0.0))
        margin = 0.06 * (high - low) or 1.0
        limits = (low - margin, high + margin)
        axes.plot(limits, limits, color=_FAINT, linewidth=0.8, zorder=1)
        axes.axhline(0, color="#e3e3e3", linewidth=0.6, zorder=0)
        axes.axvline(0, color="#e3e3e3", linewidth=0.6, zorder=0)
        for column, name in enumerate(self.names):
            axes.scatter(
                self.predicted[:, column],
                self.actual[:, column],
                s=9,
                alpha=0.7,
                linewidths=0,
                color=_COLOURS[column] if few else _COLOURS[0],
                label=name,
                zorder=2,
            )
        axes.set_xlim(limits)
        axes.set_ylim(limits)
        axes.set_aspect("equal")
        axes.set_xlabel("predicted change of the score", fontsize=7, color=_INK)
        axes.set_ylabel("actual change", fontsize=7, color=_INK)
        axes.tick_params(labelsize=6, colors=_INK, width=0.5, length=2)
        for spine in axes.spines.values():
            spine.set_visible(False)
        what, _, numbers = str(self).partition(": ")
        axes.set_title(f"{what}\n{numbers}", fontsize=6.5, color=_INK, loc="left", parse_math=False)
        if len(self.names) <= len(_COLOURS):
            legend = axes.legend(
                fontsize=6, frameon=False, loc="upper left", handletextpad=0.1, borderpad=0
            )
            for text in legend.get_texts():
                text.set_parse_math(False)
                text.set_color(_INK)
        return drawing


def _correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    one, other = one - one.mean(), other - other.mean()
    power = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / power if len(one) > 2 and power > 0 else float("nan")
