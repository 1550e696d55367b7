"""The scene: the grids and samples of one layout, as they are shown, with a revision number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget.images.crop_words import CropWords, crop_words
from atlas_widget.session.pictures.picture import Examples, Picture, State, cell_group, grid_of
from atlas_widget.session.subjects import ALL, Subject

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.atlas.class_influence import Axis
    from atlas_widget.atlas.grid import Grid
    from atlas_widget.atlas.samples import Samples

__all__ = ["EXAMPLES", "CellTargets", "Scene", "ranks"]

EXAMPLES = 8
"""Number of real crops whose channel statistics a picture is kept close to."""


@dataclass
class Scene:
    """The cells of one revision of the layout.

    Attributes
    ----------
    revision
        Increases with every layout that is shown, across layers too.
    layer
        The layer's name.
    grids
        The grids by size; the coarsest is the base.
    samples
        The samples of the layout.
    atlas
        The finished atlas; None while the layout is provisional.
    subject
        The subject of the atlas: all samples, a class, or two compared.
    provisional_axes
        The meaning of x and y in a provisional layout, if they have one.
    """

    revision: int
    layer: str
    grids: Mapping[int, Grid]
    samples: Samples
    atlas: Atlas | None
    subject: Subject = ALL
    provisional_axes: tuple[Axis, ...] | None = None
    _places: dict[int, dict[int, int]] = field(init=False, repr=False)
    _units: dict[int, npt.NDArray[np.float32]] = field(init=False, repr=False)
    _words: dict[tuple[int, int], CropWords] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._places = {
            size: {int(cell): place for place, cell in enumerate(grid.ids)}
            for size, grid in self.grids.items()
        }
        self._units = {}
        self._words = {}

    @property
    def final(self) -> bool:
        """True if the layout is final."""
        return self.atlas is not None

    @property
    def images(self) -> int:
        """Number of images that the samples come from."""
        return len(self.samples.image_names)

    @property
    def channels(self) -> int:
        """Number of channels of the layer: its units."""
        return int(self.samples.activations.shape[1])

    @property
    def base(self) -> int:
        """The coarsest grid."""
        return min(self.grids)

    def cells(self, grid: int) -> Mapping[int, int]:
        """Return the cells of a grid: a mapping of ids to their index in the grid's arrays."""
        return self._places.get(grid, {})

    def has(self, grid: int, cell: int) -> bool:
        """Return True if there is such a cell."""
        return cell in self._places.get(grid, ())

    def same_region(self, cells: Sequence[int], grid: int, other: int) -> list[int]:
        """Return the cells of another grid that cover, or lie within, cells of this one.

        If neither size divides the other, there are none. Mirrored in
        js/src/geometry/selection.ts.
        """
        if grid % other and other % grid:
            return []

        def parent(cell: int, size: int, coarser: int) -> int:
            row, column = divmod(cell, size)
            return row * coarser // size * coarser + column * coarser // size

        chosen = set(cells)
        if other > grid:
            return [cell for cell in self.cells(other) if parent(cell, other, grid) in chosen]
        parents = {parent(cell, grid, other) for cell in chosen}
        return sorted(cell for cell in parents if self.has(other, cell))

    def direction(self, grid: int, cell: int) -> npt.NDArray[np.float32]:
        """Return the mean activation of a cell."""
        mean = self.grids[grid].means[self._places[grid][cell]]
        return np.ascontiguousarray(mean, dtype=np.float32)

    def directions(self, grid: int, cells: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the mean activations of some cells, one a row."""
        places = [self._places[grid][cell] for cell in cells]
        return np.ascontiguousarray(self.grids[grid].means[places], dtype=np.float32)

    def unit_means(self, grid: int) -> npt.NDArray[np.float32]:
        """Return the mean activations of all cells of a grid, each of length one."""
        if grid not in self._units:
            means = np.asarray(self.grids[grid].means, dtype=np.float32)
            lengths = np.linalg.norm(means, axis=1, keepdims=True)
            self._units[grid] = means / np.maximum(lengths, 1e-12)
        return self._units[grid]

    def nearest(self, grid: int, cell: int, count: int) -> npt.NDArray[np.int64]:
        """Return the samples nearest to a cell's mean, nearest first."""
        found = self.grids[grid].nearest(self._places[grid][cell], count)
        return np.asarray(found, dtype=np.int64)

    def members(self, grid: int, cell: int) -> npt.NDArray[np.int64]:
        """Return the samples of a cell."""
        return np.asarray(self.grids[grid].members(self._places[grid][cell]), dtype=np.int64)

    def count(self, grid: int, cell: int) -> int:
        """Return the number of samples of a cell."""
        return int(self.grids[grid].counts[self._places[grid][cell]])

    def examples(self, grid: int, cell: int) -> Examples:
        """Return the real crops nearest to a cell's mean, as examples for its picture."""
        return self.examples_of(self.nearest(grid, cell, EXAMPLES))

    def examples_of(self, samples: npt.NDArray[np.int64]) -> Examples:
        """Return the crops of the first of these samples, as examples for one picture."""
        thumbnails = self.samples.thumbnails
        return Examples(tuple(thumbnails.jpeg(int(sample)) for sample in samples[:EXAMPLES]))

    def crop(self, grid: int, cell: int) -> Picture:
        """Return the real crop nearest to a cell's mean, as its first picture."""
        sample = int(self.nearest(grid, cell, 1)[0])
        return Picture(self.samples.thumbnails.get(sample), State.CROP)

    def crop_words(self, grid: int, cell: int) -> CropWords:
        """Return what the real crops nearest to a cell's mean look like."""
        known = self._words.get((grid, cell))
        if known is None:
            thumbnails = self.samples.thumbnails
            nearest = self.nearest(grid, cell, EXAMPLES)
            known = crop_words([thumbnails.get(int(sample)) for sample in nearest])
            self._words[grid, cell] = known
        return known

    def axes(self) -> list[dict[str, Any]]:
        """Return the meaning of x and y for the browser; empty if the axes have none."""
        axes = self.atlas.axes if self.atlas is not None else self.provisional_axes
        return [asdict(axis) for axis in axes or ()]

    def outline(self) -> list[dict[str, Any]]:
        """Return the grids in the format of the message `layout`."""
        return [
            {"size": size, "ids": grid.ids.tolist(), "counts": grid.counts.tolist()}
            for size, grid in sorted(self.grids.items())
        ]


@dataclass(frozen=True)
class CellTargets:
    """The cells of a scene as targets of pictures; see `pictures.picture.Targets`.

    Attributes
    ----------
    scene
        The cells.
    """

    scene: Scene

    @property
    def groups(self) -> list[str]:
        """The groups of pictures, those of coarser grids first."""
        return [cell_group(size) for size in sorted(self.scene.grids)]

    def has(self, group: str, number: int) -> bool:
        """Return True if there is such a cell."""
        return self.scene.has(grid_of(group), number)

    def directions(self, group: str, numbers: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the mean activations of some cells, one a row."""
        return self.scene.directions(grid_of(group), numbers)

    def examples(self, group: str, numbers: Sequence[int]) -> list[Examples]:
        """Return the real crops nearest to each cell's mean."""
        grid = grid_of(group)
        return [self.scene.examples(grid, number) for number in numbers]

    def ranks(
        self, group: str, numbers: Sequence[int], activations: npt.NDArray[np.float32]
    ) -> list[int]:
        """Return each picture's rank: one plus the number of cells that are nearer than its own."""
        grid = grid_of(group)
        places = [self.scene.cells(grid)[number] for number in numbers]
        return ranks(activations, self.scene.unit_means(grid), places)

    def crop(self, group: str, number: int) -> Picture:
        """Return the real crop nearest to a cell's mean."""
        return self.scene.crop(grid_of(group), number)


def ranks(
    activations: npt.NDArray[np.float32],
    units: npt.NDArray[np.float32],
    places: Sequence[int],
) -> list[int]:
    """Return the rank of each row: one plus the number of cells that are nearer than its own.

    A row that is zero or not finite ranks last.

    Parameters
    ----------
    activations
        The layer's activation for each picture: (n, channels).
    units
        The cells' means, normalised to length one: (cells, channels).
    places
        Row of `units` for each picture's own cell.
    """
    with np.errstate(invalid="ignore"):
        likeness = activations @ units.T
    own = likeness[np.arange(len(places)), list(places)]
    slack = 1e-6 * np.abs(own)  # so that rounding never ranks a picture below its own cell
    nearer = 1 + (likeness > (own + slack)[:, None]).sum(axis=1)
    told = np.isfinite(activations).all(axis=1) & activations.any(axis=1)
    return [int(rank) for rank in np.where(told, nearer, len(units))]
