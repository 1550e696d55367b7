"""The channel values of an opened cell, with their mean and deviation over the layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.gallery import Gallery

__all__ = ["ChannelMoments", "ProfilePanel", "channel_moments"]

_MAX_READ = 20_000  # samples; more would not visibly change mean and deviation
_BLOCK = 4096


@panel
class ProfilePanel(Panel):
    """Sends a cell's mean activation, and mean and deviation of every channel of the layer.

    Parameters
    ----------
    gallery
        Sends the message.
    """

    kinds = ("inspect",)

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._scene: Scene | None = None
        self._usual: ChannelMoments | None = None

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer.gallery)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene."""
        self._scene, self._usual = scene, None

    def handle(self, kind: str, fields: Fields) -> None:
        """Send the profile of a cell."""
        scene, grid, cell = self._scene, fields["grid"], fields["cell"]
        if scene is None or not scene.has(grid, cell):
            return
        if self._usual is None:
            self._usual = channel_moments(scene.samples.activations)
        direction = scene.direction(grid, cell)
        content = messages.build(
            "profile",
            revision=scene.revision,
            grid=grid,
            cell=cell,
            channels=len(direction),
        )
        numbers = np.concatenate([direction, self._usual.mean, self._usual.deviation])
        self._gallery.send(content, [numbers.astype("<f4").tobytes()])


@dataclass(frozen=True)
class ChannelMoments:
    """Mean and standard deviation of every channel over all samples, each float32 (channels,)."""

    mean: npt.NDArray[np.float32]
    deviation: npt.NDArray[np.float32]


def channel_moments(activations: npt.NDArray[np.floating], most: int = _MAX_READ) -> ChannelMoments:
    """Return the mean and the standard deviation of every channel over the samples.

    Parameters
    ----------
    activations
        Samples, (n, channels); read in blocks, so it may be memory-mapped.
    most
        Maximum number of samples read; of more, evenly spaced ones are read.
    """
    count, channels = activations.shape
    step = max(1, -(-count // most))
    total, squares, read = np.zeros(channels), np.zeros(channels), 0
    # Shifted by the first sample: else rounding would hide a small deviation from a large mean.
    shift = np.asarray(activations[:1], np.float64).sum(0)
    for start in range(0, count, step * _BLOCK):
        part = np.asarray(activations[start : start + step * _BLOCK : step], np.float64) - shift
        total += part.sum(0)
        squares += np.square(part).sum(0)
        read += len(part)
    mean = total / max(read, 1)
    variance = np.maximum(squares / max(read, 1) - np.square(mean), 0.0)
    return ChannelMoments((mean + shift).astype(np.float32), np.sqrt(variance).astype(np.float32))
