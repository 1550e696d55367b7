"""Influence of samples and cells on the classes of an atlas, and the meaning of its axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import AtlasError

if TYPE_CHECKING:
    from atlas_widget.atlas.grid import Grid

__all__ = ["Axis", "CellInfluence", "Influence"]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Axis:
    """Meaning of an axis of a layout.

    Attributes
    ----------
    label : str
        What is measured along it, or why samples lie close together.
    low, high : float
        The values at 0 and at 1, where it measures something; NaN where it does not.
    low_label, high_label : str
        What lies at either end, in a word or two.
    """

    label: str
    low: float = float("nan")
    high: float = float("nan")
    low_label: str = ""
    high_label: str = ""

    @property
    def measures(self) -> bool:
        """True if places along it are values, rather than only near and far."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


@dataclass(frozen=True)
class CellInfluence:
    """Influence of the cells of a grid on its classes, in the grid's order.

    Attributes
    ----------
    mean, low, high : ndarray of float32, shape (cells,)
        The mean over a cell's samples and its 95 % interval, NaN for cells of a single sample; see
        `attribution_interval`.
    positive, negative : ndarray of float32, shape (cells,)
        What the samples that argue for it add to the mean, and those that argue against: they sum
        to it, and show where a mean near zero hides two opposed halves.
    """

    mean: Floats
    low: Floats
    high: Floats
    positive: Floats
    negative: Floats


@dataclass(frozen=True)
class Influence:
    """Influence of each sample on the classes that an atlas is about.

    Attributes
    ----------
    classes : tuple of int
        One class, or two that are compared.
    values : ndarray of float32, shape (n, len(classes))
        h · ∂score/∂h of each sample, as `attribute` gives.
    origin : ndarray of int64, shape (n,)
        Which samples of the atlas selected from these are.
    """

    classes: tuple[int, ...]
    values: Floats
    origin: NDArray[np.int64]

    def __post_init__(self) -> None:
        if len(self.classes) not in (1, 2):
            raise AtlasError(f"An atlas is about one class or two, not {len(self.classes)}.")
        if self.values.shape != (len(self.origin), len(self.classes)):
            raise AtlasError(
                f"The influence has the shape {self.values.shape}, not "
                f"({len(self.origin)}, {len(self.classes)})."
            )

    def __len__(self) -> int:
        return len(self.origin)

    @property
    def signed(self) -> Floats:
        """Influence of each sample on the class, or on the first class minus that on the second."""
        if len(self.classes) == 1:
            return self.values[:, 0]
        difference: Floats = self.values[:, 0] - self.values[:, 1]
        return difference

    def cells(self, grid: Grid, class_: int | None = None, *, seed: int = 0) -> CellInfluence:
        """Sum up what the cells of a grid argue for.

        Parameters
        ----------
        grid : Grid
            A grid of this atlas.
        class_ : int, optional
            One of `classes`; by default what `signed` says.
        seed : int
            Of the bootstrap intervals.
        """
        return summarise(self._of(class_), [grid.members(cell) for cell in range(len(grid))], seed)

    def _of(self, class_: int | None) -> Floats:
        if class_ is None:
            return self.signed
        if class_ not in self.classes:
            named = " and ".join(map(str, self.classes))
            raise AtlasError(f"This atlas is about class {named}, not about class {class_}.")
        return self.values[:, self.classes.index(class_)]


def summarise(
    values: NDArray[np.floating], groups: Sequence[NDArray[np.integer]], seed: int = 0
) -> CellInfluence:
    """Sum up the values (n,) of some groups of samples; each group has at least one."""
    from atlas_widget.attribution import attribution_interval

    table = np.full((5, len(groups)), np.nan, np.float32)
    for number, members in enumerate(groups):
        own = np.asarray(values[members], np.float64)
        mean, low, high = attribution_interval(own[:, None], seed)
        positive, negative = np.maximum(own, 0).mean(), np.minimum(own, 0).mean()
        table[:, number] = mean[0], low[0], high[0], positive, negative
    return CellInfluence(*table)
