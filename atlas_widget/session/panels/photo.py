"""Photos from the browser: where their positions fall on the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.tasks.photo import PhotoPlacing, PlacedPhoto
from atlas_widget.session.tasks.task import LongTask

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene

__all__ = ["PhotoPanel"]


@panel
class PhotoPanel(Panel):
    """Places photos, the last one that came.

    Parameters
    ----------
    layer
        The layer whose tasks and photos are used.
    """

    kinds = ("place_photo", "remove_photo")

    def __init__(self, layer: LayerContext) -> None:
        self._layer = layer
        self._scene: Scene | None = None
        self._last: LongTask | None = None

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene; the photo of the last one is dropped."""
        self._scene = scene
        self._layer.photos.begin(scene)

    def connect(self) -> None:
        """Send the photo to a front end that has just come up."""
        self._layer.photos.resend()

    def handle(self, kind: str, fields: Fields) -> None:
        """Queue a photo, or remove it; one that is still being placed is given up."""
        if self._last is not None:
            self._last.cancel()
        if kind == "remove_photo":
            self._layer.photos.remove()
            return
        try:
            self._layer.material(self._scene)
            work = PhotoPlacing(fields["buffer"], fields["name"])
            self._last = LongTask("Placing the photo", work, _Reply(self._layer))
            self._layer.tasks.add(self._last)
        except AtlasError as error:
            self._layer.gallery.send(_error(str(error)), [])


class _Reply:
    """Shows the photo, or says why it cannot be shown."""

    def __init__(self, layer: LayerContext) -> None:
        self._layer = layer

    def progressed(self, done: int, total: int) -> None:
        """Leave the progress to the status line."""

    def finished(self, result: PlacedPhoto) -> None:
        """Show the photo."""
        self._layer.photos.show(result)

    def failed(self, reason: str) -> None:
        """Send the reason."""
        self._layer.gallery.send(_error(reason), [])


def _error(reason: str) -> dict[str, object]:
    text = f"The photo cannot be placed: {reason}"
    return messages.build("error", message=text, hint="", fatal=False)
