"""The notes on the atlas of a layer, and where they are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError, CellError, SavedAtlasError, check_unit, did_you_mean
from atlas_widget.notes import Note, NoteStore, note_fields, notes_file
from atlas_widget.protocol import messages
from atlas_widget.session.cells.checks import check_cells, check_grid
from atlas_widget.session.tasks.proof import hash_layout

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.gallery import Gallery
    from atlas_widget.session.settings import Recipe

__all__ = ["NoteBoard"]


class NoteBoard:
    """Keeps the notes on an atlas; safe to use from any thread.

    They are in the folder of the atlas where a saved one is shown; else, in memory until the atlas
    is ready, and then in the cache folder under the key of the atlas.

    Parameters
    ----------
    recipe
        Says which atlas is shown, and where the cache is.
    layer
        The layer.
    gallery
        Sends the messages.
    notice
        Receives notices to the user.
    """

    def __init__(
        self, recipe: Recipe, layer: str, gallery: Gallery, notice: Callable[[str], None]
    ) -> None:
        self._gallery = gallery
        self._notice = notice
        self._recipe = recipe
        self._layer = layer
        self._scene: Scene | None = None
        self._layout = ""
        self._store: NoteStore | None = None

    def begin(self, scene: Scene) -> None:
        """Switch to another scene of the layer."""
        self._scene = scene
        self._layout = "" if scene.atlas is None else hash_layout(scene.atlas)
        if scene.atlas is not None and self._store is None:
            self._store = NoteStore(self._file(scene), self._notice)

    @property
    def where(self) -> str:
        """The place where notes are kept, in words."""
        return self._ready()[0].where

    def all(self) -> list[Note]:
        """Return all notes on the atlas, the oldest first."""
        return self._ready()[0].read()

    def here(self, note: Note) -> bool:
        """Return True if a note is about cells of the layout shown, or a unit."""
        scene = self._scene
        if note.unit is not None:
            return scene is not None and note.unit < scene.channels
        return (
            scene is not None
            and note.layout == self._layout
            and note.subject == scene.subject
            and all(scene.has(note.grid, cell) for cell in note.cells)
        )

    def placed(self) -> list[tuple[int, Note]]:
        """Return the notes on cells of the layout shown, each with its number among all."""
        if self._store is None:
            return []
        numbered = enumerate(self._store.read(), 1)
        return [(at, note) for at, note in numbered if note.cells and self.here(note)]

    def add(
        self,
        name: object,
        text: object = "",
        *,
        grid: int = 0,
        cells: Iterable[int] = (),
        unit: int | None = None,
    ) -> Note:
        """Keep a new note on cells of a grid, or on a unit."""
        store, scene = self._ready()
        if unit is not None:
            note = Note.new(name, text, unit=check_unit(unit, scene.channels, scene.layer))
        else:
            check_grid(grid, scene)
            chosen = check_cells(list(cells), grid, scene)
            if not chosen:
                raise CellError("A note needs cells, or a unit: none were given.")
            note = Note.new(
                name, text, grid=grid, cells=chosen, subject=scene.subject, layout=self._layout
            )
        store.put(note)
        return note

    def change(self, id_: str, name: object = None, text: object = None) -> Note:
        """Give a note another name or text."""
        store, _ = self._ready()
        note = self._find(id_)
        changed = note.edited(
            note.name if name is None else name, note.text if text is None else text
        )
        store.put(changed)
        return changed

    def remove(self, id_: str) -> None:
        """Remove a note."""
        store, _ = self._ready()
        if not store.remove(id_):
            self._find(id_)

    def save_to(self, folder: Path) -> int:
        """Add the notes to those in the folder of a saved atlas; return how many there are."""
        other = NoteStore(notes_file(folder), self._notice)
        for note in self.all():
            other.put(note)
        return len(other.read())

    def send(self) -> None:
        """Send all notes to the browser."""
        scene, store = self._scene, self._store
        if scene is None or store is None or not self._gallery.connected:
            return
        notes = store.read()
        here = [self.here(note) for note in notes]
        fields = note_fields(notes, here, where=store.where, kept=store.on_disk)
        self._gallery.send(messages.build("notes", revision=scene.revision, **fields), [])

    def in_page(self) -> dict[str, Any] | None:
        """Return the notes as a page takes them; None without any."""
        notes = self._store.read() if self._store is not None else []
        return note_fields(notes, [self.here(note) for note in notes]) if notes else None

    def _ready(self) -> tuple[NoteStore, Scene]:
        if self._store is None or self._scene is None or self._scene.atlas is None:
            raise AtlasError("Notes go with a finished layout; w.wait() waits for it.")
        return self._store, self._scene

    def _find(self, id_: str) -> Note:
        notes = {note.id: note for note in self.all()}
        if id_ not in notes:
            raise AtlasError(f"There is no note {id_!r:.60}.{did_you_mean(str(id_), notes, 1)}")
        return notes[id_]

    def _file(self, scene: Scene) -> Path | None:
        from atlas_widget.atlas.files import find_atlas

        given = self._recipe.atlas
        if isinstance(given, Path):
            try:
                return notes_file(find_atlas(given, self._layer))
            except SavedAtlasError:  # it has atlases of other layers only
                pass
        record = scene.atlas.provenance if scene.atlas is not None else {}
        selected = record.get("selected")
        key = selected.get("from_key") if isinstance(selected, dict) else record.get("key")
        if not isinstance(key, str) or not key.isalnum():
            return None
        return self._recipe.folder / "notes" / f"{key}.json"
