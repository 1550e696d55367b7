"""Activations of which no atlas can be made are found before anything is made of them."""

from __future__ import annotations

import numpy as np

from atlas_widget.collect.settings import FEWEST_SAMPLES
from atlas_widget.errors import ActivationsError
from atlas_widget.moments import Moments
from atlas_widget.samples import Samples

__all__ = ["check_activations"]


def check_activations(samples: Samples, moments: Moments | None = None) -> None:
    """Raise `ActivationsError` for activations of which no atlas can be made.

    Parameters
    ----------
    samples : Samples
        What was collected.
    moments : Moments, optional
        Of their activations, where they are known; else the activations are read once.
    """
    count = len(samples)
    if count < FEWEST_SAMPLES:
        raise ActivationsError(
            f"{count} samples are too few for an atlas, which needs {FEWEST_SAMPLES} at "
            "the very least and looks well from a thousand on: give more images or num_samples."
        )
    if moments is None:
        moments = Moments.of(samples.activations, products=False)
    if moments.not_finite:
        raise ActivationsError(
            f"{moments.not_finite:,} of {count:,} activations are not finite (NaN or infinite), "
            f"the first in image {samples.name(moments.first_not_finite)!r}. Half precision or the "
            "transform may be why."
        )
    largest = max(np.abs(moments.low).max(), np.abs(moments.high).max())
    if largest == 0:
        raise ActivationsError(
            f"All {count:,} activations are zero: the layer is dead, or the transform "
            "does not feed the network what it was trained on."
        )
    if (moments.high - moments.low).max() <= 1e-6 * largest:
        raise ActivationsError(
            f"All {count:,} activations are the same: the layer does not depend on the "
            "image, or all images are the same."
        )
