"""Scale of a model's outputs over images: how much is much, and whether it tells images apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from atlas_widget.errors import AttributionError

__all__ = ["OutputScale", "output_scale"]

_MIN_IMAGES = 8
_MIN_CLASSES = 10  # with fewer, outputs of a good model are often alike by chance
_UNIFORM = 0.98  # entropy of the softmax, as a share of that of a uniform one
_ALIKE = 0.85


@dataclass(frozen=True)
class OutputScale:
    """Scale of a model's outputs over some images.

    Attributes
    ----------
    lead : float
        Median over the images of the difference between the highest and the second logit; NaN for a
        single output.
    alike : float
        Median correlation between the outputs for two images: near 0 for a network that tells them
        apart, near 1 for one that answers the same to all.
    entropy : float
        Median entropy of the softmax, as a share of the greatest possible.
    images : int
        Number of images.
    classes : int
        Number of outputs.
    """

    lead: float
    alike: float
    entropy: float
    images: int
    classes: int

    @property
    def untrained(self) -> bool:
        """True for outputs such as an untrained network has: alike for all images, near uniform.

        Never for fewer than ten outputs or eight images, which do not say. Of ImageNet's networks,
        trained ones have correlations of 0.05 and entropies of 0.4 to 0.6 over the demo's photos;
        random VGG, AlexNet and SqueezeNet 0.91 to 0.99 and 0.996 to 1.
        """
        told = self.images >= _MIN_IMAGES and self.classes >= _MIN_CLASSES
        return told and self.entropy >= _UNIFORM and self.alike >= _ALIKE


def output_scale(logits: ArrayLike) -> OutputScale:
    """Measure the scale of outputs.

    Parameters
    ----------
    logits : array_like, (images, classes)
        One row for each image; rows that are not finite do not count.

    Raises
    ------
    AttributionError
        There is no finite row.
    """
    given = np.asarray(logits, np.float64)
    rows = given[np.isfinite(given).all(1)] if given.ndim == 2 else given[:0]
    if not len(rows) or not rows.shape[1]:
        raise AttributionError(
            f"Outputs are (images, classes) with finite values, not {given.shape}."
        )
    count, classes = rows.shape
    highest = np.sort(rows, axis=1)[:, ::-1]
    lead = float(np.median(highest[:, 0] - highest[:, 1])) if classes > 1 else math.nan
    return OutputScale(lead, _alike(rows), _entropy(rows), count, classes)


def _alike(rows: NDArray[np.float64]) -> float:
    """Return the median correlation between two rows; NaN for a single one."""
    if len(rows) < 2:
        return math.nan
    centred = rows - rows.mean(1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    centred = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 0)
    pairs = np.triu_indices(len(rows), 1)
    return float(np.median((centred @ centred.T)[pairs]))


def _entropy(rows: NDArray[np.float64]) -> float:
    if rows.shape[1] < 2:
        return 0.0
    powers = np.exp(rows - rows.max(1, keepdims=True))
    shares = powers / powers.sum(1, keepdims=True)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return float(np.median(-(shares * logs).sum(1)) / math.log(rows.shape[1]))
