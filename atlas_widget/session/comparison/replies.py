"""A comparison of two atlases as messages to the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget.protocol import messages

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.comparison import AtlasComparison
    from atlas_widget.comparison.result import Side

__all__ = ["NOWHERE", "cells_reply", "comparison_reply", "quantised"]

NOWHERE = 65_535
"""The cell of a sample that is in none."""

_STEPS = 65_535  # a place on a map as 16 bits: finer than any screen

Reply = tuple[dict[str, Any], list[bytes]]


def comparison_reply(revision: int, comparison: AtlasComparison, *, inverted: bool) -> Reply:
    """Return the message with scores, and where each sample is on both maps.

    Parameters
    ----------
    revision
        Revision of the layout shown.
    comparison
        What was found.
    inverted
        Whether the other network is there to make pictures of its cells.
    """
    a, b, scores = comparison.a, comparison.b, comparison.scores
    size = a.grids[0]
    content = messages.build(
        "comparison",
        revision=revision,
        names=comparison.names,
        grid=size,
        samples=len(comparison),
        images=len(np.unique(comparison.images)),
        inverted=inverted,
        notices=comparison.notices,
        scores=scores.index.tolist(),
        **{name: scores[name].tolist() for name in _COLUMNS},
    )
    rows = np.concatenate(
        [quantised(a.xy), quantised(b.xy), _cells_of(a, size)[None], _cells_of(b, size)[None]]
    )
    return content, [rows.astype("<u2").tobytes()]


def cells_reply(revision: int, comparison: AtlasComparison, side: Side) -> Reply:
    """Return the message with the cells of one map: how far they agree, and their partners."""
    table = comparison.cells(of=side)
    content = messages.build(
        "compared_cells",
        revision=revision,
        side=side,
        cells=table.index.tolist(),
        counts=table["count"].tolist(),
        images=table["images"].tolist(),
        agreement=table["agreement"].tolist(),
        low=table["low"].tolist(),
        high=table["high"].tolist(),
        partner=table["partner"].fillna(-1).astype(int).tolist(),
        jaccard=table["jaccard"].tolist(),
        share=table["share"].tolist(),
        floor=table["floor"].tolist(),
        matched=table["matched"].astype("Float64").to_numpy(float, na_value=np.nan).tolist(),
    )
    return content, []


def quantised(xy: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Return places in [0, 1] as whole numbers, a row each for x and y."""
    steps: npt.NDArray[np.int64] = np.rint(np.clip(xy, 0, 1) * _STEPS).astype(np.int64).T
    return steps


def _cells_of(atlas: Atlas, size: int) -> npt.NDArray[np.int64]:
    """Return the id of each sample's cell, `NOWHERE` where it is in none."""
    grid = atlas.grid(size)
    cells = np.full(len(atlas), NOWHERE, np.int64)
    for number, cell in enumerate(grid.ids):
        cells[grid.members(number)] = cell
    return cells


_COLUMNS = ("value", "low", "high", "control", "control_low", "control_high")
