"""Constants that a network adds on the way to its scores, and what they contribute.

In a network of convolutions, ReLUs, pooling and batch norms in evaluation, a score is the sum of
activation times gradient at a layer and of constant times gradient over all constants added behind
it (Srinivas & Fleuret, "Full-Gradient Representation for Neural Network Visualization", NeurIPS
2019): biases, the shift β − μγ/√(v + ε) of a batch norm, the ceiling of a ReLU6 where it is
reached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

__all__ = ["AddedConstants"]

Arguments = tuple[Any, ...]
Options = dict[str, Any]
Finder = Callable[[Tensor, Arguments, Options], "Tensor | None"]
"""From an operation's result and its arguments to the constant in the result, or None."""


class AddedConstants(TorchFunctionMode):
    """Within it, and on this thread only, operations that add a constant are watched.

    Attributes
    ----------
    functions : list
        The autograd function of each operation that adds one, in the order in which they ran.
    """

    def __init__(self) -> None:
        super().__init__()
        self.functions: list[Any] = []
        self._parts: list[Tensor | None] = []

    def __torch_function__(
        self, func: Any, types: Any, args: Arguments = (), kwargs: Options | None = None
    ) -> Any:
        options = kwargs or {}
        result = func(*args, **options)
        find = _FINDERS.get(func)
        if find is not None and isinstance(result, Tensor) and result.requires_grad:
            with torch.no_grad():
                constant = find(result.detach(), args, options)
            if constant is not None:
                self._watch(result, constant)
        return result

    def _watch(self, result: Tensor, constant: Tensor) -> None:
        # the list alone: a hook that held `functions`, of which its own is one, were never freed
        number, parts = len(self.functions), self._parts
        self.functions.append(result.grad_fn)
        parts.append(None)

        def hook(gradient: Tensor) -> None:
            parts[number] = (gradient * constant.to(gradient)).sum()

        # for its values as they are now, whatever changes them later
        result.register_hook(hook)  # type: ignore[no-untyped-call]

    def start(self) -> None:
        """Forget the contributions to what was differentiated before."""
        self._parts[:] = [None] * len(self.functions)

    def contributions(self) -> list[float]:
        """Return constant times gradient for what was differentiated last, for each operation."""
        return [0.0 if part is None else float(part.detach().cpu()) for part in self._parts]


def _argument(args: Arguments, options: Options, position: int, name: str, default: Any) -> Any:
    return args[position] if len(args) > position else options.get(name, default)


def _bias(position: int, *, last: bool = False) -> Finder:
    """Return a finder of a bias, of the second dimension or of the last ones."""

    def find(result: Tensor, args: Arguments, options: Options) -> Tensor | None:
        bias = _argument(args, options, position, "bias", None)
        if bias is None:
            return None
        return bias.detach() if last else _along_channels(bias.detach(), result)

    return find


def _batch_norm(result: Tensor, args: Arguments, options: Options) -> Tensor | None:
    names = ("running_mean", "running_var", "weight", "bias")
    mean, variance, weight, bias = (
        _argument(args, options, position, name, None) for position, name in enumerate(names, 1)
    )
    if mean is None or _argument(args, options, 5, "training", False):
        return None
    epsilon = _argument(args, options, 7, "eps", 1e-5)
    shift = -mean / (variance + epsilon).sqrt() * (1.0 if weight is None else weight)
    return _along_channels((shift if bias is None else shift + bias).detach(), result)


def _along_channels(values: Tensor, result: Tensor) -> Tensor:
    return values.reshape(-1, *[1] * (result.ndim - 2))


def _limits(low: tuple[int, str, Any], high: tuple[int, str, Any]) -> Finder:
    """Return a finder of the limits of an operation where they are reached."""

    def find(result: Tensor, args: Arguments, options: Options) -> Tensor | None:
        constant = None
        for limit in (_argument(args, options, *low), _argument(args, options, *high)):
            if not (isinstance(limit, int | float) and limit):
                continue
            reached = result == limit
            if reached.any():
                part = reached.to(result) * limit
                constant = part if constant is None else constant + part
        return constant

    return find


_SIX = _limits((9, "", None), (9, "", 6.0))
_CLAMP = _limits((1, "min", None), (2, "max", None))
_HARD = _limits((1, "min_val", -1.0), (2, "max_val", 1.0))
_FINDERS: dict[Any, Finder] = {
    **dict.fromkeys(
        (
            F.conv1d,
            F.conv2d,
            F.conv3d,
            F.conv_transpose1d,
            F.conv_transpose2d,
            F.conv_transpose3d,
        ),
        _bias(2),
    ),
    F.linear: _bias(2, last=True),
    F.layer_norm: _bias(3, last=True),
    F.group_norm: _bias(3),
    F.batch_norm: _batch_norm,
    F.relu6: _SIX,
    F.hardtanh: _HARD,
    F.hardtanh_: _HARD,
    torch.clamp: _CLAMP,
    torch.Tensor.clamp: _CLAMP,
    torch.Tensor.clamp_: _CLAMP,
}
