"""Properties of a model that keep a layer from running, or derivatives from getting through."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["integer_modules", "why_it_does_not_run", "why_no_derivative"]

_EIGHT_BITS = (torch.int8, torch.uint8, torch.qint8, torch.quint8)


def integer_modules(model: nn.Module) -> list[str]:
    """Return the names of modules that compute with quantised weights."""
    return [
        name
        for name, module in model.named_modules()
        if "quantized" in type(module).__module__.split(".")
        or any(
            weight is not None and weight.dtype in _EIGHT_BITS
            for weight in module._parameters.values()
        )
    ]


def why_it_does_not_run(model: nn.Module, module: nn.Module) -> str:
    """Say why a module of a model does not run by itself, as far as that shows."""
    scripted = [part for part in model.modules() if isinstance(part, torch.jit.ScriptModule)]
    if any(module in set(part.modules()) for part in scripted):
        return "it is compiled with TorchScript, or is a part of what is: hooks do not reach it"
    if isinstance(model, torch.fx.GraphModule):
        return (
            "the model is one graph, as torch.export and torch.fx make it, in which modules only "
            "hold weights; torch.export.unflatten(program) gives modules that run"
        )
    return "unused in evaluation mode, or its weights are used without calling it"


def why_no_derivative(model: nn.Module) -> str:
    """Say what keeps derivatives from getting through a model, as far as that shows."""
    integers = integer_modules(model)
    if integers:
        names = ", ".join(f"{name!r}" for name in integers[:3])
        more = f" and {len(integers) - 3} more" if len(integers) > 3 else ""
        return (
            f"{names}{more} computes with int8 weights (quantised), which have no derivative; "
            "pass the model as it was before it was quantised"
        )
    return (
        "something cuts it off: torch.inference_mode(), .detach(), .data, NumPy, rounding or an "
        "integer, or an operation without a derivative"
    )
