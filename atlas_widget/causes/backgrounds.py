"""Selection of samples beside the object, from the user's masks of objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.atlas.samples import Samples
from atlas_widget.errors import ImagesError

__all__ = ["Masks", "on_background"]

Masks = Mapping[str, Any] | Sequence[Any] | Callable[[str], Any]
"""Masks by name, by number or as a function of the name: an array (height, width), true or
above 0 where the object is; None where that is unknown."""


def on_background(
    samples: Samples, rows: NDArray[np.int64], masks: Masks, map_size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Say which samples lie beside the object of their image; none where there is no mask.

    Parameters
    ----------
    samples : Samples
    rows : ndarray of int64
        Which of them.
    masks : Masks
    map_size : tuple of int
        Rows and columns of the layer's map.
    """
    found = np.zeros(len(rows), np.bool_)
    images = samples.image_ids[rows]
    for image in np.unique(images):
        mask = _mask(masks, samples.image_names[image], int(samples.image_indices[image]))
        if mask is None:
            continue
        mine = np.flatnonzero(images == image)
        x, y = middles(samples, rows[mine], map_size)
        height, width = mask.shape
        across = np.clip((x * width).astype(np.int64), 0, width - 1)
        down = np.clip((y * height).astype(np.int64), 0, height - 1)
        found[mine] = ~mask[down, across]
    return found


def middles(
    samples: Samples, rows: NDArray[np.int64], map_size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where in its image each sample lies: x and y as fractions of width and height."""
    down, across = (samples.positions[rows].astype(np.float64) + 0.5).T
    down, across = down / map_size[0], across / map_size[1]
    across = np.where(samples.flipped[rows], 1 - across, across)
    left, top, right, bottom = samples.crops[rows].astype(np.float64).T
    return left + across * (right - left), top + down * (bottom - top)


def _mask(masks: Masks, name: str, index: int) -> NDArray[np.bool_] | None:
    if isinstance(masks, Mapping):
        given = masks.get(name)
    elif callable(masks):
        given = masks(name)
    else:
        given = masks[index] if index < len(masks) else None
    if given is None:
        return None
    mask = np.asarray(given) > 0
    if mask.ndim != 2 or 0 in mask.shape:
        raise ImagesError(
            f"The mask of {name!r} has the shape {mask.shape}, not (height, width): true where the "
            "object is."
        )
    return mask
