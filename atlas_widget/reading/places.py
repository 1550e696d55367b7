"""Places in a layer: a position, or a channel over its whole map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from atlas_widget.errors import AtlasError, LayerNotFoundError, check_unit, did_you_mean

__all__ = ["Place", "Position", "checked_position", "layer_number", "place_of"]

Position = tuple[int, int]


@dataclass(frozen=True)
class Place:
    """A position of a layer, all its channels; or a channel, at all positions.

    Exactly one of the two is given.

    Attributes
    ----------
    position
        (row, column), or None.
    channel
        Its number, or None.
    """

    position: Position | None
    channel: int | None

    @property
    def words(self) -> str:
        """The place in words."""
        return f"channel {self.channel}" if self.position is None else f"position {self.position}"

    def number(self, own: Tensor) -> Tensor:
        """Return the place's strength in a map (channels, rows, columns), for differentiation.

        A position's norm, as the dot product with its direction held fixed (which has the same
        gradient); a channel's sum over its map.
        """
        if self.position is None:
            return own[self.channel].sum()
        row, column = self.position
        vector = own[:, row, column]
        fixed = vector.detach()
        return torch.dot(vector, fixed / fixed.norm().clamp_min(1e-30))

    def only(self, maps: Tensor) -> Tensor:
        """Return maps (n, channels, rows, columns) that are zero but at the place."""
        kept = torch.zeros_like(maps)
        if self.position is None:
            kept[:, self.channel] = maps[:, self.channel]
        else:
            row, column = self.position
            kept[:, :, row, column] = maps[:, :, row, column]
        return kept


def place_of(layer: str, own: Tensor, position: Position | None, channel: int | None) -> Place:
    """Return the place that is meant, checked against a map (channels, rows, columns)."""
    if (position is None) == (channel is None):
        raise AtlasError("Give a position=(row, column) or a channel=, one of the two.")
    if channel is not None:
        return Place(None, check_unit(channel, len(own), layer))
    assert position is not None
    return Place(checked_position(layer, own, position), None)


def checked_position(layer: str, own: Tensor, position: Position) -> Position:
    """Return a position as two ints, or raise that the layer's map has none there."""
    rows, columns = own.shape[1:]
    given = np.asarray(position, dtype=object).ravel()
    whole = all(isinstance(each, int | np.integer) and not isinstance(each, bool) for each in given)
    if len(given) != 2 or not whole:
        raise AtlasError(f"A position is (row, column), two whole numbers, not {position!r:.60}.")
    row, column = int(given[0]), int(given[1])
    if not (0 <= row < rows and 0 <= column < columns):
        raise AtlasError(
            f"Position {(row, column)} is not on the map of layer {layer!r}: rows are 0 to "
            f"{rows - 1}, columns 0 to {columns - 1}."
        )
    return row, column


def layer_number(layer: str, layers: Sequence[str]) -> int:
    """Return which of the layers that were read is meant."""
    if layer in layers:
        return list(layers).index(layer)
    hint = did_you_mean(str(layer), layers)
    raise LayerNotFoundError(
        f"Layer {layer!r:.60} was not read: {', '.join(map(repr, layers))} were.{hint}"
    )
