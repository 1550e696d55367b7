"""Statistics of the layers before the one that is pictured, read in the same pass."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["ChannelStatistics", "EarlyLayers"]

_MAX_LAYERS = 5
_EPS = 1e-6


@dataclass(frozen=True)
class ChannelStatistics:
    """Mean and deviation of every channel of some layers over the positions of each picture.

    Attributes
    ----------
    mean, deviation
        Float32 (n, channels of all layers, one after the other).
    """

    mean: Tensor
    deviation: Tensor


class EarlyLayers:
    """Some of the layers that run before a layer, as its network runs them.

    Which these are is seen in a pass, not read off names: the outermost modules that have ended
    when the layer answers and whose output is a map or tokens. Those of a finer map than the
    layer's say what surfaces look like and hardly what is seen; where there is none, as in
    transformers, it is the first half of them.

    Parameters
    ----------
    probe
        The layer (:class:`~atlas_widget.probe.LayerProbe`).

    Attributes
    ----------
    names
        The modules, in the order in which they run; none where nothing runs before the layer.
    channels
        How many channels each has.
    """

    def __init__(self, probe: Any) -> None:
        self.names: tuple[str, ...] = ()
        self.channels: tuple[int, ...] = ()
        found = (
            _layers_before(probe) if getattr(probe, "kind", "") and hasattr(probe, "plain") else []
        )
        self.names = tuple(name for name, _ in found)
        self.channels = tuple(channels for _, channels in found)
        self._found: dict[int, tuple[Tensor, Tensor]] = {}

    def __bool__(self) -> bool:
        return bool(self.names)

    @contextlib.contextmanager
    def reading(self, network: Any) -> Iterator[None]:
        """Read the statistics of what `network` (`probe.running.Network`) runs meanwhile."""
        modules = dict(network.module.named_modules())
        self._found.clear()

        def hook_of(number: int) -> Any:
            def hook(module: nn.Module, args: Any, output: Any) -> None:  # noqa: ARG001
                if number not in self._found:
                    self._found[number] = _moments(_tensor_of(output), self.channels[number])

            return hook

        hooks = [(modules[name], hook_of(number)) for number, name in enumerate(self.names)]
        with network.hooked(hooks):
            yield

    def statistics(self) -> ChannelStatistics:
        """Return what was read last."""
        pairs = [self._found[number] for number in range(len(self.names))]
        return ChannelStatistics(
            torch.cat([mean for mean, _ in pairs], 1), torch.cat([each for _, each in pairs], 1)
        )

    def weights(self) -> Tensor:
        """Return the weight of each channel (channels,): every layer counts alike."""
        parts = [torch.full((count,), 1 / count) for count in self.channels]
        return torch.cat(parts) / max(1, len(parts))


def _layers_before(probe: Any) -> list[tuple[str, int]]:
    """Find the layers; each with its number of channels."""
    from atlas_widget.probe.noise import same_noise

    encoder = probe.plain
    network = encoder.runner.network
    target = encoder.runner.module
    ended: list[tuple[str, nn.Module, tuple[int, ...]]] = []

    def hook_of(name: str) -> Any:
        def hook(module: nn.Module, args: Any, output: Any) -> None:  # noqa: ARG001
            tensor = _tensor_of(output)
            if tensor is not None and tensor.ndim in (3, 4) and tensor.is_floating_point():
                ended.append((name, module, tuple(tensor.shape)))

        return hook

    hooks = [(module, hook_of(name)) for name, module in network.module.named_modules() if name]
    with torch.no_grad(), network.hooked(hooks):
        encoder(same_noise(1, probe.input_size))
    runs = [name for name, _, _ in ended]
    inside = {name for name, module in target.named_modules(prefix="") if name}
    own = next((name for name, m in network.module.named_modules() if m is target), "")
    before = [
        (name, shape)
        for name, module, shape in ended
        if module is not target
        and not (own and name.startswith(f"{own}.") and name[len(own) + 1 :] in inside)
        and runs.count(name) == 1
    ]
    names = {name for name, _ in before}
    outermost = [
        (name, shape)
        for name, shape in before
        if not any(name.startswith(f"{other}.") for other in names)
    ]
    if not outermost:
        return []
    sizes = [_positions(shape) for _, shape in outermost]
    rows, columns = probe.map_size
    finer = [one for one, size in zip(outermost, sizes, strict=True) if size > rows * columns]
    chosen = finer if probe.kind == "map" and finer else outermost[: (len(outermost) + 1) // 2]
    alike = _last_of_alike(chosen)
    chosen = alike if len(alike) > 1 else chosen  # in transformers all are alike
    if len(chosen) > _MAX_LAYERS:
        step = (len(chosen) - 1) / (_MAX_LAYERS - 1)
        chosen = [chosen[round(number * step)] for number in range(_MAX_LAYERS)]
    return [(name, _channels(shape)) for name, shape in chosen]


def _last_of_alike(layers: Sequence[tuple[str, tuple[int, ...]]]) -> list[Any]:
    """Keep, of layers in a row whose outputs have one shape, the last."""
    return [
        layer
        for layer, after in zip(layers, [*layers[1:], ("", ())], strict=True)
        if layer[1] != after[1]
    ]


def _tensor_of(output: Any) -> Tensor | None:
    if isinstance(output, Tensor):
        return output
    if isinstance(output, list | tuple) and output and isinstance(output[0], Tensor):
        return output[0]
    return None


def _channel_axis(shape: tuple[int, ...]) -> int:
    """Return which axis holds the channels: of maps the one that is unlike the two others."""
    if len(shape) == 3:
        return 2
    return 3 if shape[1] == shape[2] != shape[3] else 1


def _channels(shape: tuple[int, ...]) -> int:
    return shape[_channel_axis(shape)]


def _positions(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape[1:]:
        total *= size
    return total // _channels(shape)


def _moments(output: Tensor | None, channels: int) -> tuple[Tensor, Tensor]:
    """Return mean and deviation over the positions, each (n, channels)."""
    if output is None:
        raise ValueError("a layer answered with another kind of output than before")
    # copied, since a later layer may work in place
    values = output.clone().float()
    axis = 1 if values.ndim == 4 and values.shape[1] == channels else values.ndim - 1
    places = tuple(number for number in range(1, values.ndim) if number != axis)
    mean = values.mean(places)
    variance = values.square().mean(places) - mean.square()
    return mean, (variance.clamp_min(0) + _EPS).sqrt()
