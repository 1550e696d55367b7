"""Cache of finished pictures and class values on disk, so that a second display costs nothing.

One SQLite file, bounded in size; the least recently used entries are deleted first. Nothing in it
is ever executed: pictures are PNG, numbers are raw bytes or JSON. If the folder cannot be written,
or the file is damaged or locked, the cache is kept in memory, with a notice.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

__all__ = [
    "DEFAULT_LIMIT",
    "CachedPicture",
    "PictureCache",
    "cache_folder",
    "digest",
    "is_cache",
]

DEFAULT_LIMIT = 2 << 30
"""Maximum size of the cache on disk, in bytes."""

_FORMAT = 2  # 2: activations as float32, so that ranks are exact
_FILE = f"pictures-{_FORMAT}.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key BLOB PRIMARY KEY,
    data BLOB NOT NULL,
    extra BLOB NOT NULL,
    number REAL,
    size INTEGER NOT NULL,
    used INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_used ON entries (used);
"""
_MADE = "Made with"
_LOCK_TIMEOUT = 2.0  # seconds that another kernel's writing is waited for
_CHUNK = 400  # keys in one query; SQLite allows 999 parameters
_OVERHEAD = 100  # bytes of a row and its index entries in addition to its data


@dataclass(frozen=True, slots=True)
class CachedPicture:
    """A finished inversion.

    Attributes
    ----------
    pixels
        Height x width x 3, RGB.
    cosine
        Cosine of its activation to the direction.
    activations
        The layer's activation for it, (channels,); gives its rank in any grid.
    made
        What it was made with, in words; a text in its PNG.
    """

    pixels: npt.NDArray[np.uint8]
    cosine: float
    activations: npt.NDArray[np.float32]
    made: str = ""


def cache_folder(chosen: str | os.PathLike[str] | None = None) -> Path:
    """Return the cache folder: the given one, else $ATLAS_WIDGET_CACHE, else the user's."""
    if chosen is not None:
        return Path(chosen).expanduser()
    named = os.environ.get("ATLAS_WIDGET_CACHE")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("atlas-widget", appauthor=False))


def is_cache(folder: Path) -> bool:
    """Return True if pictures have been cached in a folder."""
    return (folder / _FILE).is_file()


def digest(*parts: str | bytes | int | float) -> bytes:
    """Return a hash of the parts, in which the boundaries between parts count."""
    state = hashlib.blake2b(digest_size=20)
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.digest()


class PictureCache:
    """Pictures and small records by key. To be used only in the thread that created it.

    Parameters
    ----------
    folder
        Folder of the file; None keeps everything in memory.
    limit
        Maximum bytes of the file's contents.

    Attributes
    ----------
    notice
        The reason why the cache is not on disk; None if it is.
    """

    def __init__(self, folder: Path | None, *, limit: int = DEFAULT_LIMIT) -> None:
        self.notice: str | None = None
        self._limit = limit
        self._unchecked = 0
        self._connection = self._open(folder)
        self._shrink()

    def pictures(self, keys: Iterable[bytes]) -> dict[bytes, CachedPicture]:
        """Return the pictures that are cached, by key."""
        found: dict[bytes, CachedPicture] = {}
        for key, data, extra, number in self._read(keys):
            with contextlib.suppress(OSError, ValueError):  # a damaged picture counts as missing
                with Image.open(io.BytesIO(data)) as image:
                    pixels = np.asarray(image.convert("RGB"))
                    made = str(image.info.get(_MADE, ""))
                activations = np.frombuffer(extra, dtype="<f4").astype(np.float32)
                found[key] = CachedPicture(pixels, float(number), activations, made)
        return found

    def put_pictures(self, pictures: Mapping[bytes, CachedPicture]) -> None:
        """Store finished pictures."""
        rows = []
        for key, picture in pictures.items():
            buffer, words = io.BytesIO(), PngInfo()
            words.add_itxt(_MADE, picture.made)
            Image.fromarray(np.ascontiguousarray(picture.pixels)).save(
                buffer, "PNG", compress_level=4, pnginfo=words
            )
            extra = np.asarray(picture.activations, dtype="<f4").tobytes()
            rows.append((key, buffer.getvalue(), extra, float(picture.cosine)))
        self._write(rows)

    def records(self, keys: Iterable[bytes]) -> dict[bytes, Any]:
        """Return the records that are cached, by key."""
        found: dict[bytes, Any] = {}
        for key, data, _, _ in self._read(keys):
            with contextlib.suppress(ValueError):
                found[key] = json.loads(data)
        return found

    def put_records(self, records: Mapping[bytes, Any]) -> None:
        """Store small records that are serialisable as JSON."""
        self._write([(key, json.dumps(value).encode(), b"", 0.0) for key, value in records.items()])

    def arrays(self, keys: Iterable[bytes]) -> dict[bytes, npt.NDArray[np.float32]]:
        """Return the arrays that are cached, by key."""
        found: dict[bytes, npt.NDArray[np.float32]] = {}
        for key, data, _, scale in self._read(keys):
            with contextlib.suppress(ValueError):
                found[key] = np.frombuffer(data, dtype="<f2").astype(np.float32) * scale
        return found

    def put_arrays(self, arrays: Mapping[bytes, npt.NDArray[np.float32]]) -> None:
        """Store one-dimensional arrays, with three digits relative to their largest value."""
        rows = []
        for key, array in arrays.items():
            scale = float(np.abs(array).max(initial=0.0)) or 1.0
            rows.append((key, (array / scale).astype("<f2").tobytes(), b"", scale))
        self._write(rows)

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _open(self, folder: Path | None) -> sqlite3.Connection:
        if folder is None:
            return _connect(":memory:")
        path = folder / _FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                return _connect(str(path))
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):  # locked, read-only, no space
                    raise
                # Not a database, or a damaged one; its contents can be computed again. Renamed, and
                # not emptied: another kernel that has it open keeps its own file.
                for damaged in folder.glob(path.name + "*"):
                    damaged.replace(damaged.with_name(f"damaged-{damaged.name}"))
                return _connect(str(path))
        except (OSError, sqlite3.Error) as error:
            self.notice = (
                f"Pictures are not cached: the cache folder {str(folder)!r} cannot "
                f"be written ({error}). Choose another with cache_dir=... or $ATLAS_WIDGET_CACHE."
            )
            return _connect(":memory:")

    def _read(self, keys: Iterable[bytes]) -> list[tuple[bytes, bytes, bytes, float]]:
        wanted = list(dict.fromkeys(keys))
        rows: list[tuple[bytes, bytes, bytes, float]] = []
        with contextlib.suppress(sqlite3.Error):
            for start in range(0, len(wanted), _CHUNK):
                chunk = wanted[start : start + _CHUNK]
                marks = ",".join("?" * len(chunk))
                query = f"SELECT key, data, extra, number FROM entries WHERE key IN ({marks})"
                rows.extend(self._connection.execute(query, chunk))
            self._touch([row[0] for row in rows])
        return rows

    def _touch(self, keys: Sequence[bytes]) -> None:
        now = int(time.time())
        # Once a day is precise enough, and avoids a write for every read.
        with self._connection:
            self._connection.executemany(
                "UPDATE entries SET used = ? WHERE key = ? AND used < ?",
                [(now, key, now - 86400) for key in keys],
            )

    def _write(self, rows: Sequence[tuple[bytes, bytes, bytes, float]]) -> None:
        if not rows:
            return
        now = int(time.time())
        values = [
            (key, data, extra, number, len(key) + len(data) + len(extra) + _OVERHEAD, now)
            for key, data, extra, number in rows
        ]
        # With a full disk or a long lock only this entry is lost, not the picture on the screen.
        with contextlib.suppress(sqlite3.Error), self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)", values
            )
        self._unchecked += sum(row[4] for row in values)
        if self._unchecked > self._limit // 50:
            self._shrink()

    def _shrink(self) -> None:
        """Delete the least recently used entries until a tenth of the limit is free."""
        self._unchecked = 0
        with contextlib.suppress(sqlite3.Error), self._connection:
            total = self._connection.execute("SELECT TOTAL(size) FROM entries").fetchone()[0]
            if total <= self._limit:
                return
            excess = total - 0.9 * self._limit
            doomed: list[tuple[bytes]] = []
            query = "SELECT key, size FROM entries ORDER BY used, key"
            for key, size in self._connection.execute(query):
                doomed.append((key,))
                excess -= size
                if excess <= 0:
                    break
            self._connection.executemany("DELETE FROM entries WHERE key = ?", doomed)


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_LOCK_TIMEOUT)
    try:
        # A rollback journal, and not a write-ahead log: home folders are often on network drives,
        # where kernels on different machines cannot share the log's memory, and damage the file.
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA synchronous = OFF")  # losing the last pictures is acceptable
        connection.executescript(_SCHEMA)
        connection.execute("CREATE TABLE IF NOT EXISTS writable (checked INTEGER)")
        with connection:
            connection.execute("DELETE FROM writable")
            connection.execute("INSERT INTO writable VALUES (1)")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
