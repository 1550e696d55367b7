"""Is the mean real? For every cell of a grid, what speaks for and against taking it at its word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.attribution.statistics import significant
from atlas_widget.diagnostics.dip import dip, dip_chance
from atlas_widget.diagnostics.directions import first_principal, unit_vectors
from atlas_widget.diagnostics.neighbors import choose_samples, neighbors_kept
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.atlas import Atlas

__all__ = ["diagnose"]

_MAX_SAMPLES = 256  # samples of a cell that are compared with each other; the mean is of all


def diagnose(
    atlas: Atlas,
    size: int,
    *,
    device: torch.device | str = "cpu",
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> pd.DataFrame:
    """Judge whether the cells of a grid are what their means say.

    Parameters
    ----------
    atlas : Atlas
        Its activations are read twice, cell by cell and in blocks, so they may be memory-mapped.
    size : int
        The grid.
    device : torch.device or str
        Where to look for neighbours.
    progress, cancelled : callable, optional
        See `neighbors_kept`.

    Returns
    -------
    DataFrame
        A row a cell, in the grid's order.

        ``id``, ``count``
            As in `Atlas.cells`.
        ``images``
            How many images its samples come from.
        ``resultant``
            Mean resultant length: the length of the mean of its samples' directions. 1 where all
            point one way.
        ``agreement``
            The mean cosine between two of its samples: unlike ``resultant`` it does not grow where
            samples are few. NaN for a single one.
        ``nearest_sample``, ``nearest_cosine``
            Which of its samples is nearest to the mean, and the cosine between both.
        ``emptiness``
            The angle between the mean and that sample, over the median angle between a sample and
            its nearest one of another crop. About 0.7 in the middle of a cloud of many dimensions;
            towards 1 and above it, the mean lies where no samples are. NaN where all are of one
            crop.
        ``dip``, ``chance``
            Hartigan's dip of its samples along their first principal direction, and how often
            samples of one group have such a dip, at most.
        ``bimodal``
            Whether the cell is a mixture of two, by that chance: of the cells for which this is
            True one in ten is not, at most, on average. `Atlas.split` gives the two.
        ``kept``
            How trustworthy the layout is here: of its samples' 15 nearest neighbours among all
            activations, the share that are among the 15 nearest in the layout.
        ``looked_at``
            How many of its samples ``kept`` is the mean of; all but in very large atlases.
    """
    import pandas as pd

    grid = atlas.grid(size)
    members = [grid.members(cell) for cell in range(len(grid))]
    crops = _numbered_crops(atlas)
    rows = []
    for cell, own in enumerate(members):
        check_cancelled(cancelled)
        activations = np.asarray(atlas.activations[own])
        images = atlas.samples.image_ids[own]
        rows.append(_judged(own, activations, grid.means[cell], images, crops[own]))
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.insert(0, "id", grid.ids)
    table.insert(1, "count", grid.counts)
    table["bimodal"] = significant(table["chance"].to_numpy())
    chosen = choose_samples(members, len(atlas), atlas.activations.shape[1], torch.device(device))
    kept = neighbors_kept(
        atlas.activations,
        atlas.xy,
        np.concatenate(chosen) if chosen else np.zeros(0, np.int64),
        device=device,
        progress=progress,
        cancelled=cancelled,
    )
    of_cell = np.repeat(np.arange(len(chosen)), [len(part) for part in chosen])
    looked_at = np.bincount(of_cell, minlength=len(grid))
    table["kept"] = np.bincount(of_cell, kept, minlength=len(grid)) / np.maximum(looked_at, 1)
    table["looked_at"] = looked_at
    return table


_COLUMNS = [
    "images",
    "resultant",
    "agreement",
    "nearest_sample",
    "nearest_cosine",
    "emptiness",
    "dip",
    "chance",
]


def _judged(
    members: NDArray[np.int64],
    activations: NDArray[np.floating],
    mean: NDArray[np.float32],
    images: NDArray[np.int32],
    crops: NDArray[np.int64],
) -> tuple[float, ...]:
    """Return the `_COLUMNS` of one cell."""
    units = unit_vectors(activations)
    count = len(units)
    resultant = float(np.linalg.norm(units.mean(0)))
    agreement = (count * resultant**2 - 1) / (count - 1) if count > 1 else np.nan
    with_mean = units @ unit_vectors(mean[None])[0]
    nearest = int(with_mean.argmax())
    some = np.linspace(0, count - 1, min(count, _MAX_SAMPLES)).astype(np.int64)
    statistic = dip(first_principal(units[some])) if count > 1 else np.nan
    return (
        len(np.unique(images)),
        resultant,
        agreement,
        int(members[nearest]),
        float(with_mean[nearest]),
        _angle(float(with_mean[nearest])) / _usual_angle(units[some], crops[some]),
        statistic,
        dip_chance(statistic, len(some)),
    )


def _usual_angle(units: NDArray[np.float64], crops: NDArray[np.int64]) -> float:
    """Return the median angle between a sample and the nearest of another crop; NaN without one.

    Neighbouring positions of one crop see nearly the same, which says nothing about how densely
    the samples lie.
    """
    cosine = units @ units.T
    cosine[crops[:, None] == crops] = -np.inf
    nearest = cosine.max(1)
    nearest = nearest[np.isfinite(nearest)]
    return float(np.median(_angle(nearest))) or np.nan if len(nearest) else np.nan


def _angle(cosine: Any) -> Any:
    return np.arccos(np.clip(cosine, -1.0, 1.0))


def _numbered_crops(atlas: Atlas) -> NDArray[np.int64]:
    samples = atlas.samples
    rows = np.column_stack([samples.image_ids, samples.crops, samples.flipped])
    _, number = np.unique(rows, axis=0, return_inverse=True)
    return number.reshape(-1)
