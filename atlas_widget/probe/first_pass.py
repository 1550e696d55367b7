"""Findings from running a model once."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, LayerNotFoundError, LayerOutputError
from atlas_widget.probe.layers import LayerName
from atlas_widget.probe.noise import same_noise
from atlas_widget.probe.obstacles import why_it_does_not_run
from atlas_widget.probe.outputs import (
    Path,
    class_scores,
    entries,
    find_tensor,
    replaced,
    tensor_at,
    written,
)
from atlas_widget.probe.preprocessing import Preprocessing
from atlas_widget.probe.running import Network

__all__ = [
    "LayerTrial",
    "ModelTrial",
    "ambiguity_notices",
    "classes_of",
    "prefix_tokens",
    "sums_to_one",
    "try_layer",
    "try_model",
    "unlike_pictures",
]

# Where nothing says which size a model was made for: ImageNet's first, then those of the small
# data sets, then the larger ones. A model with a linear layer behind a flattened map takes one.
USUAL_SIZES = (224, 32, 28, 64, 96, 128, 160, 192, 240, 256, 288, 299, 336, 384, 448, 512)
BATCH = 2
_PASS_ON = {nn.Identity, nn.Dropout, nn.Dropout2d}  # return what they are given

Trier = tuple[int, int, Tensor]
"""A size, a number of channels, and noise of these as the model takes it."""


@dataclass
class ModelTrial:
    """Findings from running the model once.

    Attributes
    ----------
    size : int
        The side of the square pictures it ran on; the first that was tried where it ran on none.
    channels : int
        How many channels it took.
    output : object
        What the model returned for `BATCH` pictures of noise; None where it failed.
    error : Exception, optional
        Why it failed on pictures of `size`.
    headless : bool
        Whether an ``nn.Identity`` stands where the scores would be computed.
    """

    size: int
    channels: int
    output: Any
    error: Exception | None = None
    headless: bool = False


@dataclass
class LayerTrial:
    """Findings from running the model up to a layer.

    Attributes
    ----------
    size, channels : int
        As for `ModelTrial`, where the model runs to its end; else the first at which the layer ran.
    call, path
        Which run of the module, and which tensor of its output.
    tensor : Tensor
        That tensor, for `BATCH` pictures of noise.
    inputs : Tensor
        These pictures, as the model takes them.
    output : object
        What the model returned for them.
    error : Exception, optional
        Why the model failed after the layer.
    """

    size: int
    channels: int
    call: int
    path: Path
    tensor: Tensor
    inputs: Tensor
    output: Any
    error: Exception | None


def tries(
    preprocessing: Preprocessing, sizes: Iterable[int], device: torch.device, dtype: torch.dtype
) -> Iterable[Trier]:
    """Yield pictures of each size, with three channels and then with one.

    In this order, since a model for colours may not mind that there is one channel, and broadcast.
    """
    for size in sizes:
        rgb = unlike_pictures(size)
        for count in (3, 1):
            yield size, count, preprocessing.with_channels(count)(rgb.to(device)).to(dtype)


def unlike_pictures(size: int) -> Tensor:
    """Return two pictures with little in common, RGB in [0, 1], (2, 3, size, size)."""
    noise = same_noise(BATCH, size)
    line = torch.linspace(0, 1, size, device="cpu", dtype=torch.float32)
    noise[1] = 0.2 * noise[1] + torch.stack([0.7 * line, 0.1 * line, 0.3 - 0.3 * line])[:, None]
    return noise


def try_model(network: Network, candidates: Iterable[Trier]) -> ModelTrial:
    """Run a network on noise at the first size it takes."""
    first: ModelTrial | None = None
    for size, channels, inputs in candidates:
        makers: list[tuple[weakref.ref[Tensor], type]] = []

        def note(module: nn.Module, _: Any, output: Any, makers: Any = makers) -> None:
            if isinstance(output, Tensor):
                makers.append((weakref.ref(output), type(module)))

        hooks = [(module, note) for module in network.module.modules() if _is_leaf(module)]
        try:
            with torch.no_grad(), network.hooked(hooks):
                output = network(inputs)
            kinds = {kind for made, kind in makers if made() is output}
            headless = nn.Identity in kinds and kinds <= _PASS_ON
            return ModelTrial(size, channels, output, headless=headless)
        except Exception as error:
            first = first or ModelTrial(size, channels, None, error)
    if first is None:
        raise AtlasError("No size to try the model at.")
    return first


def _is_leaf(module: nn.Module) -> bool:
    return not isinstance(module, torch.jit.ScriptModule) and not list(module.children())


def try_layer(
    network: Network, module: nn.Module, name: LayerName, candidates: Iterable[Trier]
) -> LayerTrial:
    """Run a network on noise at the first size at which `module` runs; look at what it returns."""
    if isinstance(module, torch.jit.ScriptModule):
        raise LayerNotFoundError(
            f"Layer {name.module!r} cannot be read: {why_it_does_not_run(network.module, module)}. "
            "Choose one before or after it, or pass the Python model that it was made from."
        )
    failure: tuple[int, Exception] | None = None
    for size, channels, inputs in candidates:
        outputs: list[Any] = []
        output: Any = None
        error: Exception | None = None

        def note(_: nn.Module, __: Any, output: Any, outputs: list[Any] = outputs) -> None:
            outputs.append(_kept(output))

        with network.hooked([(module, note)]), torch.no_grad():
            try:
                output = network(inputs)
            except Exception as raised:
                error = raised
                failure = failure or (size, error)
        if error is None or outputs:
            trial = _chosen(network.module, module, name, outputs)
            return LayerTrial(size, channels, *trial, inputs, output, error)
    assert failure is not None
    size, error = failure
    raise AtlasError(
        f"The model ({type(network.module).__name__}) could not be run on pictures of {size} × "
        f"{size} px: {type(error).__name__}: {error}. If it takes another size pass input_size=; "
        "if it takes something else than normalised RGB pass transform=."
    ) from error


def _chosen(
    model: nn.Module, module: nn.Module, name: LayerName, outputs: list[Any]
) -> tuple[int, Path, Tensor]:
    """Return which of a module's runs is meant, which tensor of its output, and that tensor."""
    runs = len(outputs)
    if runs == 0:
        raise LayerNotFoundError(
            f"Layer {name.module!r} exists but does not run when the model is given a picture "
            f"({why_it_does_not_run(model, module)}). "
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
    return call, path, tensor_at(output, path)


def _kept(output: Any) -> Any:
    """Keep what an in-place operation after the layer would overwrite."""
    for path, leaf in list(entries(output)):
        if isinstance(leaf, Tensor):
            output = replaced(output, path, leaf.clone())
    return output


def classes_of(model: nn.Module, trial: ModelTrial) -> tuple[int | None, str | None]:
    """Return how many classes the model has, and why there are none, where there are none."""
    if trial.error is not None:
        return None, fails_after(trial.error)
    scores = class_scores(trial.output, BATCH)
    if scores is None or getattr(model, "num_classes", None) == 0:  # timm: the head was taken off
        kind = type(trial.output).__name__
        shape = f" of shape {tuple(trial.output.shape)}" if hasattr(trial.output, "shape") else ""
        return None, (
            f"The model ({type(model).__name__}) gives no scores (n, classes) but a {kind}{shape}, "
            "so there are no class values. Say what else is meant: target=similarity_to(picture), "
            "or target=lambda output: … for one value a picture."
        )
    told = "Say target=similarity_to(picture), or target=lambda output: … for one value a picture."
    if trial.headless:
        return None, (
            f"The model ends in an Identity where its head would be, so its {scores.shape[1]} "
            f"outputs are features, not scores of classes, and there are no class values. {told}"
        )
    norms = scores.float().norm(dim=1)
    if scores.shape[1] > 1 and torch.allclose(norms, torch.ones_like(norms), atol=1e-4):
        return None, (
            f"The model's {scores.shape[1]} outputs have length one, as an embedding has, so they "
            f"are not scores of classes, and there are no class values. {told}"
        )
    return scores.shape[1], None


def ambiguity_notices(output: Any) -> list[str]:
    """Return what there is to say of an output that has several tensors of scores."""
    if isinstance(output, Tensor | Mapping) or not isinstance(output, list | tuple):
        return []
    taken = class_scores(output, BATCH)
    found = [
        (path, leaf)
        for path, leaf in entries(output)
        if isinstance(leaf, Tensor) and leaf.ndim == 2 and len(leaf) == BATCH
        if leaf.is_floating_point()
    ]
    if taken is None or len(found) < 2:
        return []
    listed = ", ".join(f"output{written(path)} {tuple(leaf.shape[1:])}" for path, leaf in found)
    first, other = (written(path) for path, _ in found[:2])
    return [
        f"The model returns several tensors that may be scores of classes: {listed}. "
        f"output{first} is taken; target=lambda output: output{other}[:, 0] is about another."
    ]


def fails_after(error: Exception) -> str:
    """Say that a model does not come to its end, and why."""
    return (
        "The model runs up to the layer but fails after it, so there are no class values: "
        f"{type(error).__name__}: {error}"
    )


def is_output(tensor: Tensor, output: Any) -> bool:
    """Return whether a layer's tensor is the model's scores themselves."""
    scores = class_scores(output, BATCH)
    flat = tensor.flatten(1)
    return scores is not None and flat.shape == scores.shape and torch.allclose(flat, scores)


def sums_to_one(output: Any) -> bool:
    """Return whether a model's scores look like probabilities."""
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
