"""A note: a name and words for some cells, or for a unit."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from atlas_widget.errors import AtlasError

__all__ = [
    "MAX_NAME",
    "MAX_NOTES",
    "MAX_NOTE_TEXT",
    "Note",
    "checked_name",
    "checked_text",
    "note_fields",
]

MAX_NAME = 80
MAX_NOTE_TEXT = 2000
MAX_NOTES = 500
"""Notes on one atlas."""

_MAX_GRID = 160
_ID = re.compile(r"[0-9a-f]{4,32}")


@dataclass(frozen=True, slots=True)
class Note:
    """A note on an atlas.

    Attributes
    ----------
    id
        Hexadecimal digits, drawn at random; the same in all copies of the note.
    name
        Its name, one line.
    text
        Further words, plain text; may be empty.
    grid, cells
        The cells that it is about; grid 0 and no cells for a note on a unit.
    unit
        The unit that it is about, or None.
    subject
        What the atlas with these cells is about; empty for all samples.
    layout
        Hash of the places of that atlas's samples: cells of another layout are other cells.
    created, changed
        When, in ISO's format.
    """

    id: str
    name: str
    text: str = ""
    grid: int = 0
    cells: tuple[int, ...] = ()
    unit: int | None = None
    subject: tuple[str, ...] = ()
    layout: str = ""
    created: str = ""
    changed: str = ""

    @classmethod
    def new(
        cls,
        name: object,
        text: object = "",
        *,
        grid: int = 0,
        cells: Iterable[int] = (),
        unit: int | None = None,
        subject: Sequence[str] = (),
        layout: str = "",
    ) -> Note:
        """Return a new note, with what users give checked.

        Raises
        ------
        AtlasError
            The name is empty or too long, the text is too long, or it is about nothing.
        """
        chosen = tuple(sorted({int(cell) for cell in cells}))
        if bool(chosen) == (unit is not None):
            raise AtlasError("A note is about some cells, or about one unit: give either.")
        now = _now()
        return cls(
            secrets.token_hex(6),
            checked_name(name),
            checked_text(text),
            grid if chosen else 0,
            chosen,
            unit,
            tuple(subject),
            layout,
            now,
            now,
        )

    def edited(self, name: object, text: object) -> Note:
        """Return it with another name and text."""
        return replace(self, name=checked_name(name), text=checked_text(text), changed=_now())

    @property
    def kind(self) -> str:
        """The kind of thing that it is about: "unit", "cell" or "region"."""
        if self.unit is not None:
            return "unit"
        return "cell" if len(self.cells) == 1 else "region"

    @property
    def place(self) -> tuple[float, float] | None:
        """The middle of that of its cells which is nearest to their middle; None for a unit."""
        if not self.cells:
            return None
        places = [divmod(cell, self.grid) for cell in self.cells]
        row, col = (sum(axis) / len(places) for axis in zip(*places, strict=True))
        best = min(places, key=lambda at: ((at[0] - row) ** 2 + (at[1] - col) ** 2, at))
        return (best[1] + 0.5) / self.grid, (best[0] + 0.5) / self.grid

    def record(self) -> dict[str, Any]:
        """Return it in JSON's types."""
        fields = asdict(self)
        return {**fields, "cells": list(self.cells), "subject": list(self.subject)}

    @classmethod
    def of(cls, record: object) -> Note | None:
        """Return the note of a record from a file; None if that is none."""
        if not isinstance(record, Mapping):
            return None
        try:
            note = cls(
                id=str(record["id"]),
                name=checked_name(record["name"]),
                text=checked_text(record.get("text", "")),
                grid=_whole(record.get("grid", 0)),
                cells=tuple(_whole(cell) for cell in record.get("cells", ())),
                unit=None if record.get("unit") is None else _whole(record["unit"]),
                subject=tuple(str(part)[:200] for part in record.get("subject", ()))[:3],
                layout=str(record.get("layout", ""))[:64],
                created=str(record.get("created", ""))[:40],
                changed=str(record.get("changed", ""))[:40],
            )
        except (AtlasError, KeyError, TypeError, ValueError):
            return None
        on_cells = 0 < note.grid <= _MAX_GRID and note.cells
        fits = all(cell < note.grid**2 for cell in note.cells)
        about = bool(on_cells) != (note.unit is not None)
        return note if _ID.fullmatch(note.id) and about and fits else None


def note_fields(
    notes: Sequence[Note], here: Sequence[bool], *, where: str = "", kept: bool = True
) -> dict[str, Any]:
    """Return notes as fields of the message `notes`, less its revision.

    Parameters
    ----------
    notes
        The notes, the oldest first.
    here
        Whether each is about what is shown.
    where, kept
        Where they are kept, and whether that is a file.
    """
    return {
        "where": where,
        "kept": kept,
        "ids": [note.id for note in notes],
        "names": [note.name for note in notes],
        "texts": [note.text for note in notes],
        "grids": [note.grid for note in notes],
        "cells": [" ".join(map(str, note.cells)) for note in notes],
        "units": [-1 if note.unit is None else note.unit for note in notes],
        "here": [int(each) for each in here],
        "changed": [note.changed for note in notes],
    }


def checked_name(name: object) -> str:
    """Return the name of a note: one line of 1 to 80 characters."""
    text = _plain(name, "name")
    text = " ".join(text.split())
    if not text:
        raise AtlasError("A note needs a name.")
    if len(text) > MAX_NAME:
        raise AtlasError(
            f"The name of a note has {len(text)} characters ({text[:30]!r}…); at most {MAX_NAME} "
            "are kept. What is longer goes into its text."
        )
    return text


def checked_text(text: object) -> str:
    """Return the text of a note, of at most 2,000 characters."""
    found = _plain(text, "text").replace("\r\n", "\n").strip()
    if len(found) > MAX_NOTE_TEXT:
        raise AtlasError(
            f"The text of a note has {len(found):,} characters; at most {MAX_NOTE_TEXT:,} are kept."
        )
    return found


def _plain(value: object, what: str) -> str:
    """Return a text without control characters, which JSON and SVG cannot both keep."""
    if not isinstance(value, str):
        raise AtlasError(f"The {what} of a note is a text, not {value!r:.60}.")
    kept = "".join(
        char for char in value if char in "\n\r\t" or unicodedata.category(char) not in ("Cc", "Cs")
    )
    return kept.replace("\ufffe", "").replace("\uffff", "")


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError(f"{value!r:.40} is no number of a cell or unit")
    return value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
