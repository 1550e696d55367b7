"""The units of another network, shown beside those of the layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from atlas_widget.protocol import messages
from atlas_widget.session.pictures.sheets import encode
from atlas_widget.session.units.other_layers import unit_pictures

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.cache import PictureCache
    from atlas_widget.session.pictures.gallery import Gallery
    from atlas_widget.session.tasks.units_beside import UnitsBeside

__all__ = ["BesideBoard"]

_AT_ONCE = 2  # pictures made in one slice


class BesideBoard:
    """Keeps the last comparison of units, and makes the other network's pictures in sight.

    Parameters
    ----------
    gallery
        Sends messages.
    cache
        Stores finished pictures.
    seed
        Seed of the noise that pictures start from.
    """

    def __init__(self, gallery: Gallery, cache: PictureCache, seed: int) -> None:
        self._gallery = gallery
        self._cache = cache
        self._seed = seed
        self._scene: Scene | None = None
        self._shown: UnitsBeside | None = None
        self._wanted: list[int] = []
        self._sent: set[int] = set()

    def begin(self, scene: Scene) -> None:
        """Switch to another scene of the layer, whose units are the same."""
        self._scene = scene
        self.resend()

    def show(self, beside: UnitsBeside) -> None:
        """Keep and send a comparison; the one before is dropped."""
        self.drop()
        self._shown = beside
        self.resend()

    def drop(self) -> None:
        """Forget the comparison and let go of the other network."""
        if self._shown is not None:
            self._shown.probe.close()
        self._shown = None
        self._wanted, self._sent = [], set()

    def resend(self) -> None:
        """Send the comparison again, if there is one; pictures when they are in sight."""
        self._wanted, self._sent = [], set()
        shown, scene = self._shown, self._scene
        if shown is None or scene is None or not self._gallery.connected:
            return
        table = shown.matches.table
        content = messages.build(
            "units_beside",
            revision=scene.revision,
            name=shown.name,
            layer=shown.probe.layer,
            count=shown.probe.channels,
            images=shown.scan.images,
            cka=None if math.isnan(shown.matches.cka) else shown.matches.cka,
            match=[-1 if other != other else int(other) for other in _plain(table["match"])],
            r=table["r"].tolist(),
            floor=table["floor"].tolist(),
            mutual=[int(mutual) for mutual in table["mutual"]],
            lost=shown.matches.gone,
            new=shown.matches.new,
        )
        self._gallery.send(content, [])

    def look(self, units: Sequence[int]) -> None:
        """Want the pictures of these units of the other network, in this order."""
        if self._shown is not None:
            count = self._shown.probe.channels
            self._wanted = [unit for unit in units if 0 <= unit < count and unit not in self._sent]

    def advance(self) -> bool:
        """Make or fetch some of the pictures in sight; return False if there are none to make."""
        shown, scene = self._shown, self._scene
        if shown is None or scene is None or not self._wanted:
            return False
        some, self._wanted = self._wanted[:_AT_ONCE], self._wanted[_AT_ONCE:]
        pictures = unit_pictures(self._cache, self._seed, shown.probe, some)
        for unit, pixels in zip(some, pictures, strict=True):
            content = messages.build("unit_beside_picture", revision=scene.revision, unit=unit)
            self._gallery.send(content, [encode(pixels)])
        self._sent.update(some)
        return True


def _plain(column: Any) -> list[float]:
    """Return numbers, NaN for those that are missing."""
    values: list[float] = column.astype("float64").tolist()
    return values
