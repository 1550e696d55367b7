"""Notes of users on regions, cells and units: kept, changed and removed from the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene

__all__ = ["NotesPanel"]


@panel
class NotesPanel(Panel):
    """Sends the notes with each final layout, and again after each change.

    Parameters
    ----------
    layer
        The layer whose notes these are.
    """

    kinds = ("notes", "save_note", "remove_note")

    def __init__(self, layer: LayerContext) -> None:
        self._layer = layer
        self._due = False

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene; its notes are sent after its layout."""
        self._layer.notes.begin(scene)
        self._due = True

    def connect(self) -> None:
        """Send them to a front end that has just come up."""
        self._due = True

    def handle(self, kind: str, fields: Fields) -> None:
        """Change the notes, and send them all."""
        notes = self._layer.notes
        try:
            if kind == "remove_note":
                notes.remove(fields["id"])
            elif kind == "save_note" and fields["id"]:
                notes.change(fields["id"], fields["name"], fields["text"])
            elif kind == "save_note":
                unit = fields["unit"] if fields["unit"] >= 0 else None
                cells = () if unit is not None else fields["cells"]
                notes.add(
                    fields["name"], fields["text"], grid=fields["grid"], cells=cells, unit=unit
                )
        except AtlasError as error:
            content = messages.build("error", message=str(error), hint="", fatal=False)
            self._layer.gallery.send(content, [])
        notes.send()

    def advance(self) -> bool:
        """Send the notes once a front end is there."""
        if not self._due or not self._layer.gallery.connected:
            return False
        self._due = False
        self._layer.notes.send()
        return True
