"""Control of a unit's tuning: its answers to phase-scrambled copies of its best stimulus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from atlas_widget.probe import LayerProbe
from atlas_widget.probe.opening import opened
from atlas_widget.units.field import Field
from atlas_widget.units.stimuli import GREY

if TYPE_CHECKING:
    from atlas_widget.units.tuning_curves import Tuning

__all__ = ["Band", "scrambled_band"]

_SCRAMBLED = 64


@dataclass(frozen=True)
class Band:
    """Control of a unit's tuning: answers to phase-scrambled copies of its best stimulus.

    A copy has the amplitudes of all spatial frequencies, and random phases.

    Attributes
    ----------
    low, high
        2.5 and 97.5 % quantiles of the answers to 64 copies.
    best
        The answer to the stimulus itself.
    """

    low: float
    high: float
    best: float


def scrambled_band(
    model: nn.Module | LayerProbe,
    found: Tuning,
    unit: int,
    name: str | None = None,
    *,
    seed: int = 0,
) -> Band:
    """Return how a unit answers to phase-scrambled copies of its best stimulus.

    Parameters
    ----------
    model
        The model, or a probe of the layer.
    found
        The unit's tuning.
    unit
        The unit.
    name
        The set whose best stimulus is meant; None: the best of all.
    seed
        Seed of the phases.
    """
    best = found.best(unit, name)
    picture = found.sets[best["set"]].pictures[best["number"]]
    generator = torch.Generator().manual_seed(seed)
    copies = torch.stack([_scramble(picture, generator) for _ in range(_SCRAMBLED)])
    layer = None if isinstance(model, LayerProbe) else found.layer
    with torch.inference_mode(False), opened(model, layer) as probe:
        answers = Field.of(probe).answers(copies)[:, unit]
    low, high = np.quantile(answers, [0.025, 0.975])
    return Band(float(low), float(high), float(best["response"]))


def _scramble(picture: Tensor, generator: torch.Generator) -> Tensor:
    """Return a picture with the same amplitudes and random phases, the same in all colours."""
    side = picture.shape[-1]
    spectrum = torch.fft.rfft2(picture - GREY)
    noise = torch.fft.rfft2(torch.randn(side, side, generator=generator))
    turned = spectrum.abs() * noise / noise.abs().clamp_min(1e-12)
    scrambled: Tensor = torch.fft.irfft2(turned, s=(side, side)) + GREY
    return scrambled.clamp(0, 1)
