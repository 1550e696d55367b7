"""The first run of a model: finding a size it takes, and what its layer hands over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, LayerNotFoundError, LayerOutputError
from atlas_widget.probe.layers import LayerName
from atlas_widget.probe.noise import same_noise
from atlas_widget.probe.outputs import Path, class_scores, entries, find_tensor, replaced, tensor_at
from atlas_widget.probe.preprocessing import Preprocessing
from atlas_widget.probe.running import run_model

__all__ = ["Trial", "classes_of", "prefix_tokens", "sums_to_one", "try_model"]

# Where nothing says which size a model was made for: ImageNet's first, then those of the small
# data sets, then the larger ones. A model with a linear layer behind a flattened map takes one.
USUAL_SIZES = (224, 32, 28, 64, 96, 128, 160, 192, 240, 256, 288, 299, 336, 384, 448, 512)
BATCH = 2


@dataclass
class Trial:
    """What was learned from running the model once.

    Attributes
    ----------
    size : int
        The side of the square pictures it ran on.
    channels : int
        How many channels it took.
    call, path
        Which run of the module, and which tensor of its output.
    tensor : Tensor
        That tensor, for `BATCH` pictures of noise.
    output : object
        What the model returned; None where it failed after the layer.
    error : Exception, optional
        Why it failed after the layer.
    """

    size: int
    channels: int
    call: int
    path: Path
    tensor: Tensor
    output: Any
    error: Exception | None = None


def try_model(
    model: nn.Module,
    module: nn.Module,
    name: LayerName,
    preprocessing: Preprocessing,
    *,
    sizes: Iterable[int],
    device: torch.device,
    dtype: torch.dtype,
) -> Trial:
    """Run `model` on noise at the first size it takes, and look at what `module` returns."""
    channels = (preprocessing.channels, *(c for c in (3, 1) if c != preprocessing.channels))
    first_error: tuple[int, Exception] | None = None
    partial: Trial | None = None
    for size in sizes:
        rgb = same_noise(BATCH, size)
        for count in channels:
            inputs = preprocessing.with_channels(count)(rgb.to(device)).to(dtype)
            outputs: list[Any] = []
            result, error = _run(model, module, inputs, outputs)
            if error is None:
                return _trial(name, outputs, size, count, result, None)
            if outputs and partial is None:
                partial = _trial(name, outputs, size, count, None, error)
            first_error = first_error or (size, error)
    if partial is not None:
        return partial
    if first_error is None:
        raise AtlasError("No size to try the model at.")
    size, error = first_error
    raise AtlasError(
        f"The model ({type(model).__name__}) could not be run on pictures of {size} × {size} px: "
        f"{type(error).__name__}: {error}. If it takes another size pass input_size=; if it takes "
        "something else than normalised RGB pass transform=."
    ) from error


def _run(
    model: nn.Module, module: nn.Module, inputs: Tensor, outputs: list[Any]
) -> tuple[Any, Exception | None]:
    handle = module.register_forward_hook(lambda _, __, output: outputs.append(_kept(output)))
    try:
        with torch.no_grad():
            return run_model(model, inputs), None
    except Exception as error:
        return None, error
    finally:
        handle.remove()


def _trial(
    name: LayerName,
    outputs: list[Any],
    size: int,
    channels: int,
    result: Any,
    error: Exception | None,
) -> Trial:
    runs = len(outputs)
    if runs == 0:
        raise LayerNotFoundError(
            f"Layer {name.module!r} exists but does not run when the model is given a picture "
            "(unused in evaluation mode, or its weights are used without calling it). "
            "list_layers(model, example) lists the layers that run."
        )
    if name.call is None and runs > 1:
        raise LayerNotFoundError(
            f"Layer {name.module!r} runs {runs} times in one pass, so one of its runs must be "
            f"named: '{name.module}:0' is the first, '{name.module}:{runs - 1}' the last."
        )
    call = name.call or 0
    if call >= runs:
        raise LayerNotFoundError(
            f"Layer {name.module!r} runs {runs} time{'s' if runs > 1 else ''} in one pass, so "
            f"there is no '{name.module}:{call}'; the last is '{name.module}:{runs - 1}'."
        )
    output = outputs[call]
    if output is None:
        raise LayerOutputError(f"Layer {str(name)!r} returns nothing.")
    path = find_tensor(output, name.picks, name.module, BATCH)
    return Trial(size, channels, call, path, tensor_at(output, path), result, error)


def _kept(output: Any) -> Any:
    """Keep what an in-place operation after the layer would overwrite."""
    for path, leaf in list(entries(output)):
        if isinstance(leaf, Tensor):
            output = replaced(output, path, leaf.clone())
    return output


def classes_of(model: nn.Module, trial: Trial) -> tuple[int | None, str | None]:
    """Return how many classes the model has, and why its layer cannot be attributed to them."""
    if trial.error is not None:
        return None, (
            f"The model runs up to the layer but fails after it, so there are no class values: "
            f"{type(trial.error).__name__}: {trial.error}"
        )
    scores = class_scores(trial.output, BATCH)
    if scores is None or getattr(model, "num_classes", None) == 0:  # timm: the head was taken off
        kind = type(trial.output).__name__
        shape = f" of shape {tuple(trial.output.shape)}" if hasattr(trial.output, "shape") else ""
        return None, (
            f"The model ({type(model).__name__}) gives no scores (n, classes) but a {kind}{shape}, "
            "so there are no class values. Say what else is meant: target=similarity_to(picture), "
            "or target=lambda output: … for one value a picture."
        )
    flat = trial.tensor.flatten(1)
    if flat.shape == scores.shape and torch.allclose(flat, scores):
        return scores.shape[1], (
            "This layer is the model's output itself, so no scores follow from it; class values "
            "need a layer before the last."
        )
    return scores.shape[1], None


def sums_to_one(output: Any) -> bool:
    """Whether a model's scores look like probabilities."""
    scores = class_scores(output, BATCH)
    if scores is None or scores.shape[1] < 2:
        return False
    sums = scores.float().sum(1)
    return bool((scores >= 0).all() and torch.allclose(sums, torch.ones_like(sums), atol=1e-3))


def prefix_tokens(model: nn.Module) -> int | None:
    """Return how many tokens precede those of the picture, where the model says so."""
    count = getattr(model, "num_prefix_tokens", None)
    if isinstance(count, int):
        return count
    registers = getattr(getattr(model, "config", None), "num_register_tokens", None)
    return 1 + registers if isinstance(registers, int) else None
