"""The graph of a model's layers: which layer's output reaches which other one directly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import Tensor, nn

from atlas_widget.errors import LayerNotFoundError, did_you_mean
from atlas_widget.probe.layers import find_layer, list_layers
from atlas_widget.probe.noise import same_noise
from atlas_widget.probe.private_model import PrivateModel

__all__ = ["GraphNode", "LayerGraph", "graph_of", "layer_graph", "rectified_by"]

# ReLU, ReLU6, and functions of the same derivative
_RECTIFIERS = ("ReluBackward", "HardtanhBackward", "ClampMinBackward", "ThresholdBackward")


@dataclass(frozen=True)
class GraphNode:
    """A layer in the graph.

    Attributes
    ----------
    name
        The layer's name; of modules that give the very same output, such as a block and its last
        layer, the outermost one's. ``name:1`` is a module's second run.
    type
        The module's class.
    shape
        Shape of its output for one picture.
    aliases
        Names of the other modules that give the same output.
    rank
        Its column in a drawing: one more than the largest rank of the nodes before it.
    """

    name: str
    type: str
    shape: tuple[int, ...]
    aliases: tuple[str, ...]
    rank: int


@dataclass(frozen=True)
class LayerGraph:
    """Layers and the connections between them, in the order in which they run.

    Attributes
    ----------
    nodes
        The layers, each after those that it depends on.
    edges
        Pairs of names, (before, after): the output of one reaches the other without passing
        through the output of a third.
    kind
        ``"autograd"``: read off the graph of derivatives; ``"execution order"``: the model has no
        such graph (it detaches, or is not differentiable), so each layer is followed by the one
        that ran next, which need not be connected.
    """

    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[str, str], ...]
    kind: Literal["autograd", "execution order"]
    _by_name: dict[str, GraphNode] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {alias: node for node in self.nodes for alias in (node.name, *node.aliases)}
        object.__setattr__(self, "_by_name", names)

    def node(self, name: str) -> GraphNode:
        """Return the node of a layer, by any of its names."""
        if name not in self._by_name:
            hint = did_you_mean(name, self._by_name)
            raise LayerNotFoundError(f"The graph has no layer {name!r:.60}.{hint}")
        return self._by_name[name]

    def before(self, name: str) -> list[str]:
        """Return the layers whose outputs reach a layer directly."""
        own = self.node(name).name
        return [one for one, other in self.edges if other == own]

    def after(self, name: str) -> list[str]:
        """Return the layers that a layer's output reaches directly."""
        own = self.node(name).name
        return [other for one, other in self.edges if one == own]

    def to_dict(self) -> dict[str, Any]:
        """Return the graph as plain values, to be saved as JSON."""
        return {
            "kind": self.kind,
            "nodes": [
                {
                    "name": node.name,
                    "type": node.type,
                    "shape": list(node.shape),
                    "aliases": list(node.aliases),
                    "rank": node.rank,
                }
                for node in self.nodes
            ],
            "edges": [list(edge) for edge in self.edges],
        }


def layer_graph(
    model: nn.Module,
    layers: Sequence[str] | None = None,
    *,
    transform: Any = None,
    device: str | torch.device | None = None,
    input_size: int | None = None,
) -> LayerGraph:
    """Read off a model's graph of derivatives which layers follow each other.

    The model runs once on a picture of noise, in a private copy; functions without a module (an
    addition, a concatenation, a reshape) are part of the edges.

    Parameters
    ----------
    model
        Any vision model; it is copied, never changed.
    layers
        Names of the layers that are to be nodes; None: all of ``list_layers(model)`` that run. With
        some left out, edges pass through them.
    transform, device, input_size
        See :class:`~atlas_widget.probe.LayerProbe`.

    Returns
    -------
    LayerGraph

    Raises
    ------
    LayerNotFoundError
        The model has no such layer.

    Examples
    --------
    >>> graph = layer_graph(resnet18())
    >>> graph.before("layer1.1")
    """
    with (
        torch.inference_mode(False),
        PrivateModel(model, transform=transform, device=device, input_size=input_size) as private,
    ):
        return graph_of(private, layers)


def graph_of(private: PrivateModel, layers: Sequence[str] | None = None) -> LayerGraph:
    """Do what :func:`layer_graph` does with a private copy of a model that is there already."""
    known = [info.name for info in list_layers(private.network.module)]
    for name in layers or ():
        if name not in known:
            hint = did_you_mean(name, known)
            raise LayerNotFoundError(f"The model has no layer {name!r:.60}.{hint}")
    with torch.inference_mode(False):
        runs = _run(private, set(known if layers is None else layers))
    groups: list[_Group] = []
    by_function: dict[int, _Group] = {}
    for run in runs:
        group = by_function.get(id(run.function)) if run.function is not None else None
        if group is None:
            group = _Group([run])
            groups.append(group)
            if run.function is not None:
                by_function[id(run.function)] = group
        else:
            group.runs.append(run)
    if any(group.function is None for group in groups):
        edges = [(one.name, other.name) for one, other in pairwise(groups)]
        kind: Literal["autograd", "execution order"] = "execution order"
    else:
        functions = {id(group.function): group.name for group in groups}
        found = {(one, group.name) for group in groups for one in _reached(group, functions)}
        order = {group.name: at for at, group in enumerate(groups)}
        edges = sorted(found, key=lambda edge: (order[edge[1]], order[edge[0]]))
        kind = "autograd"
    before = defaultdict(list)
    for one, other in edges:
        before[other].append(one)
    ranks: dict[str, int] = {}
    for group in groups:  # those before it have run before it
        ranks[group.name] = max((ranks[one] + 1 for one in before[group.name]), default=0)
    nodes = tuple(group.node(ranks[group.name]) for group in groups)
    return LayerGraph(nodes, tuple(edges), kind)


def rectified_by(private: PrivateModel, layer: str) -> str | None:
    """Return the layer whose output a layer rectifies, with a ReLU of its own and no other step.

    Parameters
    ----------
    private
        A private copy of the model.
    layer
        The layer: a ReLU, or a block that ends with one.

    Returns
    -------
    str or None
        None if the layer ends with another function, or if what it rectifies is the output of no
        layer, such as the sum at the end of a residual block.
    """
    with torch.inference_mode(False):
        runs = _run(private, {info.name for info in list_layers(private.network.module)})
    name = find_layer(private.network.module, layer)[0]
    called = f"{name.module}:{name.call}" if name.call else name.module
    own = None if name.picks else {run.name: run.function for run in runs}.get(called)
    if own is None or not own.name().startswith(_RECTIFIERS):
        return None
    rectified = own.next_functions[0][0]
    # a module that runs several times is read at one of its runs, which may be another one
    counts = Counter(run.name.partition(":")[0] for run in runs)
    found = [run.name for run in runs if run.function is rectified and counts[run.name] == 1]
    return found[-1] if found else None


@dataclass(frozen=True)
class _Run:
    """One run of a module: its name, and the function that made its output."""

    name: str
    type: str
    shape: tuple[int, ...]
    function: Any


@dataclass
class _Group:
    """Runs with the same output, innermost module first."""

    runs: list[_Run]

    @property
    def function(self) -> Any:
        return self.runs[0].function

    @property
    def name(self) -> str:
        return self.runs[-1].name

    def node(self, rank: int) -> GraphNode:
        last = self.runs[-1]
        aliases = tuple(run.name for run in self.runs[:-1])
        return GraphNode(last.name, last.type, last.shape, aliases, rank)


def _run(private: PrivateModel, wanted: set[str]) -> list[_Run]:
    """Run the model once, and return the runs of these modules in the order of their outputs."""
    network = private.network
    runs: list[_Run] = []
    counts: dict[str, int] = defaultdict(int)

    def hook_of(name: str) -> Any:
        def hook(module: nn.Module, _args: Any, output: Any) -> None:
            tensor = _first_tensor(output)
            if tensor is None:
                return
            number, counts[name] = counts[name], counts[name] + 1
            shape = tuple(tensor.shape[1:])
            full = f"{name}:{number}" if number else name
            # held, so that no other function takes over its place in memory
            runs.append(_Run(full, type(module).__name__, shape, tensor.grad_fn))

        return hook

    rgb = same_noise(1, private.input_size).to(private.device)
    with torch.enable_grad():
        inputs = private.preprocessing(rgb).to(private.dtype).contiguous().requires_grad_()
        hooks = [
            (module, hook_of(name))
            for name, module in network.module.named_modules()
            if name in wanted
        ]
        with network.hooked(hooks):
            network(inputs)
    return runs


def _first_tensor(output: Any) -> Tensor | None:
    """Return the first floating-point tensor in what a module returns."""
    if isinstance(output, Tensor):
        return output if output.is_floating_point() else None
    if isinstance(output, dict):
        output = list(output.values())
    elif hasattr(output, "to_tuple"):
        output = output.to_tuple()
    if isinstance(output, list | tuple):
        return next((found for part in output if (found := _first_tensor(part)) is not None), None)
    return None


def _reached(group: _Group, functions: dict[int, str]) -> Iterator[str]:
    """Yield the groups whose outputs are reached from a group's without passing through others."""
    seen = {id(group.function)}
    waiting = [function for function, _ in group.function.next_functions]
    while waiting:
        function = waiting.pop()
        if function is None or id(function) in seen:
            continue
        seen.add(id(function))
        if id(function) in functions:
            yield functions[id(function)]
        else:
            waiting.extend(before for before, _ in function.next_functions)
