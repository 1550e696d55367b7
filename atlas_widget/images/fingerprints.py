"""Hashes of what determines images, as much of it as is in memory or known of files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image

from atlas_widget.images.array_format import as_array

__all__ = ["hash_dataset", "hash_files", "hash_item"]

_MAX_IN_MEMORY = 16 << 30  # bytes: what is larger is hardly all in memory, and takes a minute
_BEGINNING = 256  # numbers of an image in a mapped file
_DEEPEST = 4  # data sets around data sets
_MAX_TENSORS = 8  # side by side in a TensorDataset


def hash_item(digest: hashlib.blake2b, item: Any) -> None:
    """Add an image that is in memory to a hash: every pixel, or every byte of a file."""
    if isinstance(item, Image.Image):
        digest.update(f"{item.mode}{item.size}".encode())
        try:
            digest.update(item.tobytes())
        except Exception:  # one that Pillow reads only now, and that is damaged
            digest.update(b"unreadable")
    elif isinstance(item, bytes | bytearray | memoryview):
        digest.update(item)
    elif isinstance(item, dict):
        for key in sorted(item, key=str):
            digest.update(str(key).encode())
            hash_item(digest, item[key])
    elif isinstance(item, list | tuple):
        for part in item:
            hash_item(digest, part)
    elif isinstance(item, np.memmap) and item.filename is not None:
        # what lies on a disk may be as large as that: as of any file, its size and time
        digest.update(f"{item.dtype}{item.shape}".encode())
        digest.update(np.ascontiguousarray(item.reshape(-1)[:_BEGINNING]).data)
        hash_item(digest, str(item.filename))
    elif (array := as_array(item)) is not None and array.dtype != object:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(np.ma.filled(array)).data)
    elif isinstance(item, str | os.PathLike):
        digest.update(os.fspath(item).encode("utf-8", "surrogateescape"))
        hash_files(digest, [item])
    else:
        digest.update(str(item).encode("utf-8", "surrogateescape"))


def hash_files(digest: hashlib.blake2b, paths: Iterable[Any]) -> None:
    """Add sizes and times of change of files to a hash."""
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116 - a Path for each of a million takes its time
            digest.update(f"\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        except (OSError, ValueError):
            digest.update(b"\0gone\n")


def hash_dataset(digest: hashlib.blake2b, dataset: Any, depth: int = 0) -> bool:
    """Add what a data set keeps in memory to a hash: its tensors, arrays and lists of images.

    Returns
    -------
    bool
        Whether it keeps something for each of its items, so that the hash is of all of them.
    """
    if depth > _DEEPEST:
        return False
    if isinstance(dataset, list | tuple):
        holders: list[Any] = [dataset]
    else:
        try:
            holders = list(vars(dataset).values())
        except TypeError:
            return False
    length, all_items = _length(dataset), False
    for held in holders:
        several = held if isinstance(held, tuple) and len(held) <= _MAX_TENSORS else ()
        for part in (held, *several):
            if _length(part) == length and _in_memory(part):
                for item in part if isinstance(part, list | tuple) else (part,):
                    hash_item(digest, item)
                all_items = True
    if not all_items:
        inner = getattr(dataset, "dataset", None)  # as of torch.utils.data.Subset
        if inner is not None and hasattr(inner, "__getitem__"):
            return hash_dataset(digest, inner, depth + 1)
        joined = getattr(dataset, "datasets", None)  # as of torch.utils.data.ConcatDataset
        if isinstance(joined, list) and joined:
            parts = [hash_dataset(digest, each, depth + 1) for each in joined]  # all of them
            return all(parts)
    return all_items


def _length(thing: Any) -> int | None:
    if isinstance(thing, str | bytes):
        return None
    try:
        return len(thing)
    except Exception:  # a tensor without dimensions, and what data sets of users' own raise
        return None


def _in_memory(part: Any) -> bool:
    """Return whether this is pixels in memory, rather than labels, paths or a mapped file."""
    if isinstance(part, list | tuple):
        return all(_is_pixels(item) for item in part)
    if isinstance(part, np.memmap):
        return False
    shape, size = getattr(part, "shape", ()), getattr(part, "nbytes", 0)
    pixels = isinstance(part, np.ndarray) or hasattr(part, "detach")
    return pixels and isinstance(shape, tuple) and len(shape) >= 3 and size <= _MAX_IN_MEMORY


def _is_pixels(item: Any) -> bool:
    if isinstance(item, dict):
        return any(_is_pixels(value) for value in item.values())
    if isinstance(item, tuple):
        return len(item) > 0 and _is_pixels(item[0])
    if isinstance(item, Image.Image | bytes):
        return True
    return isinstance(item, np.ndarray) or hasattr(item, "detach")
