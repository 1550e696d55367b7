"""The result of making a figure again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Verification"]

_SHOWN = 8  # cells in the text


@dataclass(frozen=True)
class Verification:
    """A figure compared with the same made again.

    Attributes
    ----------
    path
        The figure.
    same_file
        Whether the file is, to the byte, what was made again.
    same_pictures
        Whether each finished picture came out the same, to the bit.
    same_layout
        Whether the samples lie where they lay.
    layout_made
        Whether the layout was made again, rather than taken from an atlas that was given.
    pictures : DataFrame
        A row a cell: `cell`; `state`, that of its picture in the figure; `same`, whether it came
        out the same; `cosine` and `cosine_now`, to the cell's mean; `rank` and `rank_now`, 1 if no
        other cell is nearer to it; `judge` and `judge_now`, its rank for the second network; `mean`
        and `most`, by how many levels of 255 the figure's pixels differ.
    between_cells
        By how much pictures of different cells differ on average, to compare with.
    differences
        What is not as it was when the figure was made, in words: versions, machine, images.
    missing
        Cells of the figure that are not there any more.
    """

    path: Path
    same_file: bool
    same_pictures: bool
    same_layout: bool
    layout_made: bool
    pictures: pd.DataFrame
    between_cells: float
    differences: Sequence[str]
    missing: Sequence[int] = ()

    @property
    def passed(self) -> bool:
        """True if all that can be made again came out the same, and the file shows just that."""
        drawn = self.pictures["most"].fillna(0).max() if len(self.pictures) else 0
        unknown = not self.same_file and bool(self.pictures["most"].isna().any())
        return self.same_pictures and not self.missing and not unknown and drawn == 0

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        count = int((self.pictures["state"] != "rough").sum())
        if self.passed and self.same_file:
            return f"The same to the byte: {_pictures(count)} made again."
        if self.passed:
            return (
                f"The same pictures, {_pictures(count)} to the bit; the file around them differs."
            )
        if self.same_pictures and not self.missing:
            changed = self.pictures[self.pictures["most"] > 0]
            if len(changed):
                return (
                    "The pictures come out as the record says, but the file shows others: it was "
                    f"changed at {_cells(changed['cell'])}."
                )
            return "The pictures come out as the record says; the file's own cannot be compared."
        same = int(self.pictures["same"].fillna(False).sum())
        return f"Not the same: {same} of {_pictures(count)} came out to the bit."

    def __str__(self) -> str:
        """Return the verdict, what differs, and by how much."""
        lines = [f"{self.path}: {self.verdict}"]
        layout = "the same" if self.same_layout else "another one"
        how = "made again" if self.layout_made else "of the atlas given, not made again"
        lines.append(f"  layout: {layout} ({how})")
        if not self.passed:
            lines += self._by_how_much()
        if self.missing:
            lines.append(f"  not there any more: {_cells(self.missing)}")
        rough = int((self.pictures["state"] == "rough").sum())
        if rough:
            lines.append(f"  not compared: {_pictures(rough)}, unfinished in the figure")
        lines += [f"  {line}" for line in self.differences]
        return "\n".join(lines)

    def _by_how_much(self) -> list[str]:
        table = self.pictures
        lines = []
        if table["mean"].notna().any():
            usual = (
                f"; pictures of different cells: {self.between_cells:.1f}"
                if np.isfinite(self.between_cells)
                else ""
            )
            lines.append(
                f"  pixels: {table['mean'].median():.2f} levels of 255 apart in the median, "
                f"{table['mean'].max():.2f} at most{usual}"
            )
        both = table[["cosine", "cosine_now"]].dropna()
        if len(both):
            apart = (both["cosine"] - both["cosine_now"]).abs()
            lines.append(
                f"  cosine to the cell: median {both['cosine'].median():.3f}, now "
                f"{both['cosine_now'].median():.3f}; {apart.max():.3f} apart at most"
            )
        ranks = table[["rank", "rank_now"]].dropna()
        if len(ranks):
            was, now = ((ranks[name] == 1).sum() for name in ("rank", "rank_now"))
            lines.append(f"  nearest to its own cell: {was} of {len(ranks)}, now {now}")
        judged = table[["judge", "judge_now"]].dropna()
        if len(judged):
            was, now = ((judged[name] == 1).sum() for name in ("judge", "judge_now"))
            lines.append(f"  found by the second network: {was} of {len(judged)}, now {now}")
        other = table[table["same"].eq(False)].sort_values("mean", ascending=False)
        for row in other.head(_SHOWN).itertuples():
            lines.append(
                f"    cell {row.cell}: {row.mean:.2f} levels, cosine {row.cosine:.3f} → "
                f"{row.cosine_now:.3f}"
            )
        if len(other) > _SHOWN:
            lines.append(f"    and {len(other) - _SHOWN} more cells; see .pictures")
        return lines


def _pictures(count: int) -> str:
    return f"{count:,} picture" + ("" if count == 1 else "s")


def _cells(cells: Sequence[int] | pd.Series) -> str:
    listed = [int(cell) for cell in cells]
    shown = ", ".join(map(str, listed[:_SHOWN])) + ("…" if len(listed) > _SHOWN else "")
    return f"{'cell' if len(listed) == 1 else 'cells'} {shown}"
