"""Second question of a trial: what the model says of a picture is about that picture alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from atlas_widget.probe.first_pass import BATCH, LayerTrial
from atlas_widget.probe.outputs import entries, tensor_at
from atlas_widget.probe.running import LayerRunner

__all__ = ["dependence_notices"]

_TOLERANCE = 1e-3
_GPU_TOLERANCE = 2e-2  # GPUs multiply in TF32 by default
_NAMED = 3


def dependence_notices(
    runner: LayerRunner, trial: LayerTrial, example: Any
) -> tuple[list[str], bool]:
    """Return what there is to say if a picture's values depend on anything else.

    Two unlike pictures have been run twice, together: once for `example`, once for `trial`. Here
    the first is run alone.

    Parameters
    ----------
    runner : LayerRunner
        Of the layer.
    trial : LayerTrial
    example : object
        What the model returned for the same pictures the first time; None if it fails after the
        layer.

    Returns
    -------
    notices : list of str
    random : bool
        Whether the model gives something else each time.
    """
    together = _Values(trial.tensor, trial.output)
    change = _difference(_Values(trial.tensor, example), together)
    try:
        alone = _once(runner, trial, trial.inputs[:1])
    except Exception as error:
        return [
            f"The model runs on {BATCH} pictures but not on one alone ({type(error).__name__}: "
            f"{error}), and the atlas often runs one: feature inversion and attribution may fail. "
            "A model that was exported or traced for one batch size has to be exported with a "
            "dynamic one."
        ], False
    beside = _difference(together.first(), alone)
    if max(change, beside) <= _tolerance(trial.tensor):
        return [], False
    change = max(change, _difference(together, _once(runner, trial, trial.inputs)))
    if change > _tolerance(trial.tensor):
        return [
            f"The model gives something else each time it runs, by {_percent(change)}, although "
            f"it is in evaluation mode{_named(_still_training(runner.model))}: what is shown of a "
            "picture changes with every run. A part of it draws random numbers or keeps a state "
            "(F.dropout needs training=self.training)."
        ], True
    return [
        f"What the model says of a picture depends on the other pictures of the batch, by "
        f"{_percent(beside)}{_named(_batch_norms(runner.model))}: activations, attributions and "
        "rendered pictures change with the batches in which images come. Batch norm needs running "
        "statistics (track_running_stats=True) to be about one picture."
    ], False


class _Values:
    """A layer's tensor and what the model returned, as far as these are numbers per picture."""

    def __init__(self, tensor: Tensor, output: Any, count: int = BATCH) -> None:
        leaves = [leaf for _, leaf in entries(output) if isinstance(leaf, Tensor)]
        self.tensors = [tensor.detach()] + [
            leaf.detach()
            for leaf in leaves
            if leaf.is_floating_point() and leaf.ndim > 0 and len(leaf) == count and leaf.numel()
        ]

    def first(self) -> _Values:
        """Return the values of the first picture."""
        first = _Values.__new__(_Values)
        first.tensors = [tensor[:1] for tensor in self.tensors]
        return first


def _once(runner: LayerRunner, trial: LayerTrial, inputs: Tensor) -> _Values:
    seen: list[Tensor] = []

    def note(_: nn.Module, __: Any, output: Any) -> None:
        runs.append(None)
        if len(runs) == runner.call + 1:
            seen.append(tensor_at(output, runner.path).clone())

    runs: list[None] = []
    output = None
    with torch.no_grad(), runner.network.hooked([(runner.module, note)]):
        try:
            output = runner.network(inputs)
        except Exception:
            if not seen or trial.error is None:
                raise
    return _Values(seen[0], output, len(inputs))


def _difference(one: _Values, other: _Values) -> float:
    """Return the greatest relative difference of tensors that both have."""
    worst = 0.0
    for mine, theirs in zip(one.tensors, other.tensors, strict=False):
        if mine.shape == theirs.shape:
            mine, theirs = mine.float().nan_to_num(), theirs.float().nan_to_num()
            scale = float(mine.norm())
            if scale > 0:
                worst = max(worst, float((mine - theirs).norm()) / scale)
    return worst


def _tolerance(tensor: Tensor) -> float:
    return _TOLERANCE if tensor.device.type == "cpu" else _GPU_TOLERANCE


def _batch_norms(model: nn.Module) -> list[str]:
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is None
    ]


def _still_training(model: nn.Module) -> list[str]:
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.modules.dropout._DropoutNd) and module.training
    ]


def _named(names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f" ({', '.join(map(repr, names[:_NAMED]))}{more})"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else f"{share:.2%}"
