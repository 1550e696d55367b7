"""Pictures of the other atlas's cells: crops at once, feature inversions of those in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from atlas_widget.session.cells.scene import CellTargets, Scene
from atlas_widget.session.pictures.engines import Engines
from atlas_widget.session.pictures.picture import Examples, Picture, State, cell_group
from atlas_widget.session.pictures.queue import PictureQueue
from atlas_widget.session.pictures.renderer import PictureRenderer

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.pictures.cache import PictureCache
    from atlas_widget.session.pictures.gallery import Gallery

__all__ = ["ComparedPictures", "compared_group"]

_SLICE = 0.12  # seconds


def compared_group(grid: int) -> str:
    """Return the group of the pictures of the other atlas's cells."""
    return f"compared:{grid}"


class ComparedPictures:
    """Makes the pictures of the other atlas's cells, those in sight first.

    Parameters
    ----------
    atlas
        The other atlas, on the map that is shown.
    probe
        Its layer; None if its network is not there: then its cells show crops.
    revision
        Revision of the layout shown.
    gallery, cache, seed
        As for the cells of the atlas shown.
    """

    def __init__(
        self,
        atlas: Atlas,
        probe: LayerProbe | None,
        revision: int,
        gallery: Gallery,
        cache: PictureCache,
        seed: int,
    ) -> None:
        size = atlas.grids[0]
        grid = atlas.grid(size)
        scene = Scene(revision, atlas.layer, {size: grid}, atlas.samples, atlas)
        self._gallery = gallery
        self._group = compared_group(size)
        self._cells = [int(cell) for cell in grid.ids]
        targets = _Targets(scene)
        gallery.add(targets, [self._group])
        gallery.show_crops(self._group, self._cells)
        self._queue = PictureQueue(
            {self._group: self._cells}, base=self._group, labels=False, rough=False
        )
        self._renderer: PictureRenderer | None = None
        if probe is not None:
            from atlas_widget.inversion import InversionSettings

            engines = Engines(probe)
            self._renderer = PictureRenderer(
                targets,
                self._queue,
                probe,
                InversionSettings.icon(),
                engines.icons,
                cache,
                seed=seed,
                show=gallery.show,
                notice=lambda _text: None,  # the cells shown have told it already
            )

    def look(self, cells: Sequence[int]) -> None:
        """Want the pictures of these cells, in this order."""
        if self._renderer is None:
            return
        self._queue.look(self._group, cells)
        self._renderer.prefetch(self._group, self._queue.visible)

    def advance(self) -> bool:
        """Work for one slice on the pictures in sight; return False if there are none to make."""
        renderer = self._renderer
        return renderer is not None and self._queue.pending() and renderer.advance(_SLICE)

    @property
    def progress(self) -> tuple[int, int]:
        """The number of cells in sight that have their picture, and of all in sight."""
        queue, visible = self._queue, self._queue.visible
        done = sum(queue.state(self._group, cell) is State.FINAL for cell in visible)
        return done, len(visible)

    def close(self) -> None:
        """Forget the pictures."""
        self._gallery.drop([self._group])


class _Targets:
    """The other atlas's cells; see `pictures.picture.Targets`."""

    def __init__(self, scene: Scene) -> None:
        self._cells = CellTargets(scene)

    def has(self, group: str, number: int) -> bool:
        """Return True if there is such a cell."""
        return self._cells.has(_own(group), number)

    def directions(self, group: str, numbers: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the mean activations of some cells, one a row."""
        return self._cells.directions(_own(group), numbers)

    def examples(self, group: str, numbers: Sequence[int]) -> list[Examples]:
        """Return the real crops nearest to each cell's mean."""
        return self._cells.examples(_own(group), numbers)

    def ranks(
        self, group: str, numbers: Sequence[int], activations: npt.NDArray[np.float32]
    ) -> list[int]:
        """Return each picture's rank: one plus the number of cells that are nearer than its own."""
        return self._cells.ranks(_own(group), numbers, activations)

    def crop(self, group: str, number: int) -> Picture:
        """Return the real crop nearest to a cell's mean."""
        return self._cells.crop(_own(group), number)


def _own(group: str) -> str:
    """Return what the other atlas itself calls a group."""
    return cell_group(int(group.partition(":")[2]))
