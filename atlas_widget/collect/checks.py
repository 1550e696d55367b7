"""Checks before an atlas is made: of the activations, and of how many images were left out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from atlas_widget.atlas.moments import Moments
from atlas_widget.atlas.samples import Samples
from atlas_widget.collect.settings import MIN_SAMPLES
from atlas_widget.errors import ActivationsError, UnreadableImagesError
from atlas_widget.images.source import ImageSource

__all__ = ["check_activations", "check_readable"]


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
    if count < MIN_SAMPLES:
        raise ActivationsError(
            f"{count} samples are too few for an atlas, which needs {MIN_SAMPLES} at "
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


def check_readable(
    unreadable: Mapping[str, str], images: int, most: float, source: ImageSource
) -> None:
    """Raise `UnreadableImagesError` if too many images cannot be read.

    Parameters
    ----------
    unreadable : mapping of str to str
        Their names, and why, as far as that is known.
    images : int
        How many were to be read.
    most : float
        Which part of them may be unreadable.
    source : ImageSource
        The images.
    """
    if len(unreadable) <= most * images:
        return
    name, reason = next(iter(unreadable.items()))
    if len(unreadable) == images:
        count = f"None of the {images:,} images could be read"
    else:
        count = f"{len(unreadable):,} of {images:,} images could not be read"
    first = f"{name}: {reason.rstrip('.')}." if reason else f"{name}."
    raise UnreadableImagesError(
        f"{count} ({source.description}), more than the {most:.0%} that may be. The first: {first} "
        "If that is as it should be, allow more (--max-unreadable 0.5, or max_unreadable=0.5)."
    )
