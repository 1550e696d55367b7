"""Image sources of whatever users have: a word, a folder, a URL, a dataset, arrays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from atlas_widget.errors import ImagesError, did_you_mean
from atlas_widget.images.source import ImageSource

__all__ = ["as_image_source"]

_WORDS = ("demo", "imagenette")


def as_image_source(images: Any = None, *, preprocessing: Any = None) -> ImageSource:
    """Make an image source of what a user has.

    Parameters
    ----------
    images : optional
        None or "demo" for the photos that this package ships; "imagenette" to download Imagenette
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
