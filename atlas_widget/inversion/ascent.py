"""One step uphill: Adam (Kingma and Ba, 2015), damped, for every picture of a batch by itself."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from atlas_widget.inversion.settings import InversionSettings
from atlas_widget.inversion.state import InversionState

__all__ = ["ascend"]

_BETA1, _BETA2, _TINY = 0.9, 0.999, 1e-12


def ascend(
    state: InversionState, gradient: Tensor, length: Tensor, settings: InversionSettings
) -> None:
    """Move the numbers of a batch along their gradients of these lengths (n,); count the step."""
    wide = (-1,) + (1,) * (gradient.ndim - 1)
    # The score's gradients are a thousandfold smaller where the cosine is at its floor: next to
    # one lucky view, Adam would take no notice of all the others and stay where it is.
    gradient = gradient / length.clamp_min(_TINY).view(wide)
    state.first.lerp_(gradient, 1 - _BETA1)
    state.second.mul_(_BETA2).addcmul_(gradient, gradient, value=1 - _BETA2)
    damp = state.second.flatten(1).mean(1).sqrt() * max(settings.damping, 1e-6)
    below = state.second.sqrt().add_(damp.clamp_min(1e-30).view(wide))
    rates = _rates(settings, state.steps.device)
    rate = rates[state.steps.clamp(max=len(rates) - 1)]
    step = torch.div(state.first, below, out=below).mul_(rate.view(wide))
    state.numbers = state.numbers.detach() + step
    state.steps += 1


@lru_cache(maxsize=64)
def _rates(settings: InversionSettings, device: torch.device) -> Tensor:
    """Return each step's factor of Adam's direction: learning rate and moments."""
    count = torch.arange(settings.steps, device="cpu", dtype=torch.float64)
    rate = settings.learning_rate * _schedule(
        count / settings.steps, settings.warm_up, settings.decay
    )
    count = count + 1
    rate = rate * (1 - _BETA2**count).sqrt() / (1 - _BETA1**count)
    return rate.float().to(device)


def _schedule(done: Tensor, warm_up: float, decay: float) -> Tensor:
    """Part of the full learning rate: a ramp up, a plateau, half a cosine down."""
    rate = torch.ones_like(done)
    if warm_up:
        rate = rate * ((done + 0.5 * warm_up) / (1.5 * warm_up)).clamp(max=1)
    if decay:
        fall = ((done - (1 - decay)) / decay).clamp(0, 0.98)
        rate = rate * (0.5 + 0.5 * torch.cos(torch.pi * fall))
    return rate
