"""Atlases on disk: a folder of JSON and safetensors. Nothing in it is ever executed.

::

    atlas.json                what it is, with a checksum of every other file
    samples.safetensors       places, positions, crops, image numbers
    activations.safetensors   by themselves, to be memory-mapped
    thumbnails.safetensors    JPEG files in one block, and where each begins
    notes.json                notes of users, if there are any; written by `atlas_widget.notes`
    grids.safetensors         of a large atlas: means, representatives and moments, so that it opens
                              without reading its activations
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from numpy.typing import NDArray

from atlas_widget.atlas.durable import sync_folder, write_text
from atlas_widget.atlas.safetensors_stream import Written, read_tensors, write_tensors
from atlas_widget.errors import SavedAtlasError

__all__ = ["FORMAT_VERSION", "NOTES", "layer_folder", "present", "read_folder", "write_folder"]

FORMAT_VERSION = 1
NOTES = "notes.json"
"""Notes on the atlas, which a save that replaces it takes over; see `atlas_widget.notes`."""

_FORMAT = "atlas_widget"
_RECORD = "atlas.json"
_TAKEN = (
    "shards",
    "build.lock",
    "build.holder",
)  # what else is in a folder that atlases are built in
_ASIDE = ".old"  # ends the name of an atlas that makes way for a newer one
_LOCK_TIME = 10.0  # seconds that a notebook may take to write a note
_MAPPED_FROM = 256 * 2**20  # bytes; smaller files are read into memory, and always checked

Tensors = Mapping[str, NDArray[Any]]


def write_folder(
    path: Path,
    record: Mapping[str, Any],
    files: Mapping[str, Tensors],
    ready: Mapping[str, tuple[Path, Written]] | None = None,
) -> None:
    """Write an atlas, all of it or nothing.

    Everything is written beside its destination and then renamed, so that an interrupted save
    leaves an older atlas as it was.

    Parameters
    ----------
    path : Path
        The folder. One that holds an atlas is replaced; one that holds anything else is not.
    record : mapping
        Goes into ``atlas.json``; of JSON's types only.
    files : mapping of str to mapping of str to ndarray
        The arrays in each safetensors file.
    ready : mapping of str to (Path, Written), optional
        Files that are written already, on the same disk; they are moved.
    """
    if path.exists() and not _replaceable(path):
        raise SavedAtlasError(
            f"{str(path)!r} exists and holds no atlas, so it is not overwritten: choose another "
            "name."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise SavedAtlasError(f"Cannot save an atlas in {str(path.parent)!r}: {error}") from error
    try:
        listed = {}
        for name, tensors in files.items():
            file = temporary / name
            listed[name] = asdict(write_tensors(file, tensors))
        for name, (file, written) in (ready or {}).items():
            file.replace(temporary / name)
            listed[name] = asdict(written)
        whole = {"format": _FORMAT, "version": FORMAT_VERSION, **record, "files": listed}
        # escaped, since names of files need not be valid text
        text = json.dumps(whole, indent=1, allow_nan=False)
        write_text(temporary / _RECORD, text + "\n")
        temporary.chmod(0o755)  # mkdtemp's own is for the owner alone
        with _notes_held(path):
            _take_over_notes(path, temporary)
            sync_folder(temporary)
            _rename_over(temporary, path)
        for aside in _asides(path):  # of a save that was cut off: older than what is there now
            shutil.rmtree(aside, ignore_errors=True)
        sync_folder(path.parent)
    except OSError as error:
        raise SavedAtlasError(f"Cannot save an atlas as {str(path)!r}: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_folder(
    path: Path, wanted: Mapping[str, tuple[str, ...]], *, verify: bool | None = None
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read an atlas that `write_folder` wrote.

    Parameters
    ----------
    path : Path
        The folder.
    wanted : mapping of str to tuple of str
        The arrays that each file must have.
    verify : bool, optional
        Whether to check every byte. By default only files of less than 256 MB, which are read into
        memory; of larger ones, which are memory-mapped, only the size.

    Returns
    -------
    record : dict
    tensors : dict of str to ndarray
    """
    path = present(path)
    record = _read_record(path)
    tensors: dict[str, NDArray[Any]] = {}
    for name, keys in wanted.items():
        file = path / name
        entry = record["files"].get(name)
        if not isinstance(entry, dict) or not file.is_file():
            raise SavedAtlasError(f"{str(file)!r} is missing from the saved atlas.")
        size = file.stat().st_size
        if size != entry.get("bytes"):
            raise SavedAtlasError(
                f"{str(file)!r} has {size:,} bytes and should have {entry.get('bytes')}: it was "
                "truncated or altered. Save the atlas again."
            )
        large = size >= _MAPPED_FROM
        if (verify or (verify is None and not large)) and _sha256(file) != entry.get("sha256"):
            raise SavedAtlasError(
                f"{str(file)!r} is not what was saved: its checksum is wrong. Save the atlas again."
            )
        found = read_tensors(file, mapped=large)
        for key in keys:
            if key not in found:
                raise SavedAtlasError(f"{str(file)!r} has no array {key!r}.")
            tensors[key] = found[key]
    return record, tensors


def layer_folder(layer: str) -> str:
    """Return a name for a layer's folder: the layer's own, where that can be a file's.

    A name with capitals gets a suffix: on many disks "Block" and "block" are one folder.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", layer).strip(".") or "layer"
    if plain == layer.lower() and len(layer) <= 100 and layer not in _TAKEN:
        return layer
    return f"{plain[:80]}-{hashlib.blake2b(layer.encode(), digest_size=4).hexdigest()}"


def _read_record(path: Path) -> dict[str, Any]:
    file = path / _RECORD
    if not path.is_dir() or not file.is_file():
        raise SavedAtlasError(
            f"No saved atlas at {str(path)!r}: that would be a folder with an {_RECORD}."
        )
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SavedAtlasError(f"{str(file)!r} cannot be read: {error}") from error
    if not isinstance(record, dict) or record.get("format") != _FORMAT:
        raise SavedAtlasError(f"{str(file)!r} is not the record of an atlas.")
    if record.get("version") != FORMAT_VERSION:
        raise SavedAtlasError(
            f"{str(file)!r} has format version {record.get('version')!r}; this version of "
            f"atlas-widget reads version {FORMAT_VERSION}."
        )
    if not isinstance(record.get("files"), dict):
        raise SavedAtlasError(f"{str(file)!r} lists no files.")
    return record


def _replaceable(path: Path) -> bool:
    return path.is_dir() and ((path / _RECORD).is_file() or not any(path.iterdir()))


def present(path: Path) -> Path:
    """Return where an atlas is: at its path, or where a save left it that was cut off midway.

    Between the two renames of a save there is nothing at the path itself. What is beside it is
    read where it lies, since the save may still be under way in another process.
    """
    if path.exists() or not path.parent.is_dir():
        return path
    for aside in sorted(_asides(path), key=lambda found: found.stat().st_mtime, reverse=True):
        new = aside.with_name(aside.name.removesuffix(_ASIDE))
        for found in (new, aside):  # the new one was complete before the old one made way
            if (found / _RECORD).is_file():
                return found
    return path


def _asides(path: Path) -> list[Path]:
    """Return the older atlases that made way for one at this path, and were not deleted yet."""
    name = re.compile(rf"\.{re.escape(path.name)}\.\w{{8}}{re.escape(_ASIDE)}")  # as mkdtemp names
    return [entry for entry in path.parent.iterdir() if name.fullmatch(entry.name)]


def _rename_over(new: Path, path: Path) -> None:
    """Put a folder in the place of another."""
    if not path.exists():
        new.rename(path)
        return
    aside = new.with_name(new.name + _ASIDE)
    path.rename(aside)
    try:
        new.rename(path)
    except OSError:
        aside.rename(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


@contextlib.contextmanager
def _notes_held(path: Path) -> Iterator[None]:
    """Keep notebooks from writing notes into a folder that is about to make way."""
    if os.name == "nt" or not (path / NOTES).is_file():  # Windows renames no folder in use
        yield
        return
    lock = FileLock(path / f"{NOTES}.lock", timeout=_LOCK_TIME, thread_local=False)
    with contextlib.suppress(Timeout, OSError, NotImplementedError):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _take_over_notes(old: Path, new: Path) -> None:
    """Copy the notes on an atlas that is about to be replaced, and what was put aside of them."""
    if old.is_dir():
        for file in old.glob("notes*.json"):
            shutil.copy2(file, new / file.name)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
