"""The photo whose places on the map are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_widget.protocol import messages
from atlas_widget.session.pictures.sheets import encode

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.gallery import Gallery
    from atlas_widget.session.tasks.photo import PlacedPhoto

__all__ = ["PhotoBoard"]

_QUALITY = 88


class PhotoBoard:
    """Keeps the last photo that was placed, and sends it to the browser.

    Parameters
    ----------
    gallery
        Sends the message.
    """

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._scene: Scene | None = None
        self._photo: PlacedPhoto | None = None

    def begin(self, scene: Scene) -> None:
        """Switch to another scene, in which a photo has other places."""
        self._scene, self._photo = scene, None

    def show(self, photo: PlacedPhoto) -> None:
        """Keep and send a photo; one that was placed among other samples is left out."""
        if self._scene is not None and photo.atlas is self._scene.atlas:
            self._photo = photo
            self.resend()

    def remove(self) -> None:
        """Forget the photo."""
        self._photo = None

    def resend(self) -> None:
        """Send the photo again, if there is one."""
        photo, scene = self._photo, self._scene
        if photo is None or scene is None or not self._gallery.connected:
            return
        rows, columns = photo.map_size
        content = messages.build(
            "photo_placed",
            revision=scene.revision,
            name=photo.name,
            rows=rows,
            columns=columns,
            positions=photo.positions[:, 0] * columns + photo.positions[:, 1],
            x=photo.xy[:, 0],
            y=photo.xy[:, 1],
            cosine=photo.cosines,
            usual=photo.usual,
            samples=photo.samples,
        )
        self._gallery.send(content, [encode(photo.pixels, _QUALITY)])
