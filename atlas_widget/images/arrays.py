"""Sources of arrays, tensors, single images, or a list of any of these."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas_widget.errors import ImagesError
from atlas_widget.images.array_format import CHANNELS, as_array
from atlas_widget.images.folder import FileSource
from atlas_widget.images.list_source import ListSource, unique_names
from atlas_widget.images.source import NamedImages
from atlas_widget.images.streams import stream_source
from atlas_widget.images.targets import label_of

__all__ = ["make_source"]


def make_source(
    images: Any, preprocessing: Any = None, value_range: Any = None
) -> NamedImages | None:
    """Make a source of a list, tuple, array, tensor or single image; None of anything else."""
    if isinstance(images, (Image.Image, bytes, bytearray, memoryview)):
        images = [images]
    remark = ""
    is_array = isinstance(images, np.ndarray) or hasattr(images, "detach")
    stack = as_array(images) if is_array else None
    if stack is not None and stack.dtype == object:
        images = list(stack.reshape(-1))
    elif stack is not None:
        images, remark = _unstacked(images, stack)
    elif not isinstance(images, (list, tuple)):
        return None
    if not len(images):
        raise ImagesError("The list of images is empty.")
    if all(isinstance(item, (str, os.PathLike)) for item in images) and not any(
        "://" in str(item) for item in images
    ):
        paths = [Path(item).expanduser() for item in images]
        return FileSource(paths, unique_names(images), value_range=value_range)
    if stack is None and any(map(_is_batch, images)):
        # several batches, or one with its labels
        several = isinstance(images, list) and all(map(_is_batch, images))
        batches = images if several else [images]
        return stream_source(batches, "the list", preprocessing, value_range)
    labels = [label_of(item) for item in images]
    known = None if None in labels else labels
    source: NamedImages = ListSource(
        images, labels=known, preprocessing=preprocessing, value_range=value_range
    )
    if remark:
        source.remark(remark)
    return source


def _is_batch(item: Any) -> bool:
    """Return whether an item of a list is itself a batch: an array of images, or a list of some."""
    if isinstance(item, list):
        return True
    array = hasattr(item, "shape") and hasattr(item, "reshape")
    return array and len(item.shape) > 3


def _unstacked(images: Any, stack: NDArray[Any]) -> tuple[list[Any], str]:
    """Take an array apart into images; of tensors, into tensors. Say so where that is a guess."""
    if stack.ndim > 4:
        images = images.reshape(-1, *stack.shape[-3:])
        return list(images), (
            f"An array of the shape {tuple(stack.shape)} was taken for {len(images):,} images, one "
            "after the other."
        )
    if stack.ndim == 4 and len(stack):
        return list(images), ""
    if stack.ndim == 3 and 0 not in stack.shape:
        if stack.shape[0] in (1, 3) or stack.shape[2] in CHANNELS:
            return [images], ""
        return list(images), (
            f"An array of the shape {tuple(stack.shape)} was taken for {len(stack):,} grey images. "
            "A single image has the shape (3, height, width) or (height, width, 3)."
        )
    raise ImagesError(
        "An array of images has the shape (n, 3, height, width) or (n, height, width, 3), "
        f"not {tuple(stack.shape)}."
    )
