"""Lay samples out by what the user chose, or by our own UMAP where umap-learn cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.layout.neighbor_index import Activations
from atlas_widget.layout.others import OtherLayout
from atlas_widget.layout.plane import umap_layout
from atlas_widget.layout.process import LayoutProcessError

__all__ = ["LaidOut", "lay_out"]


@dataclass(frozen=True)
class LaidOut:
    """Places of samples, and what they are by.

    Attributes
    ----------
    xy : ndarray of float32, shape (n, 2)
        Places in [0, 1].
    method : OtherLayout or None
        What laid out; None for our own UMAP.
    notices : tuple of str
        What the user should know about it.
    """

    xy: NDArray[np.float32]
    method: OtherLayout | None
    notices: tuple[str, ...] = ()


def lay_out(
    activations: NDArray[np.floating] | Activations,
    method: OtherLayout | None,
    **options: Any,
) -> LaidOut:
    """Lay samples out by `umap_layout`; by our own UMAP if umap-learn is missing or broken.

    Parameters
    ----------
    activations : array-like, shape (n, channels)
        The samples.
    method : OtherLayout or None
        From `other_layout`. One that the user named beside umap-learn has no substitute.
    **options
        Further parameters of `umap_layout`.

    Raises
    ------
    ActivationsError, AtlasError, Cancelled
        See `umap_layout`.
    """
    try:
        return LaidOut(umap_layout(activations, other=method, **options), method)
    except LayoutProcessError as error:
        xy = umap_layout(activations, other=None, **options)
        notice = (
            f"umap-learn cannot be used ({error}), so atlas_widget's own UMAP laid the samples "
            "out (layout_method='umap-torch'). `pip install --force-reinstall umap-learn numba` "
            "may mend it."
        )
        return LaidOut(xy, None, (notice,))
