"""Shards on disk: one safetensors file each, whole or not there, which knows its own checksum."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.atlas.safetensors_stream import read_header, read_tensors, write_tensors
from atlas_widget.atlas.samples import Samples
from atlas_widget.errors import ActivationsError, DiskError, SavedAtlasError
from atlas_widget.images.thumbnails import Thumbnails

__all__ = [
    "FULL",
    "DamagedShardError",
    "ShardRecord",
    "disk_error",
    "read_shard",
    "shard_name",
    "shard_record",
    "write_shard",
]

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Error numbers of a disk, a quota or a file that is full."""


class DamagedShardError(SavedAtlasError):
    """A shard is truncated, altered, or of something else; it is to be collected again.

    Attributes
    ----------
    number : int
        Which shard.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


@dataclass(frozen=True)
class ShardRecord:
    """Record that a shard keeps of itself.

    Attributes
    ----------
    key : str
        Of the plan and layer; see `CollectionPlan.key`.
    layer : str
    number : int
        Which shard.
    samples : int
        How many samples it holds.
    unreadable : dict of str to str
        Names of images that could not be read, and why.
    most : int or None
        How many crops at once there was memory for; None if for a whole batch.
    sha256 : str
        Of everything else in the file.
    bytes : int
        Length of the file.
    """

    key: str
    layer: str
    number: int
    samples: int
    unreadable: dict[str, str]
    most: int | None
    sha256: str
    bytes: int


def shard_name(number: int) -> str:
    """Name the file of a shard."""
    return f"shard-{number:06d}.safetensors"


def write_shard(
    folder: Path,
    number: int,
    samples: Samples,
    *,
    key: str,
    layer: str,
    dtype: str = "float32",
    unreadable: dict[str, str] | None = None,
    most: int | None = None,
) -> ShardRecord:
    """Write a shard: all of it or nothing.

    Parameters
    ----------
    folder : Path
        Of the layer's shards.
    number : int
        Which shard.
    samples : Samples
        What it holds.
    key, layer, unreadable, most
        See `ShardRecord`.
    dtype : {"float32", "float16"}
        In what activations are kept.

    Raises
    ------
    DiskError
        The disk is full, or cannot be written to.
    ActivationsError
        Activations are too large for `dtype`.
    """
    arrays = {
        "activations": _narrowed(samples.activations, dtype, layer),
        "positions": samples.positions,
        "crops": samples.crops,
        "flipped": samples.flipped.astype(np.uint8),
        "image_ids": samples.image_ids,
        "image_indices": samples.image_indices,
        "thumbnails": samples.thumbnails.blob,
        "thumbnail_offsets": samples.thumbnails.offsets,
    }
    record = {
        "format": "atlas_widget shard",
        "key": key,
        "layer": layer,
        "number": number,
        "samples": len(samples),
        "image_names": samples.image_names,
        "unreadable": dict(sorted((unreadable or {}).items())),
        "most": most,
    }
    text = json.dumps(record)
    checksum = _checksum(text, arrays)
    file = folder / shard_name(number)
    temporary = folder / f".{file.name}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = write_tensors(temporary, arrays, {"record": text, "sha256": checksum})
        temporary.replace(file)
    except OSError as error:
        raise disk_error(file, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return _record(record, checksum, written.bytes)


def shard_record(folder: Path, number: int, key: str) -> ShardRecord:
    """Read what a shard says of itself, without reading its samples.

    Raises
    ------
    DamagedShardError
        There is none, it was truncated, or it is of something else.
    """
    file = folder / shard_name(number)
    try:
        header, _ = read_header(file)
        metadata = header["__metadata__"]
        record = json.loads(metadata["record"])
        if record["key"] != key or record["number"] != number:
            raise SavedAtlasError(f"{str(file)!r} is of something else.")
        return _record(record, metadata["sha256"], file.stat().st_size)
    except (SavedAtlasError, KeyError, TypeError, ValueError, OSError) as error:
        raise DamagedShardError(f"{str(file)!r} is not whole: {error}", number) from error


def read_shard(folder: Path, number: int, key: str) -> Samples:
    """Read a shard's samples, if every byte is as it was written.

    Raises
    ------
    DamagedShardError
        It is missing, truncated, altered or of something else.
    """
    record = shard_record(folder, number, key)
    file = folder / shard_name(number)
    try:
        text = read_header(file)[0]["__metadata__"]["record"]
        arrays = read_tensors(file, mapped=False)
        if _checksum(text, arrays) != record.sha256:
            raise SavedAtlasError("its checksum is wrong")
        return Samples(
            activations=arrays["activations"],
            positions=arrays["positions"],
            crops=arrays["crops"],
            flipped=arrays["flipped"].astype(np.bool_),
            image_ids=arrays["image_ids"],
            image_names=list(json.loads(text)["image_names"]),
            image_indices=arrays["image_indices"],
            thumbnails=Thumbnails(arrays["thumbnails"], arrays["thumbnail_offsets"]),
            unreadable=tuple(record.unreadable),
        )
    except (SavedAtlasError, KeyError, TypeError, ValueError) as error:
        raise DamagedShardError(f"{str(file)!r} is not whole: {error}", number) from error


def disk_error(path: Path, error: OSError) -> DiskError:
    """Say what is wrong with the disk that `path` is to be written to."""
    if error.errno in FULL:
        return DiskError(
            f"The disk is full: {str(path)!r} could not be written. What is whole stays; make room "
            "and run the same again, which goes on where it was."
        )
    return DiskError(f"Cannot write {str(path)!r}: {error}")


def _narrowed(activations: NDArray[Any], dtype: str, layer: str) -> NDArray[Any]:
    with np.errstate(over="ignore"):
        kept = activations.astype(dtype)
    lost = np.isfinite(activations) & ~np.isfinite(kept)
    if lost.any():
        raise ActivationsError(
            f"Activations of {layer!r} reach {np.abs(activations[lost]).max():.3g}, more than "
            f"{dtype} can hold (65,504): keep them as float32."
        )
    return kept


def _checksum(text: str, arrays: dict[str, NDArray[Any]]) -> str:
    """Hash the record, and names, types, shapes and bytes of the arrays."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"\0{name} {array.dtype.str} {array.shape}\0".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _record(record: dict[str, Any], checksum: str, size: int) -> ShardRecord:
    return ShardRecord(
        key=record["key"],
        layer=record["layer"],
        number=record["number"],
        samples=int(record["samples"]),
        unreadable=dict(record["unreadable"]),
        most=record["most"],
        sha256=checksum,
        bytes=size,
    )
