"""Real crops of a cell that its picture was not made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from atlas_widget.session.cells.scene import EXAMPLES

if TYPE_CHECKING:
    from atlas_widget.atlas.samples import Samples

__all__ = ["NEAREST", "held_out_crops"]

NEAREST = 8 * EXAMPLES
"""Samples of a cell among which its crops are chosen."""

_CROPS = 4


def held_out_crops(
    samples: Samples, nearest: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint8], bool]:
    """Return some real crops of a cell, and whether the cell's picture knows nothing of them.

    Crops of other images than the picture's own examples are of are taken first, then other crops;
    in a small cell there may be none but the examples.

    Parameters
    ----------
    samples
        All samples.
    nearest
        Those of the cell that are nearest to its mean, nearest first; the picture's examples are
        the first of them.
    """
    examples, rest = nearest[:EXAMPLES], nearest[EXAMPLES:]
    images = np.asarray(samples.image_ids)
    other = rest[~np.isin(images[rest], images[examples])]
    chosen = other if len(other) > 1 else rest
    held_out = len(chosen) > 1
    shown = (chosen if held_out else examples)[:_CROPS]
    return np.stack([samples.thumbnails.get(int(sample)) for sample in shown]), held_out
