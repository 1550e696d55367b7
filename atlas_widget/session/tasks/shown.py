"""The cells shown and their pictures, as figures and pages take them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atlas_widget import figures

if TYPE_CHECKING:
    from atlas_widget.notes import Note
    from atlas_widget.session.cells.regions import Region
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.picture import Picture

__all__ = ["Shown"]


@dataclass(frozen=True)
class Shown:
    """The cells shown and their pictures, from which figures are made.

    Attributes
    ----------
    scene
        The cells.
    model
        The model's name.
    seed
        Seed of the noise that pictures start from.
    snapshot
        Returns the current pictures and labels of a grid.
    regions
        Returns the regions that have a name.
    notes
        Returns the notes that have a place among these cells, each with its number.
    names_assumed
        Whether the names of the classes are a guess.
    device, threads
        Where pictures are made, and on how many of PyTorch's threads.
    """

    scene: Scene
    model: str
    seed: int
    snapshot: Callable[[int], tuple[dict[int, Picture], dict[int, str | None]]]
    regions: Callable[[], Sequence[Region]] = tuple
    notes: Callable[[], Sequence[tuple[int, Note]]] = tuple
    names_assumed: bool = False
    device: str = "cpu"
    threads: int = 1

    def names(self) -> list[figures.Name]:
        """Return the names of regions, as figures write them."""
        return [figures.Name(region.name, region.x, region.y) for region in self.regions()]

    def marks(self) -> list[figures.Mark]:
        """Return the notes, as figures mark them."""
        placed = [(number, note, note.place) for number, note in self.notes()]
        return [
            figures.Mark(number, *place, note.name)
            for number, note, place in placed
            if place is not None
        ]
