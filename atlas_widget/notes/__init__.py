"""Notes on an atlas: names and words for regions, cells and units, kept beside it as plain JSON."""

from atlas_widget.notes.note import MAX_NAME, MAX_NOTE_TEXT, MAX_NOTES, Note, note_fields
from atlas_widget.notes.store import NoteStore, notes_file

__all__ = [
    "MAX_NAME",
    "MAX_NOTES",
    "MAX_NOTE_TEXT",
    "Note",
    "NoteStore",
    "note_fields",
    "notes_file",
]
