"""Places of one image's positions on an activation atlas of the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from atlas_widget.atlas.likeness import usual_cosine
from atlas_widget.errors import AtlasError
from atlas_widget.layout import mean_places
from atlas_widget.progress import CancelledCallback, ProgressCallback

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.atlas import Atlas

__all__ = ["place_on_atlas"]

_UNUSUAL_SHARE = 0.01  # of samples are less like any sample of another image


def place_on_atlas(
    activations: NDArray[np.floating],
    atlas: Atlas,
    size: int | None = None,
    *,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> pd.DataFrame:
    """Place every position of an image on an atlas.

    Parameters
    ----------
    activations
        The layer's map, (channels, rows, columns).
    atlas
        Of the same layer.
    size
        Of the grid whose cells are named; by default the finest.
    progress, cancelled
        Called with (samples compared, samples); asked in between.

    Returns
    -------
    DataFrame
        A row for each position: ``row``, ``column``; ``x``, ``y`` in [0, 1], see
        :func:`~atlas_widget.layout.mean_places`; ``cell`` of the grid, -1 where it has none there;
        ``sample``, the one most like it, and ``image``, the name of that sample's; ``cosine`` to
        it; ``unusual``, whether 99 % of the samples are more like some sample of another image
        than the position is like any; ``borrowed``, the cell whose icon stands for the position:
        its own, or else the nearest sample's (-1 if that has none either).
    """
    import pandas as pd

    channels = atlas.activations.shape[1]
    if len(activations) != channels:
        raise AtlasError(
            f"The atlas of {atlas.layer!r} has {channels} channels, and the image's map "
            f"{len(activations)}: it is of another model or layer."
        )
    size = max(atlas.grids) if size is None else size
    rows, columns = activations.shape[1:]
    flat = np.asarray(activations, np.float32).reshape(channels, -1).T
    found = mean_places(flat, atlas.activations, atlas.xy, progress=progress, cancelled=cancelled)
    known = np.asarray(atlas.grid(size).ids)
    cells = _cells(found.places, size, known)
    of_sample = _cells(atlas.xy[found.samples], size, known)
    usual = usual_cosine(atlas, _UNUSUAL_SHARE)
    at_row, at_column = np.divmod(np.arange(rows * columns), columns)
    return pd.DataFrame(
        {
            "row": at_row,
            "column": at_column,
            "x": found.places[:, 0],
            "y": found.places[:, 1],
            "cell": cells,
            "sample": found.samples,
            "image": [atlas.samples.name(int(sample)) for sample in found.samples],
            "cosine": found.cosines,
            "unusual": found.cosines < (-1.0 if usual is None else usual),
            "borrowed": np.where(cells >= 0, cells, of_sample),
        }
    )


def _cells(places: NDArray[np.float32], size: int, known: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the cell of each place, -1 where the grid has none."""
    columns, rows = np.minimum((places * size).astype(np.int64), size - 1).T
    ids: NDArray[np.int64] = rows * size + columns
    return np.where(np.isin(ids, known), ids, -1)
