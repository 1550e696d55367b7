"""A picture, its key, and the targets that pictures are made for."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from atlas_widget.images.thumbnails import Thumbnails

__all__ = [
    "Examples",
    "Picture",
    "PictureKey",
    "Pixels",
    "State",
    "Targets",
    "cell_group",
    "grid_of",
]

Pixels = npt.NDArray[np.uint8]


class PictureKey(NamedTuple):
    """The key of a picture within the layout shown.

    Written ``"cell:20:113"``: the kind of picture, its group, and its number in the group. Kinds
    are the cells of a grid and the units of the layer. In the cache, a finished picture is
    identified by the hash of everything that it depends on, see :func:`~.renderer.picture_key`.

    Attributes
    ----------
    group
        Kind and group: ``"cell:20"`` for the cells of the 20 × 20 grid, ``"unit:neuron"`` for the
        pictures of the layer's units in the middle of its map.
    number
        The number in the group: the id of the cell, the number of the unit.
    """

    group: str
    number: int

    def __str__(self) -> str:
        return f"{self.group}:{self.number}"


def cell_group(grid: int) -> str:
    """Return the group of a grid's cells."""
    return f"cell:{grid}"


def grid_of(group: str) -> int:
    """Return the grid size of a group of cells."""
    kind, _, size = group.partition(":")
    if kind != "cell":
        raise ValueError(f"{group!r} is no group of cells.")
    return int(size)


class State(IntEnum):
    """The quality of a picture."""

    CROP = 0
    ROUGH = 1
    FINAL = 2

    @property
    def word(self) -> str:
        """The name in messages to the browser."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in its current state.

    Attributes
    ----------
    pixels
        Height x width x 3, RGB.
    state
        Real crop, rough inversion or final inversion.
    cosine
        Of a finished inversion: cosine of its activation to the target's direction.
    rank
        Of a finished inversion: 1 if no other target of its group is nearer to its activation.
    made
        Of a finished inversion: what it was made with, in words.
    strength
        Of a finished inversion: its activation along the target's direction.
    """

    pixels: Pixels
    state: State
    cosine: float | None = None
    rank: int | None = None
    made: str = ""
    strength: float | None = None


@dataclass(frozen=True)
class Examples:
    """Real crops whose channel statistics a picture is kept close to; JPEG, decoded on use."""

    jpegs: tuple[bytes, ...] = ()

    def pixels(self) -> Pixels | None:
        """Return the crops that can be read, uint8 (n, side, side, 3); None if there are none."""
        thumbnails = Thumbnails.from_jpegs(self.jpegs)
        crops = []
        for number in range(len(thumbnails)):
            with contextlib.suppress(OSError, ValueError):
                crops.append(thumbnails.get(number))
        return np.stack(crops) if crops else None

    def mixed(self, other: Examples, share: float) -> Examples:
        """Return crops of both, as many of the other as its share in the mixture."""
        own, theirs = round((1 - share) * len(self.jpegs)), round(share * len(other.jpegs))
        return Examples(self.jpegs[:own] + other.jpegs[:theirs])


class Targets(Protocol):
    """Targets of pictures: directions of the layer, by group and number."""

    def has(self, group: str, number: int) -> bool:
        """Return True if there is such a target."""
        ...

    def directions(self, group: str, numbers: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the directions of these targets, one a row: (n, channels)."""
        ...

    def examples(self, group: str, numbers: Sequence[int]) -> list[Examples]:
        """Return the examples of each target."""
        ...

    def ranks(
        self, group: str, numbers: Sequence[int], activations: npt.NDArray[np.float32]
    ) -> list[int]:
        """Return each picture's rank: one plus the number of targets nearer than its own.

        Parameters
        ----------
        group, numbers
            The targets.
        activations
            The layer's activations for their pictures, (n, channels).
        """
        ...

    def crop(self, group: str, number: int) -> Picture:
        """Return the real crop nearest to a target, as its first picture."""
        ...
