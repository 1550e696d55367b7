"""Wiring between the units of two layers: by weights, and on real images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.pictures import as_rgb
from atlas_widget.probe.several import open_layers
from atlas_widget.progress import CancelledCallback, check_cancelled

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["unit_inputs", "unit_kernel"]

_BATCH = 8
_INTERVAL = 1.96  # standard errors on each side: 95 %
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class _Reached(Exception):  # noqa: N818  (a signal, not an error)
    """Both layers have run."""


def unit_inputs(
    model: nn.Module,
    lower: str,
    upper: str,
    unit: int,
    images: Any,
    *,
    at: str = "everywhere",
    transform: Any = None,
    device: str | torch.device | None = None,
    input_size: int | None = None,
    cancelled: CancelledCallback | None = None,
) -> pd.DataFrame:
    """Return which units of a lower layer a unit's activation comes from, on real images.

    Attribution of the unit's activation to the lower layer's channels: activation times gradient,
    summed over positions; one backward pass an image gives all channels. The unit's activation is
    split exactly where nothing but convolutions, ReLUs and pooling lies between; the row ``rest``
    (unit −1) is what is left: biases, and the nonlinear part of other functions.

    Parameters
    ----------
    model
        A vision model; it is copied, never changed.
    lower, upper
        Names of two layers, of which the first runs before the second.
    unit
        The unit of the upper layer.
    images
        A few images, such as the unit's strongest examples: a tensor (n, 3, h, w) in [0, 1], an
        array (n, h, w, 3) or a list of PIL images.
    at
        ``"everywhere"``: the unit's activation summed over its map; ``"maximum"``: at its
        strongest position.
    transform, device, input_size
        See :class:`~atlas_widget.probe.LayerProbe`.
    cancelled
        Asked now and then; once it returns True, `Cancelled` is raised.

    Returns
    -------
    DataFrame
        A row for each unit of the lower layer, indexed by ``unit``, strongest first, and the rest
        last: ``contribution``, the mean over images; ``low`` and ``high``, its 95 % interval by
        image; ``share``, of the sum of all sizes.

    Raises
    ------
    AtlasError
        There is no such unit; or the lower layer does not run before the upper one.
    AttributionError
        No derivative gets from one layer to the other.
    """
    import pandas as pd

    if at not in ("everywhere", "maximum"):
        raise AtlasError(f"at={at!r}: 'everywhere' or 'maximum'.")
    probes = open_layers(
        model, [lower, upper], transform=transform, device=device, input_size=input_size
    )
    try:
        with torch.inference_mode(False):
            before, after = probes
            if isinstance(unit, bool) or not 0 <= unit < after.channels:
                raise AtlasError(
                    f"There is no unit {unit!r:.60}: the layer {upper!r} has the units 0 to "
                    f"{after.channels - 1}."
                )
            rgb = as_rgb(images, after.input_size)
            rows = []
            for some in torch.split(rgb, _BATCH):
                check_cancelled(cancelled)
                rows.append(_contributions(before, after, unit, some, at))
    finally:
        for probe in probes:
            probe.close()
    values = np.concatenate(rows)  # (images, units + 1)
    mean = values.mean(0)
    error = values.std(0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan * mean
    table = pd.DataFrame(
        {
            "contribution": mean,
            "low": mean - _INTERVAL * error,
            "high": mean + _INTERVAL * error,
            "share": np.abs(mean) / max(float(np.abs(mean).sum()), 1e-30),
        },
        index=pd.Index([*range(len(mean) - 1), -1], name="unit"),
    )
    order = np.argsort(-np.abs(mean[:-1]), kind="stable")
    return table.iloc[[*order.tolist(), len(mean) - 1]]


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
    if isinstance(unit, bool) or not 0 <= unit < len(weight):
        raise AtlasError(
            f"There is no unit {unit!r:.60}: the layer {layer!r} has the units 0 to "
            f"{len(weight) - 1}."
        )
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


def _contributions(
    before: LayerProbe, after: LayerProbe, unit: int, rgb: Tensor, at: str
) -> npt.NDArray[np.float64]:
    """Return contributions of each lower unit, and what is left, (images, units + 1)."""
    found: dict[int, Tensor] = {}

    def hook_of(number: int) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            if number in found or not isinstance(output, Tensor):
                return
            found[number] = output
            if number == 1:
                raise _Reached

        return hook

    encoder = after.plain
    network = encoder.runner.network
    modules = [probe.plain.runner.module for probe in (before, after)]
    inputs = encoder.prepared(rgb).detach().requires_grad_()
    with (
        torch.enable_grad(),
        network.hooked([(module, hook_of(number)) for number, module in enumerate(modules)]),
    ):
        try:
            network(inputs)
        except _Reached:
            pass
        except Exception:
            if len(found) < 2:
                raise
    if 0 not in found or 1 not in found:
        raise AtlasError(
            f"The layer {before.layer!r} does not run before {after.layer!r}, or one of them does "
            "not return a tensor."
        )
    ratio = rgb.shape[2] / rgb.shape[3]
    own = after.plain.layout.as_map(found[1], ratio)[:, unit].flatten(1)
    score = own.sum(1) if at == "everywhere" else own.max(1).values
    gradients = torch.autograd.grad(score.sum(), found[0], allow_unused=True)[0] if (
        score.requires_grad and found[0].requires_grad
    ) else None  # fmt: skip
    if gradients is None:
        raise AttributionError(
            f"No derivative gets from {after.layer!r} back to {before.layer!r}: the model detaches "
            "in between, or the one does not depend on the other."
        )
    lower = before.plain.layout.as_map(found[0] * gradients, ratio)
    parts = lower.detach().flatten(2).sum(2).double()
    rest = score.detach().double() - parts.sum(1)
    values: npt.NDArray[np.float64] = torch.cat([parts, rest[:, None]], 1).cpu().numpy()
    return values
