"""Notes on disk: one JSON file, safe against two notebooks that write at the same time.

Each change takes the file's lock, reads what is there, changes one note and renames a new file over
the old one. So of two changes of one note the later one stays, and of all others none is lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from atlas_widget.atlas.durable import sync_folder, write_text
from atlas_widget.atlas.storage import NOTES
from atlas_widget.errors import AtlasError, DiskError
from atlas_widget.notes.note import MAX_NOTES, Note

__all__ = ["NoteStore", "notes_file"]

_FORMAT = "atlas_widget notes"
_VERSION = 1
_MAX_BYTES = 16 << 20
_LOCK_TIME = 10.0  # seconds that another notebook may take to write
_ATTEMPTS = 3  # where the atlas's folder is replaced meanwhile

Entries = dict[str, Any]
"""Records by the notes' ids, in the order of the file; those that are not understood as well."""


def notes_file(folder: Path) -> Path:
    """Return where the notes on a saved atlas are."""
    return folder / NOTES


class NoteStore:
    """The notes on one atlas.

    Parameters
    ----------
    file
        Where they are kept; None keeps them in memory.
    notice
        Called with what the user should know, such as that a file was damaged.
    """

    def __init__(
        self, file: Path | None, notice: Callable[[str], None] = lambda _text: None
    ) -> None:
        self.file = file
        self._notice = notice
        self._memory: dict[str, Note] = {}
        self._unsaved = ""
        self._thread_lock = threading.RLock()

    @property
    def where(self) -> str:
        """The place where the notes are kept, in words; ends with the reason if it is memory."""
        if not self.on_disk:
            return f"in memory only, until the widget is closed{self._unsaved}"
        return str(self.file)

    @property
    def on_disk(self) -> bool:
        """True if the notes are kept in a file, and all of them were written."""
        return self.file is not None and not self._unsaved

    def read(self) -> list[Note]:
        """Return all notes, the oldest first."""
        with self._thread_lock:
            if self.file is not None and not self._unsaved:
                self._memory = _notes(self._entries())
            return sorted(self._memory.values(), key=lambda note: note.created)

    def put(self, note: Note) -> None:
        """Keep a note, in place of an earlier state of it if there is one.

        Raises
        ------
        AtlasError
            There are too many notes.
        DiskError
            The file cannot be written; the note is kept in memory then.
        """
        with self._thread_lock:
            if note.id not in self._memory and len(self._memory) >= MAX_NOTES:
                raise AtlasError(
                    f"There are {MAX_NOTES} notes on this atlas, the most there can be."
                )
            self._memory[note.id] = note
            self._change({note.id: note})

    def remove(self, id_: str) -> bool:
        """Remove a note; return False if there was none."""
        with self._thread_lock:
            there = any(note.id == id_ for note in self.read())
            self._memory.pop(id_, None)
            if there:
                self._change({id_: None})
            return there

    def _change(self, changes: dict[str, Note | None]) -> None:
        """Write some notes; None removes one. What could not be written before is written, too."""
        if self.file is None:
            return
        if self._unsaved:
            changes = {**self._memory, **changes}
        for _ in range(_ATTEMPTS):
            try:
                self._write(changes)
            except (OSError, Timeout) as error:
                self._unsaved = f" ({error})"
                raise DiskError(
                    f"The note is kept in memory only, {str(self.file)!r} cannot be written: "
                    f"{error or 'another program holds it'}. The next change tries again."
                ) from error
            self._unsaved = ""
            now = _notes(self._entries())
            if all(now.get(id_) == note for id_, note in changes.items()):
                break  # else the folder was replaced in between, as a save does
        self._memory = _notes(self._entries())

    def _write(self, changes: dict[str, Note | None]) -> None:
        assert self.file is not None
        folder = self.file.parent
        folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            entries = self._entries()
            for id_, note in changes.items():
                if note is None:
                    entries.pop(id_, None)
                else:
                    entries[id_] = note.record()
            record = {"format": _FORMAT, "version": _VERSION, "notes": list(entries.values())}
            temporary = folder / f".{self.file.name}.{secrets.token_hex(6)}"
            try:
                write_text(temporary, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
                temporary.replace(self.file)
            finally:
                with contextlib.suppress(OSError):
                    temporary.unlink()
            sync_folder(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        assert self.file is not None
        lock = FileLock(f"{self.file}.lock", timeout=_LOCK_TIME, thread_local=False)
        try:
            lock.acquire()
        except NotImplementedError:  # a file system without locks
            yield
            return
        try:
            yield
        finally:
            lock.release()

    def _entries(self) -> Entries:
        """Read the file; one that is damaged is put aside, so that nothing in it is lost."""
        assert self.file is not None
        try:
            if self.file.stat().st_size > _MAX_BYTES:
                raise ValueError(f"it has more than {_MAX_BYTES:,} bytes")
            record = json.loads(self.file.read_text(encoding="utf-8"))
            if not isinstance(record, dict) or record.get("format") != _FORMAT:
                raise ValueError(f"it is not the {_FORMAT!r} that it should be")
            listed = record.get("notes")
            if not isinstance(listed, list):
                raise ValueError("it lists no notes")
        except FileNotFoundError:
            return {}
        except OSError:
            return {}
        except ValueError as error:  # JSON's and Unicode's errors are ones, too
            self._put_aside(error)
            return {}
        return {_id_of(entry, at): entry for at, entry in enumerate(listed)}

    def _put_aside(self, error: ValueError) -> None:
        assert self.file is not None
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        aside = self.file.with_name(f"{self.file.stem}.broken-{stamp}-{os.getpid()}.json")
        with contextlib.suppress(OSError):
            self.file.rename(aside)
            self._notice(
                f"The notes in {str(self.file)!r} cannot be read: {error}. The file is kept as "
                f"{str(aside)!r}."
            )


def _id_of(entry: object, at: int) -> str:
    found = entry.get("id") if isinstance(entry, dict) else None
    return found if isinstance(found, str) else f"entry {at}"  # not understood, and kept as it is


def _notes(entries: Entries) -> dict[str, Note]:
    found = {id_: Note.of(entry) for id_, entry in entries.items()}
    return {id_: note for id_, note in found.items() if note is not None}
