"""Weights between units: the kernels of a layer, and what they amount to over several layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from atlas_widget.errors import AtlasError, AttributionError, check_unit
from atlas_widget.probe.several import open_layers
from atlas_widget.units.between import between_layers

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe

__all__ = ["expanded_between", "expanded_weights", "unit_kernel"]

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def expanded_weights(
    model: nn.Module,
    lower: str,
    upper: str,
    unit: int,
    *,
    transform: Any = None,
    device: str | torch.device | None = None,
    input_size: int | None = None,
) -> npt.NDArray[np.float32]:
    """Return the weights from the units of a lower layer to a unit, over the layers in between.

    The derivative of the unit in the middle of its map with respect to the lower layer, with ReLU,
    GELU, SiLU and their like replaced by the identity and max pooling by average pooling: *expanded
    weights* of Voss et al., *Visualizing Weights* (Distill, 2021). Between two layers that follow
    each other these are the weights themselves (`unit_kernel`). Over more they say what the network
    could do, not what it does: where nonlinearities matter, contributions that never occur together
    cancel or add up. Whatever else is not linear (gates, attention, softmax) counts as it is at a
    grey picture.

    Parameters
    ----------
    model
        A vision model; it is copied, never changed.
    lower, upper
        Names of two layers, of which the first runs before the second.
    unit
        The unit of the upper layer.
    transform, device, input_size
        See :class:`~atlas_widget.probe.LayerProbe`.

    Returns
    -------
    ndarray of float32, (units of the lower layer, rows, columns)
        Cut to the positions of the lower map that reach the unit.

    Raises
    ------
    AtlasError
        There is no such unit; or the lower layer does not run before the upper one.
    AttributionError
        No derivative gets from one layer to the other.

    Examples
    --------
    >>> weights = expanded_weights(resnet18(), "layer1", "layer2.0.conv1", 7)
    """
    probes = open_layers(
        model, [lower, upper], transform=transform, device=device, input_size=input_size
    )
    try:
        before, after = probes
        return expanded_between(before, after, unit)
    finally:
        for probe in probes:
            probe.close()


def expanded_between(before: LayerProbe, after: LayerProbe, unit: int) -> npt.NDArray[np.float32]:
    """Do what :func:`expanded_weights` does with probes of one model that are open already.

    Parameters
    ----------
    before, after
        Probes of the lower and the upper layer.
    unit
        The unit of the upper layer.
    """
    check_unit(unit, after.channels, after.layer)
    grey = torch.full((1, 3, after.input_size, after.input_size), 0.5)
    with torch.inference_mode(False), LinearOnly():
        below, above = between_layers(before, after, grey)
        own = after.plain.layout.as_map(above)[0, unit]
        middle = own[own.shape[0] // 2, own.shape[1] // 2]
        gradient = (
            torch.autograd.grad(middle, below, allow_unused=True)[0]
            if middle.requires_grad and below.requires_grad
            else None
        )
    if gradient is None:
        raise AttributionError(
            f"No derivative gets from {after.layer!r} back to {before.layer!r}: the model "
            "detaches in between, or the one does not depend on the other."
        )
    weights = before.plain.layout.as_map(gradient)[0].detach().float().cpu()
    used = (weights != 0).any(0)
    rows, columns = used.any(1).nonzero().flatten(), used.any(0).nonzero().flatten()
    if not len(rows):
        return weights[:, :0, :0].numpy()
    cut = weights[:, int(rows[0]) : int(rows[-1]) + 1, int(columns[0]) : int(columns[-1]) + 1]
    result: npt.NDArray[np.float32] = cut.contiguous().numpy()
    return result


class LinearOnly(TorchFunctionMode):
    """Within it, and on this thread only, rectifiers do nothing and max pooling takes the mean."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        linear = _LINEAR.get(func, func)
        return linear(*args, **(kwargs or {}))


def _same(input: Tensor, *_args: Any, **_options: Any) -> Tensor:
    return input


def _average(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,  # noqa: ARG001  (which average pooling has not)
    ceil_mode: bool = False,
    return_indices: bool = False,  # noqa: ARG001
) -> Tensor:
    steps = stride if stride not in (None, (), []) else kernel_size
    return F.avg_pool2d(input, kernel_size, steps, padding, ceil_mode)


_RECTIFIERS: tuple[Callable[..., Any], ...] = (
    F.relu,
    F.relu_,
    torch.relu,
    torch.relu_,
    Tensor.relu,
    Tensor.relu_,
    F.relu6,
    F.leaky_relu,
    F.elu,
    F.selu,
    F.celu,
    F.gelu,
    F.silu,
    F.mish,
    F.softplus,
    F.hardswish,
    F.hardtanh,
    F.prelu,
)

_LINEAR: Mapping[Any, Callable[..., Any]] = {
    **dict.fromkeys(_RECTIFIERS, _same),
    F.max_pool2d: _average,
    torch.max_pool2d: _average,
}


def unit_kernel(model: nn.Module, layer: str, unit: int) -> npt.NDArray[np.float32]:
    """Return the weights of a unit of a convolution or linear layer, (inputs, rows, columns).

    In the order of cross-correlation, as PyTorch keeps them. Where the layer is a batch norm right
    behind a convolution in its block, or is followed by one, its factor γ / √(v + ε) is included.
    Of grouped convolutions the inputs of other groups are 0.

    Parameters
    ----------
    model
        The model, which is only read.
    layer
        The name of a ``Conv2d``, a ``Linear`` or a ``BatchNorm2d`` behind one.
    unit
        The unit.

    Raises
    ------
    AtlasError
        The layer has no such unit, or no weights of its own.
    """
    from atlas_widget.probe.layers import find_layer
    from atlas_widget.probe.private_copy import unwrapped

    plain = unwrapped(model)
    _, module = find_layer(plain, layer)
    parent = plain.get_submodule(layer.rpartition(".")[0])
    siblings = list(parent.children())
    place = next(at for at, child in enumerate(siblings) if child is module)
    norm: nn.Module | None = None
    if isinstance(module, _BATCH_NORMS):
        norm, module = module, siblings[place - 1] if place else module
    elif place + 1 < len(siblings) and isinstance(siblings[place + 1], _BATCH_NORMS):
        norm = siblings[place + 1]
    if not isinstance(module, nn.Conv2d | nn.Linear):
        raise AtlasError(
            f"The layer {layer!r} is a {type(module).__name__}, which has no weights from unit to "
            "unit: name a convolution or linear layer; unit_inputs() tells what any layer takes "
            "up on real images."
        )
    weight = module.weight.detach().float().cpu()
    check_unit(unit, len(weight), layer)
    own = weight[unit].reshape(weight.shape[1], *weight.shape[2:] or (1, 1))
    if isinstance(module, nn.Conv2d) and module.groups > 1:
        per_group = len(weight) // module.groups
        start = unit // per_group * weight.shape[1]
        whole = torch.zeros(module.in_channels, *own.shape[1:])
        whole[start : start + weight.shape[1]] = own
        own = whole
    if norm is not None:
        own = own * _factor(norm, unit)
    kernel: npt.NDArray[np.float32] = own.numpy()
    return kernel


def _factor(norm: Any, unit: int) -> float:
    """Return γ / √(v + ε) of a unit."""
    gamma = 1.0 if norm.weight is None else float(norm.weight.detach()[unit])
    return gamma / float(torch.sqrt(norm.running_var[unit] + norm.eps))
