"""Statistics of the layers before the one that is pictured, read in the same pass."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atlas_widget.errors import LayerOutputError
from atlas_widget.probe.first_pass import prefix_tokens
from atlas_widget.probe.noise import same_noise
from atlas_widget.probe.outputs import Layout, layouts_of
from atlas_widget.probe.running import run_model

__all__ = ["EarlyLayer", "EarlyLayers", "early_layers"]

_MAX_LAYERS = 5
_EPS = 1e-6


class _AllReadError(Exception):
    """The layers have run; nothing after them is needed."""


@dataclass(frozen=True)
class EarlyLayer:
    """A module that runs before a layer.

    Attributes
    ----------
    name
        Of the module.
    layout
        How its output is a map.
    channels
        How many channels that map has.
    """

    name: str
    layout: Layout
    channels: int


class EarlyLayers:
    """Reads the mean and the deviation of every channel of some modules, over the positions.

    Parameters
    ----------
    layers
        The modules, from :func:`early_layers`.
    """

    def __init__(self, layers: tuple[EarlyLayer, ...] = ()) -> None:
        self.layers = layers
        self._moments: dict[str, Tensor] = {}

    def __bool__(self) -> bool:
        return bool(self.layers)

    @property
    def names(self) -> tuple[str, ...]:
        """The modules' names, in the order in which they run."""
        return tuple(layer.name for layer in self.layers)

    @property
    def channels(self) -> tuple[int, ...]:
        """Number of channels of each."""
        return tuple(layer.channels for layer in self.layers)

    @contextlib.contextmanager
    def reading(self, network: Any, covered: Tensor | None = None) -> Iterator[None]:
        """Read what `network` (a ``probe.running.Network``) runs meanwhile.

        Parameters
        ----------
        network
            The network that is run.
        covered
            Part of the picture in what is shown, (n, 1, height, width) within [0, 1]: positions
            beyond its rim do not count. All of it where None.
        """
        self._moments.clear()

        def hook_of(layer: EarlyLayer) -> Any:
            def hook(module: nn.Module, args: Any, output: Any) -> None:  # noqa: ARG001
                if layer.name not in self._moments:
                    values = layer.layout.as_map(output).float()
                    self._moments[layer.name] = _moments(values, covered)

            return hook

        hooks = [(network.module.get_submodule(each.name), hook_of(each)) for each in self.layers]
        with network.hooked(hooks):
            yield

    def read(self, encoder: Any, pictures: Tensor, covered: Tensor | None = None) -> Tensor:
        """Return the statistics for RGB in [0, 1]; nothing after the last of the layers is run."""

        def stop(module: nn.Module, args: Any, output: Any) -> None:  # noqa: ARG001
            raise _AllReadError

        network = encoder.runner.network
        last = network.module.get_submodule(self.names[-1])
        try:
            with self.reading(network, covered), network.hooked([(last, stop)]):
                run_model(network.module, encoder.prepared(pictures))
        except Exception:
            # Whatever the model made of our signal, the layers have already answered.
            if len(self._moments) < len(self.layers):
                raise
        return self.statistics()

    def statistics(self) -> Tensor:
        """Return what was read last: (n, 2, channels of all layers), means and deviations."""
        return torch.cat([self._moments.pop(name) for name in self.names], 2)


def early_layers(probe: Any) -> tuple[EarlyLayer, ...]:
    """Find the modules whose statistics say what the surfaces of a picture look like.

    They are seen in a pass, not read off names: the outermost modules that have ended when the
    layer answers, ran once, and give a map or tokens. Those of a finer map than the layer's say
    much of surfaces and little of what is seen. Where none is finer, as in transformers, it is the
    first half of them. Of neighbours with maps of one shape the last one is taken.

    Parameters
    ----------
    probe
        The layer (:class:`~atlas_widget.probe.LayerProbe`).

    Returns
    -------
    tuple of EarlyLayer
        In the order in which they run, five at most; none where nothing fit runs before the layer.
    """
    encoder = getattr(probe, "plain", None)
    if encoder is None:
        return ()
    network, own = encoder.runner.network, encoder.runner.module
    outputs: list[tuple[str, nn.Module, Tensor]] = []

    def hook_of(name: str) -> Any:
        def hook(module: nn.Module, args: Any, output: Any) -> None:  # noqa: ARG001
            if isinstance(output, Tensor) and output.is_floating_point():
                outputs.append((name, module, output))

        return hook

    within = set(own.modules())
    hooks = [
        (module, hook_of(name))
        for name, module in network.module.named_modules()
        if name and module not in within
    ]
    with torch.no_grad(), network.hooked(hooks):
        encoder(same_noise(1, probe.input_size).to(probe.device))
    ran = [name for name, _, _ in outputs]
    prefix = prefix_tokens(network.module)
    found: list[tuple[EarlyLayer, tuple[int, int]]] = []
    known: list[Tensor] = []
    for name, module, output in outputs:
        inner = any(name.startswith(f"{other}.") for other in ran)
        if inner or ran.count(name) > 1 or output.ndim not in (3, 4):
            continue
        if any(output is other for other in known):  # as an identity returns it
            continue
        known.append(output)
        try:
            layout = layouts_of(output, module, prefix, name)[0]
            values = layout.as_map(output)
        except LayerOutputError:
            continue
        rows, columns = values.shape[2:]
        if rows * columns > 1:
            found.append((EarlyLayer(name, layout, values.shape[1]), (rows, columns)))
    return _chosen(found, probe.map_size if probe.kind == "map" else (1, 1))


def _chosen(
    found: list[tuple[EarlyLayer, tuple[int, int]]], size: tuple[int, int]
) -> tuple[EarlyLayer, ...]:
    finer = [one for one in found if one[1][0] * one[1][1] > size[0] * size[1]]
    shapes = [(layer.channels, at) for layer, at in finer]
    last = [
        layer
        for number, (layer, _) in enumerate(finer)
        if shapes[number] not in shapes[number + 1 : number + 2]
    ]
    if len(last) < 2:  # all alike, as in transformers
        last = [layer for layer, _ in found[: (len(found) + 1) // 2]]
    if len(last) > _MAX_LAYERS:
        step = (len(last) - 1) / (_MAX_LAYERS - 1)
        last = [last[round(number * step)] for number in range(_MAX_LAYERS)]
    return tuple(last)


def _moments(values: Tensor, covered: Tensor | None) -> Tensor:
    """Return mean and deviation of a map (n, c, h, w) over its positions: (n, 2, c)."""
    if covered is None:
        mean, square = values.mean((2, 3)), values.square().mean((2, 3))
    else:
        weight = F.interpolate(covered, values.shape[2:], mode="area")
        weight = weight / weight.sum((2, 3), keepdim=True).clamp_min(_EPS)
        rows = values.permute(0, 2, 3, 1).flatten(1, 2)  # as maps that are channels-last lie
        part = weight.flatten(2)
        mean, square = (part @ rows)[:, 0], (part @ rows.square())[:, 0]
    variance = (square - mean.square()).clamp_min(0)
    return torch.stack([mean, (variance + _EPS).sqrt()], 1)
