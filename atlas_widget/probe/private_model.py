"""PrivateModel: one copy of the user's model, from which any number of layers are read."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterable
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, AttributionError, LayerOutputError
from atlas_widget.probe.devices import usable_device
from atlas_widget.probe.encoder import Encoder
from atlas_widget.probe.fingerprint import weights_hash
from atlas_widget.probe.first_pass import (
    BATCH,
    USUAL_SIZES,
    LayerTrial,
    ambiguity_notices,
    classes_of,
    fails_after,
    sums_to_one,
    tries,
    try_layer,
    try_model,
)
from atlas_widget.probe.folding import FastCopies, agreeing
from atlas_widget.probe.isolation import Isolation
from atlas_widget.probe.layers import LayerName
from atlas_widget.probe.noise import same_noise
from atlas_widget.probe.preprocessing import Preprocessing, resolve_transform
from atlas_widget.probe.private_copy import private_copy, unwrapped
from atlas_widget.probe.running import Network
from atlas_widget.probe.targets import AllClasses, Target, as_target

__all__ = ["PrivateModel"]


class PrivateModel:
    """A copy of the user's model: in evaluation mode, frozen, on `device`, with what it takes.

    ``LayerProbe(private_model, layer)`` reads a layer of it; all layers share one set of weights.
    The copy is freed when it is closed and so are all probes of its layers.

    Parameters
    ----------
    model : nn.Module
        Any vision model, left exactly as it is; ``DataParallel`` and ``torch.compile`` wrappers
        are seen through.
    transform, device, input_size, target : optional
        As for `LayerProbe`.

    Attributes
    ----------
    preprocessing : Preprocessing
    input_size : int
        Side of the square pictures that it was found to take.
    target : Target
    num_classes : int or None
        How many scores `target` has.
    no_classes : str or None
        Why there are no class values, where there are none.
    device, dtype
        Of the copy.
    notices : list of str
        What was assumed or differs, to be shown once.
    example : object
        What the model returned for two pictures; None if it does not run to its end.
    complete : bool
        Whether the model runs to its end. If not, layers can be read all the same.
    """

    @torch.inference_mode(False)  # tensors made within it could never be differentiated
    def __init__(
        self,
        model: nn.Module,
        *,
        transform: Any = None,
        device: str | torch.device | None = None,
        input_size: int | None = None,
        target: Any = None,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise AtlasError(f"The model must be a torch.nn.Module, not {type(model).__name__}.")
        model = unwrapped(model)
        self.device = usable_device(device)
        preprocessing = resolve_transform(model, transform, input_size=input_size)
        ours, self.notices = private_copy(model, self.device)
        self.dtype = next(
            (p.dtype for p in ours.parameters() if p.is_floating_point()), torch.float32
        )
        self._network: Network | None = Network(ours)
        self._known = preprocessing.size
        self._sizes = (
            (input_size,) if input_size else tuple(filter(None, (self._known, *USUAL_SIZES)))
        )
        candidates = tries(preprocessing, self._sizes, self.device, self.dtype)
        with Isolation(model) as isolation:
            trial = try_model(self._network, candidates)
        isolation.check()
        self.complete = trial.error is None
        self.input_size = trial.size
        # with another number of channels, where the first convolution does not say how many
        self.preprocessing: Preprocessing = (
            preprocessing.with_channels(trial.channels) if self.complete else preprocessing
        )
        self.example: Any = trial.output
        self._fast: dict[tuple[torch.memory_format, int], FastCopies | None] = {}
        self._lock = threading.RLock()
        self._views: weakref.WeakSet[Any] = weakref.WeakSet()
        self._closed = False
        self.num_classes, self.no_classes = classes_of(ours, trial)
        self.target: Target = AllClasses()
        if target is not None:
            self.target = as_target(target).for_probe(self)
            self.num_classes = self.target.scores(trial.output, BATCH).shape[1]
            self.no_classes = None
        if preprocessing.notice:
            self.notices.append(preprocessing.notice)
        if self.complete:
            self.notices.extend(self._about_size(self.input_size))
        if target is None and self.no_classes is None:
            self.notices.extend(ambiguity_notices(trial.output))
        if target is None and self.num_classes is not None and sums_to_one(trial.output):
            self.notices.append(
                "The model's outputs sum to one, so it seems to end in a softmax: class values "
                "are about probabilities, which saturate, rather than about logits."
            )

    @property
    def network(self) -> Network:
        """The copy and its lock.

        Raises
        ------
        AtlasError
            It has been closed.
        """
        if self._network is None:
            raise AtlasError("This copy of the model has been closed.")
        return self._network

    @property
    def model(self) -> nn.Module:
        """The copy as a module; the user's own model is another."""
        return self.network.module

    @cached_property
    def weights_hash(self) -> str:
        """Hash of the weights and the architecture, the same in every process."""
        return weights_hash(self.model)

    def run(self, rgb: Tensor) -> Any:
        """Return what the model returns for RGB in [0, 1], whatever that is, without gradients."""
        inputs = self.preprocessing(rgb.to(self.device, torch.float32)).to(self.dtype)
        with torch.no_grad():
            return self.network(inputs.contiguous())

    def outputs(self, rgb: Tensor) -> Tensor:
        """Return the scores (n, classes) that `target` stands for, usually before a softmax."""
        try:
            return self.target.scores(self.run(rgb), len(rgb)).float()
        except AttributionError as error:
            raise LayerOutputError(self.no_classes or str(error)) from error

    def example_output(self) -> tuple[Any, int]:
        """Return what the model returned for a few pictures of noise, and how many these were.

        Raises
        ------
        AttributionError
            The model does not run to its end.
        """
        if not self.complete:
            raise AttributionError(self.no_classes or "The model does not run to its end.")
        return self.example, BATCH

    def try_layer(self, name: LayerName) -> LayerTrial:
        """Run the model up to a layer, at the first size at which that runs."""
        sizes = (self.input_size,) if self.complete else self._sizes
        trial = try_layer(
            self.network,
            self.model.get_submodule(name.module),
            name,
            tries(self.preprocessing, sizes, self.device, self.dtype),
        )
        if self.complete and trial.error is not None:
            raise trial.error
        return trial

    def layer_notices(self, trial: LayerTrial) -> list[str]:
        """Return what there is to say of the model once a layer of it has been tried."""
        if trial.error is None:
            return list(self.notices)
        return [*self.notices, *self._about_size(trial.size), fails_after(trial.error)]

    def accelerated(
        self,
        plain: Encoder,
        layer: LayerName,
        size: int,
        memory_format: torch.memory_format = torch.channels_last,
        *,
        beside: Iterable[str] = (),
    ) -> Encoder:
        """Return a faster encoder of a layer: batch norms folded into convolutions.

        The copies that it works on are shared by all layers that allow it.

        Parameters
        ----------
        plain : Encoder
            Of the layer, on the copy itself.
        layer : LayerName
        size : int
            Side of the pictures of noise to try it on.
        memory_format : torch.memory_format
        beside : iterable of str
            Other modules that are read in the same pass.

        Returns
        -------
        Encoder
            `plain` itself where nothing faster agrees with it.
        """
        copies = self._fast_copies(plain, size, memory_format)
        if copies is None:
            return plain
        read = frozenset({layer.module, *beside})
        candidates = (
            copies.encoder(plain, layer.module, read, fold=fold) for fold in (True, False)
        )
        return agreeing(plain, same_noise(1, size), candidates, whole=self.complete)

    def _fast_copies(
        self, plain: Encoder, size: int, memory_format: torch.memory_format
    ) -> FastCopies | None:
        with self._lock:
            key = memory_format, size
            if key not in self._fast:
                inputs = plain.prepared(same_noise(1, size))
                self._fast[key] = None
                with contextlib.suppress(Exception):  # a model that resists is used as it is
                    self._fast[key] = FastCopies(
                        self.network, inputs, memory_format, whole=self.complete
                    )
            return self._fast[key]

    def _about_size(self, size: int) -> list[str]:
        if self._known == size:
            return []
        known = self._known
        said = f"It does not take {known} px" if known else "Nothing says what the model takes"
        return [
            f"{said}; pictures of {size} × {size} px are assumed. Pass input_size= to change that."
        ]

    # -- Who uses it

    def keep_for(self, view: object) -> None:
        """Stay alive until `view` is released or gone."""
        _ = self.network
        self._views.add(view)

    def release(self, view: object) -> None:
        """Let go of a view; the last one frees the copy if it has been closed itself."""
        self._views.discard(view)
        self._free_if_unused()

    def close(self) -> None:
        """Free the copy once no layer of it is open any more."""
        self._closed = True
        self._free_if_unused()

    def _free_if_unused(self) -> None:
        if self._closed and not self._views:
            self._network = None
            self._fast.clear()
            self.example = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
