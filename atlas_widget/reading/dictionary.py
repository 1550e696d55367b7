"""Channels of one position, and the norms of all, as tables and grids.

After "The Building Blocks of Interpretability" (Olah et al., Distill 2018): a semantic dictionary
lists the channels that are most active at a position; an activation grid shows every position at
a size that follows its activation's norm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import AtlasError

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.atlas import Atlas

__all__ = ["ActivationGrid", "dictionary_table"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ActivationGrid:
    """Activations of one image's positions in a layer, for a picture of each.

    Attributes
    ----------
    layer
        Name of the layer.
    activations
        The layer's map, (channels, rows, columns).
    norms
        Length of each position's activation, (rows, columns).
    areas
        Area that each position's picture is drawn at: its norm over the largest, in [0, 1]; the
        side is the square root of that.
    """

    layer: str
    activations: Floats
    norms: Floats
    areas: Floats

    @classmethod
    def of(cls, layer: str, activations: Floats) -> ActivationGrid:
        """Return the grid of a layer's map, (channels, rows, columns)."""
        norms: Floats = np.linalg.norm(activations, axis=0)
        largest = float(norms.max())
        return cls(layer, activations, norms, norms / largest if largest else norms)

    @property
    def directions(self) -> Floats:
        """Activation of each position, row by row, (rows · columns, channels)."""
        return self.activations.reshape(len(self.activations), -1).T

    @property
    def strongest(self) -> list[tuple[int, int]]:
        """Positions that are not zero by falling norm; of equal ones row by row."""
        order = np.argsort(-self.norms.ravel(), kind="stable")[: np.count_nonzero(self.norms)]
        rows, columns = np.divmod(order, self.norms.shape[1])
        return list(zip(rows.tolist(), columns.tolist(), strict=True))


def dictionary_table(
    activation: Floats,
    *,
    count: int | None,
    contributions: Floats | None = None,
    atlas: Atlas | None = None,
) -> pd.DataFrame:
    """Return the channels of one activation as a table.

    Parameters
    ----------
    activation
        (channels,).
    count
        Number of channels; None: all.
    contributions
        Of each channel to a class, (channels,): the channels are sorted by these then.
    atlas
        Of the layer: its samples say how usual the activation of a channel is.

    Returns
    -------
    DataFrame
        Indexed by ``channel``, strongest first, of equal ones the lower number: ``activation``;
        ``share`` of the squared length; ``contribution``, if given; ``percentile``, which per cent
        of the atlas's samples are below, if there is an atlas.
    """
    import pandas as pd

    if count is not None and (isinstance(count, bool) or count < 1):
        raise AtlasError(f"count={count!r}: how many channels, 1 or more.")
    keys = activation if contributions is None else contributions
    order = np.argsort(-keys, kind="stable")[:count]
    power = float((activation**2).sum())
    columns = {
        "activation": activation[order],
        "share": activation[order] ** 2 / power if power else np.zeros(len(order)),
    }
    if contributions is not None:
        columns["contribution"] = contributions[order]
    if atlas is not None:
        if atlas.activations.shape[1] != len(activation):
            raise AtlasError(
                f"The atlas of {atlas.layer!r} has {atlas.activations.shape[1]} channels, and the "
                f"layer {len(activation)}: it is of another model or layer."
            )
        columns["percentile"] = _percentiles(activation, order, atlas)
    return pd.DataFrame(columns, index=pd.Index(order, name="channel"))


def _percentiles(activation: Floats, channels: NDArray[np.intp], atlas: Atlas) -> Floats:
    below, block = np.zeros(len(channels)), 32_768
    for start in range(0, len(atlas), block):
        samples = np.asarray(atlas.activations[start : start + block])[:, channels]
        below += (samples < activation[channels].astype(samples.dtype)).sum(0)
    return 100 * below / max(len(atlas), 1)
