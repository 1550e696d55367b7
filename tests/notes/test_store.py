"""Notes on disk."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from atlas_widget.errors import AtlasError, DiskError
from atlas_widget.notes import MAX_NOTE_TEXT, Note, NoteStore, notes_file
from tests.page.contents import NASTY, small_atlas


def note(name: str = "eyes", **about) -> Note:
    return Note.new(name, **(about or {"grid": 4, "cells": [5, 6]}))


def test_notes_come_back_the_oldest_first(tmp_path):
    store = NoteStore(tmp_path / "notes.json")
    first, second = note("eyes", grid=4, cells=[6, 5]), note(NASTY, unit=17)
    store.put(first)
    store.put(second)
    assert NoteStore(tmp_path / "notes.json").read() == [first, second]
    assert (first.kind, second.kind) == ("region", "unit")
    assert first.cells == (5, 6)
    changed = first.edited("wheels", "round things\nfrom the side")
    store.put(changed)
    assert store.read() == [changed, second]
    assert store.remove(second.id)
    assert not store.remove(second.id)
    assert store.read() == [changed]
    text = (tmp_path / "notes.json").read_text(encoding="utf-8")
    assert json.loads(text)["notes"][0]["name"] == "wheels"


def _write_many(file: Path, who: int, count: int) -> None:
    store = NoteStore(file)
    for number in range(count):
        store.put(note(f"{who}: {number}"))


def test_two_notebooks_that_write_at_once_lose_nothing(tmp_path):
    file = tmp_path / "notes.json"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(file, who, 15)) for who in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    names = {one.name for one in NoteStore(file).read()}
    assert names == {f"{who}: {number}" for who in range(3) for number in range(15)}
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == ["notes.json"]


def test_of_two_changes_of_one_note_the_later_one_stays_and_others_are_kept(tmp_path):
    here, there = NoteStore(tmp_path / "notes.json"), NoteStore(tmp_path / "notes.json")
    mine = note("mine")
    here.put(mine)
    there.read()
    theirs = note("theirs")
    there.put(theirs)
    here.put(mine.edited("mine, first", ""))
    there.put(mine.edited("mine, later", ""))
    assert [one.name for one in here.read()] == ["mine, later", "theirs"]


@pytest.mark.parametrize("damage", [b"{", b"[]", b"\xff\xfe", b'{"format": "something else"}'])
def test_a_damaged_file_is_put_aside_and_told(tmp_path, damage):
    file = tmp_path / "notes.json"
    file.write_bytes(damage)
    told: list[str] = []
    store = NoteStore(file, told.append)
    assert store.read() == []
    store.put(note())
    assert len(store.read()) == 1
    (aside,) = tmp_path.glob("notes.broken-*.json")
    assert aside.read_bytes() == damage
    assert len(told) == 1
    assert str(aside) in told[0]


def test_entries_that_are_not_understood_stay_in_the_file(tmp_path):
    file = tmp_path / "notes.json"
    store = NoteStore(file)
    store.put(note())
    record = json.loads(file.read_text(encoding="utf-8"))
    later = {"id": "later", "kind": "of a later version", "polygon": [1, 2, 3]}
    record["notes"] += [later, 7]
    file.write_text(json.dumps(record), encoding="utf-8")
    store.put(note("another"))
    assert [one.name for one in store.read()] == ["eyes", "another"]
    assert later in json.loads(file.read_text(encoding="utf-8"))["notes"]


def test_what_could_not_be_written_is_written_with_the_next_change(tmp_path, monkeypatch):
    store = NoteStore(tmp_path / "notes.json")
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(DiskError, match="kept in memory only"):
            store.put(note("first"))
    assert not store.on_disk
    assert "No space left" in store.where
    assert [one.name for one in store.read()] == ["first"]
    store.put(note("second"))
    assert store.on_disk
    assert [one.name for one in NoteStore(tmp_path / "notes.json").read()] == ["first", "second"]


def test_a_save_that_replaces_the_atlas_takes_the_notes_over(tmp_path):
    atlas = small_atlas()
    atlas.save(tmp_path / "atlas")
    store = NoteStore(notes_file(tmp_path / "atlas"))
    store.put(note())
    atlas.save(tmp_path / "atlas")
    assert [one.name for one in store.read()] == ["eyes"]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("", {"unit": 1}, "needs a name"),
        (" \n ", {"unit": 1}, "needs a name"),
        ("x" * 81, {"unit": 1}, "at most 80"),
        (7, {"unit": 1}, "is a text"),
        ("eyes", {}, "some cells, or about one unit"),
        ("eyes", {"unit": 1, "grid": 4, "cells": [1]}, "some cells, or about one unit"),
        ("eyes", {"unit": 1, "text": "x" * (MAX_NOTE_TEXT + 1)}, "at most 2,000"),
    ],
)
def test_what_is_no_note_is_refused(name, options, said):
    with pytest.raises(AtlasError, match=said):
        Note.new(name, **options)


def test_control_characters_are_left_out():
    one = Note.new("a\x00b\nc", "d\x07e\nf\ud800", unit=1)
    assert (one.name, one.text) == ("ab c", "de\nf")


@pytest.mark.parametrize(
    "change",
    [
        {"id": "<b>"},
        {"grid": 4000},
        {"cells": [16]},
        {"cells": "12"},
        {"unit": 3},
        {"name": 5},
        {"cells": []},
    ],
)
def test_records_that_cannot_be_are_no_notes(change):
    record = note().record()
    assert Note.of(record) is not None
    assert Note.of({**record, **change}) is None
