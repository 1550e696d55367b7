"""Effect of a patch on a score: as attribution at a layer predicts it, and as it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.attribution import Target
from atlas_widget.causes.causal_test import CausalTest
from atlas_widget.causes.pasting import Box, paste
from atlas_widget.probe import LayerProbe
from atlas_widget.progress import CancelledCallback, check_cancelled

__all__ = ["paste_effect"]


def paste_effect(
    probe: LayerProbe,
    pictures: NDArray[np.uint8],
    patch: NDArray[np.uint8],
    boxes: Sequence[Box],
    target: Target,
    *,
    batch_size: int = 8,
    cancelled: CancelledCallback | None = None,
) -> CausalTest:
    """Compare a patch's predicted and actual effect.

    Predicted is attribution on the picture with the patch, where it can be seen as in the atlas:
    how the patch changes the layer's map, times the gradient of the score there. (The gradient
    without the patch knows nothing of units that only the patch wakes.)

    Parameters
    ----------
    probe : LayerProbe
    pictures : ndarray of uint8, (n, height, width, 3)
    patch : ndarray of uint8, (height, width, 3)
    boxes : sequence of Box
        Where it goes on each picture.
    target : Target
        The scores, made ready for the probe.
    batch_size, cancelled
        As for `ablate`.
    """
    predicted, actual, changed = [], [], []
    for start in range(0, len(pictures), batch_size):
        check_cancelled(cancelled)
        plain = pictures[start : start + batch_size]
        places = boxes[start : start + batch_size]
        pasted = np.stack(
            [paste(each, patch, box) for each, box in zip(plain, places, strict=True)]
        )
        before, after = _rgb(plain), _rgb(pasted)
        maps, gradients = probe.derivatives.gradients(after, target.scores)
        with torch.no_grad():
            difference = maps - probe.accelerated()(before)
            scores = [
                target.scores(probe.intervene(each, lambda own: own), len(plain))
                for each in (before, after)
            ]
        predicted.append(torch.stack([(difference * each).sum((1, 2, 3)) for each in gradients], 1))
        actual.append(scores[1] - scores[0])
        changed.append((difference != 0).any(1).sum((1, 2)))
    return CausalTest(
        torch.cat(predicted).float().cpu().numpy(),
        torch.cat(actual).float().cpu().numpy(),
        target.names or tuple(f"class {index}" for index in range(actual[0].shape[1])),
        torch.cat(changed).cpu().numpy(),
        "patch pasted",
    )


def _rgb(pictures: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div_(255.0)
