"""Where a layer's positions lie in a picture, and how much of it they see."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from atlas_widget.errors import AtlasError
from atlas_widget.probe.encoder import Encoder
from atlas_widget.probe.receptive_field import (
    ReceptiveField,
    box_around,
    measure_receptive_field,
)

__all__ = ["MapGeometry"]


class MapGeometry(ABC):
    """What a probe knows of its layer's map, found out when it is first asked for.

    Attributes
    ----------
    kind, map_size, input_size, device
        See `LayerProbe`.
    """

    kind: str
    map_size: tuple[int, int]
    input_size: int
    device: torch.device

    def __init__(self) -> None:
        self._map_sizes = {(self.input_size, self.input_size): self.map_size}
        self._fields: dict[int, ReceptiveField] = {}

    @abstractmethod
    def activations(self, rgb: Tensor) -> Tensor:
        """Return the layer's activations (n, c, h, w)."""

    @abstractmethod
    def accelerated(self) -> Encoder:
        """Return what encodes pictures fast, differentiably."""

    def accepts_size(self, height: int, width: int | None = None) -> bool:
        """Whether the model takes pictures of this size; some with position embeddings do not."""
        try:
            return 0 not in self.map_size_at(height, width)
        except AtlasError:
            return False

    def map_size_at(self, height: int, width: int | None = None) -> tuple[int, int]:
        """Return the rows and columns of the layer's map for pictures of this size."""
        size = (height, width or height)
        if size not in self._map_sizes:
            rows, columns = self.activations(torch.full((1, 3, *size), 0.5)).shape[2:]
            self._map_sizes[size] = (rows, columns)
        return self._map_sizes[size]

    def receptive_field(self, size: int | None = None) -> int:
        """Return the side, in pixels, of what the layer's centre unit effectively sees.

        From the gradients of its activation on pictures of noise: the square that holds nine
        tenths of their energy. For vectors it is the whole picture.

        Parameters
        ----------
        size : int, optional
            Side of the pictures; `input_size` by default.
        """
        return self._field(size or self.input_size).side

    def position_box(
        self, row: int, column: int, input_size: int | None = None
    ) -> tuple[int, int, int, int]:
        """Return what the unit at a position effectively sees, as (x0, y0, x1, y1) in pixels.

        The box lies within the picture, moved inwards at its rim.
        """
        size = input_size or self.input_size
        return box_around(self._field(size), (row, column), self.map_size_at(size), size)

    @torch.inference_mode(False)
    def _field(self, size: int) -> ReceptiveField:
        if size not in self._fields:
            if self.kind == "vector":
                self._fields[size] = ReceptiveField(size, (0.0, 0.0))
            else:
                self._fields[size] = measure_receptive_field(
                    self.accelerated(), size, self.device, shifted=self.kind == "map"
                )
        return self._fields[size]
