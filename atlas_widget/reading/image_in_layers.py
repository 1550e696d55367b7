"""One image, the layers that it was read in and the pass that joins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.probe import LayerProbe
from atlas_widget.reading.classes import Class, ClassNames
from atlas_widget.reading.one_image import Box, OneImage
from atlas_widget.reading.places import Place, Position, checked_position, layer_number, place_of
from atlas_widget.reading.recording import Contributions, Recording

__all__ = ["ImageInLayers"]


@dataclass(frozen=True)
class ImageInLayers:
    """One image in some layers of a model: what every question about it starts from.

    Attributes
    ----------
    image
        The image.
    probes
        The layers.
    recording
        The pass, which has the layers by their place in `probes`.
    names
        Names of the scores.
    """

    image: OneImage
    probes: Sequence[LayerProbe]
    recording: Recording
    names: ClassNames

    @property
    def rgb(self) -> Tensor:
        """The image as the model is given it, RGB in [0, 1], (1, 3, h, w)."""
        return self.image.rgb

    def index(self, layer: str) -> int:
        """Return the place of a layer in `probes`."""
        return layer_number(layer, [probe.layer for probe in self.probes])

    def probe(self, layer: str) -> LayerProbe:
        """Return the probe of a layer."""
        return self.probes[self.index(layer)]

    def map(self, layer: str) -> Tensor:
        """Return a layer's map, (channels, rows, columns), part of the pass's graph."""
        return self.recording.maps[self.index(layer)]

    def activations(self, layer: str) -> NDArray[np.float64]:
        """Return a layer's map as numbers, (channels, rows, columns)."""
        found: NDArray[np.float64] = self.map(layer).detach().cpu().double().numpy()
        return found

    def position(self, layer: str, position: Position) -> Position:
        """Return a position of a layer's map, checked."""
        return checked_position(layer, self.map(layer), position)

    def place(self, layer: str, position: Position | None, channel: int | None) -> Place:
        """Return the position or channel of a layer that is meant, checked."""
        return place_of(layer, self.map(layer), position, channel)

    def box(self, layer: str, position: Position) -> Box:
        """Return what a position effectively sees of `rgb`: x0, y0, x1, y1 in pixels."""
        row, column = self.position(layer, position)
        height, width = self.rgb.shape[2:]
        return self.probe(layer).position_box(row, column, (height, width))

    def scores(self) -> NDArray[np.float64]:
        """Return the scores, (classes,); raise if the model has none."""
        count, scores = self.names.count, self.recording.scores
        assert scores is not None
        assert len(scores) == count
        found: NDArray[np.float64] = scores.detach().cpu().double().numpy()
        return found

    def best(self, count: int) -> list[int]:
        """Return the numbers of the classes with the highest scores, best first."""
        if count < 1:
            raise AtlasError(f"count={count!r}: how many classes, 1 or more.")
        order = np.argsort(-self.scores(), kind="stable")[:count]
        return [int(each) for each in order]

    def contributions(self, layer: str, a: Class, b: Class | None = None) -> Contributions:
        """Return a layer's contributions to the score of a class, or to `a`'s less `b`'s."""
        found = self._to_one(layer, a)
        return found if b is None else found.minus(self._to_one(layer, b))

    def _to_one(self, layer: str, class_: Class) -> Contributions:
        number = self.names.number(class_)
        found = self.recording.contributions_to_score(number)[self.index(layer)]
        if found is None:
            raise AttributionError(
                f"The scores do not depend on layer {layer!r}: nothing flows from it to them (a "
                "detached or auxiliary branch)."
            )
        return found
