"""A cell in two: along the direction in which its samples differ most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from atlas_widget.diagnostics.dip import dip, dip_chance
from atlas_widget.diagnostics.directions import first_principal, unit_vectors
from atlas_widget.errors import CellError

if TYPE_CHECKING:
    from atlas_widget.atlas.grid import Grid
    from atlas_widget.atlas.samples import Samples

__all__ = ["Half", "Split", "split_cell"]

_CLEAR = 0.05


@dataclass(frozen=True)
class Half:
    """One half of a cell.

    Attributes
    ----------
    samples : ndarray of int64
        Which samples of the atlas; the nearest to the half's mean first.
    mean : ndarray of float32, shape (channels,)
        Their mean activation: the direction to picture.
    resultant : float
        How tightly their directions agree, 0 to 1.
    images : int
        How many images they come from.
    """

    samples: NDArray[np.int64]
    mean: NDArray[np.float32]
    resultant: float
    images: int

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.samples)


@dataclass(frozen=True)
class Split:
    """A cell in two halves.

    Attributes
    ----------
    halves : tuple of Half
        The larger one first.
    cosine : float
        Between the means of both halves.
    apart : float
        How far apart the halves lie along the direction of the split, in standard deviations
        within them. Cutting one group in two gives 2.5 to 4.
    dip, chance : float
        Hartigan's dip, and how often a cell of one group has a dip as large; see `dip_chance`.
    clear : bool
        Whether that chance is below 5 %: the cell is a mixture of two.
    """

    halves: tuple[Half, Half]
    cosine: float
    apart: float
    dip: float
    chance: float

    @property
    def clear(self) -> bool:
        """True if there is hardly a chance that the cell is one group."""
        return bool(self.chance < _CLEAR)


def split_cell(grid: Grid, cell_id: int, samples: Samples) -> Split:
    """Split the samples of a cell in two.

    Where their first principal component has its best cut: of all cuts the one that leaves the
    least variance within the halves.

    Parameters
    ----------
    grid : Grid
        The cell's grid.
    cell_id : int
        row · size + column, as in ``grid.ids``.
    samples : Samples
        Those of the atlas.

    Raises
    ------
    CellError
        There is no such cell, or it has a single sample.
    """
    members = grid.members(grid.cell(int(cell_id)))
    if len(members) < 2:
        raise CellError(f"Cell {cell_id} has a single sample, which cannot be split.")
    activations = np.asarray(samples.activations[members], np.float32)
    units = unit_vectors(activations)
    along = first_principal(units)
    order = np.argsort(along, kind="stable")
    cut = _best_cut(along[order])
    parts = sorted((np.sort(order[:cut]), np.sort(order[cut:])), key=lambda p: (-len(p), p[0]))
    first, second = (
        _half(members[part], activations[part], units[part], samples.image_ids[members[part]])
        for part in parts
    )
    means = unit_vectors(np.stack([first.mean, second.mean]))
    statistic = dip(along)
    return Split(
        (first, second),
        cosine=float(means[0] @ means[1]),
        apart=_apart(along[order[:cut]], along[order[cut:]]),
        dip=statistic,
        chance=dip_chance(statistic, len(members)),
    )


def _best_cut(ascending: NDArray[np.float64]) -> int:
    """Return how many of the values go left, so that least variance is left within both parts."""
    values = ascending - ascending.mean()
    left = np.arange(1, len(values))
    sums = np.cumsum(values)[:-1]
    between = sums**2 * (1 / left + 1 / (len(values) - left))
    return int(between.argmax()) + 1


def _apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    freedom = len(one) + len(other) - 2
    if freedom == 0:
        return float("nan")
    within = ((one - one.mean()) ** 2).sum() + ((other - other.mean()) ** 2).sum()
    distance = abs(one.mean() - other.mean())
    spread = float(np.sqrt(within / freedom))
    return float(distance / spread) if spread > 0 else (np.inf if distance > 0 else 0.0)


def _half(
    samples: NDArray[np.int64],
    activations: NDArray[np.float32],
    units: NDArray[np.float64],
    images: NDArray[np.int32],
) -> Half:
    mean = activations.mean(0, dtype=np.float64).astype(np.float32)
    nearest = np.argsort(-(units @ mean), kind="stable")
    return Half(
        samples=samples[nearest],
        mean=mean,
        resultant=float(np.linalg.norm(units.mean(0))),
        images=len(np.unique(images)),
    )
