"""Real pictures of a cell or region, to test on what its direction does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.collect import sample_images
from atlas_widget.errors import AtlasError
from atlas_widget.images.opening import as_image_source

if TYPE_CHECKING:
    from torch import Tensor

    from atlas_widget.atlas import Atlas
    from atlas_widget.probe import LayerProbe

__all__ = ["Examples", "examples_of"]


@dataclass(frozen=True)
class Examples:
    """Crops in which a cell or region occurs.

    Attributes
    ----------
    rgb : Tensor, shape (n, 3, size, size)
        The crops as the network was given them.
    positions : ndarray of int64, shape (n, 2)
        Where on the layer's map the sample lies.
    direction : ndarray of float32, shape (channels,)
        The mean activation of all samples in the cell or region.
    samples : ndarray of int64, shape (n,)
        Which samples of the atlas these are.
    """

    rgb: Tensor
    positions: NDArray[np.int64]
    direction: NDArray[np.float32]
    samples: NDArray[np.int64]


def examples_of(
    atlas: Atlas,
    probe: LayerProbe,
    images: Any,
    cells: int | Sequence[int],
    *,
    size: int | None = None,
    count: int = 32,
    seed: int = 0,
) -> Examples:
    """Choose real crops of a cell or region, and its mean as the direction.

    At random, but of as many different images as there are: crops of one image say the same twice.

    Parameters
    ----------
    atlas : Atlas
    probe : LayerProbe
        Of the atlas's layer.
    images
        What the atlas was made from; see `as_image_source`.
    cells : int or sequence of int
        Ids of cells.
    size : int, optional
        Of which grid; by default the coarsest.
    count : int
        At most so many crops.
    seed : int
        Another seed gives others.

    Examples
    --------
    >>> found = examples_of(atlas, probe, images, w.selection)
    >>> print(ablate(probe, None, found.rgb, found.positions, found.direction))
    """
    grid = atlas.grid(atlas.grids[0] if size is None else size)
    ids = [int(cell) for cell in np.atleast_1d(np.asarray(cells, np.int64))]
    if not ids or count < 1:
        raise AtlasError("There is nothing to choose examples of: name a cell, and a count from 1.")
    places = sorted({grid.cell(cell) for cell in ids})
    members = np.concatenate([grid.members(place) for place in places])
    direction = np.average(grid.means[places], axis=0, weights=grid.counts[places])
    random = np.random.default_rng(seed)
    shuffled = random.permutation(members)
    order = np.argsort(_occurrence(atlas.samples.image_ids[shuffled]), kind="stable")
    chosen = np.sort(shuffled[order][:count])
    source = as_image_source(images, preprocessing=probe.preprocessing)
    return Examples(
        sample_images(atlas.samples, source, chosen, probe.input_size),
        np.asarray(atlas.samples.positions[chosen], np.int64),
        direction.astype(np.float32),
        chosen,
    )


def _occurrence(values: NDArray[np.integer]) -> NDArray[np.int64]:
    """Count, for each value, how often it occurred before."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=values[order[0]] - 1))
    lengths = np.diff(starts, append=len(values))
    before = np.empty(len(values), np.int64)
    before[order] = np.arange(len(values)) - np.repeat(starts, lengths)
    return before
