"""Fidelity of finished pictures: cosine to the direction they were made for, and rank."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.errors import ActivationsError

__all__ = ["cosine", "ranks", "rows_of", "unit"]

_TINY = 1e-12


def cosine(activations: Any, directions: Any) -> NDArray[np.float32]:
    """True cosine between each activation and its direction, shape (n,)."""
    a, d = rows_of(activations), rows_of(directions)
    scale = np.linalg.norm(a, axis=1) * np.linalg.norm(d, axis=1)
    result: NDArray[np.float32] = ((a * d).sum(1) / np.maximum(scale, _TINY)).astype(np.float32)
    return result


def ranks(
    activations: Any, means: Any, own: Any = None, *, centre: Any = None
) -> NDArray[np.int64]:
    """Return the number of cells nearer to each activation than its own; 0 is the best.

    Near is the cosine after the subtraction of `centre`: activations share a large common part, and
    before it is taken away everything looks like everything.

    Parameters
    ----------
    activations
        What the layer answers to the finished pictures, (n, channels).
    means
        All cells' means, (cells, channels).
    own
        Each picture's cell, as a row of `means`; the first n where not given.
    centre
        Mean of all activations; the mean of `means` where not given.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    a, m = rows_of(activations), rows_of(means)
    if a.shape[1] != m.shape[1]:
        raise ActivationsError(
            f"activations have {a.shape[1]} numbers, the cells' means {m.shape[1]}: not one layer"
        )
    middle = m.mean(0) if centre is None else np.asarray(centre, np.float64)
    cells = np.arange(len(a)) if own is None else np.asarray(own)
    if len(cells) != len(a) or (len(cells) and not 0 <= cells.min() <= cells.max() < len(m)):
        raise ActivationsError(
            f"own cells of shape {cells.shape} for {len(a)} pictures and {len(m)} cells: expected "
            "one row of `means` for each picture"
        )
    likeness = unit(a - middle) @ unit(m - middle).T
    mine = likeness[np.arange(len(a)), cells]
    return np.asarray((likeness > mine[:, None] + 1e-9).sum(1))


def rows_of(values: Any) -> NDArray[np.float64]:
    """Return an array or tensor as rows of numbers."""
    if torch.is_tensor(values):
        values = values.detach().float().cpu().numpy()
    return np.atleast_2d(np.asarray(values).astype(np.float64))


def unit(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return the rows, each scaled to length one."""
    rows = np.asarray(rows, np.float64)
    result: NDArray[np.float64] = rows / np.maximum(
        np.linalg.norm(rows, axis=1, keepdims=True), _TINY
    )
    return result
