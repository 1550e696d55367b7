"""The card of a hovered or opened cell, and its values for chosen classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.pictures.gallery import CROPS, TILE
from atlas_widget.session.pictures.picture import State, cell_group
from atlas_widget.session.pictures.sheets import encode, pack

if TYPE_CHECKING:
    from atlas_widget.session.cells.cells import Cells
    from atlas_widget.session.cells.labels import CellClasses, Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.gallery import Gallery

__all__ = ["CardPanel"]

_MAX_WAITING = 4  # cards, or lists of classes; the browser requests older ones again

Place = tuple[int, int]


@panel
class CardPanel(Panel):
    """Answers requests about a cell's classes, the latest first.

    Parameters
    ----------
    cells
        Computes the classes of a cell, one slice at a time.
    gallery
        Sends the cards.
    """

    kinds = ("hover", "inspect", "class_values")

    def __init__(self, cells: Cells, gallery: Gallery) -> None:
        self._cells = cells
        self._gallery = gallery
        self._scene: Scene | None = None
        self._labeller: Labeller | None = None
        self._cards: dict[Place, None] = {}
        self._values: dict[tuple[Place, tuple[int, ...]], None] = {}

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer.cells, layer.gallery)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene; requests about the last one are dropped."""
        self._scene, self._labeller = scene, labeller
        self._cards.clear()
        self._values.clear()

    def handle(self, kind: str, fields: Fields) -> None:
        """Send what is known; queue what has to be computed."""
        place = (fields["grid"], fields["cell"])
        if self._scene is None or self._labeller is None or not self._scene.has(*place):
            return
        if kind == "class_values":
            _remember(self._values, (place, tuple(fields["classes"])))
            return
        self._cells.point(*place)
        self._cells.fetch(place[0], [place[1]])
        classes = self._labeller.known(*place)
        self._send_card(self._scene, place, classes)
        if classes is None:
            _remember(self._cards, place)

    def advance_urgent(self, seconds: float) -> bool:
        """Work for one slice on the classes of a card, or on values."""
        scene, labeller = self._scene, self._labeller
        if scene is None or labeller is None:
            return False
        if self._cards:
            place = next(reversed(self._cards))
            self._cells.label(*place)
            classes = labeller.known(*place)
            if classes is not None:
                del self._cards[place]
                self._send_card(scene, place, classes)
            return True
        if self._values:
            place, wanted = asked = next(reversed(self._values))
            try:
                values = labeller.class_values(*place, wanted)
            except Exception:
                del self._values[asked]
                self._send_class_values(place, None)
                raise
            if values is not None:
                del self._values[asked]
                self._send_class_values(place, values)
            return True
        return False

    def _send_card(self, scene: Scene, place: Place, classes: CellClasses | None) -> None:
        """Send a cell's card; if `classes` is None they follow later."""
        if not self._gallery.connected:
            return
        grid, cell = place
        picture = self._gallery.picture(cell_group(grid), cell)
        crops = [
            scene.samples.thumbnails.get(int(sample)) for sample in scene.nearest(grid, cell, CROPS)
        ]
        content = messages.build(
            "card",
            revision=scene.revision,
            grid=grid,
            cell=cell,
            count=scene.count(grid, cell),
            cosine=picture.cosine if picture else None,
            rank=picture.rank if picture else None,
            state=(picture.state if picture else State.CROP).word,
            made=picture.made if picture else "",
            label=classes.label if classes else None,
            why_not=classes.why_not if classes else "",
            look="" if classes and classes.label else scene.crop_words(grid, cell).words,
            lead=classes.lead if classes else None,
            classes=list(classes.classes) if classes else None,
            against=list(classes.against) if classes else None,
            crops=len(crops),
            tile=TILE,
        )
        self._gallery.send(content, [encode(pack(crops, TILE, max(1, len(crops))))])

    def _send_class_values(self, place: Place, values: Sequence[dict[str, Any]] | None) -> None:
        if self._scene is not None:
            content = messages.build(
                "class_values",
                revision=self._scene.revision,
                grid=place[0],
                cell=place[1],
                classes=values,
            )
            self._gallery.send(content, [])


def _remember(waiting: dict[Any, None], asked: Any) -> None:
    """Append the latest request; of too many, drop the oldest."""
    waiting.pop(asked, None)
    waiting[asked] = None
    while len(waiting) > _MAX_WAITING:
        del waiting[next(iter(waiting))]
