"""A faster copy of the model: batch norms folded into convolutions, channels last.

In evaluation mode a batch norm is a scale and a shift per channel, which the convolution before it
can do as well. Which pairs there are is read off an actual pass, not off names; every pair is
checked on what went through it in that pass, and the whole once more by `agreeing`.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from atlas_widget.probe.encoder import Encoder
from atlas_widget.probe.outputs import class_scores, entries
from atlas_widget.probe.private_copy import twin
from atlas_widget.probe.running import LayerRunner, Network, run_model

__all__ = ["FastCopies", "agree", "agreeing"]

_BATCH_NORMS = (nn.BatchNorm2d, nn.SyncBatchNorm)


@dataclass
class _Run:
    """A run of a convolution or batch norm."""

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


@dataclass(frozen=True)
class _Folded:
    """A convolution with the batch norm after it as a part of its weights."""

    norm: str
    weight: nn.Parameter
    bias: nn.Parameter


class FastCopies:
    """Faster copies of one network, which share its weights as far as these stay the same.

    There is one for each set of convolutions whose own output somebody reads: these keep their
    batch norms. Layers that read no such output share one.

    Parameters
    ----------
    network : Network
        Left as it is.
    inputs : Tensor
        What to run it on once, to read the flow of data off.
    memory_format : torch.memory_format
        For pictures and convolutions.
    whole : bool
        Whether the network runs to its end; else it is read as far as it comes.
    """

    @torch.inference_mode(False)
    @torch.no_grad()
    def __init__(
        self,
        network: Network,
        inputs: Tensor,
        memory_format: torch.memory_format,
        *,
        whole: bool,
    ) -> None:
        self._plain = network.module
        self._passing = network.passing
        self._format = memory_format
        self._lock = threading.Lock()
        self._networks: dict[tuple[bool, frozenset[str]], Network] = {}
        self._laid_out: dict[int, nn.Parameter] = {}
        scratch = twin(self._plain)
        names = {module: name for name, module in scratch.named_modules()}
        recorded = _recorded(scratch, inputs, whole)
        self._convolutions = [
            names[module] for module in recorded.ran if isinstance(module, nn.Conv2d)
        ]
        self._raw = {names[module]: found for module, found in recorded.raw.items()}
        self._folds: dict[str, _Folded] = {}
        for convolution, norm, before, after in _pairs(recorded.runs, recorded.uses):
            if _fold(convolution, norm, before, after):
                assert convolution.bias is not None
                self._folds[names[convolution]] = _Folded(
                    names[norm],
                    _laid_out(convolution.weight, memory_format),
                    _laid_out(convolution.bias, memory_format),
                )

    def encoder(self, plain: Encoder, name: str, read: frozenset[str], *, fold: bool) -> Encoder:
        """Return an encoder of the layer `name` that works on one of the copies.

        Parameters
        ----------
        plain : Encoder
            Of the network itself.
        name : str
            The layer's module.
        read : frozenset of str
            Modules that are read: convolutions whose output they return keep their norms.
        fold : bool
            Whether to fold batch norms at all.
        """
        raw = {convolution for module in read for convolution in self._raw.get(module, ())}
        kept = frozenset(raw & self._folds.keys()) if fold else frozenset(self._folds)
        with self._lock:
            if (fold, kept) not in self._networks:
                self._networks[fold, kept] = Network(self._made(kept), self._passing)
            network = self._networks[fold, kept]
        runner = plain.runner
        return replace(
            plain,
            runner=LayerRunner(
                network, network.module.get_submodule(name), runner.call, runner.path
            ),
            memory_format=self._format if self._convolutions else torch.contiguous_format,
            folded=len(self._folds) - len(kept),
        )

    def _made(self, kept: frozenset[str]) -> nn.Module:
        model = twin(self._plain)
        for name in self._convolutions:
            convolution = model.get_submodule(name)
            folded = self._folds.get(name)
            if folded is None or name in kept:
                self._lay_out(convolution)
                continue
            convolution._parameters["weight"] = folded.weight
            convolution._parameters["bias"] = folded.bias
            norm = model.get_submodule(folded.norm)
            # Set on the object, so that it holds however the model refers to this module.
            norm.__dict__["forward"] = _without_norm(norm)
        return model

    def _lay_out(self, convolution: nn.Module) -> None:
        """Lay a convolution's weights out as wished, without touching those of the original."""
        for module in convolution.modules():
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    key = id(parameter)
                    if key not in self._laid_out:
                        self._laid_out[key] = _laid_out(parameter, self._format)
                    module._parameters[name] = self._laid_out[key]


def _laid_out(parameter: Tensor, memory_format: torch.memory_format) -> nn.Parameter:
    values = parameter.detach()
    if values.ndim == 4:
        values = values.contiguous(memory_format=memory_format)
    return nn.Parameter(values, requires_grad=False)


def agreeing(
    plain: Encoder, rgb: Tensor, candidates: Iterator[Encoder], *, whole: bool = True
) -> Encoder:
    """Return the first of some encoders that does what `plain` does; `plain` itself if none does.

    Parameters
    ----------
    plain : Encoder
    rgb : Tensor
        Pictures to compare them on.
    candidates : iterator of Encoder
    whole : bool
        Whether the model runs to its end, so that its scores are compared too.
    """
    with torch.no_grad():
        wanted = _answers(plain, rgb, whole)
        while True:
            try:
                faster = next(candidates, None)
                if faster is None:
                    return plain
                found = _answers(faster, rgb, whole)
                if len(found) == len(wanted) and all(map(agree, found, wanted)):
                    return faster
            except Exception:  # a model that resists is used as it is
                continue


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


@dataclass
class _Recorded:
    """Record of a pass.

    Attributes
    ----------
    ran : set of nn.Module
    runs : dict
        What went in and out of convolutions and batch norms.
    raw : dict
        The names of the convolutions whose very output a module returned.
    uses : Counter
        How many operations took each tensor, by its id.
    """

    ran: set[nn.Module]
    runs: dict[nn.Module, list[_Run]]
    raw: dict[nn.Module, set[str]]
    uses: Counter[int]


def _recorded(model: nn.Module, inputs: Tensor, whole: bool) -> _Recorded:
    uses = _Uses()
    seen = _Recorded(set(), {}, {}, uses.count)
    names = {module: name for name, module in model.named_modules()}
    made: dict[int, str] = {}

    def started(module: nn.Module, args: Any) -> None:  # noqa: ARG001
        seen.ran.add(module)

    def finished(module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(module, nn.Conv2d | nn.modules.batchnorm._BatchNorm):
            in_and_out(module, args, output)
        found = {made[id(leaf)] for _, leaf in entries(output) if id(leaf) in made}
        seen.raw.setdefault(module, set()).update(found)

    def in_and_out(module: nn.Module, args: Any, output: Any) -> None:
        if len(args) != 1 or not isinstance(args[0], Tensor) or not isinstance(output, Tensor):
            return
        uses.count[id(output)] = 0  # an earlier tensor, gone by now, may have had this id
        # An in-place operation may follow a norm; what follows a convolution counts as a use.
        if isinstance(module, nn.Conv2d):
            made[id(output)] = names[module]
            values = output
        else:
            values = output.clone()
        seen.runs.setdefault(module, []).append(_Run(args[0], values))

    handles = []
    try:
        for module in model.modules():
            if isinstance(module, torch.jit.ScriptModule):  # which takes no hooks
                continue
            handles.append(module.register_forward_pre_hook(started))
            handles.append(module.register_forward_hook(finished))
        with uses, contextlib.nullcontext() if whole else contextlib.suppress(Exception):
            run_model(model, inputs)
    finally:
        for handle in handles:
            handle.remove()
    return seen


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
    """Return True if the weights are stored, not computed from others at every run."""
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
    """Convert to float64, where there is some: Apple's GPUs have none."""
    return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()


def agree(one: Tensor, other: Tensor) -> bool:
    """Return True if two ways to compute the same differ by rounding only."""
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
