"""What an image source is, and how to make one of whatever a person has."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from PIL import Image

from atlas_widget.errors import ImagesError, did_you_mean

__all__ = ["ImageSource", "as_image_source", "unreadable_notice"]

_WORDS = ("demo", "imagenette")


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


def as_image_source(images: Any = None, *, preprocessing: Any = None) -> ImageSource:
    """Make an image source of what a person has.

    Parameters
    ----------
    images : optional
        None or "demo" for the photos that scikit-image ships; "imagenette" to download Imagenette
        into the user's cache folder; a folder or the path of one image; a URL of a folder that
        fsspec reads, such as ``s3://bucket/photos``; a torchvision- or
        Hugging-Face-style dataset; a DataLoader; a list of PIL images, arrays or paths; an array
        or tensor of shape (n, 3, h, w) or (n, h, w, 3); an `ImageSource`, returned as it is.
    preprocessing : optional
        Something with `mean` and `std`, as `LayerProbe.preprocessing`. Tensors with values outside
        [0, 1] are taken as normalised already, and this undoes it; ImageNet's by default.

    Raises
    ------
    ImagesError
        There are no images, or this is no kind of images.
    """
    from atlas_widget.images import arrays, datasets, folder

    if isinstance(images, (str, os.PathLike)) and not isinstance(images, Path):
        word = os.fspath(images)
        if word == "imagenette":
            return datasets.imagenette()
        if word == "demo":
            images = None
        elif "://" in word:
            from atlas_widget.images.remote import UrlSource

            return UrlSource(word)
    if images is None:
        from atlas_widget import demo

        return demo.images()
    if isinstance(images, ImageSource) and not isinstance(images, type):
        return images
    if isinstance(images, (str, os.PathLike)):
        return folder.FolderSource(_existing(os.fspath(images)))
    for make in (arrays.make_source, datasets.make_source):
        source = make(images, preprocessing)
        if source is not None:
            return source
    raise ImagesError(
        f"Cannot take images from {_shorten(images)}. Accepted are a folder, a dataset, a "
        "DataLoader, a list of PIL images, arrays or paths, a tensor of shape (n, 3, h, w), "
        "'imagenette', or None for the demo photos."
    )


def unreadable_notice(source: ImageSource) -> list[str]:
    """Say in a line which images could not be read; nothing if all could."""
    names = list(source.unreadable)
    if not names:
        return []
    shown = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
    return [f"{len(names):,} of {len(source):,} images could not be read: {shown}."]


def _existing(path: str) -> Path:
    expanded = Path(path).expanduser()
    if expanded.exists():
        return expanded
    hint = "" if os.sep in path else did_you_mean(path, _WORDS)
    raise ImagesError(f"No folder {str(expanded)!r}, nor an image file of that name.{hint}")


def _shorten(value: Any, limit: int = 80) -> str:
    text = repr(value)
    if len(text) > limit:
        text = text[:limit] + "…"
    return f"{text} (a {type(value).__name__})"
