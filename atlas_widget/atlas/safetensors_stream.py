"""Safetensors files, written and read in pieces: an array may be larger than memory.

The format is 8 bytes of length, a JSON header of names, types, shapes and places, then the arrays'
bytes (https://github.com/huggingface/safetensors#format). Nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import SavedAtlasError

__all__ = ["Streamed", "Written", "read_header", "read_tensors", "write_tensors"]

_DTYPES = {"F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "U8": "|u1"}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()} | {np.dtype("<f8"): "F64"}
_DTYPES["F64"] = "<f8"
_MAX_HEADER = 100_000_000  # bytes, as in the format's own library
_BLOCK = 8 << 20  # bytes written at once


@dataclass(frozen=True)
class Streamed:
    """An array that comes in pieces, along its first axis.

    Attributes
    ----------
    dtype : dtype
    shape : tuple of int
        Of the whole.
    pieces : iterable of ndarray
        In order; together they have that shape.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    pieces: Iterable[NDArray[Any]]


@dataclass(frozen=True)
class Written:
    """A file that was written: its length in bytes, and the SHA-256 of all of it."""

    bytes: int
    sha256: str


def write_tensors(
    file: Path,
    tensors: Mapping[str, NDArray[Any] | Streamed],
    metadata: Mapping[str, str] | None = None,
) -> Written:
    """Write arrays as a safetensors file, and wait until the disk has it.

    Parameters
    ----------
    file : Path
        Overwritten.
    tensors : mapping of str to ndarray or Streamed
        A memory-mapped array is read in blocks.
    metadata : mapping of str to str, optional
        Goes into the header.
    """
    # the widest first, so that each begins at a multiple of its own size
    ordered = sorted(tensors.items(), key=lambda item: -item[1].dtype.itemsize)
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, tensor in ordered:
        start, end = end, end + int(np.prod(tensor.shape, dtype=np.int64)) * tensor.dtype.itemsize
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    digest = hashlib.sha256()
    with file.open("wb") as stream:
        for piece in _pieces(len(text).to_bytes(8, "little") + text, ordered):
            stream.write(piece)
            digest.update(piece)
        stream.flush()
        os.fsync(stream.fileno())
    written = Written(file.stat().st_size, digest.hexdigest())
    if written.bytes != 8 + len(text) + end:
        raise SavedAtlasError(
            f"{str(file)!r} came out with {written.bytes:,} bytes: a wrong shape."
        )
    return written


def read_header(file: Path) -> tuple[dict[str, Any], int]:
    """Read a file's header, and where its arrays' bytes begin; check that the file is that long.

    Raises
    ------
    SavedAtlasError
        It is no such file, or was truncated.
    """
    try:
        with file.open("rb") as stream:
            size = file.stat().st_size
            length = int.from_bytes(stream.read(8), "little")
            if not 2 <= length <= min(size, _MAX_HEADER):
                raise ValueError("the header's length is impossible")
            header = json.loads(stream.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name[:2] != "__"]
        if size != 8 + length + max(ends, default=0):
            raise ValueError("it was truncated, or something was added")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise SavedAtlasError(f"{str(file)!r} cannot be read: {error}") from error
    return header, 8 + length


def read_tensors(file: Path, *, mapped: bool) -> dict[str, NDArray[Any]]:
    """Read a file's arrays into memory, or map them."""
    header, start = read_header(file)
    try:
        data: NDArray[np.uint8]
        if file.stat().st_size == start:
            data = np.zeros(0, np.uint8)
        elif mapped:
            data = np.memmap(file, np.uint8, "r", offset=start)
        else:
            data = np.fromfile(file, np.uint8, offset=start)
        arrays = {}
        for key, entry in header.items():
            if key == "__metadata__":
                continue
            first, end = entry["data_offsets"]
            if not 0 <= first <= end <= len(data):
                raise ValueError(f"{key} lies outside the file")
            flat = data[first:end].view(_DTYPES[entry["dtype"]])
            arrays[key] = flat.reshape(entry["shape"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SavedAtlasError(f"{str(file)!r} cannot be read: {error}") from error
    return arrays


def _pieces(
    header: bytes, tensors: list[tuple[str, NDArray[Any] | Streamed]]
) -> Iterator[bytes | memoryview]:
    yield header
    for _, tensor in tensors:
        whole = tensor.pieces if isinstance(tensor, Streamed) else [tensor]
        for piece in whole:
            if not piece.size:
                continue
            rows = max(1, _BLOCK // max(1, piece.nbytes // len(piece))) if piece.ndim else 1
            for start in range(0, len(piece) if piece.ndim else 1, rows):
                part = piece[start : start + rows] if piece.ndim else piece
                flat = np.ascontiguousarray(part, tensor.dtype).reshape(-1)
                yield flat.view(np.uint8).data
