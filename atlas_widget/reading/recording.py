"""One pass of an image through a model, kept so that anything in it can be differentiated."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import get_gradient_edge

from atlas_widget.errors import AtlasError, AttributionError, LayerNotFoundError
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.attention import PlainAttention
from atlas_widget.probe.derivatives import MaxPool
from atlas_widget.probe.max_pool import RelaxedMaxPool
from atlas_widget.probe.outputs import replaced, tensor_at
from atlas_widget.reading.constants import AddedConstants

__all__ = ["Contributions", "Recording"]

_MAX_KEPT = 32  # scores whose derivatives are kept


@dataclass(frozen=True)
class Contributions:
    """Contributions of one layer to one number further on.

    Attributes
    ----------
    gradients : Tensor
        The number's derivative with respect to the layer's map, float64 (channels, rows, columns).
    products : Tensor
        Activation times gradient, of the same shape.
    prefix_tokens : float
        Sum of activation times gradient over tokens that are no part of the picture.
    biases : float
        Constants added behind the layer, times the number's derivative; see `constants`.
    score : float
        The number itself.
    """

    gradients: Tensor
    products: Tensor
    prefix_tokens: float
    biases: float
    score: float

    def minus(self, other: Contributions) -> Contributions:
        """Return the contributions to the difference of two numbers."""
        return Contributions(
            self.gradients - other.gradients,
            self.products - other.products,
            self.prefix_tokens - other.prefix_tokens,
            self.biases - other.biases,
            self.score - other.score,
        )

    @property
    def rest(self) -> float:
        """Part of the number that neither the layer nor a constant behind it accounts for.

        Zero up to rounding where everything behind the layer is piecewise linear. It holds what
        other functions (softmax, GELU, normalisation of layers) add beyond the first order, and
        what does not pass through the layer.
        """
        return self.score - float(self.products.sum()) - self.prefix_tokens - self.biases


class Recording:
    """The tensors of some layers and the scores of one image, with the graph that joins them.

    The model runs once, as it is and in its own precision. Each pass back from a number reaches all
    layers before it. It is to be used by one thread at a time.

    Parameters
    ----------
    probes : sequence of LayerProbe
        Layers of one model.
    rgb : Tensor
        RGB in [0, 1], (1, 3, h, w).
    max_pool : {"plain", "relaxed"}
        How max pooling is differentiated; see :func:`~atlas_widget.attribution_map`.

    Attributes
    ----------
    maps : list of Tensor
        Each layer's map, (channels, rows, columns), part of the graph.
    scores : Tensor or None
        The scores, (classes,), part of the graph; None if the model has none.
    order : list of int
        The layers in the order in which they ran.

    Raises
    ------
    LayerNotFoundError
        A layer does not run for this image.
    AtlasError
        The model does not take images of this size.
    """

    @torch.inference_mode(False)
    def __init__(
        self, probes: Sequence[LayerProbe], rgb: Tensor, max_pool: MaxPool = "plain"
    ) -> None:
        self.max_pool = max_pool
        self._probes = list(probes)
        self._aspect = rgb.shape[2] / rgb.shape[3]
        self._constants = AddedConstants()
        self._tensors: dict[int, Tensor] = {}
        self._kept: OrderedDict[int, list[Contributions | None]] = OrderedDict()
        output = self._run(rgb)
        missing = [probe.layer for i, probe in enumerate(probes) if i not in self._tensors]
        if missing:
            raise LayerNotFoundError(f"Layer {missing[0]!r} did not run for this image.")
        self.order = list(self._tensors)
        self.maps = [
            self._as_map(number, self._tensors[number])[0] for number in range(len(probes))
        ]
        self._marks = {self._mark(number): number for number in range(len(probes))}
        self._masks: dict[Any, int] = {}
        self.scores: Tensor | None = None
        first = self._probes[0]
        if first.num_classes is not None:
            with torch.enable_grad():
                self.scores = first.target.scores(output, 1)[0]

    def _run(self, rgb: Tensor) -> Any:
        encoder = self._probes[0].plain
        network = encoder.runner.network
        with torch.no_grad():
            inputs = encoder.prepared(rgb)
        hooks = [
            (probe.plain.runner.module, self._hook_of(number, probe))
            for number, probe in enumerate(self._probes)
        ]
        with ExitStack() as modes:
            modes.enter_context(torch.enable_grad())
            modes.enter_context(PlainAttention())
            if self.max_pool == "relaxed":
                modes.enter_context(RelaxedMaxPool())
            modes.enter_context(self._constants)
            modes.enter_context(network.hooked(hooks))
            try:
                return network(inputs)
            except (AssertionError, RuntimeError, ValueError) as error:
                if isinstance(error, AtlasError | torch.OutOfMemoryError):
                    raise
                height, width = rgb.shape[2:]
                if not self._probes[0].private_model.complete and len(self._tensors) == len(hooks):
                    return None
                raise AtlasError(
                    f"The model does not take an image of {height} × {width} px; it ran on "
                    f"{self._probes[0].input_size} × {self._probes[0].input_size}: "
                    f"{type(error).__name__}: {error}"
                ) from error

    def _hook_of(self, number: int, probe: LayerProbe) -> Callable[..., Any]:
        runner, runs = probe.plain.runner, 0

        def hook(_module: nn.Module, _args: Any, output: Any) -> Any:
            nonlocal runs
            runs += 1
            if runs != runner.call + 1:
                return None
            tensor = tensor_at(output, runner.path)
            if tensor.requires_grad:
                kept = tensor.clone()  # a node of the graph that is the layer's alone
            else:  # nothing before it is read: the graph begins here
                kept = tensor.detach().clone().requires_grad_()
            self._tensors[number] = kept
            return replaced(output, runner.path, kept.clone())  # which may be changed in place

        return hook

    def contributions_to_score(self, index: int) -> list[Contributions | None]:
        """Return each layer's contributions to one score; None where none depends on the layer."""
        scores = self.scores
        if scores is None:
            raise AttributionError(self._probes[0].no_classes or "The model has no classes.")
        if index not in self._kept:
            self._kept[index] = self.contributions_to(lambda: scores[index])
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(index)
        return self._kept[index]

    @torch.inference_mode(False)
    def contributions_to(self, compute: Callable[[], Tensor]) -> list[Contributions | None]:
        """Return each layer's contributions to a number computed from the maps or scores.

        Parameters
        ----------
        compute : callable
            Returns the number, of one element, computed from `maps` or `scores`; it is called where
            gradients are recorded, whatever the caller's mode.

        Returns
        -------
        list
            For each layer; None where the number does not depend on it.
        """
        wanted = [self._tensors[each] for each in range(len(self._probes))]
        with torch.enable_grad():
            number = compute()
        if not number.requires_grad:
            return [None] * len(wanted)
        self._constants.start()
        gradients = torch.autograd.grad(number, wanted, retain_graph=True, allow_unused=True)
        added = self._constants.contributions()
        score = float(number.detach().cpu())
        return [
            None if gradient is None else self._contributions(layer, gradient, added, score)
            for layer, gradient in enumerate(gradients)
        ]

    def _contributions(
        self, layer: int, gradient: Tensor, added: list[float], score: float
    ) -> Contributions:
        whole = self._tensors[layer].detach().cpu().double()
        gradient = gradient.detach().cpu().double()
        gradients = self._as_map(layer, gradient)[0]
        products = self._as_map(layer, whole)[0] * gradients
        behind = sum(
            value
            for value, function in zip(added, self._constants.functions, strict=True)
            if value and self._mask(function) >> layer & 1
        )
        in_all = float((whole * gradient).sum())
        layout = self._probes[layer].plain.layout
        others = in_all - float(products.sum()) if layout.prefix or layout.suffix else 0.0
        return Contributions(gradients, products, others, float(behind), score)

    def depends(self, upper: int, lower: int) -> bool:
        """Return whether a derivative gets from one layer back to another."""
        return upper != lower and bool(self._mask(self._mark(upper)) >> lower & 1)

    def remainders(self, contributions: Contributions, layer: int) -> dict[str, float]:
        """Return what of a number is no position's of a layer; see `Attribution.remainders`."""
        layout = self._probes[layer].plain.layout
        tokens = {"prefix tokens": contributions.prefix_tokens}
        others = tokens if layout.prefix or layout.suffix else {}
        return others | {"biases": contributions.biases, "rest": contributions.rest}

    def _as_map(self, layer: int, tensor: Tensor) -> Tensor:
        return self._probes[layer].plain.layout.as_map(tensor, self._aspect)

    def _mark(self, layer: int) -> Any:
        """Return the autograd function of a layer's tensor, by which it is known in the graph."""
        return get_gradient_edge(self._tensors[layer]).node

    def _mask(self, function: Any) -> int:
        """Return which layers a function's result depends on, a bit each."""
        waiting = [function]
        while waiting:
            current = waiting[-1]
            if current in self._masks:
                waiting.pop()
                continue
            before = [each for each, _ in current.next_functions if each is not None]
            unknown = [each for each in before if each not in self._masks]
            if unknown:
                waiting.extend(unknown)
                continue
            mask = 1 << self._marks[current] if current in self._marks else 0
            for each in before:
                mask |= self._masks[each]
            self._masks[current] = mask
            waiting.pop()
        return self._masks[function]
