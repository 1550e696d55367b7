"""The notes on the atlas shown, as users see them in Python."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

from atlas_widget.errors import AtlasError, SavedAtlasError

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.notes import Note
    from atlas_widget.session.panels.note_board import NoteBoard

__all__ = ["Notes"]


class Notes(Sequence["Note"]):
    """All notes on the atlas, the oldest first: a list that is read anew each time.

    ``w.notes.add("eyes", cells=[105, 106])`` adds one, ``w.notes.remove(w.notes[0])`` removes one.

    Parameters
    ----------
    board
        Returns where they are kept.
    level
        Returns the grid shown.
    changed
        Called after each change.
    """

    def __init__(
        self,
        board: Callable[[], NoteBoard],
        level: Callable[[], int],
        changed: Callable[[], None],
    ) -> None:
        self._board = board
        self._level = level
        self._changed = changed

    @property
    def where(self) -> str:
        """The file that they are kept in, or why they are in memory only."""
        return self._board().where

    def add(
        self,
        name: str,
        text: str = "",
        *,
        cells: int | Iterable[int] | None = None,
        grid: int | None = None,
        unit: int | None = None,
    ) -> Note:
        """Add a note on cells, or on a unit of the layer.

        Parameters
        ----------
        name
            At most 80 characters.
        text
            More words, at most 2,000 characters, as plain text.
        cells
            Ids of the cells of a grid: one, or those of a region.
        grid
            Their grid; None: the one shown.
        unit
            The number of a unit, in place of cells.

        Returns
        -------
        Note

        Raises
        ------
        AtlasError
            The layout is not ready, there are no such cells or unit, or a text is too long.
        """
        if (cells is None) == (unit is None):
            raise AtlasError("A note is about cells= or about a unit=: give one of both.")
        chosen = [] if cells is None else [cells] if isinstance(cells, int) else list(cells)
        size = self._level() if grid is None else grid
        note = self._board().add(name, text, grid=size, cells=chosen, unit=unit)
        self._changed()
        return note

    def change(self, note: Note | str, *, name: str | None = None, text: str | None = None) -> Note:
        """Give a note, or the one with this id, another name or text."""
        changed = self._board().change(_id(note), name, text)
        self._changed()
        return changed

    def remove(self, note: Note | str) -> None:
        """Remove a note, or the one with this id."""
        self._board().remove(_id(note))
        self._changed()

    def save(self, folder: str | os.PathLike[str]) -> int:
        """Add them to the notes in the folder of a saved atlas; return how many are there now."""
        target = Path(folder).expanduser()
        if not (target / "atlas.json").is_file():
            raise SavedAtlasError(
                f"{str(target)!r} holds no saved atlas; w.atlas.save(…) writes one."
            )
        return self._board().save_to(target)

    def table(self) -> pd.DataFrame:
        """Return them as a table: number, name, text, kind, grid, cells, unit, changed, id."""
        import pandas as pd

        columns = ["number", "name", "text", "kind", "grid", "cells", "unit", "changed", "id"]
        rows = [
            (at, it.name, it.text, it.kind, it.grid, list(it.cells), it.unit, it.changed, it.id)
            for at, it in enumerate(self, 1)
        ]
        return pd.DataFrame(rows, columns=columns)

    def __len__(self) -> int:
        return len(self._board().all())

    @overload
    def __getitem__(self, index: int) -> Note: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Note]: ...

    def __getitem__(self, index: int | slice) -> Note | Sequence[Note]:
        return self._board().all()[index]

    def __repr__(self) -> str:
        notes = self._board().all()
        lines = [f"  {number}. {note.name} ({note.kind})" for number, note in enumerate(notes, 1)]
        return "\n".join([f"{len(notes)} notes, {self.where}", *lines])


def _id(note: Note | str) -> str:
    return note if isinstance(note, str) else note.id
