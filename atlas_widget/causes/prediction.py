"""Predictions of a model for a picture in words, with and without a patch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from atlas_widget.attribution.class_names import class_name
from atlas_widget.causes.pictures import as_pixels
from atlas_widget.causes.running import opened_anywhere, probabilities, scores_of
from atlas_widget.errors import AtlasError
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.pictures import as_rgb

__all__ = ["Prediction", "predict"]


@dataclass(frozen=True)
class Prediction:
    """Score and probability of one class for a picture.

    Attributes
    ----------
    index : int
        Of the class.
    label : str
    score : float
        As the model gives it.
    probability : float
        The softmax of all scores; the score itself where the model ends in a softmax.
    """

    index: int
    label: str
    score: float
    probability: float


def predict(
    model: nn.Module | LayerProbe,
    images: Any,
    *,
    top: int = 5,
    classes: Sequence[int] = (),
    labels: Sequence[str] | None = None,
    transform: Any = None,
    batch_size: int = 16,
) -> list[list[Prediction]]:
    """Return what a model says of pictures.

    Parameters
    ----------
    model : nn.Module or LayerProbe
        A model, left exactly as it is; or a probe, which is faster for several calls: one picture
        then costs little more than a forward pass.
    images : Tensor, array or list of PIL images
        RGB: (n, height, width, 3) of 8 bits, or a tensor (n, 3, height, width) in [0, 1].
    top : int
        How many classes, the likeliest first.
    classes : sequence of int
        Further classes to tell about; they follow.
    labels : sequence of str, optional
        The classes' names.
    transform : optional
        As for `LayerProbe`.
    batch_size : int
        Pictures at a time.

    Returns
    -------
    list of list of Prediction
        For each picture.
    """
    if top < 0 or batch_size < 1:
        raise AtlasError(f"top={top} and batch_size={batch_size} must be positive.")
    with opened_anywhere(model, transform) as probe:
        pictures = as_pixels(as_rgb(images, probe.input_size))
        found = []
        for start in range(0, len(pictures), batch_size):
            scores = scores_of(probe, pictures[start : start + batch_size])
            shares = probabilities(scores)
            for own, share in zip(scores, shares, strict=True):
                best = np.argsort(-own, kind="stable")[:top].tolist()
                wanted = [*best, *(index for index in classes if index not in best)]
                found.append(
                    [
                        Prediction(
                            index, class_name(index, labels), float(own[index]), float(share[index])
                        )
                        for index in wanted
                    ]
                )
        return found
