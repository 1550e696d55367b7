"""The comparison of two atlases: scores, cells and their partners, units, figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas_widget.atlas import Atlas
from atlas_widget.comparison.cells import CellMatch, match_cells
from atlas_widget.comparison.resampling import image_interval, permuted_by_image
from atlas_widget.errors import AtlasError
from atlas_widget.units.matching import UnitMatches, match_values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["AtlasComparison", "Side"]

Side = Literal["a", "b"]


@dataclass(frozen=True, eq=False)
class AtlasComparison:
    """Two atlases over the same samples, side by side; from `compare_atlases`.

    Attributes
    ----------
    a, b : Atlas
        The samples that both have: a at its own places, b laid out beside it. Row i of both is the
        same position of the same crop.
    names : tuple of str
        What to call them.
    images : ndarray of int64, shape (n,)
        A number for each sample's image.
    agreement : ndarray of float64, shape (n,)
        For each sample the share of its neighbours that is the same in both layers, corrected for
        chance: on average 0 if the layers are unrelated, 1 if all neighbours are the same.
    scores : DataFrame
        See `table`.
    notices : tuple of str
        What was left out.
    seed : int
        Of all that was drawn.
    """

    a: Atlas
    b: Atlas
    names: tuple[str, str]
    images: NDArray[np.int64]
    agreement: NDArray[np.float64]
    scores: pd.DataFrame
    notices: tuple[str, ...] = ()
    seed: int = 0
    _matches: dict[tuple[int, Side], CellMatch] = field(
        default_factory=dict, repr=False, init=False
    )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        told = ", ".join(
            f"{name} {row.value:.2f} [{row.low:.2f}, {row.high:.2f}]"
            for name, row in self.scores.iterrows()
            if name in ("agreement", "cka")
        )
        count = len(np.unique(self.images))
        return (
            f"<AtlasComparison of {self.names[0]!r} and {self.names[1]!r}: {len(self):,} samples "
            f"of {count:,} images, {told}>"
        )

    def table(self) -> pd.DataFrame:
        """Return the scores, a row a score.

        Returns
        -------
        DataFrame
            Indexed by ``score``: ``agreement`` (the headline: neighbours of a sample that are the
            same in both layers, corrected for chance), ``cka`` (debiased linear CKA),
            ``map_agreement`` (the same as agreement, of neighbours on the two maps),
            ``displacement`` and ``displacement_free`` (median distance between a sample's two
            places, in radii of a's map, with b laid out beside a, and with b's own layout fitted to
            it), ``trust`` and ``trust_free`` (trustworthiness of these two layouts of b) and
            ``cells`` (adjusted mutual information of the cells of the coarsest grid). ``value``
            with ``low`` and ``high``, a 95 % interval by image; ``control``, the mean where b's
            images are permuted, and ``control_low``, ``control_high``, its range in 95 % of the
            permutations.
        """
        return self.scores.copy()

    def cells(self, grid: int | None = None, of: Side = "a") -> pd.DataFrame:
        """Return the cells of one map with their agreement and their partners on the other map.

        Parameters
        ----------
        grid : int, optional
            Its size; by default the coarsest of a.
        of : {"a", "b"}
            Whose cells.

        Returns
        -------
        DataFrame
            Indexed by the cell's id: ``row``, ``col``, ``count``; ``agreement`` with ``low`` and
            ``high``, a 95 % interval by image, missing where a cell is of one image; ``partner``,
            ``jaccard``, ``share``, ``one_to_one``, ``images``, ``floor``, ``matched`` as
            `CellMatch.table` has them. a's cells that are not matched are *gone*, b's are *new*.
        """
        size, other = self._grid(grid), self._other(of)
        mine = self._atlas(of).grid(size)
        rows = []
        for number in range(len(mine)):
            members = mine.members(number)
            mean, low, high = image_interval(
                self.agreement[members], self.images[members], seed=self.seed
            )
            rows.append((mean, low, high))
        agreement = np.asarray(rows, np.float64).reshape(-1, 3)
        table = pd.DataFrame(
            {
                "row": mine.rows,
                "col": mine.cols,
                "count": mine.counts,
                "agreement": agreement[:, 0],
                "low": agreement[:, 1],
                "high": agreement[:, 2],
            },
            index=pd.Index(mine.ids.astype(np.int64), name="id"),
        )
        if (size, of) not in self._matches:
            theirs = self._atlas(other).grid(size)
            self._matches[size, of] = match_cells(mine, theirs, self.images, seed=self.seed)
        return table.join(self._matches[size, of].table)

    def gone(self, grid: int | None = None) -> list[int]:
        """Return the ids of a's cells whose samples are together in no cell of b."""
        return self._unmatched(grid, "a")

    def new(self, grid: int | None = None) -> list[int]:
        """Return the ids of b's cells whose samples were together in no cell of a."""
        return self._unmatched(grid, "b")

    def went(self, cell: int, grid: int | None = None, of: Side = "a") -> pd.DataFrame:
        """Return where the samples of a cell are on the other map.

        Parameters
        ----------
        cell : int
            The cell's id.
        grid, of
            See `cells`.

        Returns
        -------
        DataFrame
            Indexed by the id of the other map's cell, -1 for what is in none: ``count`` and
            ``share`` of the cell's samples, the most first.
        """
        size, other = self._grid(grid), self._other(of)
        mine = self._atlas(of).grid(size)
        members = mine.members(mine.cell(cell))
        theirs = self._atlas(other).grid(size)
        places = np.clip((self._atlas(other).xy[members] * size).astype(np.int64), 0, size - 1)
        ids = places[:, 1] * size + places[:, 0]
        counts = pd.Series(np.where(np.isin(ids, theirs.ids), ids, -1)).value_counts()
        counts.index.name = "id"
        return pd.DataFrame({"count": counts, "share": counts / len(members)})

    @cached_property
    def units(self) -> UnitMatches:
        """Matches of the two layers' units by their correlation over the samples.

        See `match_units`; controls permute images, whose samples stay together.
        """
        return match_values(
            self.a.activations,
            self.b.activations,
            lambda rng: permuted_by_image(self.images, rng),
            cka=float(self.scores["value"]["cka"]),
            seed=self.seed,
        )

    def to_figure(
        self, grid: int | None = None, *, overlay: Literal["agreement", "places"] = "agreement"
    ) -> Figure:
        """Draw the two maps side by side, cells as real crops under a colour.

        Parameters
        ----------
        grid : int, optional
            Size of the grid; by default the coarsest of a.
        overlay : {"agreement", "places"}
            ``"agreement"`` shows where they differ, and frames cells that are gone or new;
            ``"places"`` gives each place of a's map a colour, and each cell of b the mean colour of
            its samples.

        Returns
        -------
        matplotlib.figure.Figure
            Made without pyplot: it is shown by returning it from a notebook's cell.
        """
        from atlas_widget.comparison.figure import comparison_figure

        if overlay not in ("agreement", "places"):
            raise AtlasError(f"overlay={overlay!r}: 'agreement' or 'places'.")
        return comparison_figure(self, self._grid(grid), overlay)

    def _unmatched(self, grid: int | None, of: Side) -> list[int]:
        matched = self.cells(grid, of)["matched"]
        return [int(cell) for cell in matched.index[~matched.fillna(True).astype(bool)]]

    def _grid(self, grid: int | None) -> int:
        return self.a.grids[0] if grid is None else grid

    def _atlas(self, of: Side) -> Atlas:
        return self.a if of == "a" else self.b

    def _other(self, of: Side) -> Side:
        if of not in ("a", "b"):
            raise AtlasError(f"of={of!r}: 'a' or 'b'.")
        return "b" if of == "a" else "a"
