"""The cells of the atlas in which a unit is most active on average."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from atlas_widget.atlas.grid import Grid

__all__ = ["SHARE", "strongest_cells"]

SHARE = 0.05
"""Share of the cells that a unit selects."""


def strongest_cells(grid: Grid, unit: int, share: float = SHARE) -> list[int]:
    """Return the cells with the largest mean activation of a unit, largest first.

    Parameters
    ----------
    grid
        The cells.
    unit
        The unit.
    share
        Share of the cells, above 0 up to 1; rounded up. Of equal means, lower numbers come first.

    Returns
    -------
    list of int
        Ids of cells; none if the unit has the same mean in all of several cells.
    """
    means = np.asarray(grid.means[:, unit], np.float32)
    if len(means) > 1 and means.min() == means.max():
        return []
    count = math.ceil(share * len(means))
    strongest = np.argsort(-means, kind="stable")[:count]
    return [int(cell) for cell in np.asarray(grid.ids)[strongest]]
