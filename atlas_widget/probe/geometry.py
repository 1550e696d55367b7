"""Geometry of a layer's map: where its positions lie in a picture, and how much of it they see."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from atlas_widget.errors import AtlasError
from atlas_widget.probe.outputs import Kind
from atlas_widget.probe.receptive_field import (
    ReceptiveField,
    box_around,
    measure_receptive_field,
)

__all__ = ["MapGeometry"]

Encode = Callable[[Tensor], Tensor]


class MapGeometry:
    """The places of a layer's map, each measured when it is first asked for.

    Parameters
    ----------
    activations : callable
        RGB in [0, 1], (n, 3, h, w), to the layer's activations (n, c, rows, columns).
    fast : callable
        Returns a differentiable function that does the same, fast.
    kind : {"map", "tokens", "vector"}
    map_size : tuple of int
        Rows and columns for pictures of `input_size`.
    input_size : int
        Side of the square pictures that the model was made for.
    device : torch.device
    """

    def __init__(
        self,
        activations: Encode,
        fast: Callable[[], Encode],
        *,
        kind: Kind,
        map_size: tuple[int, int],
        input_size: int,
        device: torch.device,
    ) -> None:
        self._activations = activations
        self._fast = fast
        self._kind = kind
        self._input_size = input_size
        self._device = device
        self._map_sizes = {(input_size, input_size): map_size}
        self._fields: dict[tuple[int, int], ReceptiveField] = {}

    def accepts_size(self, height: int, width: int | None = None) -> bool:
        """Return whether the model takes pictures of this size."""
        try:
            return 0 not in self.map_size_at(height, width)
        except AtlasError:
            return False

    def map_size_at(self, height: int, width: int | None = None) -> tuple[int, int]:
        """Return the rows and columns of the layer's map for pictures of this size."""
        size = (height, width or height)
        if size not in self._map_sizes:
            rows, columns = self._activations(torch.full((1, 3, *size), 0.5)).shape[2:]
            self._map_sizes[size] = (rows, columns)
        return self._map_sizes[size]

    def receptive_field(self, size: int | None = None) -> int:
        """Return the side, in pixels, of what the layer's centre unit effectively sees."""
        side = size or self._input_size
        return self._field((side, side)).side

    def position_box(
        self, row: int, column: int, input_size: int | tuple[int, int] | None = None
    ) -> tuple[int, int, int, int]:
        """Return what the unit at a position effectively sees, as (x0, y0, x1, y1) in pixels."""
        given = input_size or self._input_size
        size = (given, given) if isinstance(given, int) else given
        return box_around(self._field(size), (row, column), self.map_size_at(*size), size)

    @torch.inference_mode(False)
    def _field(self, size: tuple[int, int]) -> ReceptiveField:
        if size not in self._fields:
            if self._kind == "vector":
                self._fields[size] = ReceptiveField(max(size), (0.0, 0.0))
            else:
                self._fields[size] = measure_receptive_field(
                    self._fast(), size, self._device, shifted=self._kind == "map"
                )
        return self._fields[size]
