"""A picture, the key that names it, and what pictures are made of."""

from __future__ import annotations

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
    """The name of a picture among those of the layout on show.

    Written ``"cell:20:113"``: the kind of picture, what it is one of, and its number there. A cell
    of a grid is one kind; a finished picture is known beyond a session by the digest of all that it
    depends on, see :func:`~.renderer.picture_key`.

    Attributes
    ----------
    group
        The kind and what it is one of: ``"cell:20"`` for the cells of the 20 × 20 grid.
    number
        Which of them.
    """

    group: str
    number: int

    def __str__(self) -> str:
        return f"{self.group}:{self.number}"


def cell_group(grid: int) -> str:
    """Return the group of a grid's cells."""
    return f"cell:{grid}"


def grid_of(group: str) -> int:
    """Return the size of the grid that a group of cells is of."""
    kind, _, size = group.partition(":")
    if kind != "cell":
        raise ValueError(f"{group!r} is no group of cells.")
    return int(size)


class State(IntEnum):
    """How good the picture of a cell is."""

    CROP = 0
    ROUGH = 1
    FINAL = 2

    @property
    def word(self) -> str:
        """The name that crosses to the browser."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it stands.

    Attributes
    ----------
    pixels
        Height x width x 3, RGB.
    state
        A real crop, a rough or a final inversion.
    cosine
        Of a finished inversion: the cosine of the layer's answer with what is pictured.
    rank
        Of a finished inversion: 1 if nothing else of its group is nearer to that answer.
    """

    pixels: Pixels
    state: State
    cosine: float | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Examples:
    """Real crops whose statistics a picture keeps, as JPEG files that are decoded when wanted."""

    jpegs: tuple[bytes, ...] = ()

    def pixels(self) -> Pixels:
        """Return the crops, uint8 (n, side, side, 3)."""
        thumbnails = Thumbnails.from_jpegs(self.jpegs)
        return np.stack([thumbnails.get(number) for number in range(len(thumbnails))])

    def mixed(self, other: Examples, share: float) -> Examples:
        """Return as many of another's crops as its share of a mixture, and of one's own."""
        own, theirs = round((1 - share) * len(self.jpegs)), round(share * len(other.jpegs))
        return Examples(self.jpegs[:own] + other.jpegs[:theirs])


class Targets(Protocol):
    """What pictures can be made of: directions of the layer, by group and number."""

    def has(self, group: str, number: int) -> bool:
        """Return whether there is such a target."""
        ...

    def directions(self, group: str, numbers: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return what the layer is to answer to pictures of these, one a row: (n, channels)."""
        ...

    def examples(self, group: str, numbers: Sequence[int]) -> list[Examples]:
        """Return real crops of each, whose statistics its picture keeps."""
        ...

    def ranks(
        self, group: str, numbers: Sequence[int], activations: npt.NDArray[np.float32]
    ) -> list[int]:
        """Return how many of the group are nearer to each picture's answer than its own, plus one.

        Parameters
        ----------
        group, numbers
            The targets.
        activations
            What the layer answers to their pictures, (n, channels).
        """
        ...

    def crop(self, group: str, number: int) -> Picture:
        """Return the real crop nearest to a target, as its first picture."""
        ...
