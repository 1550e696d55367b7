"""The positions of a layer that are shown: all of a small map, every few of a large one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ShownMap"]

_MAX_SIDE = 28


@dataclass(frozen=True)
class ShownMap:
    """A layer's map in squares of `stride` positions, one shown position each.

    Attributes
    ----------
    map_rows, map_columns
        Positions of the layer's map.
    stride
        Side of a square; 1 if all positions are shown.
    """

    map_rows: int
    map_columns: int
    stride: int

    @classmethod
    def of(cls, rows: int, columns: int) -> ShownMap:
        """Return the positions shown of a map of `rows` times `columns`, at most 28 a side."""
        return cls(rows, columns, max(1, -(-max(rows, columns) // _MAX_SIDE)))

    @property
    def rows(self) -> int:
        """Number of rows shown."""
        return -(-self.map_rows // self.stride)

    @property
    def columns(self) -> int:
        """Number of columns shown."""
        return -(-self.map_columns // self.stride)

    @property
    def count(self) -> int:
        """Number of positions shown."""
        return self.rows * self.columns

    def position(self, number: int) -> tuple[int, int]:
        """Return row and column on the layer's map of a shown position: the middle of its square.

        Parameters
        ----------
        number
            Row by row, from 0.
        """
        row, column = divmod(number, self.columns)
        half, stride = self.stride // 2, self.stride
        return (
            min(row * stride + half, self.map_rows - 1),
            min(column * stride + half, self.map_columns - 1),
        )

    def square(self, number: int) -> list[tuple[int, int]]:
        """Return all positions of the layer's map that a shown one stands for."""
        row, column = divmod(number, self.columns)
        stride = self.stride
        return [
            (down, right)
            for down in range(row * stride, min((row + 1) * stride, self.map_rows))
            for right in range(column * stride, min((column + 1) * stride, self.map_columns))
        ]

    def sums(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the sum of each square of (rows, columns) values, row by row."""
        padded = np.zeros((self.rows * self.stride, self.columns * self.stride))
        padded[: self.map_rows, : self.map_columns] = values
        blocks = padded.reshape(self.rows, self.stride, self.columns, self.stride)
        found: NDArray[np.float64] = blocks.sum((1, 3)).ravel()
        return found

    def picked(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the values (rows, columns) at the shown positions themselves, row by row."""
        at = np.array([self.position(number) for number in range(self.count)])
        found: NDArray[np.float64] = np.asarray(values, np.float64)[at[:, 0], at[:, 1]]
        return found
