"""Image sources of whatever users have: a word, a folder, a URL, a dataset, arrays."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from atlas_widget.errors import ImagesError, did_you_mean
from atlas_widget.images.source import ImageSource

__all__ = ["as_image_source"]

_WORDS = ("demo", "imagenette")


def as_image_source(
    images: Any = None,
    *,
    preprocessing: Any = None,
    value_range: tuple[float, float] | None = None,
) -> ImageSource:
    """Make an image source of what a user has.

    Parameters
    ----------
    images : optional
        None or "demo" for the photos that this package ships; "imagenette" to download Imagenette
        into the user's cache folder; a folder or the path of one image; a URL of a folder that
        fsspec reads, such as ``s3://bucket/photos``; a torchvision- or
        Hugging-Face-style dataset; a DataLoader; a list of PIL images, arrays or paths; an array
        or tensor of shape (n, 3, h, w) or (n, h, w, 3); a generator or another iterable, of which
        as much is taken as is kept in memory; an `ImageSource`, returned as it is. Items may be
        pairs of an image and a label, or dicts.
    preprocessing : optional
        Something with `mean` and `std`, as `LayerProbe.preprocessing`. Tensors with negative values
        that fit it are taken as normalised already, and this undoes it; ImageNet's by default.
    value_range : pair of float, optional
        The numbers of black and of white in arrays, tensors and files of more than 8 bits. By
        default bytes go from 0 to 255 and floats from 0 to 1. What other numbers mean is judged
        once, from 16 of the images, and `notices` says what they are taken for.

    Returns
    -------
    ImageSource
        With `notices`, what was assumed and left out. What cannot be read is found when it is
        opened, and is then left out and named.

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

            return UrlSource(word, value_range=value_range)
    if images is None:
        from atlas_widget import demo

        return demo.images()
    if isinstance(images, ImageSource) and not isinstance(images, type):
        return images
    if isinstance(images, (str, os.PathLike)):
        return folder.FolderSource(_existing(os.fspath(images)), value_range=value_range)
    for make in (arrays.make_source, datasets.make_source):
        source: ImageSource | None = make(images, preprocessing, value_range)
        if source is not None:
            return source
    if isinstance(images, Mapping) and images:
        parts = ", ".join(map(repr, list(images)[:8]))
        raise ImagesError(f"images is a dict of {parts}: give one of its values.")
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
