"""Wiring between the units of two layers on real images, by attribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, AttributionError, check_unit
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.outputs import tensor_at
from atlas_widget.probe.pictures import as_rgb
from atlas_widget.probe.several import open_layers
from atlas_widget.progress import CancelledCallback, check_cancelled
from atlas_widget.units.between import between_layers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["inputs_of_unit", "outputs_of_unit", "unit_inputs", "unit_outputs"]

_BATCH = 8
_INTERVAL = 1.96  # standard errors on each side: 95 %


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
    probes = open_layers(
        model, [lower, upper], transform=transform, device=device, input_size=input_size
    )
    try:
        before, after = probes
        rgb = as_rgb(images, after.input_size)
        return inputs_of_unit(before, after, unit, rgb, at=at, cancelled=cancelled)
    finally:
        for probe in probes:
            probe.close()


def unit_outputs(
    model: nn.Module,
    lower: str,
    upper: str,
    unit: int,
    images: Any,
    *,
    transform: Any = None,
    device: str | torch.device | None = None,
    input_size: int | None = None,
    cancelled: CancelledCallback | None = None,
) -> pd.DataFrame:
    """Return which units of an upper layer a unit's activation goes to, on real images.

    Attribution of the upper units, each summed over its map, to one channel of the lower layer:
    its activation times the gradient, summed over positions. One pass in forward mode gives all
    upper units.

    Parameters
    ----------
    model
        A vision model; it is copied, never changed.
    lower, upper
        Names of two layers, of which the first runs before the second.
    unit
        The unit of the lower layer.
    images, transform, device, input_size, cancelled
        As for :func:`unit_inputs`.

    Returns
    -------
    DataFrame
        A row for each unit of the upper layer, indexed by ``unit``, strongest first:
        ``contribution``, the mean over images; ``low`` and ``high``, its 95 % interval by image;
        ``share``, of the sum of all sizes.

    Raises
    ------
    AtlasError
        There is no such unit; or the lower layer does not run before the upper one.
    AttributionError
        The upper layer does not depend on the lower one.
    """
    probes = open_layers(
        model, [lower, upper], transform=transform, device=device, input_size=input_size
    )
    try:
        before, after = probes
        rgb = as_rgb(images, before.input_size)
        return outputs_of_unit(before, after, unit, rgb, cancelled=cancelled)
    finally:
        for probe in probes:
            probe.close()


def inputs_of_unit(
    before: LayerProbe,
    after: LayerProbe,
    unit: int,
    rgb: Tensor,
    *,
    at: str = "everywhere",
    cancelled: CancelledCallback | None = None,
) -> pd.DataFrame:
    """Do what :func:`unit_inputs` does with probes of one model that are open already.

    Parameters
    ----------
    before, after
        Probes of the lower and the upper layer.
    unit
        The unit of the upper layer.
    rgb
        The images, (n, 3, h, w) in [0, 1].
    at, cancelled
        As for :func:`unit_inputs`.
    """
    if at not in ("everywhere", "maximum"):
        raise AtlasError(f"at={at!r}: 'everywhere' or 'maximum'.")
    check_unit(unit, after.channels, after.layer)
    rows = []
    with torch.inference_mode(False):
        for some in torch.split(rgb, _BATCH):
            check_cancelled(cancelled)
            rows.append(_contributions(before, after, unit, some, at))
    values = np.concatenate(rows)  # (images, units + 1)
    return _table(values, [*range(values.shape[1] - 1), -1])


def outputs_of_unit(
    before: LayerProbe,
    after: LayerProbe,
    unit: int,
    rgb: Tensor,
    *,
    cancelled: CancelledCallback | None = None,
) -> pd.DataFrame:
    """Do what :func:`unit_outputs` does with probes of one model that are open already.

    Parameters
    ----------
    before, after
        Probes of the lower and the upper layer.
    unit
        The unit of the lower layer.
    rgb
        The images, (n, 3, h, w) in [0, 1].
    cancelled
        As for :func:`unit_outputs`.
    """
    check_unit(unit, before.channels, before.layer)
    runner, layout = after.plain.runner, after.plain.layout
    ratio = rgb.shape[2] / rgb.shape[3]
    found: list[Tensor] = []

    def keep(_module: nn.Module, _args: Any, output: Any) -> None:
        # as it is now: what follows may change it in place
        found.append(tensor_at(output, runner.path).clone())

    def summed(_output: Any, _count: int) -> Tensor:
        if len(found) <= runner.call:
            raise AtlasError(f"The layer {after.layer!r} did not run for these images.")
        tensor = found[runner.call]
        found.clear()  # the model may be run again
        return layout.as_map(tensor, ratio).sum((2, 3))

    derivatives = before.derivatives.on(before.plain)
    rows = []
    with runner.network.hooked([(runner.module, keep)]):
        derivatives.try_modes(rgb, summed)
        for some in torch.split(rgb, _BATCH):
            check_cancelled(cancelled)
            along = derivatives.along_channel(some, unit, summed)
            rows.append(along.double().cpu().numpy())
    values = np.concatenate(rows)
    return _table(values, range(values.shape[1]))


def _table(values: npt.NDArray[np.float64], units: Sequence[int]) -> pd.DataFrame:
    """Return mean contributions, strongest first, from those on each image, (images, units)."""
    import pandas as pd

    mean = values.mean(0)
    error = values.std(0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan * mean
    table = pd.DataFrame(
        {
            "contribution": mean,
            "low": mean - _INTERVAL * error,
            "high": mean + _INTERVAL * error,
            "share": np.abs(mean) / max(float(np.abs(mean).sum()), 1e-30),
        },
        index=pd.Index(units, name="unit"),
    )
    order = np.argsort(-np.abs(mean), kind="stable")
    rest = [at for at in order.tolist() if units[at] < 0]
    return table.iloc[[*(at for at in order.tolist() if units[at] >= 0), *rest]]


def _contributions(
    before: LayerProbe, after: LayerProbe, unit: int, rgb: Tensor, at: str
) -> npt.NDArray[np.float64]:
    """Return contributions of each lower unit, and what is left, (images, units + 1)."""
    below, above = between_layers(before, after, rgb)
    ratio = rgb.shape[2] / rgb.shape[3]
    own = after.plain.layout.as_map(above, ratio)[:, unit].flatten(1)
    score = own.sum(1) if at == "everywhere" else own.max(1).values
    gradients = torch.autograd.grad(score.sum(), below, allow_unused=True)[0] if (
        score.requires_grad and below.requires_grad
    ) else None  # fmt: skip
    if gradients is None:
        raise AttributionError(
            f"No derivative gets from {after.layer!r} back to {before.layer!r}: the model detaches "
            "in between, or the one does not depend on the other."
        )
    lower = before.plain.layout.as_map(below * gradients, ratio)
    parts = lower.detach().flatten(2).sum(2).double()
    rest = score.detach().double() - parts.sum(1)
    values: npt.NDArray[np.float64] = torch.cat([parts, rest[:, None]], 1).cpu().numpy()
    return values
