"""The photos that this package ships, as a source of images."""

from __future__ import annotations

from atlas_widget.demo.credits import FOLDER, credits
from atlas_widget.images.folder import FileSource

__all__ = ["CROP_SCALE", "images"]

CROP_SCALE = (0.25, 0.8)
"""Sizes of crops of the photos. From 0.15 on, more of them show fur, sky or wood than things."""


class _DemoPhotos(FileSource):
    """The files that the credits list."""

    crop_scale = CROP_SCALE

    def __init__(self) -> None:
        self._credits = credits()
        super().__init__(
            [FOLDER / credit.file for credit in self._credits],
            [credit.name for credit in self._credits],
            f"{len(self._credits)} photos that atlas_widget ships",
            by_contents=True,
        )

    @property
    def labels(self) -> list[str]:
        """Kind of thing that each photo shows, such as animals, tools or buildings."""
        return [credit.kind for credit in self._credits]

    def credit(self, index: int) -> str:
        """Name author, licence and origin of a photo."""
        return str(self._credits[index])


def images() -> FileSource:
    """Return the photos that this package ships, with their names and kinds.

    Returns
    -------
    ImageSource
        Also a sequence of PIL images, by number or name: ``demo.images()["camera"]``; `labels` are
        what kinds of things they show, ``credit(index)`` is author, licence and origin of one.
    """
    return _DemoPhotos()
