"""Safetensors files in pieces: what the format's own library writes we read, and the reverse."""

from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from atlas_widget.atlas.safetensors_stream import Streamed, read_header, read_tensors, write_tensors
from atlas_widget.errors import SavedAtlasError

ARRAYS = {
    "bytes": np.arange(13, dtype=np.uint8),
    "wide": np.arange(12, dtype=np.int64).reshape(3, 4),
    "halves": np.linspace(0, 1, 6, dtype=np.float16).reshape(2, 3),
    "none": np.zeros((0, 4), np.float32),
}


def test_the_formats_own_library_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    written = write_tensors(file, ARRAYS, {"said": "é"})
    found = load_file(file)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    assert written.bytes == file.stat().st_size
    assert written.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert read_header(file)[0]["__metadata__"] == {"said": "é"}


@pytest.mark.parametrize("mapped", [False, True])
def test_what_that_library_writes_is_read(tmp_path: Path, mapped: bool) -> None:
    save_file(ARRAYS, tmp_path / "a.safetensors")
    found = read_tensors(tmp_path / "a.safetensors", mapped=mapped)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


def test_an_array_that_comes_in_pieces_takes_the_memory_of_a_piece(tmp_path: Path) -> None:
    pieces = (np.full((2000, 64), number, np.float32) for number in range(50))
    streamed = Streamed(np.dtype(np.float32), (100_000, 64), pieces)
    tracemalloc.start()
    write_tensors(tmp_path / "a.safetensors", {"all": streamed})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5e6 < streamed.shape[0] * streamed.shape[1] * 4
    found = read_tensors(tmp_path / "a.safetensors", mapped=True)["all"]
    np.testing.assert_array_equal(found[::2000, 0], np.arange(50))


def test_pieces_that_are_not_what_was_announced(tmp_path: Path) -> None:
    streamed = Streamed(np.dtype(np.float32), (3, 2), [np.zeros((2, 2), np.float32)])
    with pytest.raises(SavedAtlasError, match="wrong shape"):
        write_tensors(tmp_path / "a.safetensors", {"all": streamed})


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b[:5]])
def test_a_file_of_another_length(tmp_path: Path, change) -> None:
    file = tmp_path / "a.safetensors"
    write_tensors(file, ARRAYS)
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(SavedAtlasError, match=r"a\.safetensors"):
        read_header(file)
