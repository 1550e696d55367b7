"""The tensors of two layers of one model, the second as a differentiable function of the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from atlas_widget.errors import AtlasError

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe

__all__ = ["between_layers"]


class _Reached(Exception):  # noqa: N818  (a signal, not an error)
    """Both layers have run."""


def between_layers(before: LayerProbe, after: LayerProbe, rgb: Tensor) -> tuple[Tensor, Tensor]:
    """Run a model up to the second of two layers, and return the tensors of both, with gradients.

    Parameters
    ----------
    before, after
        Probes of two layers of one model.
    rgb
        RGB in [0, 1], (n, 3, h, w).

    Raises
    ------
    AtlasError
        The first layer does not run before the second one.
    """
    found: dict[int, Tensor] = {}

    def hook_of(number: int) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Any) -> Tensor | None:
            if number in found or not isinstance(output, Tensor):
                return None
            found[number] = output
            if number == 1:
                raise _Reached
            return output.clone()  # which an in-place operation may then change

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
    return found[0], found[1]
