"""A model as a whole, opened for one call, and what it says of pictures."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from atlas_widget.errors import AtlasError, AttributionError, LayerNotFoundError, LayerOutputError
from atlas_widget.probe import LayerProbe, list_layers
from atlas_widget.probe.outputs import class_scores

__all__ = ["opened_anywhere", "probabilities", "scores_of"]


@contextmanager
def opened_anywhere(
    model: nn.Module | LayerProbe,
    transform: Any = None,
    device: str | torch.device | None = None,
) -> Iterator[LayerProbe]:
    """Give a probe of whatever layer, for what is about the model as a whole."""
    if isinstance(model, LayerProbe):
        yield model
        return
    if not isinstance(model, nn.Module):
        raise AtlasError(f"The model must be a torch.nn.Module, not {type(model).__name__}.")
    with _first_probe(model, transform, device) as probe:
        yield probe
        for notice in probe.notices:
            warnings.warn(notice, stacklevel=4)


def _first_probe(model: nn.Module, transform: Any, device: Any) -> LayerProbe:
    reason: AtlasError | None = None
    for info in list_layers(model):
        try:
            return LayerProbe(model, info.name, transform=transform, device=device)
        except (LayerNotFoundError, LayerOutputError) as error:  # unused, or not one tensor
            reason = reason or error
    raise AtlasError(f"None of the model's layers can be looked into: {reason}") from reason


def scores_of(probe: LayerProbe, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the model's scores (n, classes) for pictures (n, height, width, 3)."""
    encoder = probe.accelerated()
    rgb = torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div_(255.0)
    with torch.no_grad():
        output = encoder.run(rgb)
    scores = class_scores(output, len(pictures))
    if scores is None:
        raise AttributionError(probe.no_classes or "The model gives no scores (n, classes).")
    found: NDArray[np.float32] = scores.float().cpu().numpy()
    return found


def probabilities(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a softmax of scores (n, classes), or the scores themselves if they are one already."""
    if (scores >= 0).all() and np.allclose(scores.sum(1), 1, atol=1e-3):
        return scores
    powers = np.exp(scores - scores.max(1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(1, keepdims=True)
    return shares
