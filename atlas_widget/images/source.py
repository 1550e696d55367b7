"""Image sources: the interface, and the base class of those in this package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from PIL import Image

from atlas_widget.errors import did_you_mean

__all__ = ["ImageSource", "NamedImages", "unreadable_notice"]


@runtime_checkable
class ImageSource(Protocol):
    """Images by number, each with a name that stays the same from one day to the next.

    Attributes
    ----------
    description : str
        What these images are, for the record that goes with every figure.
    unreadable : list of str
        Names of images that could not be read so far.
    """

    description: str
    unreadable: list[str]

    def __len__(self) -> int:
        """Count the images."""
        ...

    def name(self, index: int) -> str:
        """Name an image; random crops are drawn from the name, not from the order."""
        ...

    def open(self, index: int) -> Image.Image:
        """Return the image as 8-bit RGB, or raise `UnreadableImageError`."""
        ...

    def fingerprint(self) -> str:
        """Hash cheaply what determines the images: equal in another process, else different."""
        ...


class NamedImages(Sequence[Image.Image]):
    """Base of the sources in this package: a source that is also a sequence of PIL images."""

    description: str = "images"
    crop_scale: tuple[float, float] | None = None
    """Sizes of crops that suit these images, if others do than `collect.CROP_SCALE`."""
    concurrent: bool = False
    """Whether `open` may be called from several threads at once: people's data sets often must not.
    """

    def __init__(self) -> None:
        self.unreadable: list[str] = []

    def __len__(self) -> int:
        raise NotImplementedError

    def name(self, index: int) -> str:
        """Name an image."""
        raise NotImplementedError

    def open(self, index: int) -> Image.Image:
        """Return the image as 8-bit RGB."""
        raise NotImplementedError

    def fingerprint(self) -> str:
        """Hash cheaply what determines the images."""
        raise NotImplementedError

    @property
    def labels(self) -> list[Any] | None:
        """What each image is of, where that is known: a name, a number, a tuple of synonyms."""
        return None

    def credit(self, index: int) -> str | None:  # noqa: ARG002
        """Name author, licence and origin of an image, where they are known."""
        return None

    @property
    def names(self) -> list[str]:
        """Names of all the images, in their order."""
        return [self.name(index) for index in range(len(self))]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self.open(i) for i in range(*index.indices(len(self)))]
        if isinstance(index, str):
            try:
                index = self.names.index(index)
            except ValueError:
                hint = did_you_mean(index, self.names)
                raise KeyError(f"No image is named {index!r}.{hint}") from None
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of {len(self)}")
        return self.open(index % len(self))

    def __iter__(self) -> Iterator[Image.Image]:
        return (self.open(index) for index in range(len(self)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.description}>"


def unreadable_notice(source: ImageSource) -> list[str]:
    """Say in a line which images could not be read; nothing if all could."""
    names = list(source.unreadable)
    if not names:
        return []
    shown = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
    return [f"{len(names):,} of {len(source):,} images could not be read: {shown}."]
