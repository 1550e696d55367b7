"""Gradients that pass where a unit is off, for pictures that start on flat ground.

A ReLU that is off, or a ReLU6 that is full, lets no gradient through; a picture whose every path
ends at one cannot begin. While :class:`leaky_gradients` is in force such functions return the same
values, but their gradients leak (Lucid's "leaky_gradients ReLU" for the same trouble).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

__all__ = ["leaky_gradients"]

_LEAK = 0.1
_SATURATING = {
    torch.relu, torch.relu_, torch.Tensor.relu, torch.Tensor.relu_, torch.clamp,
    torch.Tensor.clamp, torch.Tensor.clamp_, torch.clamp_min,
    torch.Tensor.clamp_min, torch.clip, torch.Tensor.clip, torch.Tensor.clip_,
    torch.sigmoid, torch.Tensor.sigmoid, F.relu, F.relu_, F.relu6, F.hardtanh, F.hardtanh_,
    F.hardswish, F.hardsigmoid, F.gelu, F.silu, F.sigmoid,
}  # fmt: skip


class leaky_gradients(TorchFunctionMode):  # noqa: N801  (used like a function)
    """Let saturating functions leak gradients in this context, and keep their values."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call `func`; where it saturates, add a gradient and no value."""
        del types
        result = func(*args, **(kwargs or {}))
        x = args[0] if args else None
        if func in _SATURATING and isinstance(x, Tensor) and x.requires_grad:
            leak: Tensor = _LEAK * x
            return result + (leak - leak.detach())
        return result
