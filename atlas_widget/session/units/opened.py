"""The units whose pages were opened, for those who write a page without a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget.protocol import messages
from atlas_widget.session.pictures.picture import State
from atlas_widget.session.units import page
from atlas_widget.session.units.targets import KINDS, NEURON, unit_group

if TYPE_CHECKING:
    from atlas_widget.page import Icon, PageUnits, Told
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.gallery import Gallery
    from atlas_widget.session.units.sampled_units import SampledUnits

__all__ = ["OpenedUnits"]

_MAX_KEPT = 60


class OpenedUnits:
    """Remembers which units were opened, and tells of them what their pages showed.

    Parameters
    ----------
    gallery
        Has their pictures.
    kind
        "map", "tokens" or "vector".
    """

    def __init__(self, gallery: Gallery, kind: str) -> None:
        self._gallery = gallery
        self._kind = kind
        self._units: SampledUnits | None = None
        self._opened: dict[int, None] = {}

    def begin(self) -> None:
        """Switch to another scene, whose units were not looked at yet."""
        self._units = None
        self._opened = {}

    def note(self, units: SampledUnits, unit: int) -> None:
        """Note that the page of a unit was opened."""
        self._units = units
        self._opened.pop(unit, None)
        self._opened[unit] = None
        while len(self._opened) > _MAX_KEPT:
            del self._opened[next(iter(self._opened))]

    def in_page(self, scene: Scene, grids: Sequence[int], crops: bool) -> PageUnits | None:
        """Return the pages of units as a page takes them; None if none was opened.

        Parameters
        ----------
        scene
            The cells shown.
        grids
            The grids of the page, for the overlay of a unit.
        crops
            Whether examples, which are parts of images, go into it.
        """
        from atlas_widget.page import PageUnits

        units = self._units
        if units is None or not self._opened:
            return None
        content, buffers = page.overview(units, scene, self._kind)
        opened = sorted(self._opened)
        pages = {unit: self._page(units, scene, unit, crops) for unit in opened}
        neurons = {*opened, *(other for unit in opened for other in pages[unit][0][0]["relatives"])}
        pictures: dict[str, dict[int, Icon]] = {}
        for kind in KINDS:
            group = unit_group(kind)
            found = self._icons(group, neurons if kind == NEURON else set(opened))
            if found:
                pictures[group] = found
        values = [_values(scene, grid, unit) for unit in opened for grid in grids]
        return PageUnits((content, buffers[0]), pages, values, pictures)

    def _page(self, units: SampledUnits, scene: Scene, unit: int, crops: bool) -> list[Told]:
        content, buffers = page.page(units, scene, unit)
        content["names"] = ["" for _ in content["names"]]  # names of images stay here
        if not crops:
            content["examples"], content["names"], content["samples"] = [], [], []
            content["quilt_tiles"] = [0 for _ in content["quilt_tiles"]]
        told: list[Told] = [(content, buffers[0] if crops else None)]
        for kind in KINDS:
            picture = self._gallery.picture(unit_group(kind), unit)
            if picture is not None and picture.state is State.FINAL:
                told.append((page.measure(units, scene, kind, unit, picture), None))
        return told

    def _icons(self, group: str, units: set[int]) -> dict[int, Icon]:
        from atlas_widget.page import Icon

        found: dict[int, Icon] = {}
        for unit in sorted(units):
            picture = self._gallery.picture(group, unit)
            if picture is not None and picture.state is State.FINAL:
                found[unit] = Icon(
                    picture.pixels, picture.state.word, picture.cosine, picture.rank, picture.made
                )
        return found


def _values(scene: Scene, grid: int, unit: int) -> Told:
    means: Any = np.asarray(scene.grids[grid].means[:, unit], "<f4")
    content = messages.build(
        "unit_values", revision=scene.revision, grid=grid, unit=unit, count=len(means)
    )
    return content, means.tobytes()
