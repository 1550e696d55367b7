"""How the class scores follow from a layer's activations: derivatives through the rest of a model.

Forward mode gives all classes at once: the layer's output is exchanged for a dual tensor, and the
scores come back with their derivative along it. Where an operation knows no forward mode, two
passes of reverse mode give the same; where that fails too, one pass per class does.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from atlas_widget.errors import AttributionError
from atlas_widget.probe.attention import PlainAttention
from atlas_widget.probe.encoder import Encoder
from atlas_widget.probe.outputs import class_scores

__all__ = ["ClassDerivatives"]

_make_dual: Any = forward_ad.make_dual  # which have no types of their own
_unpack_dual: Any = forward_ad.unpack_dual

# PyTorch has one level of forward mode for the whole process.
_ONE_LEVEL = threading.Lock()
_UNRELATED = (
    "The class scores do not depend on layer {layer!r}: nothing flows from it to the model's "
    "output (a detached or auxiliary branch?)."
)


class ClassDerivatives:
    """Derivatives of the class scores with respect to a layer's activations.

    Attributes
    ----------
    mode : {"forward", "twice reverse", "reverse per class"}
        How they are computed; moves on when an operation of the model knows no better.
    notice : str, optional
        Said once `mode` has moved on.
    """

    modes = ("forward", "twice reverse", "reverse per class")

    def __init__(self, encoder: Encoder, layer: str) -> None:
        self.encoder = encoder
        self.layer = layer
        self.mode = self.modes[0]
        self.notice: str | None = None

    @torch.inference_mode(False)
    def along_positions(self, rgb: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """Return h · ∂score/∂h for the activation h at one position of each picture: (n, classes).

        Parameters
        ----------
        rgb : Tensor
            RGB in [0, 1], (n, 3, h, w).
        rows, columns : Tensor
            Of the layer's map, (n,).
        """
        compute = {
            "forward": self._forward,
            "twice reverse": self._twice_reverse,
            "reverse per class": self._per_class,
        }
        failure: Exception | None = None
        for mode in self.modes[self.modes.index(self.mode) :]:
            try:
                values = compute[mode](rgb, rows, columns).float()
            except torch.OutOfMemoryError:
                raise
            except (NotImplementedError, RuntimeError) as error:
                failure = failure or error
                continue
            if failure is not None and "Nested forward mode" not in str(failure):
                self._settle_for(mode, failure)  # else only someone else's forward mode is running
            return values
        assert failure is not None
        raise failure

    @torch.inference_mode(False)
    def gradients(self, rgb: Tensor, classes: Sequence[int]) -> tuple[Tensor, list[Tensor]]:
        """Return the layer's map (n, c, h, w) and ∂score/∂map for each of `classes`."""
        tensor, scores = self._recorded(rgb)
        found = []
        for number, index in enumerate(classes):
            found.append(self._gradient(scores[:, index].sum(), tensor, number + 1 < len(classes)))
        aspect = rgb.shape[2] / rgb.shape[3]
        as_map = self.encoder.layout.as_map
        return as_map(tensor.detach(), aspect), [as_map(gradient, aspect) for gradient in found]

    def _forward(self, rgb: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        inputs = self.encoder.prepared(rgb)

        def with_tangent(tensor: Tensor) -> Tensor:
            primal = _own(tensor)
            dual: Tensor = _make_dual(primal, self._tangent(primal, rgb, rows, columns))
            return dual

        _load_forward_mode()
        with _ONE_LEVEL, torch.no_grad(), forward_ad.dual_level(), PlainAttention():
            output, _ = self.encoder.runner.through(inputs, with_tangent)
            scores = self._scores(output, len(rgb))
            derivative: Tensor | None = _unpack_dual(scores).tangent
            if derivative is None:
                raise AttributionError(_UNRELATED.format(layer=self.layer))
            return derivative.clone()

    def _twice_reverse(self, rgb: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        # vᵀJ is linear in v, so its own derivative along t is J t.
        tensor, scores = self._recorded(rgb)
        weights = torch.zeros_like(scores, requires_grad=True)
        with torch.enable_grad(), PlainAttention():
            (pulled,) = torch.autograd.grad(
                scores, tensor, weights, create_graph=True, allow_unused=True
            )
            if pulled is None:
                raise AttributionError(_UNRELATED.format(layer=self.layer))
            tangent = self._tangent(tensor.detach(), rgb, rows, columns)
            (derivative,) = torch.autograd.grad((pulled * tangent).sum(), weights)
        return derivative

    def _per_class(self, rgb: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        tensor, scores = self._recorded(rgb)
        tangent = self._tangent(tensor.detach(), rgb, rows, columns)
        count = scores.shape[1]
        values = [
            (self._gradient(scores[:, index].sum(), tensor, index + 1 < count) * tangent)
            .flatten(1)
            .sum(1)
            for index in range(count)
        ]
        return torch.stack(values, 1)

    def _recorded(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Run the model; return the layer's tensor, as a leaf, and the scores after it."""
        leaves: list[Tensor] = []

        def as_leaf(tensor: Tensor) -> Tensor:
            leaves.append(_own(tensor).requires_grad_())
            return leaves[0].clone()  # which an in-place operation may then change

        with torch.no_grad():
            inputs = self.encoder.prepared(rgb)
        with torch.enable_grad(), PlainAttention():
            output, _ = self.encoder.runner.through(inputs, as_leaf)
            scores = self._scores(output, len(rgb))
        if not scores.requires_grad:
            raise AttributionError(_UNRELATED.format(layer=self.layer))
        return leaves[0], scores

    def _gradient(self, score: Tensor, tensor: Tensor, again: bool) -> Tensor:
        (gradient,) = torch.autograd.grad(score, tensor, retain_graph=again, allow_unused=True)
        return torch.zeros_like(tensor) if gradient is None else gradient

    def _tangent(self, tensor: Tensor, rgb: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """Return `tensor` at the positions, zero elsewhere, in the layer's own layout."""
        aspect = rgb.shape[2] / rgb.shape[3]
        tangent = torch.zeros_like(tensor)
        images = torch.arange(len(tensor), device=tensor.device)
        rows, columns = rows.to(tensor.device), columns.to(tensor.device)
        # as_map is a view: writing into the map writes into the tangent
        values = self.encoder.layout.as_map(tensor, aspect)[images, :, rows, columns]
        self.encoder.layout.as_map(tangent, aspect)[images, :, rows, columns] = values
        return tangent

    def _scores(self, output: Any, batch: int) -> Tensor:
        scores = class_scores(output, batch)
        if scores is None:
            raise AttributionError("The model gives no scores (n, classes) to attribute to.")
        return scores

    def _settle_for(self, mode: str, error: Exception) -> None:
        reason = str(error).strip().partition("\n")[0][:200]
        self.mode = mode
        self.notice = (
            f"Class values are computed in reverse mode, which is slower ({mode}): {reason}"
        )


@functools.cache
def _load_forward_mode() -> None:
    """Import what PyTorch would import itself at the first use, without what it warns of then."""
    with warnings.catch_warnings(), contextlib.suppress(ImportError):
        warnings.simplefilter("ignore")
        importlib.import_module("torch._decomp.decompositions_for_jvp")


def _own(tensor: Tensor) -> Tensor:
    """Return a dense copy that shares nothing with what the model goes on to use."""
    return tensor.detach().clone(memory_format=torch.preserve_format)
