"""Noise to try a network on."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["same_noise"]


def same_noise(count: int, side: int) -> Tensor:
    """Return noise, RGB in [0, 1], shape (count, 3, side, side): the same at every call.

    On the CPU in float32, whichever device and dtype the user has made the default.
    """
    generator = torch.Generator().manual_seed(0)
    shape = (count, 3, side, side)
    return torch.rand(shape, generator=generator, device="cpu", dtype=torch.float32)
