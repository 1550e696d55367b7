"""Integrated gradients of a score along the straight path of a layer from zero to its values."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from atlas_widget.errors import AtlasError
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.attention import PlainAttention
from atlas_widget.progress import CancelledCallback, check_cancelled

__all__ = ["Integrated", "integrate", "score_at_zero"]

_BATCH = 8


@dataclass(frozen=True)
class Integrated:
    """Mean gradients on the path, and the scores at its ends.

    Attributes
    ----------
    products
        Activation times mean gradient, float64 (scores, channels, rows, columns).
    prefix_tokens
        The sum of the same over tokens that are no part of the picture, for each score.
    scores, at_zero
        The scores of the image, and of a layer that is zero everywhere, prefix tokens included.
    """

    products: Tensor
    prefix_tokens: list[float]
    scores: list[float]
    at_zero: list[float]


@torch.inference_mode(False)
def integrate(
    probe: LayerProbe,
    rgb: Tensor,
    classes: list[int],
    steps: int,
    *,
    cancelled: CancelledCallback | None = None,
) -> Integrated:
    """Integrate the gradients of some scores from a layer of zeros to the layer's values.

    Sundararajan et al., "Axiomatic Attribution for Deep Networks", ICML 2017, from zero at a layer,
    by the midpoint rule: gradients at (n + ½)/N of the layer, n = 0 … N − 1. It is exact at any N
    where all that follows is linear or without biases and piecewise linear.

    Parameters
    ----------
    probe
        The layer.
    rgb
        RGB in [0, 1], (1, 3, h, w).
    classes
        Numbers of scores.
    steps
        N.
    cancelled
        Asked before each batch of steps; once it returns True, `Cancelled` is raised.
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise AtlasError(f"steps={steps!r}: a whole number, 1 or more.")
    encoder = probe.plain
    own: list[Tensor] = []
    sums: list[Tensor] = []
    scores: list[float] = []
    for start in range(0, steps, _BATCH):
        check_cancelled(cancelled)
        count = min(_BATCH, steps - start)
        shares = (torch.arange(start, start + count, dtype=torch.float64) + 0.5) / steps
        leaves: list[Tensor] = []

        def scaled(
            tensor: Tensor, shares: Tensor = shares, leaves: list[Tensor] = leaves
        ) -> Tensor:
            own[:] = [tensor[:1].detach().clone()]
            factors = shares.to(tensor.device, tensor.dtype).view(-1, *[1] * (tensor.ndim - 1))
            leaves.append((tensor.detach() * factors).requires_grad_())
            return leaves[0].clone()  # which an in-place operation may then change

        with torch.no_grad():
            inputs = encoder.prepared(rgb.expand(count, -1, -1, -1))
        with torch.enable_grad(), PlainAttention():
            output, _ = encoder.runner.through(inputs, scaled)
            found = probe.target.scores(output, count)[:, classes]
        for number in range(len(classes)):
            (gradient,) = torch.autograd.grad(
                found[:, number].sum(), leaves[0], retain_graph=number + 1 < len(classes)
            )
            part = gradient.detach().cpu().double().sum(0, keepdim=True)
            if start == 0:
                sums.append(part)
            else:
                sums[number] += part
    whole = own[0].cpu().double()
    aspect = rgb.shape[2] / rgb.shape[3]
    products = [whole * total / steps for total in sums]
    maps = [encoder.layout.as_map(each, aspect)[0] for each in products]
    others = encoder.layout.prefix or encoder.layout.suffix
    with torch.no_grad():
        scores = probe.target.scores(probe.run(rgb), 1)[0, classes].double().tolist()
    return Integrated(
        torch.stack(maps),
        [
            float(each.sum() - own_map.sum()) if others else 0.0
            for each, own_map in zip(products, maps, strict=True)
        ],
        scores,
        score_at_zero(probe, rgb)[classes].tolist(),
    )


def score_at_zero(probe: LayerProbe, rgb: Tensor) -> Tensor:
    """Return the scores for a layer that is zero everywhere, prefix tokens included, float64."""
    encoder = probe.plain
    with torch.no_grad():
        output, _ = encoder.runner.through(encoder.prepared(rgb), torch.zeros_like)
        return probe.target.scores(output, 1)[0].cpu().double()
