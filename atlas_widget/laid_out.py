"""Samples at their places, and the cells that grids of several sizes put over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import AtlasError
from atlas_widget.grid import DEFAULT_GRIDS, Grid, check_grids
from atlas_widget.influence import Axis, Influence
from atlas_widget.moments import Moments
from atlas_widget.samples import Samples

if TYPE_CHECKING:
    from atlas_widget.diagnostics import Split

__all__ = ["LaidOutSamples"]


class LaidOutSamples:
    """What an :class:`~atlas_widget.atlas.Atlas` holds; its parameters are described there."""

    def __init__(
        self,
        samples: Samples,
        xy: NDArray[np.floating],
        *,
        layer: str,
        grids: Sequence[int] = DEFAULT_GRIDS,
        labels: list[str] | None = None,
        provenance: Mapping[str, Any] | None = None,
        notices: Sequence[str] = (),
        min_count: int | None = None,
        influence: Influence | None = None,
        axes: tuple[Axis, Axis] | None = None,
    ) -> None:
        if influence is not None and len(influence) != len(samples):
            raise AtlasError(f"influence is of {len(influence):,} samples, not {len(samples):,}.")
        if np.shape(xy) != (len(samples), 2):
            raise AtlasError(f"xy has the shape {np.shape(xy)}, not ({len(samples)}, 2).")
        if not np.isfinite(xy).all() or np.min(xy, initial=0) < 0 or np.max(xy, initial=0) > 1:
            raise AtlasError("xy has values outside [0, 1].")
        self.samples = samples
        self.xy = np.asarray(xy, np.float32)
        self.layer = layer
        self.grids = check_grids(grids)
        self.labels = labels
        self.provenance: dict[str, Any] = dict(provenance or {})
        self.notices = list(notices)
        self.cell_labels: dict[int, dict[int, str | None]] = {}
        self.min_count = min_count
        self.influence = influence
        self.axes = axes
        self._made: dict[int, Grid] = {}

    @property
    def activations(self) -> NDArray[np.float32]:
        """Activations of all samples, (n, channels); memory-mapped when large."""
        return self.samples.activations

    @cached_property
    def moments(self) -> Moments:
        """Mean, second moment and range of the activations; one pass over them, or saved."""
        return Moments.of(self.activations)

    def __len__(self) -> int:
        return len(self.samples)

    def grid(self, size: int) -> Grid:
        """Return the grid of `size` × `size` cells; made when it is first asked for."""
        if size not in self._made:
            self._made[size] = Grid.from_layout(self.activations, self.xy, size, self.min_count)
        return self._made[size]

    def set_grid(
        self, size: int, means: NDArray[np.float32], representatives: NDArray[np.int64]
    ) -> None:
        """Take what was computed of a grid before, so that `grid` need not read activations.

        Parameters
        ----------
        size : int
            The grid.
        means, representatives : ndarray
            As that grid has them.
        """
        self._made[size] = Grid.from_layout(
            self.activations,
            self.xy,
            size,
            self.min_count,
            means=means,
            representatives=representatives,
        )

    def split(self, grid: int, cell: int) -> Split:
        """Return a cell in two halves, along the direction in which its samples differ most.

        Parameters
        ----------
        grid : int
            Its size.
        cell : int
            The cell's id, row · size + column.
        """
        from atlas_widget.diagnostics import split_cell

        return split_cell(self.grid(grid), cell, self.samples)
