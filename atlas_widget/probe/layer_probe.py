"""LayerProbe: one layer of one model, to read, to differentiate and to run through."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, AttributionError, LayerOutputError
from atlas_widget.probe.derivatives import Derivatives
from atlas_widget.probe.encoder import Encoder
from atlas_widget.probe.first_pass import is_output, prefix_tokens
from atlas_widget.probe.geometry import MapGeometry
from atlas_widget.probe.layers import LayerName, find_layer
from atlas_widget.probe.outputs import layouts_of
from atlas_widget.probe.preprocessing import Preprocessing
from atlas_widget.probe.private_copy import unwrapped
from atlas_widget.probe.private_model import PrivateModel
from atlas_widget.probe.running import LayerRunner
from atlas_widget.probe.targets import AllClasses, Target, as_target
from atlas_widget.probe.trial import LayerExam
from atlas_widget.probe.untrained import untrained_copy

__all__ = ["LayerProbe"]


class LayerProbe:
    """One layer of a model, read through a private copy of that model.

    The user's model stays exactly as it is: everything happens in a copy, in evaluation mode,
    on `device`.

    Parameters
    ----------
    model : nn.Module or PrivateModel
        Any vision model; ``DataParallel`` and ``torch.compile`` wrappers are seen through. Or a
        copy that other layers are read from as well: it stays, and its weights are shared.
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
    private_model : PrivateModel
        The copy, for probes of other layers.
    notices : list of str
        What was assumed or differs, to be shown once.
    """

    @torch.inference_mode(False)  # tensors made within it could never be differentiated
    def __init__(
        self,
        model: nn.Module | PrivateModel,
        layer: str | nn.Module,
        *,
        transform: Any = None,
        device: str | torch.device | None = None,
        input_size: int | None = None,
        target: Any = None,
    ) -> None:
        if isinstance(model, PrivateModel):
            if (transform, device, input_size) != (None, None, None):
                raise AtlasError(
                    "transform, device and input_size are those of the copy of the model that "
                    "layers are read from; pass them to PrivateModel(…)."
                )
            private, owned = model, False
            name, _ = find_layer(private.model, layer)
        else:
            if not isinstance(model, nn.Module):
                raise AtlasError(
                    f"The model must be a torch.nn.Module, not {type(model).__name__}."
                )
            name, _ = find_layer(unwrapped(model), layer)  # before anything is copied
            private, owned = (
                PrivateModel(
                    model, transform=transform, device=device, input_size=input_size, target=target
                ),
                True,
            )
        self._view(private, name)
        if owned:
            private.close()  # which is freed with the last probe of it
        elif target is not None:
            self._take_target(target)

    def _view(self, private: PrivateModel, name: LayerName) -> None:
        """Read the layer off a copy of the model."""
        trial = private.try_layer(name)
        network = private.network
        module = network.module.get_submodule(name.module)
        self.private_model = private
        self.layer = str(name)
        self.device, self.dtype = private.device, private.dtype
        self.preprocessing: Preprocessing = private.preprocessing.with_channels(trial.channels)
        self.input_size = trial.size
        self.notices = private.layer_notices(trial)
        layouts = layouts_of(trial.tensor, module, prefix_tokens(network.module), self.layer)
        encoder = Encoder(
            LayerRunner(network, module, trial.call, trial.path),
            layouts[0],
            self.preprocessing,
            self.device,
            self.dtype,
        )
        exam = LayerExam(self.layer, trial)
        exam.dependence(encoder.runner, private.example)
        layout = exam.layout(encoder, layouts)
        self.kind = layout.kind
        self.channels = layout.channels(trial.tensor)
        rows, columns = layout.as_map(trial.tensor).shape[2:]
        self.map_size = (rows, columns)
        self._name = name
        self._encoder: Encoder | None = replace(encoder, layout=layout)
        self.geometry = MapGeometry(
            self.activations,
            self.accelerated,
            kind=self.kind,
            map_size=self.map_size,
            input_size=self.input_size,
            device=self.device,
        )
        self._lock = threading.RLock()
        self._accelerated: dict[torch.memory_format, Encoder] = {}
        self.target: Target = private.target
        self.num_classes, self.no_classes = private.num_classes, private.no_classes
        about_classes = self.no_classes is None and isinstance(self.target, AllClasses)
        if about_classes and is_output(trial.tensor, private.example_output()[0]):
            self.no_classes = (
                "This layer is the model's output itself, so no scores follow from it; class "
                "values need a layer before the last."
            )
        self._tried, self.no_classes = exam.derivatives(self._encoder, self.target, self.no_classes)
        self._derivatives: Derivatives | None = None
        self.notices.extend(exam.notices)
        private.keep_for(self)

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
        """The encoder that does exactly as the model does; see `accelerated` for a faster one."""
        return self._open()

    @torch.inference_mode(False)
    def accelerated(self, memory_format: torch.memory_format = torch.channels_last) -> Encoder:
        """Return a faster `encode`: batch norms folded into convolutions, channels last.

        It works on another copy of the model, made at the first call and shared by later ones and
        by probes of other layers of the same `private_model`.
        Checked against `encode` on noise; where no faster copy agrees, it is what `encode` is.
        """
        encoder = self._open()
        with self._lock:
            if memory_format not in self._accelerated:
                self._accelerated[memory_format] = self.private_model.accelerated(
                    encoder, self._name, self.input_size, memory_format
                )
            return self._accelerated[memory_format]

    def accelerated_beside(self, modules: Sequence[str]) -> Encoder:
        """Return a faster `encode` with which the outputs of other modules can be read as well."""
        if set(modules) <= {self._name.module}:
            return self.accelerated()
        return self.private_model.accelerated(
            self._open(), self._name, self.input_size, beside=modules
        )

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
        with torch.no_grad():
            return self._open().run(rgb)

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
        return self.private_model.example_output()

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
                tried = self._tried
                self._derivatives = (
                    Derivatives(encoder, self.layer) if tried is None else tried.on(encoder)
                )
            return self._derivatives

    @property
    def weights_hash(self) -> str:
        """Hash of the weights and the architecture, the same in every process."""
        self._open()
        return self.private_model.weights_hash

    @property
    def model(self) -> nn.Module:
        """The private copy, in evaluation mode; the user's own model is another."""
        return self._open().runner.model

    # -- Places, see `MapGeometry`

    def accepts_size(self, height: int, width: int | None = None) -> bool:
        """Return whether the model takes pictures of this size.

        Some with position embeddings take no other than they were made for.
        """
        return self.geometry.accepts_size(height, width)

    def map_size_at(self, height: int, width: int | None = None) -> tuple[int, int]:
        """Return the rows and columns of the layer's map for pictures of this size."""
        return self.geometry.map_size_at(height, width)

    def receptive_field(self, size: int | None = None) -> int:
        """Return the side, in pixels, of what the layer's centre unit effectively sees.

        From the gradients of its activation on pictures of noise: the square that holds nine
        tenths of their energy. For vectors it is the whole picture.

        Parameters
        ----------
        size : int, optional
            Side of the pictures; `input_size` by default.
        """
        return self.geometry.receptive_field(size)

    def position_box(
        self, row: int, column: int, input_size: int | tuple[int, int] | None = None
    ) -> tuple[int, int, int, int]:
        """Return what the unit at a position effectively sees, as (x0, y0, x1, y1) in pixels.

        The box lies within the picture, moved inwards at its rim.

        Parameters
        ----------
        row, column : int
            The position.
        input_size : int or tuple of int, optional
            Side of the pictures, or their height and width; the probe's own by default.
        """
        return self.geometry.position_box(row, column, input_size)

    def close(self) -> None:
        """Let go of the private copy, which is freed when no other layer of it is open."""
        self._encoder = None
        self._accelerated.clear()
        self._derivatives = self._tried = None
        self.private_model.release(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _take_target(self, target: Any) -> None:
        self.target = as_target(target).for_probe(self)
        output, count = self.example_output()
        self.num_classes, self.no_classes = self.target.scores(output, count).shape[1], None

    def _open(self) -> Encoder:
        if self._encoder is None:
            raise AtlasError(f"This probe of {self.layer!r} has been closed.")
        return self._encoder
