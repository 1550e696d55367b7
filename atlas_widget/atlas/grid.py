"""Cells: the samples of each square of a grid over the layout, and their mean activation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import AtlasError, CellError

__all__ = ["DEFAULT_GRIDS", "Grid", "check_grids", "default_min_count"]

DEFAULT_GRIDS = (20, 40, 80)
"""Cells along a side, at each level."""

_BLOCK = 65536


def default_min_count(samples: int, size: int) -> int:
    """Return how many samples a cell needs by default.

    A quarter of what cells would hold if all were filled alike, within 1 and 6: the article's
    atlases ask for more than 5 of a million samples; a few thousand cannot.
    """
    return int(np.clip(round(samples / (4 * size * size)), 1, 6))


def check_grids(grids: Sequence[int]) -> tuple[int, ...]:
    """Return the sizes of grids, coarsest first, each once."""
    sizes = [grids] if isinstance(grids, int) else list(grids)
    right = all(isinstance(s, int | np.integer) and not isinstance(s, bool) for s in sizes)
    if not sizes or not right or not all(1 <= size <= 4096 for size in sizes):
        raise AtlasError(
            f"grids={grids!r}: one or more numbers of cells along a side, from 1 to 4,096, "
            f"such as {DEFAULT_GRIDS}."
        )
    return tuple(sorted({int(size) for size in sizes}))


@dataclass(frozen=True)
class Grid:
    """The occupied cells of a square grid, in the order of their ids.

    Cells are half-open (a sample on a line belongs to the cell right of and below it), so each
    sample is in exactly one. Cells of fewer than `min_count` samples are left out.

    Attributes
    ----------
    size : int
        Cells along a side.
    min_count : int
        How many samples a cell needs.
    ids : ndarray of int32, shape (cells,)
        row · size + column, ascending.
    rows, cols : ndarray of int32, shape (cells,)
        Row 0 is the top one, at y = 0.
    counts : ndarray of int64, shape (cells,)
        Numbers of samples.
    means : ndarray of float32, shape (cells, channels)
        Mean activations.
    """

    size: int
    min_count: int
    ids: NDArray[np.int32]
    counts: NDArray[np.int64]
    means: NDArray[np.float32]
    _activations: NDArray[np.floating] = field(repr=False)
    _order: NDArray[np.int64] = field(repr=False)
    _starts: NDArray[np.int64] = field(repr=False)
    _lookup: NDArray[np.int32] = field(repr=False)
    _nearest: NDArray[np.int64] | None = field(repr=False, default=None)

    @classmethod
    def from_layout(
        cls,
        activations: NDArray[np.floating],
        xy: NDArray[np.floating],
        size: int,
        min_count: int | None = None,
        *,
        means: NDArray[np.float32] | None = None,
        representatives: NDArray[np.int64] | None = None,
    ) -> Grid:
        """Put samples into the cells of a grid.

        Parameters
        ----------
        activations : ndarray, shape (n, channels)
            The samples; read in blocks, so it may be memory-mapped.
        xy : ndarray, shape (n, 2)
            Their places in [0, 1]; y grows downwards.
        size : int
            Cells along a side.
        min_count : int, optional
            How many samples a cell needs; by default `default_min_count`.
        means, representatives : ndarray, optional
            What an earlier grid of the same samples has, so that no activations are read.
        """
        if isinstance(size, bool) or not 1 <= int(size) <= 4096:
            raise AtlasError(f"A grid has from 1 to 4,096 cells along a side, not {size!r}.")
        size = int(size)
        least = default_min_count(len(xy), size) if min_count is None else int(min_count)
        if least < 1:
            raise AtlasError(f"min_count={min_count!r}: a cell needs at least 1 sample.")
        # y and x exactly 1 fall into the last cell
        column, row = np.clip((np.asarray(xy) * size).astype(np.int64), 0, size - 1).T
        place = row * size + column
        order = np.argsort(place, kind="stable")
        every = np.bincount(place, minlength=size * size)
        ids = np.flatnonzero(every >= least)
        if not len(ids) and min_count is None and len(xy):
            least = int(every.max())
            ids = np.flatnonzero(every >= least)
        starts = np.concatenate([[0], np.cumsum(every)])[:-1][ids]
        lookup = np.full(size * size, -1, np.int32)
        lookup[ids] = np.arange(len(ids), dtype=np.int32)
        if means is None:
            means = _means(activations, lookup[place], every[ids])
        elif means.shape != (len(ids), activations.shape[1]):
            raise AtlasError(f"The means of {len(ids)} cells are not of shape {means.shape}.")
        return cls(
            size,
            least,
            ids.astype(np.int32),
            every[ids],
            means,
            activations,
            order,
            starts,
            lookup,
            representatives
            if representatives is None or len(representatives) == len(ids)
            else None,
        )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def rows(self) -> NDArray[np.int32]:
        """Row of each cell."""
        return (self.ids // self.size).astype(np.int32)

    @property
    def cols(self) -> NDArray[np.int32]:
        """Column of each cell."""
        return (self.ids % self.size).astype(np.int32)

    def index(self, row: int, col: int) -> int:
        """Return the number of the cell at a row and column, or -1 if it is empty or outside."""
        if not (0 <= row < self.size and 0 <= col < self.size):
            return -1
        return int(self._lookup[row * self.size + col])

    def cell(self, cell_id: int) -> int:
        """Return the number of the cell with this id.

        Raises
        ------
        CellError
            That cell is empty or not on the grid.
        """
        if not 0 <= cell_id < self.size * self.size or self._lookup[cell_id] < 0:
            where = "is empty" if 0 <= cell_id < self.size * self.size else "is not on it"
            raise CellError(
                f"Cell {cell_id} of the {self.size}×{self.size} grid {where}; "
                f"its {len(self)} cells are in grid.ids."
            )
        return int(self._lookup[cell_id])

    def members(self, cell: int) -> NDArray[np.int64]:
        """Return the samples in a cell (by its number, not its id), in ascending order."""
        start = int(self._starts[cell])
        return self._order[start : start + int(self.counts[cell])]

    def nearest(self, cell: int, k: int = 1) -> NDArray[np.int64]:
        """Return the cell's samples whose direction is nearest to its mean's, nearest first."""
        if k == 1 and self._nearest is not None:
            return self._nearest[cell : cell + 1]
        members = self.members(cell)
        cosine = np.empty(len(members), np.float32)
        for start in range(0, len(members), _BLOCK):  # a cell may have nearly all samples
            rows = slice(start, start + _BLOCK)
            vectors = np.asarray(self._activations[members[rows]], np.float32)
            lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-30)
            cosine[rows] = (vectors @ self.means[cell]) / lengths
        return members[np.argsort(-cosine, kind="stable")[:k]]

    def representatives(self) -> NDArray[np.int64]:
        """Return each cell's nearest sample, `nearest(cell)[0]`, for all cells at once."""
        if self._nearest is not None:
            return self._nearest
        best = np.empty(len(self), np.int64)
        for cell in range(len(self)):
            best[cell] = self.nearest(cell)[0]
        return best

    @property
    def second_moment(self) -> NDArray[np.float64]:
        """Uncentred second moment of all activations, (channels, channels), for whitening."""
        channels = self.means.shape[1]
        total = np.zeros((channels, channels))
        for start in range(0, len(self._activations), _BLOCK):
            block = np.asarray(self._activations[start : start + _BLOCK], np.float32)
            total += block.T @ block
        return total / max(len(self._activations), 1)


def _means(
    activations: NDArray[np.floating], cell: NDArray[np.int32], counts: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Average the activations of each cell, reading them once, in blocks, in order."""
    from scipy import sparse

    total = np.zeros((len(counts), activations.shape[1]))
    for start in range(0, len(activations), _BLOCK):
        block = np.asarray(activations[start : start + _BLOCK], np.float64)
        cells = cell[start : start + _BLOCK]
        used = np.flatnonzero(cells >= 0)
        sums = sparse.csr_matrix(
            (np.ones(len(used)), (cells[used], used)), shape=(len(counts), len(block))
        )
        total += sums @ block
    return (total / np.maximum(counts, 1)[:, None]).astype(np.float32)
