"""Several layers of one model read in one pass."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, LayerNotFoundError
from atlas_widget.probe.encoder import Encoder
from atlas_widget.probe.folding import agree
from atlas_widget.probe.layer_probe import LayerProbe
from atlas_widget.probe.layers import find_layer
from atlas_widget.probe.memory import HalvedBatches
from atlas_widget.probe.noise import same_noise
from atlas_widget.probe.outputs import tensor_at
from atlas_widget.probe.private_copy import unwrapped
from atlas_widget.probe.private_model import PrivateModel

__all__ = ["LayersReader", "open_layers"]


class _AllReached(Exception):  # noqa: N818  (a signal, not an error)
    """Every layer has run; nothing after them is needed."""


def open_layers(
    model: nn.Module, layers: Sequence[str | nn.Module], **options: Any
) -> list[LayerProbe]:
    """Open a probe of each layer; they share one set of weights.

    Parameters
    ----------
    model : nn.Module
        Copied once, and left as it is.
    layers : sequence of str
        Names from ``list_layers(model)``.
    **options
        Those of `LayerProbe`.
    """
    # before anything is copied
    names = [str(find_layer(unwrapped(model), layer)[0]) for layer in layers]
    probes: list[LayerProbe] = []
    with PrivateModel(model, **options) as private:
        try:
            for name in names:
                probes.append(LayerProbe(private, name))
        except BaseException:
            for probe in probes:
                probe.close()
            raise
    return probes


class LayersReader:
    """RGB in [0, 1], (n, 3, h, w) → the maps of several layers, without gradients.

    The model runs once, up to the last of the layers, in the fastest copy that agrees with each
    layer's own probe. Where memory does not suffice for a batch, it is run in halves, from then on.

    Parameters
    ----------
    probes : sequence of LayerProbe
        Layers of one model.

    Attributes
    ----------
    folded : int
        How many batch norms the copy that runs has folded into convolutions. With another number
        the last bits of activations may differ.
    """

    def __init__(self, probes: Sequence[LayerProbe], most: int | None = None) -> None:
        if not probes:
            raise AtlasError("There is no layer to read.")
        self._batches = HalvedBatches(most)
        self._probes = list(probes)
        self._places = [_place(probe) for probe in probes]
        self._encoder = self._choose()
        self.folded = self._encoder.folded

    @property
    def most(self) -> int | None:
        """Number of pictures at once that memory turned out to suffice for; None while all did.

        In smaller batches the last bits of activations may differ.
        """
        return self._batches.most

    def __call__(self, rgb: Tensor) -> list[Tensor]:
        """Return for each probe its layer's map, (n, channels, rows, columns), float32."""
        with torch.no_grad():
            parts = self._batches.run(lambda part: self._run(self._encoder, part), rgb)
        if len(parts) == 1:
            return parts[0]
        return [torch.cat(maps) for maps in zip(*parts, strict=True)]

    def _choose(self) -> Encoder:
        """Take the fastest copy in which all the layers are what their own probes say they are."""
        first = self._probes[0]
        rgb = same_noise(1, first.input_size)
        with torch.no_grad():
            wanted = [probe.activations(rgb) for probe in self._probes]
            encoder = first.accelerated_beside([name for name, _, _ in self._places])
            with contextlib.suppress(LayerNotFoundError):
                found = self._run(encoder, rgb)
                if all(agree(one, other) for one, other in zip(found, wanted, strict=True)):
                    return encoder
        return first.plain

    def _run(self, encoder: Encoder, rgb: Tensor) -> list[Tensor]:
        found: dict[int, Tensor] = {}
        runs = [0] * len(self._places)

        def hook_of(number: int) -> Any:
            _, call, path = self._places[number]

            def hook(module: nn.Module, args: Any, output: Any) -> None:  # noqa: ARG001
                runs[number] += 1
                if runs[number] == call + 1:
                    # copied, since a later layer may work in place
                    found[number] = tensor_at(output, path).clone()
                    if len(found) == len(self._places):
                        raise _AllReached

            return hook

        network = encoder.runner.network
        inputs = encoder.prepared(rgb)
        modules = [network.module.get_submodule(name) for name, _, _ in self._places]
        hooks = [(module, hook_of(number)) for number, module in enumerate(modules)]
        try:
            with network.hooked(hooks):
                network(inputs)
        except Exception:
            # Whatever the model made of our signal, the layers have already answered.
            if len(found) < len(self._places):
                raise
        if len(found) < len(self._places):
            missing = next(n for n in range(len(self._places)) if n not in found)
            raise LayerNotFoundError(f"Layer {self._probes[missing].layer!r} did not run.")
        ratio = rgb.shape[2] / rgb.shape[3]
        return [
            probe.plain.layout.as_map(found[number], ratio).float()
            for number, probe in enumerate(self._probes)
        ]


def _place(probe: LayerProbe) -> tuple[str, int, Any]:
    """Return the module's name, which of its runs is meant, and where in its output."""
    runner = probe.plain.runner
    modules = runner.model.named_modules()
    return next(name for name, m in modules if m is runner.module), runner.call, runner.path
