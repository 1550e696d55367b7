"""A faster copy of the model: batch norms folded into convolutions, channels last.

In evaluation mode a batch norm is a scale and a shift per channel, which the convolution before it
can do as well. Which pairs there are is read off an actual pass, not off names; every pair is
checked on what went through it in that pass, and the whole once more at the end.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from atlas_widget.probe.encoder import Encoder
from atlas_widget.probe.outputs import class_scores, entries
from atlas_widget.probe.private_copy import private_copy
from atlas_widget.probe.running import LayerRunner

__all__ = ["accelerated", "agree"]

_BATCH_NORMS = (nn.BatchNorm2d, nn.SyncBatchNorm)


@dataclass
class _Run:
    """One run of a convolution or batch norm."""

    inputs: Tensor
    output: Tensor


class _Uses(TorchFunctionMode):
    """Counts how many operations take each tensor; asking for its shape is none."""

    def __init__(self) -> None:
        super().__init__()
        self.count: Counter[int] = Counter()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if any(isinstance(item, Tensor) for item in _flat(result)):
            taken = {id(item) for item in _flat((args, kwargs)) if isinstance(item, Tensor)}
            self.count.update(taken)
        return result


def accelerated(
    encoder: Encoder,
    rgb: Tensor,
    memory_format: torch.memory_format = torch.channels_last,
    *,
    whole: bool = True,
) -> Encoder:
    """Return an encoder whose model does the same as that of `encoder`, faster.

    Parameters
    ----------
    encoder : Encoder
        Left as it is.
    rgb : Tensor
        Pictures to read the flow of data from and to check the result on.
    memory_format : torch.memory_format
        For pictures and convolutions.
    whole : bool
        Whether the model runs to its end, and its scores are wanted; else only up to the layer.

    Returns
    -------
    Encoder
        Agrees with `encoder` on `rgb`, in the layer and in the scores; `encoder` itself if no
        faster copy does.
    """
    with torch.no_grad():
        wanted = _answers(encoder, rgb, whole)
        for fold in (True, False):
            try:
                faster = _faster(encoder, rgb, memory_format, fold=fold, whole=whole)
                found = _answers(faster, rgb, whole)
                if len(found) == len(wanted) and all(map(agree, found, wanted)):
                    return faster
            except Exception:  # a model that resists is used as it is
                continue
    return encoder


def _answers(encoder: Encoder, rgb: Tensor, whole: bool) -> list[Tensor]:
    """Return the layer's tensor and, if the model runs to its end, its scores or all it returns."""
    if not whole:
        return [encoder(rgb)]
    output, tensor = encoder.runner.through(encoder.prepared(rgb), Tensor.clone)
    scores = class_scores(output, len(rgb))
    if scores is not None:
        return [tensor, scores]
    leaves = [leaf for _, leaf in entries(output) if isinstance(leaf, Tensor)]
    return [tensor, *(leaf for leaf in leaves if leaf.is_floating_point() and leaf.numel())]


def _faster(
    encoder: Encoder, rgb: Tensor, memory_format: torch.memory_format, *, fold: bool, whole: bool
) -> Encoder:
    runner = encoder.runner
    name = next(name for name, module in runner.model.named_modules() if module is runner.module)
    model, _ = private_copy(runner.model, encoder.device)
    ours = LayerRunner(model, model.get_submodule(name), runner.call, runner.path)
    candidate = replace(encoder, runner=ours)
    ran, runs, uses = _recorded(candidate, rgb, whole)
    folded = sum(_fold(*pair) for pair in _pairs(runs, uses)) if fold else 0
    runs.clear()
    theirs = dict(runner.model.named_modules())
    for path, module in model.named_modules():
        if module not in ran and path in theirs:  # unchanged, so one set of weights will do
            module._parameters.update(theirs[path]._parameters)
            module._buffers.update(theirs[path]._buffers)
    convolutions = [module for module in ran if isinstance(module, nn.Conv2d)]
    for module in convolutions:
        module.to(memory_format=memory_format)
    if not convolutions:
        memory_format = torch.contiguous_format
    return replace(candidate, memory_format=memory_format, folded=folded)


def _recorded(
    encoder: Encoder, rgb: Tensor, whole: bool
) -> tuple[set[nn.Module], dict[nn.Module, list[_Run]], Counter[int]]:
    """Run the model, noting what ran, and what went in and out of convolutions and norms."""
    ran: set[nn.Module] = set()
    runs: dict[nn.Module, list[_Run]] = {}
    uses = _Uses()

    def seen(tensor: Tensor) -> Tensor:
        uses.count[id(tensor)] += 1  # someone looks at the layer's tensor: us
        return tensor

    def started(module: nn.Module, args: Any) -> None:  # noqa: ARG001
        ran.add(module)

    def finished(module: nn.Module, args: Any, output: Any) -> None:
        if len(args) != 1 or not isinstance(args[0], Tensor) or not isinstance(output, Tensor):
            return
        uses.count[id(output)] = 0  # an earlier tensor, gone by now, may have had this id
        # An in-place operation may follow a norm; what follows a convolution counts as a use.
        values = output if isinstance(module, nn.Conv2d) else output.clone()
        runs.setdefault(module, []).append(_Run(args[0], values))

    handles = []
    model = encoder.runner.model
    try:
        for module in model.modules():
            handles.append(module.register_forward_pre_hook(started))
            if isinstance(module, nn.Conv2d | nn.modules.batchnorm._BatchNorm):
                handles.append(module.register_forward_hook(finished))
        inputs = encoder.prepared(rgb)
        with uses:
            if whole:
                encoder.runner.through(inputs, seen)
            else:
                encoder.runner.up_to(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return ran, runs, uses.count


def _pairs(
    runs: dict[nn.Module, list[_Run]], uses: Counter[int]
) -> list[tuple[nn.Conv2d, nn.Module, _Run, _Run]]:
    """Return the convolutions, run once, whose output goes into one batch norm and nowhere else."""
    made = {
        id(found[0].output): (module, found[0])
        for module, found in runs.items()
        if isinstance(module, nn.Conv2d) and len(found) == 1
    }
    pairs = []
    for module, found in runs.items():
        if isinstance(module, nn.Conv2d) or len(found) != 1:
            continue
        convolution, run = made.get(id(found[0].inputs), (None, None))
        if convolution is None or run is None or uses[id(run.output)] != 1:
            continue
        if _without_norm(module) is not None and _has_plain_weights(convolution):
            pairs.append((convolution, module, run, found[0]))
    return pairs


def _has_plain_weights(convolution: nn.Conv2d) -> bool:
    """Whether the weights are what they are, not computed from others at every run."""
    return "weight" in convolution._parameters and not convolution._forward_pre_hooks


def _without_norm(norm: nn.Module) -> Callable[[Tensor], Tensor] | None:
    """Return what is left of a batch norm once its scale and shift are done elsewhere."""
    if getattr(norm, "running_mean", None) is None or getattr(norm, "running_var", None) is None:
        return None
    if type(norm) in _BATCH_NORMS:
        return _unchanged
    if isinstance(norm, nn.BatchNorm2d) and type(norm).__name__ == "BatchNormAct2d":  # timm's
        drop, act = getattr(norm, "drop", None), getattr(norm, "act", None)
        if isinstance(drop, nn.Module) and isinstance(act, nn.Module):
            return functools.partial(_in_turn, drop, act)
    return None


def _unchanged(inputs: Tensor) -> Tensor:
    return inputs


def _in_turn(first: nn.Module, second: nn.Module, inputs: Tensor) -> Tensor:
    return second(first(inputs))  # type: ignore[no-any-return]


def _fold(convolution: nn.Conv2d, norm: nn.Module, before: _Run, after: _Run) -> bool:
    """Move the batch norm's scale and shift into the convolution, if that changes nothing."""
    kept = convolution.weight, convolution.bias
    weight, bias = _folded_weights(convolution, norm)
    convolution.weight = nn.Parameter(weight, requires_grad=False)
    convolution.bias = nn.Parameter(bias, requires_grad=False)
    # Set on the object, so that it holds however the model refers to this module.
    norm.__dict__["forward"] = _without_norm(norm)
    if agree(norm(convolution(before.inputs)), after.output):
        return True
    del norm.__dict__["forward"]
    convolution.weight, convolution.bias = kept
    return False


def _folded_weights(convolution: nn.Conv2d, norm: Any) -> tuple[Tensor, Tensor]:
    mean, variance = _exact(norm.running_mean), _exact(norm.running_var)
    gain = torch.ones_like(mean) if norm.weight is None else _exact(norm.weight)
    shift = torch.zeros_like(mean) if norm.bias is None else _exact(norm.bias)
    start = torch.zeros_like(mean) if convolution.bias is None else _exact(convolution.bias)
    scale = gain / (variance + norm.eps).sqrt()
    weight = _exact(convolution.weight) * scale[:, None, None, None]
    bias = (start - mean) * scale + shift
    return weight.to(convolution.weight), bias.to(convolution.weight)


def _exact(tensor: Tensor) -> Tensor:
    """In float64, where there is some: Apple's GPUs have none."""
    return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()


def agree(one: Tensor, other: Tensor) -> bool:
    """Whether two ways to compute the same differ by rounding only."""
    if one.shape != other.shape:
        return False
    # GPUs multiply in TF32 by default; a wrongly folded norm is off by far more than this.
    tolerance = 1e-3 if other.device.type == "cpu" else 2e-2
    difference = (_exact(one) - _exact(other)).norm()
    return bool(difference <= tolerance * _exact(other).norm())


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [item for inner in value for item in _flat(inner)]
    if isinstance(value, dict):
        return [item for inner in value.values() for item in _flat(inner)]
    return [value]
