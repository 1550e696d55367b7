"""Max pooling whose derivative is shared among the values of a window, not given to one.

Which of two nearly equal values is the greatest is an accident, yet plain differentiation credits
that one with everything. The relaxation is Lucid's (``MaxSmoothPoolGrad``), which *The Building
Blocks of Interpretability* (Olah et al., 2018) attributes with: values stay those of max pooling,
derivatives are those of mean(x²) / (0.01 + mean(|x|)) over the window, which favours a value in
proportion to its size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import forward_ad
from torch.overrides import TorchFunctionMode

__all__ = ["RelaxedMaxPool", "relaxed_adaptive_max_pool2d", "relaxed_max_pool2d"]

_EPSILON = 1e-2

_max_pool2d: Any = F.max_pool2d  # whose types do not know that flags may be variables
_adaptive_max_pool2d: Any = F.adaptive_max_pool2d
_unpack_dual: Any = forward_ad.unpack_dual

Pair = int | Sequence[int]


def relaxed_max_pool2d(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Pool as `torch.nn.functional.max_pool2d` does, with relaxed derivatives."""
    result = _max_pool2d(
        input.detach(), kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )
    pooled: Tensor = result[0] if return_indices else result
    kernel, spacing, margin = _pair(kernel_size), _pair(dilation), _pair(padding)
    steps = _pair(stride) if stride not in (None, (), []) else kernel

    def sums(values: Tensor) -> Tensor:
        return _window_sums(values, kernel, steps, margin, spacing, pooled.shape[-2:])

    # padding is no part of a window, be it the pooling's own or -inf that was padded before
    inside = input.detach() != -torch.inf
    values = input if inside.all() else input.masked_fill(~inside, 0.0)
    smooth = sums(values * values) / (_EPSILON * sums(inside.to(input.dtype)) + sums(values.abs()))
    return _with_derivative_of(smooth, result, return_indices)


def relaxed_adaptive_max_pool2d(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """Pool as `torch.nn.functional.adaptive_max_pool2d` does, with relaxed derivatives."""
    result = _adaptive_max_pool2d(input.detach(), output_size, return_indices)
    squares = F.adaptive_avg_pool2d(input * input, output_size)
    smooth = squares / (_EPSILON + F.adaptive_avg_pool2d(input.abs(), output_size))
    return _with_derivative_of(smooth, result, return_indices)


class RelaxedMaxPool(TorchFunctionMode):
    """Within it, and on this thread only, max pooling in two dimensions is differentiated relaxed.

    Attributes
    ----------
    count : int
        How many times there was something to relax.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        relaxed = _RELAXED.get(func)
        if relaxed is None or not _is_differentiated(args[0] if args else (kwargs or {})["input"]):
            return func(*args, **(kwargs or {}))
        self.count += 1
        return relaxed(*args, **(kwargs or {}))


def _is_differentiated(tensor: Tensor) -> bool:
    return tensor.requires_grad or _unpack_dual(tensor).tangent is not None


def _with_indices(pool: Callable[..., Any]) -> Callable[..., Any]:
    def pooled(*args: Any, **kwargs: Any) -> Any:
        return pool(*args, **{**kwargs, "return_indices": True})

    return pooled


_RELAXED: dict[Any, Callable[..., Any]] = {
    F.max_pool2d: relaxed_max_pool2d,
    torch.max_pool2d: relaxed_max_pool2d,
    F.max_pool2d_with_indices: _with_indices(relaxed_max_pool2d),
    F.adaptive_max_pool2d: relaxed_adaptive_max_pool2d,
    F.adaptive_max_pool2d_with_indices: _with_indices(relaxed_adaptive_max_pool2d),
}


def _with_derivative_of(smooth: Tensor, result: Any, return_indices: bool) -> Any:
    """Return the values of `result`, which then change as `smooth` does."""
    change = smooth - smooth.detach()  # zero, to the last bit
    return (result[0] + change, result[1]) if return_indices else result + change


def _window_sums(
    values: Tensor,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    size: Sequence[int],
) -> Tensor:
    """Sum over the windows that max pooling looks at, `size` of them."""
    missing = [
        (size[axis] - 1) * stride[axis]
        + dilation[axis] * (kernel[axis] - 1)
        + 1
        - values.shape[axis - 2]
        - padding[axis]
        for axis in (0, 1)
    ]
    padded = F.pad(values, (padding[1], missing[1], padding[0], missing[0]))
    channels = values.shape[-3]
    ones = torch.ones((channels, 1, *kernel), dtype=values.dtype, device=values.device)
    return F.conv2d(padded, ones, stride=stride, dilation=dilation, groups=channels)


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    first, *rest = value
    return int(first), int(rest[0] if rest else first)
