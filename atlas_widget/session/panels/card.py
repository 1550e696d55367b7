"""The card of a cell that is hovered or opened, and its values for chosen classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel

if TYPE_CHECKING:
    from atlas_widget.session.cells.cells import Cells
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.gallery import Gallery

__all__ = ["CardPanel"]

_MAX_WAITING = 4  # cards, or lists of classes; who waits for an older one asks again

Place = tuple[int, int]


@panel
class CardPanel(Panel):
    """Answers what is asked about a cell's classes, the last question first.

    Parameters
    ----------
    cells
        Computes the classes of a cell for one slice at a time.
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
        """Take up another scene; what was asked about the last one is dropped."""
        self._scene, self._labeller = scene, labeller
        self._cards.clear()
        self._values.clear()

    def handle(self, kind: str, fields: Fields) -> None:
        """Send what is known at once; note what has to be computed."""
        place = (fields["grid"], fields["cell"])
        if self._scene is None or self._labeller is None or not self._scene.has(*place):
            return
        if kind == "class_values":
            _remember(self._values, (place, tuple(fields["classes"])))
            return
        self._cells.point(*place)
        self._cells.fetch(place[0], [place[1]])
        classes = self._labeller.known(*place)
        self._gallery.card(*place, classes)
        if classes is None:
            _remember(self._cards, place)

    def advance_urgent(self, seconds: float) -> bool:
        """Work for a slice on the classes of a card, or on values."""
        labeller = self._labeller
        if labeller is None:
            return False
        if self._cards:
            place = next(reversed(self._cards))
            self._cells.label(*place)
            classes = labeller.known(*place)
            if classes is not None:
                del self._cards[place]
                self._gallery.card(*place, classes)
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
    """Put what is asked last at the end; of too many, the one that waited longest goes."""
    waiting.pop(asked, None)
    waiting[asked] = None
    while len(waiting) > _MAX_WAITING:
        del waiting[next(iter(waiting))]
