"""Cells that argue for a class by samples from where that class is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from atlas_widget.atlas.class_influence import summarise
from atlas_widget.attribution.class_names import class_name
from atlas_widget.causes.cue_report import Cue

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas

__all__ = ["candidate_cues"]

_MIN_SAMPLES = 3  # samples of a cell, of which there must be an interval
_MIN_COSINE = 0.8  # cosine, about the mean of all samples, from which two cells are one cue


def candidate_cues(
    atlas: Atlas,
    size: int,
    rows: NDArray[np.int64],
    argues: NDArray[np.float32],
    misplaced: NDArray[np.bool_],
    own: int,
    other: int,
    share: float,
) -> list[Cue]:
    """Return the cells that argue for a class by misplaced samples, the strongest first.

    Parameters
    ----------
    atlas : Atlas
    size : int
        Of the grid.
    rows : ndarray of int64, (n,)
        The samples from images of the two classes.
    argues : ndarray of float32, (n,)
        What each argues for `own` rather than for `other`.
    misplaced : ndarray of bool, (n,)
        Whether it is from where `own` is not.
    own, other : int
        The classes.
    share : float
        The part of what a cell argues for `own` that must come from misplaced samples.

    Returns
    -------
    list of Cue
        Cells that point the same way are one cue.
    """
    grid = atlas.grid(size)
    place = np.full(len(atlas), -1, np.int64)
    place[rows] = np.arange(len(rows))
    cells, groups = [], []
    for cell in range(len(grid)):
        inside = place[grid.members(cell)]
        inside = inside[inside >= 0]
        evidence = np.maximum(argues[inside], 0)
        beside = evidence[misplaced[inside]].sum()
        if len(inside) >= _MIN_SAMPLES and beside > 0 and beside >= share * evidence.sum():
            cells.append(cell)
            groups.append(inside)
    summary = summarise(np.where(misplaced, argues, 0.0), groups)
    # what all activations share, such as that none is negative, would make all directions alike
    middle = np.average(grid.means, axis=0, weights=grid.counts)
    cues: list[Cue] = []
    units: list[NDArray[np.float32]] = []
    for number in np.argsort(-summary.low, kind="stable"):
        if not summary.low[number] > 0:
            break
        inside = groups[number]
        chosen = inside[misplaced[inside]]
        chosen = chosen[np.argsort(-argues[chosen], kind="stable")]
        samples = rows[chosen]
        direction = np.asarray(atlas.activations[samples], np.float32).mean(0)
        unit = direction - middle
        unit /= max(float(np.linalg.norm(unit)), 1e-12)
        cell_id = int(grid.ids[cells[number]])
        alike = [float(unit @ each) for each in units]
        if alike and max(alike) > _MIN_COSINE:
            nearest = int(np.argmax(alike))
            cues[nearest] = cues[nearest].with_cells(cell_id)
            continue
        units.append(unit)
        cues.append(
            Cue(
                own,
                other,
                class_name(own, atlas.labels),
                class_name(other, atlas.labels),
                size,
                (cell_id,),
                direction,
                samples,
                len(inside),
                float(summary.mean[number]),
                float(summary.low[number]),
                float(summary.high[number]),
                atlas.samples.thumbnails.get(int(samples[0])),
            )
        )
    return cues
