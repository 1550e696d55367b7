"""Activations of which no atlas can be made are found before anything is made of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from atlas_widget.collect.settings import FEWEST_SAMPLES
from atlas_widget.errors import ActivationsError
from atlas_widget.samples import Samples

__all__ = ["check_activations"]


def check_activations(samples: Samples) -> None:
    """Raise `ActivationsError` for activations of which no atlas can be made."""
    activations = samples.activations
    if len(activations) < FEWEST_SAMPLES:
        raise ActivationsError(
            f"{len(activations)} samples are too few for an atlas, which needs {FEWEST_SAMPLES} at "
            "the very least and looks well from a thousand on: give more images or num_samples."
        )
    bad: NDArray[np.bool_] = np.logical_not(np.isfinite(activations).all(axis=1))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise ActivationsError(
            f"{int(bad.sum()):,} of {len(bad):,} activations are not finite (NaN or infinite), the "
            f"first in image {samples.name(first)!r}. Half precision or the transform may be why."
        )
    if not activations.any():
        raise ActivationsError(
            f"All {len(activations):,} activations are zero: the layer is dead, or the transform "
            "does not feed the network what it was trained on."
        )
    if np.ptp(activations, axis=0).max() <= 1e-6 * np.abs(activations).max():
        raise ActivationsError(
            f"All {len(activations):,} activations are the same: the layer does not depend on the "
            "image, or all images are the same."
        )
