"""The picture of a cell or of a unit, as it goes into a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Icon"]


@dataclass(frozen=True, slots=True)
class Icon:
    """The picture of a cell.

    Attributes
    ----------
    pixels
        uint8, (side, side, 3), RGB.
    state
        "rough" or "final".
    cosine
        Cosine of its activation to the cell's mean, where it is known.
    rank
        1 if no other cell of the grid is nearer to its activation.
    made
        What it was made with, in words.
    """

    pixels: npt.NDArray[np.uint8]
    state: str
    cosine: float | None = None
    rank: int | None = None
    made: str = ""
