"""LayerProbe: one layer of one model, to read, to differentiate and to run through."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, AttributionError, LayerOutputError
from atlas_widget.probe.derivatives import Derivatives
from atlas_widget.probe.devices import usable_device
from atlas_widget.probe.encoder import Encoder
from atlas_widget.probe.fingerprint import weights_hash
from atlas_widget.probe.folding import accelerated
from atlas_widget.probe.geometry import MapGeometry
from atlas_widget.probe.layers import find_layer
from atlas_widget.probe.noise import same_noise
from atlas_widget.probe.outputs import layout_of
from atlas_widget.probe.preprocessing import Preprocessing, resolve_transform
from atlas_widget.probe.private_copy import private_copy, unwrapped
from atlas_widget.probe.running import LayerRunner, run_model
from atlas_widget.probe.targets import AllClasses, Target, as_target
from atlas_widget.probe.trial import (
    BATCH,
    USUAL_SIZES,
    classes_of,
    prefix_tokens,
    sums_to_one,
    try_model,
)
from atlas_widget.probe.untrained import untrained_copy

__all__ = ["LayerProbe"]


class LayerProbe(MapGeometry):
    """One layer of a model, read through a private copy of that model.

    The person's model stays exactly as it is: everything happens in a copy, in evaluation mode,
    on `device`.

    Parameters
    ----------
    model : nn.Module
        Any vision model; ``DataParallel`` and ``torch.compile`` wrappers are seen through.
    layer : str or nn.Module
        A name from ``list_layers(model)``; ``name:k`` for the k-th run of a module that runs
        several times in one pass, ``name[0]`` or ``name['key']`` for a part of its output.
    transform : optional
        See `resolve_transform`.
    device : str or torch.device, optional
        CUDA where there is one, else the CPU.
    input_size : int, optional
        Side of the square pictures the model was made for; by default what the transform or the
        model says, else the first usual size that it accepts.
    target : optional
        What the model's output is about, where that is not scores of classes, or not of all: see
        `as_target` and `similarity_to`. Whatever speaks of classes then means these.

    Attributes
    ----------
    layer : str
    kind : {"map", "tokens", "vector"}
    channels : int
    map_size : tuple of int
        Rows and columns of the layer's map for pictures of `input_size`; (1, 1) for vectors.
    input_size : int
    target : Target
    num_classes : int or None
        How many scores `target` has.
    no_classes : str or None
        Why there are no class values, where there are none.
    device, dtype
        Of the private copy.
    preprocessing : Preprocessing
    notices : list of str
        What was assumed or differs, to be shown once.
    """

    @torch.inference_mode(False)  # tensors made within it could never be differentiated
    def __init__(
        self,
        model: nn.Module,
        layer: str | nn.Module,
        *,
        transform: Any = None,
        device: str | torch.device | None = None,
        input_size: int | None = None,
        target: Any = None,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise AtlasError(f"The model must be a torch.nn.Module, not {type(model).__name__}.")
        model = unwrapped(model)
        name, _ = find_layer(model, layer)
        self.device = usable_device(device)
        preprocessing = resolve_transform(model, transform, input_size=input_size)
        ours, self.notices = private_copy(model, self.device)
        module = ours.get_submodule(name.module)
        self.dtype = next(
            (p.dtype for p in ours.parameters() if p.is_floating_point()), torch.float32
        )
        known = preprocessing.size
        trial = try_model(
            ours,
            module,
            name,
            preprocessing,
            sizes=(input_size,) if input_size else filter(None, (known, *USUAL_SIZES)),
            device=self.device,
            dtype=self.dtype,
        )
        self.layer = str(name)
        self.preprocessing: Preprocessing = preprocessing.with_channels(trial.channels)
        self.input_size = trial.size
        layout = layout_of(trial.tensor, module, prefix_tokens(ours), self.layer)
        self._encoder = Encoder(
            LayerRunner(ours, module, trial.call, trial.path),
            layout,
            self.preprocessing,
            self.device,
            self.dtype,
        )
        self.kind = layout.kind
        self.channels = layout.channels(trial.tensor)
        rows, columns = layout.as_map(trial.tensor).shape[2:]
        self.map_size = (rows, columns)
        super().__init__()
        self._complete = trial.error is None
        self._lock = threading.RLock()
        self._accelerated: dict[torch.memory_format, Encoder] = {}
        self._derivatives: Derivatives | None = None
        self._example: Any = trial.output
        self.num_classes, self.no_classes = classes_of(ours, trial)
        self.target: Target = AllClasses()
        if target is not None:
            self.target = as_target(target).for_probe(self)
            self.num_classes = self.target.scores(trial.output, BATCH).shape[1]
            self.no_classes = None
        if preprocessing.notice:
            self.notices.append(preprocessing.notice)
        if known != self.input_size:
            said = f"It does not take {known} px" if known else "Nothing says what the model takes"
            self.notices.append(
                f"{said}; pictures of {self.input_size} × {self.input_size} px are assumed. Pass "
                "input_size= to change that."
            )
        if trial.error is not None:
            self.notices.append(self.no_classes or "")
        elif target is None and self.num_classes is not None and sums_to_one(trial.output):
            self.notices.append(
                "The model's outputs sum to one, so it seems to end in a softmax: class values "
                "are about probabilities, which saturate, rather than about logits."
            )

    def activations(self, rgb: Tensor) -> Tensor:
        """Return the layer's activations (n, c, h, w) for RGB in [0, 1], without gradients."""
        with torch.no_grad():
            return self.encode(rgb).float()

    def encode(self, rgb: Tensor) -> Tensor:
        """Return the layer's activations (n, c, h, w), differentiable with respect to `rgb`.

        Nothing that comes after the layer is computed.
        """
        try:
            return self._open()(rgb)
        except (AssertionError, RuntimeError, ValueError) as error:
            native = (self.input_size, self.input_size)
            if isinstance(error, AtlasError | torch.OutOfMemoryError) or rgb.shape[2:] == native:
                raise
            height, width = rgb.shape[2:]
            raise AtlasError(
                f"The model does not take pictures of {height} × {width} px; it ran on "
                f"{self.input_size} × {self.input_size}: {type(error).__name__}: {error}"
            ) from error

    @property
    def plain(self) -> Encoder:
        """What encodes pictures exactly as the model does; see `accelerated` for a faster one."""
        return self._open()

    @torch.inference_mode(False)
    def accelerated(self, memory_format: torch.memory_format = torch.channels_last) -> Encoder:
        """Return a faster `encode`: batch norms folded into convolutions, channels last.

        It works on another copy of the model, made at the first call and shared by later ones.
        Checked against `encode` on noise; where no faster copy agrees, it is what `encode` is.
        """
        encoder = self._open()
        with self._lock:
            if memory_format not in self._accelerated:
                rgb = same_noise(1, self.input_size)
                self._accelerated[memory_format] = accelerated(
                    encoder, rgb, memory_format, whole=self._complete
                )
            return self._accelerated[memory_format]

    def untrained(self, seed: int = 0) -> LayerProbe:
        """Return a probe of the same layer in a copy of the model with fresh random weights.

        A control: what is seen in the model and in this copy alike, the model has not learned. See
        `atlas_widget.probe.untrained`.
        """
        return LayerProbe(
            untrained_copy(self._open().runner.model, seed),
            self.layer,
            transform=self.preprocessing,
            device=self.device,
            input_size=self.input_size,
        )

    def run(self, rgb: Tensor) -> Any:
        """Return what the model returns for RGB in [0, 1], whatever that is, without gradients."""
        encoder = self._open()
        with torch.no_grad():
            return run_model(encoder.runner.model, encoder.prepared(rgb))

    def intervene(self, rgb: Tensor, change: Callable[[Tensor], Tensor]) -> Any:
        """Return what the model returns with its layer's map exchanged for ``change(map)``.

        The layer's map is (n, c, rows, columns); without gradients. See `Encoder.intervene`.
        """
        return self.accelerated().intervene(rgb, change)

    def example_output(self) -> tuple[Any, int]:
        """Return what the model returned for a few pictures of noise, and how many these were.

        Raises
        ------
        AttributionError
            The model does not run to its end.
        """
        self._open()
        if not self._complete:
            raise AttributionError(self.no_classes or "The model does not run to its end.")
        return self._example, BATCH

    def outputs(self, rgb: Tensor) -> Tensor:
        """Return the model's scores (n, classes), as it gives them (usually before a softmax)."""
        try:
            return self.target.scores(self.run(rgb), len(rgb)).float()
        except AttributionError as error:
            raise LayerOutputError(self.no_classes or str(error)) from error

    @property
    def derivatives(self) -> Derivatives:
        """Derivatives of what the model returns with respect to this layer, for attribution."""
        with self._lock:
            encoder = self.accelerated()
            if self._derivatives is None:
                self._derivatives = Derivatives(encoder, self.layer)
            return self._derivatives

    @cached_property
    def weights_hash(self) -> str:
        """Hash of the weights and the architecture, the same in every process."""
        return weights_hash(self._open().runner.model)

    @property
    def model(self) -> nn.Module:
        """The private copy, in evaluation mode; the person's own model is another."""
        return self._open().runner.model

    def close(self) -> None:
        """Free the private copy."""
        self.__dict__.pop("_encoder", None)
        self._accelerated.clear()
        self._derivatives = None
        self._example = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self) -> Encoder:
        encoder: Encoder | None = self.__dict__.get("_encoder")
        if encoder is None:
            raise AtlasError(f"This probe of {self.layer!r} has been closed.")
        return encoder
