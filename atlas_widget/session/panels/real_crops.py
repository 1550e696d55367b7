"""Real crops of cells, for views that show crops in place of icons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.pictures.gallery import TILE
from atlas_widget.session.pictures.sheets import MAX_TILES, encode, pack

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.gallery import Gallery

__all__ = ["RealCropsPanel"]


@panel
class RealCropsPanel(Panel):
    """Sends the nearest real crop of each cell, regardless of its picture.

    Parameters
    ----------
    gallery
        Sends the message.
    """

    kinds = ("real_crops",)

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._scene: Scene | None = None

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer.gallery)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene."""
        self._scene = scene

    def handle(self, kind: str, fields: Fields) -> None:
        """Send the crops of some cells as one sheet."""
        scene, grid = self._scene, fields["grid"]
        if scene is None or not self._gallery.connected:
            return
        some = [cell for cell in fields["cells"] if scene.has(grid, cell)][:MAX_TILES]
        if not some:
            return
        columns = min(8, len(some))
        content = messages.build(
            "real_crops",
            revision=scene.revision,
            grid=grid,
            cells=some,
            tile=TILE,
            columns=columns,
        )
        crops = [scene.crop(grid, cell).pixels for cell in some]
        self._gallery.send(content, [encode(pack(crops, TILE, columns))])
