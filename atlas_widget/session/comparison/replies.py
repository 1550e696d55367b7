"""A comparison of two atlases as messages to the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget.protocol import messages

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.atlas import Atlas
    from atlas_widget.comparison import AtlasComparison, AtlasSeries
    from atlas_widget.comparison.result import Side
    from atlas_widget.units import UnitMatches

__all__ = ["MAX_KINDS", "NOWHERE", "cells_reply", "comparison_reply", "series_reply"]

NOWHERE = 65_535
"""The cell of a sample that is in none."""

MAX_KINDS = 10
"""The most classes of images that samples are coloured by: more colours cannot be told apart."""

_MAX_PAIRS = 8  # of units that match best
_STEPS = 65_535  # a place on a map as 16 bits: finer than any screen

Reply = tuple[dict[str, Any], list[bytes]]


def comparison_reply(
    revision: int,
    comparison: AtlasComparison,
    labels: Sequence[str | None] | None,
    *,
    inverted: bool,
) -> Reply:
    """Return the message with scores, and where each sample is on both maps.

    Parameters
    ----------
    revision
        Revision of the layout shown.
    comparison
        What was found.
    labels
        The class of each image of the source, if they say so.
    inverted
        Whether the other network is there to make pictures of its cells.
    """
    a, b, scores = comparison.a, comparison.b, comparison.scores
    kinds, kind_of = _kinds(a, labels)
    size = a.grids[0]
    content = messages.build(
        "comparison",
        revision=revision,
        names=comparison.names,
        grid=size,
        samples=len(comparison),
        images=len(np.unique(comparison.images)),
        inverted=inverted,
        notices=[*comparison.notices, *(line for line in b.notices if line not in a.notices)],
        kinds=kinds,
        scores=scores.index.tolist(),
        **{name: scores[name].tolist() for name in _COLUMNS},
        **_units(comparison.units),
    )
    cells = [_cells_of(a, size), _cells_of(b, size)]
    return content, [_packed([*_quantised(a.xy), *_quantised(b.xy), *cells, kind_of])]


def series_reply(
    revision: int,
    series: AtlasSeries,
    table: pd.DataFrame,
    labels: Sequence[str | None] | None,
) -> Reply:
    """Return the message with where each sample is on all maps.

    Parameters
    ----------
    revision, labels
        See `comparison_reply`.
    series
        The atlases, in order.
    table
        `AtlasSeries.table`, with classes if the images have some.
    """
    kinds, kind_of = _kinds(series.atlases[0], labels)
    unknown = [None] * len(series)
    content = messages.build(
        "comparison_series",
        revision=revision,
        names=series.names,
        samples=len(series.images),
        images=len(np.unique(series.images)),
        notices=series.notices,
        kinds=kinds,
        agreement=table["agreement"].tolist(),
        same_class=table["same_class"].tolist() if "same_class" in table else unknown,
    )
    places = [row for atlas in series.atlases for row in _quantised(atlas.xy)]
    return content, [_packed([*places, kind_of])]


def cells_reply(revision: int, side: Side, table: pd.DataFrame) -> Reply:
    """Return the message with the cells of one map: how far they agree, and their partners.

    Parameters
    ----------
    revision
        Revision of the layout shown.
    side, table
        Which map, and its `AtlasComparison.cells`.
    """
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


def _units(found: UnitMatches) -> dict[str, Any]:
    """Return the fields about units: those of the best pairs, and how many have no match."""
    table = found.table
    mutual = table[table["mutual"].eq(True) & table["above_floor"].eq(True)]
    best = mutual.sort_values("r", ascending=False, kind="stable").head(_MAX_PAIRS)
    return {
        "units": best.index.tolist(),
        "matches": best["match"].astype(int).tolist(),
        "correlations": best["r"].tolist(),
        "floors": best["floor"].tolist(),
        "mutual": len(mutual),
        "gone": len(found.gone),
        "new": len(found.new),
    }


def _quantised(xy: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Return places in [0, 1] as whole numbers, a row each for x and y."""
    steps: npt.NDArray[np.int64] = np.rint(np.clip(xy, 0, 1) * _STEPS).astype(np.int64).T
    return steps


def _packed(rows: Sequence[npt.NDArray[np.int64]]) -> bytes:
    return np.stack(rows).astype("<u2").tobytes()


def _kinds(
    atlas: Atlas, labels: Sequence[str | None] | None
) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the classes of the images, if there are few, and the number of each sample's."""
    samples = atlas.samples
    nothing = np.full(len(atlas), NOWHERE, np.int64)
    if labels is None:
        return [], nothing
    of_images = [labels[int(index)] for index in samples.image_indices]
    kinds = sorted({label for label in of_images if label is not None})
    if not 2 <= len(kinds) <= MAX_KINDS:
        return [], nothing
    numbers = {label: number for number, label in enumerate(kinds)}
    of_image = np.array([numbers.get(label or "", NOWHERE) for label in of_images], np.int64)
    return kinds, of_image[samples.image_ids]


def _cells_of(atlas: Atlas, size: int) -> npt.NDArray[np.int64]:
    """Return the id of each sample's cell, `NOWHERE` where it is in none."""
    grid = atlas.grid(size)
    cells = np.full(len(atlas), NOWHERE, np.int64)
    for number, cell in enumerate(grid.ids):
        cells[grid.members(number)] = cell
    return cells


_COLUMNS = ("value", "low", "high", "control", "control_low", "control_high")
