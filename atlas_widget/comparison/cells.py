"""Cells of two maps of the same samples: partners, and cells that have none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from atlas_widget.atlas.grid import Grid
from atlas_widget.comparison.resampling import permuted_by_image

__all__ = ["CellMatch", "match_cells"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_PERMUTATIONS = 100
_LEVEL = 0.95
_MIN_IMAGES = 4


@dataclass(frozen=True)
class CellMatch:
    """Cells of one grid, and for each the cell of another that holds most of the same samples.

    Attributes
    ----------
    table
        A row a cell of the first grid, indexed by the cell's id: ``partner``, the id of the cell of
        the other grid with the largest Jaccard index (samples in both / samples in either);
        ``jaccard``; ``share``, which part of the cell's samples the partner has; ``one_to_one``,
        the partner if no cell may be taken twice; ``images``, of how many it is; ``floor``, the
        95 % quantile of the largest index if images are permuted; ``matched``, True if the index
        is above it. Missing for cells of fewer than 4 images: samples of one image stay together in
        any layer.
    counts
        How many samples each pair of cells has in common, (cells, other cells).
    """

    table: pd.DataFrame
    counts: sparse.csr_array


def match_cells(grid: Grid, other: Grid, images: Ints, *, seed: int = 0) -> CellMatch:
    """Find for each cell the cell of another map that has most of its samples.

    Parameters
    ----------
    grid, other
        Grids over two layouts of the same samples.
    images
        Number of each sample's image, (n,).
    seed
        Of the permutations that tell how large an index comes about by chance.
    """
    mine, theirs = (_cell_of(each, len(images)) for each in (grid, other))
    counts = _contingency(mine, theirs, len(grid), len(other))
    best, partner = _best(counts, grid.counts, other.counts)
    rng = np.random.default_rng(seed)
    chance = np.stack(
        [
            _best(
                _contingency(mine, theirs[permuted_by_image(images, rng)], len(grid), len(other)),
                grid.counts,
                other.counts,
            )[0]
            for _ in range(_PERMUTATIONS)
        ]
    )
    floor = np.quantile(chance, _LEVEL, axis=0)
    found = partner >= 0
    shared = np.asarray(counts[np.arange(len(grid)), np.maximum(partner, 0)]).reshape(-1)
    single = _one_to_one(counts, grid.counts, other.counts)
    members = (np.unique(images[grid.members(number)]) for number in range(len(grid)))
    of_images = np.array([len(each) for each in members], np.int64)
    table = pd.DataFrame(
        {
            "partner": _ids(other, partner),
            "jaccard": best,
            "share": np.where(found, shared / grid.counts, 0.0),
            "one_to_one": _ids(other, single),
            "images": of_images,
            "floor": floor,
            "matched": pd.arrays.BooleanArray(best > floor, of_images < _MIN_IMAGES),
        },
        index=pd.Index(grid.ids.astype(np.int64), name="id"),
    )
    return CellMatch(table, counts)


def _cell_of(grid: Grid, samples: int) -> Ints:
    """Return the number of each sample's cell, -1 where it is in none."""
    cells = np.full(samples, -1, np.int64)
    for number in range(len(grid)):
        cells[grid.members(number)] = number
    return cells


def _contingency(mine: Ints, theirs: Ints, rows: int, columns: int) -> sparse.csr_array:
    both = (mine >= 0) & (theirs >= 0)
    ones = np.ones(int(both.sum()), np.int64)
    found = sparse.coo_array((ones, (mine[both], theirs[both])), shape=(rows, columns)).tocsr()
    found.sum_duplicates()
    return found


def _jaccard(counts: sparse.csr_array, mine: Ints, theirs: Ints) -> sparse.coo_array:
    pairs = counts.tocoo()
    rows, columns = pairs.coords
    either = mine[rows] + theirs[columns] - pairs.data
    return sparse.coo_array((pairs.data / either, (rows, columns)), shape=counts.shape)


def _best(counts: sparse.csr_array, mine: Ints, theirs: Ints) -> tuple[Floats, Ints]:
    """Return each cell's largest index, and the cell it is with, -1 for none."""
    pairs = _jaccard(counts, mine, theirs)
    rows, columns = pairs.coords
    order = np.lexsort((columns, -pairs.data, rows))
    cells, at = np.unique(rows[order], return_index=True)
    best, partner = np.zeros(len(mine)), np.full(len(mine), -1, np.int64)
    best[cells] = pairs.data[order][at]
    partner[cells] = columns[order][at]
    return best, partner


def _one_to_one(counts: sparse.csr_array, mine: Ints, theirs: Ints) -> Ints:
    """Return the pairs with the largest sum of indices (Kuhn, 1955), -1 for none."""
    dense = _jaccard(counts, mine, theirs).toarray()
    rows, columns = linear_sum_assignment(dense, maximize=True)
    single = np.full(len(mine), -1, np.int64)
    overlap = dense[rows, columns] > 0
    single[rows[overlap]] = columns[overlap]
    return single


def _ids(grid: Grid, numbers: Ints) -> pd.api.extensions.ExtensionArray:
    """Return cells' ids for their numbers, missing for -1."""
    return pd.arrays.IntegerArray(
        grid.ids[np.maximum(numbers, 0)].astype(np.int64), np.asarray(numbers < 0)
    )
