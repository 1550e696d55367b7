"""Derivatives of scores with respect to a layer's activations, through the rest of a model.

Forward mode gives all scores at once: the layer's output is exchanged for a dual tensor, and the
scores come back with their derivative along it. Where an operation knows no forward mode, two
passes of reverse mode give the same; where that fails too, one pass per score does.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import math
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd import forward_ad

from atlas_widget.errors import AttributionError
from atlas_widget.probe.attention import PlainAttention
from atlas_widget.probe.encoder import Encoder
from atlas_widget.probe.max_pool import RelaxedMaxPool

__all__ = ["Derivatives", "MaxPool", "Scores"]

Tangent = Callable[[Tensor], Tensor]
Scores = Callable[[Any, int], Tensor]
"""From a model's output and the number of pictures to scores (n, scores)."""

MaxPool = Literal["plain", "relaxed"]

_make_dual: Any = forward_ad.make_dual  # which have no types of their own
_unpack_dual: Any = forward_ad.unpack_dual

# PyTorch has one level of forward mode for the whole process.
_ONE_LEVEL = threading.Lock()
_REVERSE = "Attribution is computed in reverse mode"
_AGREEMENT = 2e-3
_GPU_AGREEMENT = 2e-2  # GPUs multiply in TF32 by default
_DROPPED = (
    "it gives something else than reverse mode here, so an operation drops derivatives (a custom "
    "or a deformable one, a part under torch.no_grad)"
)
_UNRELATED = (
    "The scores do not depend on layer {layer!r}: nothing flows from it to what is attributed to "
    "(a detached or auxiliary branch, a count or an index?)."
)


class Derivatives:
    """Derivatives of scores with respect to a layer's activations.

    Attributes
    ----------
    mode : {"forward", "twice reverse", "reverse per score"}
        How they are computed; moves on when an operation of the model knows no better.
    notices : list of str
        What is not as one would expect: that `mode` has moved on, or that there was no max pooling
        to relax.
    """

    modes = ("forward", "twice reverse", "reverse per score")

    def __init__(self, encoder: Encoder, layer: str) -> None:
        self.encoder = encoder
        self.layer = layer
        self.mode = self.modes[0]
        self.notices: list[str] = []
        self._tried_for: object = None

    @property
    def one_by_one(self) -> bool:
        """True if each score costs a pass of its own, so that one had better choose a few."""
        return self.mode == self.modes[-1]

    def on(self, encoder: Encoder) -> Derivatives:
        """Return the same for an encoder that does the same."""
        other = Derivatives(encoder, self.layer)
        other.mode, other._tried_for = self.mode, self._tried_for
        other.notices = list(self.notices)
        return other

    @torch.inference_mode(False)
    def try_modes(self, rgb: Tensor, scores: Scores) -> None:
        """Find the fastest mode that gives what plain reverse mode gives, on one picture, once.

        For a random change t of the layer and random weights v of the scores, ⟨v, J t⟩ must be
        ⟨Jᵀ v, t⟩: an operation that drops the tangent shows, and one that has none fails.

        Raises
        ------
        AttributionError
            The scores do not depend on the layer.
        """
        about = getattr(scores, "__self__", scores)
        if about is self._tried_for:
            return
        rgb = rgb[:1]
        tensor, found = self._recorded(rgb, scores, "plain")
        weights = _random(found, 0)
        with torch.enable_grad():
            (pulled,) = torch.autograd.grad(found, tensor, weights, allow_unused=True)
        if pulled is None:
            raise AttributionError(_UNRELATED.format(layer=self.layer))
        change = _random(tensor, 1) * tensor.detach().std(correction=0)
        wanted = float((pulled * change).sum())
        scale = _length(pulled) * _length(change)
        on_cpu = tensor.device.type == "cpu"
        allowed = (_AGREEMENT if on_cpu else _GPU_AGREEMENT) * scale
        for mode in self.modes[self.modes.index(self.mode) : -1]:
            try:
                along = self._computed(mode, rgb, lambda _: change, scores, "plain", None)
                value = float((along * weights).sum())
            except torch.OutOfMemoryError:
                raise
            except (AttributionError, NotImplementedError, RuntimeError) as error:
                if "Nested forward mode" in str(error):  # only someone else's is running
                    return
                failure: Exception = error
            else:
                if not math.isfinite(wanted) or abs(value - wanted) <= allowed:
                    break
                failure = AttributionError(_DROPPED)
            self._use_mode(self.modes[self.modes.index(mode) + 1], failure)
        self._tried_for = about

    @torch.inference_mode(False)
    def along_positions(
        self,
        rgb: Tensor,
        rows: Tensor,
        columns: Tensor,
        scores: Scores,
        *,
        max_pool: MaxPool = "plain",
        only: Sequence[int] | None = None,
    ) -> Tensor:
        """Return h · ∂score/∂h for the activation h at one position of each picture: (n, scores).

        Parameters
        ----------
        rgb : Tensor
            RGB in [0, 1], (n, 3, h, w).
        rows, columns : Tensor
            Of the layer's map, (n,).
        scores : callable
            What of the model's output to differentiate.
        max_pool : {"plain", "relaxed"}
            How max pooling is differentiated; see `RelaxedMaxPool`.
        only : sequence of int, optional
            Which scores to compute where each costs a pass of its own; the others are NaN then.
        """

        def tangent(tensor: Tensor) -> Tensor:
            return self._tangent(tensor, rgb, rows, columns)

        return self._along(rgb, tangent, scores, max_pool, only).float()

    @torch.inference_mode(False)
    def along_channel(
        self,
        rgb: Tensor,
        channel: int,
        scores: Scores,
        *,
        max_pool: MaxPool = "plain",
        only: Sequence[int] | None = None,
    ) -> Tensor:
        """Return h · ∂score/∂h of one channel, summed over positions: (n, scores).

        Parameters
        ----------
        rgb : Tensor
            RGB in [0, 1], (n, 3, h, w).
        channel : int
            Of the layer's map.
        scores, max_pool, only
            As for `along_positions`.
        """

        def tangent(tensor: Tensor) -> Tensor:
            aspect = rgb.shape[2] / rgb.shape[3]
            change = torch.zeros_like(tensor)
            # as_map is a view: writing into the map writes into the tangent
            own = self.encoder.layout.as_map(tensor, aspect)[:, channel]
            self.encoder.layout.as_map(change, aspect)[:, channel] = own
            return change

        return self._along(rgb, tangent, scores, max_pool, only).float()

    @torch.inference_mode(False)
    def along(
        self,
        rgb: Tensor,
        change: Tangent,
        scores: Scores,
        *,
        max_pool: MaxPool = "plain",
        only: Sequence[int] | None = None,
    ) -> Tensor:
        """Return the derivative of the scores along any change of the layer's map: (n, scores).

        Parameters
        ----------
        rgb : Tensor
            RGB in [0, 1], (n, 3, h, w).
        change : callable
            From the layer's map (n, c, rows, columns) to a tensor of that shape. Tokens that are no
            part of the picture do not change.
        scores, max_pool, only
            As for `along_positions`.

        Returns
        -------
        Tensor
            In the model's own precision.
        """
        aspect = rgb.shape[2] / rgb.shape[3]

        def tangent(tensor: Tensor) -> Tensor:
            whole = torch.zeros_like(tensor)
            # as_map is a view: writing into the map writes into the tangent
            as_map = self.encoder.layout.as_map
            as_map(whole, aspect).copy_(change(as_map(tensor, aspect)))
            return whole

        return self._along(rgb, tangent, scores, max_pool, only)

    def _along(
        self,
        rgb: Tensor,
        tangent: Tangent,
        scores: Scores,
        max_pool: MaxPool,
        only: Sequence[int] | None,
    ) -> Tensor:
        """Return the scores' derivative along a tangent, in the fastest mode that works."""
        failure: Exception | None = None
        for mode in self.modes[self.modes.index(self.mode) :]:
            try:
                values = self._computed(mode, rgb, tangent, scores, max_pool, only)
            except torch.OutOfMemoryError:
                raise
            except (NotImplementedError, RuntimeError) as error:
                failure = failure or error
                continue
            if failure is not None and "Nested forward mode" not in str(failure):
                self._use_mode(mode, failure)  # else only someone else's forward mode is running
            return values
        assert failure is not None
        raise failure

    @torch.inference_mode(False)
    def gradients(
        self, rgb: Tensor, scores: Scores, *, max_pool: MaxPool = "plain"
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the layer's map (n, c, h, w) and ∂score/∂map for each of the scores."""
        tensor, found = self._recorded(rgb, scores, max_pool)
        count = found.shape[1]
        maps = [
            self._gradient(found[:, index].sum(), tensor, index + 1 < count)
            for index in range(count)
        ]
        if all(gradient is None for gradient in maps):
            raise AttributionError(_UNRELATED.format(layer=self.layer))
        aspect = rgb.shape[2] / rgb.shape[3]
        as_map = self.encoder.layout.as_map
        return as_map(tensor.detach(), aspect), [
            as_map(torch.zeros_like(tensor) if gradient is None else gradient, aspect)
            for gradient in maps
        ]

    def _computed(
        self,
        mode: str,
        rgb: Tensor,
        tangent: Tangent,
        scores: Scores,
        max_pool: MaxPool,
        only: Sequence[int] | None,
    ) -> Tensor:
        """Return the derivative of the scores along a tangent, in one of the modes."""
        if mode == "forward":
            return self._forward(rgb, tangent, scores, max_pool)
        if mode == "twice reverse":
            return self._twice_reverse(rgb, tangent, scores, max_pool)
        return self._per_score(rgb, tangent, scores, max_pool, only)

    def _forward(self, rgb: Tensor, tangent: Tangent, scores: Scores, max_pool: MaxPool) -> Tensor:
        inputs = self.encoder.prepared(rgb)

        def with_tangent(tensor: Tensor) -> Tensor:
            primal = _own(tensor)
            dual: Tensor = _make_dual(primal, tangent(primal))
            return dual

        _load_forward_mode()
        with _ONE_LEVEL, torch.no_grad(), forward_ad.dual_level(), self._differentiable(max_pool):
            output, _ = self.encoder.runner.through(inputs, with_tangent)
            found = scores(output, len(rgb))
            derivative: Tensor | None = _unpack_dual(found).tangent
            if derivative is None:
                raise AttributionError(_UNRELATED.format(layer=self.layer))
            return derivative.clone()

    def _twice_reverse(
        self, rgb: Tensor, tangent: Tangent, scores: Scores, max_pool: MaxPool
    ) -> Tensor:
        # vᵀJ is linear in v, so its own derivative along t is J t.
        tensor, found = self._recorded(rgb, scores, max_pool)
        weights = torch.zeros_like(found, requires_grad=True)
        with torch.enable_grad(), PlainAttention():
            (pulled,) = torch.autograd.grad(
                found, tensor, weights, create_graph=True, allow_unused=True
            )
            if pulled is None:
                raise AttributionError(_UNRELATED.format(layer=self.layer))
            along = (pulled * tangent(tensor.detach())).sum()
            if not along.requires_grad:
                raise NotImplementedError("an operation cannot be differentiated twice")
            (derivative,) = torch.autograd.grad(along, weights)
        return derivative

    def _per_score(
        self,
        rgb: Tensor,
        tangent: Tangent,
        scores: Scores,
        max_pool: MaxPool,
        only: Sequence[int] | None,
    ) -> Tensor:
        tensor, found = self._recorded(rgb, scores, max_pool)
        change = tangent(tensor.detach())
        wanted = range(found.shape[1]) if only is None else only
        values = torch.full_like(found, torch.nan, requires_grad=False)
        for number, index in enumerate(wanted, 1):
            gradient = self._gradient(found[:, index].sum(), tensor, number < len(wanted))
            if gradient is None:
                values[:, index] = 0.0
                continue
            values[:, index] = (gradient * change).flatten(1).sum(1)
        return values

    def _recorded(self, rgb: Tensor, scores: Scores, max_pool: MaxPool) -> tuple[Tensor, Tensor]:
        """Run the model with the layer's tensor as a leaf; return that leaf and the scores."""
        leaves: list[Tensor] = []

        def as_leaf(tensor: Tensor) -> Tensor:
            leaves.append(_own(tensor).requires_grad_())
            return leaves[0].clone()  # which an in-place operation may then change

        with torch.no_grad():
            inputs = self.encoder.prepared(rgb)
        with torch.enable_grad(), self._differentiable(max_pool):
            output, _ = self.encoder.runner.through(inputs, as_leaf)
            found = scores(output, len(rgb))
        if not found.requires_grad:
            raise AttributionError(_UNRELATED.format(layer=self.layer))
        return leaves[0], found

    @contextlib.contextmanager
    def _differentiable(self, max_pool: MaxPool) -> Iterator[None]:
        """Let the model run such that it can be differentiated, and as is wished."""
        with PlainAttention():
            if max_pool == "plain":
                yield
                return
            with RelaxedMaxPool() as relaxed:
                yield
        if not relaxed.count:
            self._say(
                f"The model has no max pooling after layer {self.layer!r}, so max_pool='relaxed' "
                "changes nothing."
            )

    def _gradient(self, score: Tensor, tensor: Tensor, again: bool) -> Tensor | None:
        (gradient,) = torch.autograd.grad(score, tensor, retain_graph=again, allow_unused=True)
        return gradient

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

    def _use_mode(self, mode: str, error: Exception) -> None:
        reason = str(error).strip().partition("\n")[0][:200]
        self.mode = mode
        slow = ", and only the scores that matter" if self.one_by_one else ""
        self.notices = [one for one in self.notices if not one.startswith(_REVERSE)]
        self._say(f"{_REVERSE}, which is slower ({mode}{slow}): {reason}")

    def _say(self, notice: str) -> None:
        if notice not in self.notices:
            self.notices.append(notice)


@functools.cache
def _load_forward_mode() -> None:
    """Import what PyTorch would import itself at the first use, without what it warns of then."""
    with warnings.catch_warnings(), contextlib.suppress(ImportError):
        warnings.simplefilter("ignore")
        importlib.import_module("torch._decomp.decompositions_for_jvp")


def _length(values: Tensor) -> float:
    """Return the norm, also of values whose squares are too small for float32."""
    greatest = float(values.abs().max())
    return greatest * float((values / greatest).norm()) if greatest else 0.0


def _random(like: Tensor, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(like.shape, generator=generator, device="cpu", dtype=torch.float32)
    return values.to(like)


def _own(tensor: Tensor) -> Tensor:
    """Return a dense copy that shares nothing with what the model goes on to use."""
    return tensor.detach().clone(memory_format=torch.preserve_format)
