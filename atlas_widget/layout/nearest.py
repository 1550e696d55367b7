"""Places for new activations on a finished map: those of the samples most like them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.layout.neighbor_index import Activations
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

__all__ = ["NearestPlaces", "nearest_places"]

_CHUNK = 32_768
_NEIGHBORS = 8
"""Measured: of 400 samples of the demo, placed by those of other images, 64 % fall within 0.05 of
where they are; on the nearest sample's place 61 %, on the mean of 8 places 59 %."""


@dataclass(frozen=True)
class NearestPlaces:
    """Places of new activations.

    Attributes
    ----------
    places
        (n, 2).
    samples
        The nearest sample of each, (n,).
    cosines
        The cosine to it, (n,).
    """

    places: NDArray[np.float32]
    samples: NDArray[np.int64]
    cosines: NDArray[np.float32]


def nearest_places(
    new: NDArray[np.floating],
    activations: NDArray[np.floating] | Activations,
    xy: NDArray[np.floating],
    *,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> NearestPlaces:
    """Place new activations on a finished map without moving anything on it.

    Each falls on the place of one of its nearest samples by cosine: of that which is nearest on the
    map to the others, so that a single sample on an island of its own does not decide, and that the
    place is not between two islands, as a mean may be.

    Parameters
    ----------
    new : ndarray, shape (n, channels)
    activations : array-like, shape (samples, channels)
        Read in chunks.
    xy : ndarray, shape (samples, 2)
        Their places.
    progress, cancelled : callable, optional
        Called with (done, samples) after each chunk; asked in between.
    """
    units = _units(np.asarray(new, np.float32))
    count = len(activations)
    best = torch.full((len(units), 0), 0.0)
    found = torch.zeros((len(units), 0), dtype=torch.int64)
    for start in range(0, count, _CHUNK):
        check_cancelled(cancelled)
        part = _units(np.asarray(activations[start : start + _CHUNK], np.float32))
        likeness, index = (units @ part.T).topk(min(_NEIGHBORS, len(part)), dim=1)
        both = torch.cat([best, likeness], 1)
        numbers = torch.cat([found, index + start], 1)
        best, order = both.topk(min(_NEIGHBORS, both.shape[1]), dim=1)
        found = numbers.gather(1, order)
        if progress is not None:
            progress(min(start + _CHUNK, count), count)
    near = found.numpy()
    places = np.asarray(xy, np.float32)[near]
    apart = np.linalg.norm(places[:, :, None] - places[:, None], axis=3)
    chosen = apart.sum(2).argmin(1)
    return NearestPlaces(
        places[np.arange(len(near)), chosen], near[:, 0], best[:, 0].numpy().astype(np.float32)
    )


def _units(rows: NDArray[np.float32]) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.from_numpy(np.ascontiguousarray(rows)), dim=1)
