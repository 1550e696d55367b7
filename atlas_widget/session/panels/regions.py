"""Names of regions of the map, sent with each final layout."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Self

from atlas_widget.protocol import messages
from atlas_widget.session.cells.regions import region_fields, regions_of, telling_labels
from atlas_widget.session.panels.panel import LayerContext, Panel, panel

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene

__all__ = ["RegionsPanel"]

_CELLS_PER_SLICE = 8


@panel
class RegionsPanel(Panel):
    """Sends the names of regions whose images share a label, or whose crops look alike.

    Parameters
    ----------
    layer
        The layer and its images.
    """

    def __init__(self, layer: LayerContext) -> None:
        self._layer = layer
        self._scene: Scene | None = None
        self._due = False
        self._cells: Iterator[int] = iter(())  # whose crops are still to be looked at

    @cached_property
    def _by_crops(self) -> bool:
        """True if regions are named after their crops, for want of labels."""
        return telling_labels(self._layer.source) is None

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene; its regions are sent after its layout."""
        self._scene, self._due = scene, scene.final
        self._cells = iter(scene.cells(scene.base))

    def connect(self) -> None:
        """Send them to a front end that has just come up."""
        self._due = self._scene is not None and self._scene.final

    def advance(self) -> bool:
        """Send the regions once, if there are any and a front end is there."""
        scene, source = self._scene, self._layer.source
        if not self._due or scene is None or not self._layer.gallery.connected:
            return False
        if self._by_crops and self._look(scene):
            return True
        self._due = False
        found = regions_of(scene, source)
        if not found:
            return False
        content = messages.build("regions", revision=scene.revision, **region_fields(found))
        self._layer.gallery.send(content, [])
        return True

    def _look(self, scene: Scene) -> bool:
        """Look at the crops of some cells; return False if there are none left."""
        some = list(islice(self._cells, _CELLS_PER_SLICE))
        for cell in some:
            scene.crop_words(scene.base, cell)
        return bool(some)
