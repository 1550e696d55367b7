"""One step uphill: Adam (Kingma and Ba, 2015), damped, for every picture of a batch by itself."""

from __future__ import annotations

import torch
from torch import Tensor

from atlas_widget.inversion.settings import InversionSettings
from atlas_widget.inversion.state import InversionState

__all__ = ["ascend"]

_BETA1, _BETA2, _TINY = 0.9, 0.999, 1e-12


def ascend(state: InversionState, gradient: Tensor, settings: InversionSettings) -> None:
    """Move the numbers of a batch along their gradients, and count the step."""
    wide = (-1,) + (1,) * (gradient.ndim - 1)
    count = (state.steps + 1).float()
    # The score's gradients are a thousandfold smaller where the cosine is at its floor: next to
    # one lucky view, Adam would take no notice of all the others and stay where it is.
    gradient = gradient / gradient.flatten(1).norm(dim=1).clamp_min(_TINY).view(wide)
    state.first.mul_(_BETA1).add_(gradient, alpha=1 - _BETA1)
    state.second.mul_(_BETA2).addcmul_(gradient, gradient, value=1 - _BETA2)
    done = state.steps.float() / settings.steps
    rate = settings.learning_rate * _schedule(done, settings.warm_up, settings.decay)
    rate = rate / (1 - _BETA1**count)
    scale = (1 - _BETA2**count).rsqrt()
    damp = state.second.flatten(1).mean(1).sqrt() * max(settings.damping, 1e-6)
    below = (state.second.sqrt() + damp.clamp_min(1e-30).view(wide)) * scale.view(wide)
    step = state.first / below
    state.numbers = state.numbers.detach() + step * rate.view(wide)
    state.steps += 1


def _schedule(done: Tensor, warm_up: float, decay: float) -> Tensor:
    """Part of the full learning rate: a ramp up, a plateau, half a cosine down."""
    rate = torch.ones_like(done)
    if warm_up:
        rate = rate * ((done + 0.5 * warm_up) / (1.5 * warm_up)).clamp(max=1)
    if decay:
        fall = ((done - (1 - decay)) / decay).clamp(0, 0.98)
        rate = rate * (0.5 + 0.5 * torch.cos(torch.pi * fall))
    return rate
