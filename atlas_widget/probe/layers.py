"""The layers of a model: listing them, and finding one by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import torch
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, LayerNotFoundError, LayerOutputError, did_you_mean
from atlas_widget.probe.outputs import Path, find_tensor, tensor_at, written
from atlas_widget.probe.private_copy import private_copy, unwrapped
from atlas_widget.probe.running import run_model

__all__ = ["LayerInfo", "LayerList", "LayerName", "find_layer", "layers_that_run", "list_layers"]

_CONTAINERS = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
_HOW_TO_LIST = "list_layers(model) lists all."


@dataclass(frozen=True)
class LayerInfo:
    """A layer one can pass by name.

    Attributes
    ----------
    name : str
        What to pass as `layer`.
    type : str
        The module's class.
    shape : tuple of int, optional
        Shape of the output for one image, where an example was given.
    """

    name: str
    type: str
    shape: tuple[int, ...] | None = None


class LayerList(list[LayerInfo]):
    """A list of layers that prints as a table."""

    def __repr__(self) -> str:
        if not self:
            return "(no layers)"
        names = max(len(info.name) for info in self)
        types = max(len(info.type) for info in self)
        return "\n".join(
            f"{info.name:<{names}}  {info.type:<{types}}"
            + (f"  {' × '.join(map(str, info.shape))}" if info.shape else "")
            for info in self
        )


@dataclass(frozen=True)
class LayerName:
    """A layer's name, taken apart.

    Attributes
    ----------
    module : str
        The module's name in the model.
    call : int, optional
        Which of its runs in one pass is meant (``name:k``).
    picks : Path
        Which part of its output is meant (``name[0]['key']``).
    """

    module: str
    call: int | None = None
    picks: Path = ()

    def __str__(self) -> str:
        call = "" if self.call is None else f":{self.call}"
        return f"{self.module}{call}{written(self.picks)}"


def list_layers(model: nn.Module, example: Tensor | None = None) -> LayerList:
    """List the layers of a model, by the names that everything else here takes.

    Parameters
    ----------
    model : nn.Module
        Left exactly as it is.
    example : Tensor, optional
        A batch as the model takes it, such as ``torch.rand(2, 3, 224, 224)``. With it, the list
        holds only the layers that ran and can be used, in the order in which they ran, with the
        shapes of their outputs; a module that runs several times has an entry ``name:k`` per run.

    Returns
    -------
    LayerList
        A list of `LayerInfo` that prints as a table.

    Examples
    --------
    >>> from torchvision.models import resnet18
    >>> list_layers(resnet18(), torch.rand(1, 3, 224, 224))[-3]
    LayerInfo(name='layer4', type='Sequential', shape=(512, 7, 7))
    """
    model = unwrapped(model)
    if example is None:
        first: dict[nn.Module, str] = {}
        for name, module in _named_layers(model).items():
            first.setdefault(module, name)  # a module with several names is listed once
        return LayerList(LayerInfo(name, type(module).__name__) for module, name in first.items())
    device = next((tensor.device for tensor in model.parameters()), torch.device("cpu"))
    ours, _ = private_copy(model, device)
    return layers_that_run(ours, example.detach().to(device))


def layers_that_run(ours: nn.Module, example: Tensor) -> LayerList:
    """List the layers of a private model that run on an example and can be used, with their shapes.

    Parameters
    ----------
    ours : nn.Module
        Our own copy, in evaluation mode: hooks are put on it and taken away again.
    example : Tensor
        As for `list_layers`, on the copy's device.

    Returns
    -------
    LayerList
        In the order in which they ran.

    Raises
    ------
    AtlasError
        The model cannot be run on the example.
    """
    kept = next((p.dtype for p in ours.parameters() if p.is_floating_point()), torch.float32)
    if example.is_floating_point():
        example = example.to(kept)
    runs: dict[str, list[LayerInfo]] = {}
    order: list[str] = []

    def record(name: str, module: nn.Module, output: object) -> None:
        if name not in runs:
            order.append(name)
        infos = runs.setdefault(name, [])
        try:
            path = find_tensor(output, (), name, len(example))
        except LayerOutputError:
            return
        shape = tuple(tensor_at(output, path).shape[1:])
        infos.append(LayerInfo(f"{name}:{len(infos)}", type(module).__name__, shape))

    handles = []
    try:
        names: dict[nn.Module, str] = {}
        for name, module in _named_layers(ours).items():
            names.setdefault(module, name)
        for module, name in names.items():
            handles.append(
                module.register_forward_hook(
                    lambda module, _, output, name=name: record(name, module, output)
                )
            )
        with torch.no_grad():
            run_model(ours, example)
    except Exception as error:
        raise AtlasError(
            f"The model could not be run on an example of shape {tuple(example.shape)}: "
            f"{type(error).__name__}: {error}"
        ) from error
    finally:
        for handle in handles:
            handle.remove()
    listed = LayerList()
    for name in order:
        infos = runs[name]
        if len(infos) == 1:
            listed.append(LayerInfo(name, infos[0].type, infos[0].shape))
        else:
            listed.extend(infos)
    return listed


def find_layer(model: nn.Module, layer: str | nn.Module) -> tuple[LayerName, nn.Module]:
    """Find a layer of `model`, given as ``name``, ``name:k``, ``name[0]`` or the module itself.

    Parameters
    ----------
    model : nn.Module
        Unwrapped; names through ``DataParallel`` or ``torch.compile`` are understood all the same.
    layer : str or nn.Module

    Raises
    ------
    LayerNotFoundError
        Naming the closest layers, and how to list all.
    """
    named = _named_layers(model)
    if isinstance(layer, nn.Module):
        for name, module in named.items():
            if module is unwrapped(layer):
                return LayerName(name), module
        raise LayerNotFoundError(
            f"This {type(layer).__name__} is not a part of the model. {_HOW_TO_LIST}"
        )
    if not isinstance(layer, str):
        raise LayerNotFoundError(
            f"A layer is given by its name, not by a {type(layer).__name__}. {_HOW_TO_LIST}"
        )
    wanted = _parsed(layer, named)
    if wanted.module in named:
        return wanted, named[wanted.module]
    return _not_found(model, wanted, named)


def _named_layers(model: nn.Module) -> dict[str, nn.Module]:
    """Return all modules that can run, by name: without the model itself, wrappers seen through."""
    return {
        name: module
        for name, module in _parts(model, "", (model,))
        if type(module) not in _CONTAINERS
    }


def _parts(
    model: nn.Module, prefix: str, above: tuple[nn.Module, ...]
) -> Iterator[tuple[str, nn.Module]]:
    for name, child in model._modules.items():
        if child is None or name == "parametrizations":
            continue
        module = unwrapped(child)
        if module not in above:
            yield f"{prefix}{name}", module
            yield from _parts(module, f"{prefix}{name}.", (*above, module))


def _parsed(layer: str, named: dict[str, nn.Module]) -> LayerName:
    if layer in named:
        return LayerName(layer)
    match = re.fullmatch(r"(?P<name>[^:\[\]]*)(:(?P<call>\d+))?(?P<picks>(\[[^\[\]]+\])*)", layer)
    if match is None:
        raise LayerNotFoundError(
            f"{layer!r} is not how a layer is written: 'name', 'name:k' for its k-th run in one "
            f"pass, 'name[0]' or \"name['key']\" for a part of its output."
            + did_you_mean(layer, named)
        )
    picks: list[int | str] = []
    for text in re.findall(r"\[([^\[\]]+)\]", match["picks"]):
        try:
            key = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            key = text  # name[key] without quotation marks is clear enough
        picks.append(key if isinstance(key, int) else str(key))
    name = match["name"]
    if name not in named:
        # As the name reads when listed through DataParallel or torch.compile.
        bare = ".".join(part for part in name.split(".") if part != "_orig_mod")
        stripped = bare.removeprefix("module.")
        name = next((option for option in (bare, stripped) if option in named), name)
    return LayerName(name, None if match["call"] is None else int(match["call"]), tuple(picks))


def _not_found(model: nn.Module, wanted: LayerName, named: dict[str, nn.Module]) -> NoReturn:
    if not wanted.module:
        raise LayerNotFoundError(
            f"Give the name of a layer inside the model, not an empty one. {_HOW_TO_LIST}"
        )
    container = dict(_parts(model, "", (model,))).get(wanted.module)
    if container is not None:
        parts = [name for name in named if name.startswith(f"{wanted.module}.")]
        direct = [name for name in parts if name.count(".") == wanted.module.count(".") + 1]
        some = ", ".join(repr(name) for name in (direct or parts)[:8])
        raise LayerNotFoundError(
            f"{wanted.module!r} is a {type(container).__name__}, which only holds layers and never "
            f"runs itself. Its layers: {some or 'none'}. {_HOW_TO_LIST}"
        )
    raise LayerNotFoundError(
        f"The model ({type(model).__name__}) has no layer {wanted.module!r}."
        f"{did_you_mean(wanted.module, named)} {_HOW_TO_LIST}"
    )
