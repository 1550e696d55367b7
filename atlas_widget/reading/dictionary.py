"""Channels of one position, and the norms of all, as tables and grids.

After "The Building Blocks of Interpretability" (Olah et al., Distill 2018): a semantic dictionary
lists the channels that are most active at a position; an activation grid shows every position at
a size that follows its activation's norm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import AtlasError
from atlas_widget.reading.classes import Class
from atlas_widget.reading.image_in_layers import ImageInLayers
from atlas_widget.reading.places import Position

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.atlas import Atlas
    from atlas_widget.inversion import Icons

__all__ = ["ActivationGrid", "dictionary", "position_pictures"]

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


def dictionary(
    seen: ImageInLayers,
    layer: str,
    position: Position,
    *,
    count: int | None,
    by: Class | None = None,
    versus: Class | None = None,
    stats: pd.DataFrame | None = None,
    atlas: Atlas | None = None,
) -> pd.DataFrame:
    """Return the channels of one position; see `ImageReading.dictionary`."""
    row, column = seen.position(layer, position)
    own, argued = seen.activations(layer)[:, row, column], None
    if by is not None:
        argued = seen.contributions(layer, by, versus).products[:, row, column].numpy()
    elif versus is not None:
        raise AtlasError(f"versus={versus!r} needs the class that is compared with it: by=.")
    return _table(own, count=count, contributions=argued, stats=stats, atlas=atlas)


def _table(
    activation: Floats,
    *,
    count: int | None,
    contributions: Floats | None = None,
    stats: pd.DataFrame | None = None,
    atlas: Atlas | None = None,
) -> pd.DataFrame:
    import pandas as pd

    if count is not None and (isinstance(count, bool) or count < 1):
        raise AtlasError(f"count={count!r}: how many channels, 1 or more.")
    z = None if stats is None else _z_scores(activation, stats)
    keys = next(each for each in (contributions, z, activation) if each is not None)
    order = np.argsort(-keys, kind="stable")[:count]
    power = float((activation**2).sum())
    columns = {
        "activation": activation[order],
        "share": activation[order] ** 2 / power if power else np.zeros(len(order)),
    }
    if contributions is not None:
        columns["contribution"] = contributions[order]
    if z is not None:
        columns["z"] = z[order]
    if atlas is not None:
        if atlas.activations.shape[1] != len(activation):
            raise AtlasError(
                f"The atlas of {atlas.layer!r} has {atlas.activations.shape[1]} channels, and the "
                f"layer {len(activation)}: it is of another model or layer."
            )
        columns["percentile"] = _percentiles(activation, order, atlas)
    return pd.DataFrame(columns, index=pd.Index(order, name="channel"))


def position_pictures(
    seen: ImageInLayers, layer: str, positions: Sequence[Position] | None, **options: Any
) -> Icons:
    """Return a picture of each position; see `ImageReading.pictures`."""
    from atlas_widget.inversion import invert

    own = seen.activations(layer)
    wanted = ActivationGrid.of(layer, own).strongest if positions is None else positions
    places = [seen.position(layer, each) for each in wanted]
    if not places:
        raise AtlasError(f"There is no position of layer {layer!r} to picture.")
    directions = np.stack([own[:, row, column] for row, column in places])
    return invert(seen.probe(layer), directions=directions, **options)


def _z_scores(activation: Floats, stats: pd.DataFrame) -> Floats:
    missing = [name for name in ("mean", "std") if name not in stats]
    if missing or len(stats) != len(activation):
        raise AtlasError(
            f"stats has {len(stats)} rows and the columns {', '.join(map(str, stats))}; for a "
            f"layer of {len(activation)} channels give scan_units(…).stats(layer), which has a row "
            "for each channel, with its mean and std."
        )
    mean, std = stats["mean"].to_numpy(np.float64), stats["std"].to_numpy(np.float64)
    z: Floats = np.where(std > 0, (activation - mean) / np.where(std > 0, std, 1.0), 0.0)
    return z


def _percentiles(activation: Floats, channels: NDArray[np.intp], atlas: Atlas) -> Floats:
    below, block = np.zeros(len(channels)), 32_768
    for start in range(0, len(atlas), block):
        samples = np.asarray(atlas.activations[start : start + block])[:, channels]
        below += (samples < activation[channels].astype(samples.dtype)).sum(0)
    return 100 * below / max(len(atlas), 1)
