"""Saved atlases come back the same or say which file is wrong, and are never executed."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from atlas_widget import Atlas
from atlas_widget.atlas import storage
from atlas_widget.atlas.files import find_atlas
from atlas_widget.atlas.samples import Samples
from atlas_widget.errors import SavedAtlasError
from atlas_widget.images.thumbnails import Thumbnails, encode_thumbnail
from tests.conftest import tiny_picture


def make_atlas(count: int = 60) -> Atlas:
    rng = np.random.default_rng(0)
    samples = Samples(
        activations=rng.normal(size=(count, 5)).astype(np.float32),
        positions=rng.integers(0, 14, (count, 2)).astype(np.int16),
        crops=rng.random((count, 4)).astype(np.float32),
        flipped=rng.random(count) < 0.5,
        image_ids=rng.integers(0, 3, count).astype(np.int32),
        image_names=["a.png", "b/é.png", "<b>.png"],
        image_indices=np.array([4, 0, 2], np.int32),
        thumbnails=Thumbnails.from_jpegs(
            encode_thumbnail(tiny_picture(k), (0, 0, 40, 40)) for k in range(count)
        ),
        unreadable=("broken.png",),
    )
    atlas = Atlas(
        samples,
        rng.random((count, 2)),
        layer="middle",
        grids=(4, 8),
        labels=["cat", "<script>"],
        provenance={"model": "tiny", "settings": {"seed": 0}},
        notices=["said once"],
        min_count=1,
    )
    atlas.cell_labels[4] = {int(atlas.grid(4).ids[0]): "cat", int(atlas.grid(4).ids[1]): None}
    return atlas


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    make_atlas().save(tmp_path / "atlas")
    return tmp_path / "atlas"


def test_round_trip(saved: Path) -> None:
    atlas, back = make_atlas(), Atlas.load(saved)
    for name in ("activations", "positions", "crops", "flipped", "image_ids", "image_indices"):
        mine, theirs = getattr(atlas.samples, name), getattr(back.samples, name)
        np.testing.assert_array_equal(mine, theirs, err_msg=name)
        assert mine.dtype == theirs.dtype
    np.testing.assert_array_equal(atlas.xy, back.xy)
    np.testing.assert_array_equal(atlas.samples.thumbnails.get(7), back.samples.thumbnails.get(7))
    for name in ("layer", "grids", "labels", "provenance", "notices", "min_count", "cell_labels"):
        assert getattr(atlas, name) == getattr(back, name), name
    assert back.samples.image_names == atlas.samples.image_names
    assert back.samples.unreadable == ("broken.png",)
    assert back.cells(4).equals(atlas.cells(4))


def test_nothing_but_json_and_safetensors(saved: Path) -> None:
    assert sorted(file.name for file in saved.iterdir()) == [
        "activations.safetensors",
        "atlas.json",
        "samples.safetensors",
        "thumbnails.safetensors",
    ]
    json.loads((saved / "atlas.json").read_text("utf-8"))


def test_home_and_missing_parents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    make_atlas().save("~/deep/er/atlas")
    assert len(Atlas.load("~/deep/er/atlas")) == 60


def test_saving_again_replaces(saved: Path) -> None:
    make_atlas(30).save(saved)
    assert len(Atlas.load(saved)) == 30
    assert [entry.name for entry in saved.parent.iterdir()] == ["atlas"]


def test_a_loaded_atlas_can_be_saved_over_itself(saved: Path, monkeypatch) -> None:
    monkeypatch.setattr(storage, "_MAPPED_FROM", 0)
    Atlas.load(saved).save(saved)
    np.testing.assert_array_equal(Atlas.load(saved).activations, make_atlas().activations)


def test_other_folders_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"dear")
    with pytest.raises(SavedAtlasError, match="not overwritten"):
        make_atlas().save(tmp_path / "photos")
    assert (tmp_path / "photos" / "cat.jpg").read_bytes() == b"dear"
    with pytest.raises(SavedAtlasError, match="not overwritten"):
        make_atlas().save(tmp_path / "photos" / "cat.jpg")


def test_a_failed_save_leaves_the_older_atlas(saved: Path, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "write_tensors", full)
    with pytest.raises(SavedAtlasError, match="No space left"):
        make_atlas(30).save(saved)
    assert len(Atlas.load(saved)) == 60
    assert [entry.name for entry in saved.parent.iterdir()] == ["atlas"]


@pytest.mark.parametrize("kept", ["both", "old"])
def test_a_save_that_was_cut_off_between_its_renames_loses_nothing(saved: Path, kept: str) -> None:
    """The power goes when the older atlas has made way and the newer one has no name yet."""
    wanted = Atlas.load(saved).xy
    new = saved.with_name(f".{saved.name}.0123abc_")
    aside = new.with_name(f"{new.name}.old")
    if kept == "both":
        shutil.copytree(saved, new)
    other = saved.with_name(f".{saved.name}.other.0123abcd.old")  # of an atlas with a longer name
    other.mkdir()
    saved.rename(aside)
    np.testing.assert_array_equal(Atlas.load(saved).xy, wanted)
    Atlas.load(saved).save(saved)
    assert saved.is_dir()
    np.testing.assert_array_equal(Atlas.load(saved.parent).xy, wanted)


def test_what_a_cut_off_save_left_does_not_come_back_when_the_atlas_is_deleted(saved: Path) -> None:
    aside = saved.with_name(f".{saved.name}.0123abc_.old")
    shutil.copytree(saved, aside)
    Atlas.load(saved).save(saved)
    shutil.rmtree(saved)
    with pytest.raises(SavedAtlasError, match="No saved atlas"):
        Atlas.load(saved)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_the_disk_has_files_and_names_before_a_save_ends(saved: Path, monkeypatch) -> None:
    atlas, synced = Atlas.load(saved), []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    atlas.save(saved)
    assert synced.count("atlas.json") == 1
    assert synced[-1] == saved.parent.name
    assert len(synced) == 6  # three files of arrays, the record, their folder, and that one's


def test_cannot_be_saved_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SavedAtlasError, match="Cannot save"):
        make_atlas().save(tmp_path / "file" / "atlas")


def test_large_activations_are_mapped(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_MAPPED_FROM", 1)
    atlas = Atlas.load(saved)
    base = atlas.activations
    while base.base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    np.testing.assert_array_equal(atlas.activations, make_atlas().activations)
    assert len(atlas.grid(4)) > 0
    with pytest.raises(ValueError, match="read-only"):
        atlas.activations[0] = 0


FILES = ["atlas.json", "samples.safetensors", "activations.safetensors", "thumbnails.safetensors"]


@pytest.mark.parametrize("name", FILES)
class TestDamage:
    def test_missing(self, saved: Path, name: str) -> None:
        (saved / name).unlink()
        with pytest.raises(SavedAtlasError, match=name):
            Atlas.load(saved)

    @pytest.mark.parametrize("part", [0, 0.01, 0.5, 0.99])
    def test_truncated(self, saved: Path, name: str, part: float) -> None:
        content = (saved / name).read_bytes()
        (saved / name).write_bytes(content[: int(len(content) * part)])
        with pytest.raises(SavedAtlasError, match=name):
            Atlas.load(saved)

    @pytest.mark.parametrize("mapped_from", [0, 2**30])
    def test_altered(self, saved: Path, name: str, mapped_from: int, monkeypatch) -> None:
        monkeypatch.setattr(storage, "_MAPPED_FROM", mapped_from)
        content = bytearray((saved / name).read_bytes())
        content[0] ^= 0xFF
        (saved / name).write_bytes(content)
        with pytest.raises(SavedAtlasError, match=name):
            Atlas.load(saved)


@pytest.mark.parametrize("name", FILES[1:])
@pytest.mark.parametrize("mapped_from", [0, 2**30])
def test_a_bit_in_the_middle(saved: Path, name: str, mapped_from: int, monkeypatch) -> None:
    monkeypatch.setattr(storage, "_MAPPED_FROM", mapped_from)
    content = bytearray((saved / name).read_bytes())
    content[len(content) * 2 // 3] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(SavedAtlasError, match=f"{name}.*checksum"):
        Atlas.load(saved, verify=True)


def edit(saved: Path, **changes: object) -> None:
    record = json.loads((saved / "atlas.json").read_text("utf-8"))
    (saved / "atlas.json").write_text(json.dumps({**record, **changes}), "utf-8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 99}, "version 99.*reads version 1"),
        ({"format": "else"}, "not the record of an atlas"),
        ({"files": None}, "lists no files"),
        ({"files": {}}, "missing"),
        ({"layer": 3}, "'layer'"),
        ({"grids": "all"}, "'grids'"),
        ({"grids": [0]}, "grids"),
        ({"labels": [1, 2]}, "'labels'"),
        ({"image_names": ["only one"]}, "image_indices"),
        ({"image_names": None}, "'image_names'"),
        ({"provenance": []}, "'provenance'"),
        ({"cell_labels": {"four": {}}}, "four"),
        ({"cell_labels": {"4": []}}, "does not fit"),
        ({"min_count": "x"}, "min_count"),
    ],
)
def test_records_that_do_not_fit(saved: Path, changes: dict[str, object], message: str) -> None:
    edit(saved, **changes)
    with pytest.raises(SavedAtlasError, match=message):
        Atlas.load(saved)


def test_files_of_another_atlas(saved: Path, tmp_path: Path) -> None:
    make_atlas(30).save(tmp_path / "other")
    name = "samples.safetensors"
    shutil.copy(tmp_path / "other" / name, saved / name)
    files = json.loads((tmp_path / "other" / "atlas.json").read_text())["files"]
    mine = json.loads((saved / "atlas.json").read_text())["files"]
    edit(saved, files={**mine, name: files[name]})
    with pytest.raises(SavedAtlasError, match="shape"):
        Atlas.load(saved)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("a pickle was executed",))


@pytest.mark.parametrize("name", FILES)
def test_pickles_are_not_executed(saved: Path, name: str) -> None:
    (saved / name).write_bytes(pickle.dumps(Evil()))
    with pytest.raises(SavedAtlasError, match=name):
        Atlas.load(saved)


def test_no_atlas_there(tmp_path: Path) -> None:
    with pytest.raises(SavedAtlasError, match="nowhere"):
        Atlas.load(tmp_path / "nowhere")
    with pytest.raises(SavedAtlasError, match=r"atlas\.json"):
        Atlas.load(tmp_path)


def test_names_that_differ_in_capitals_are_different_folders(tmp_path: Path) -> None:
    """On many disks "Block" and "block" are one folder."""
    names = ["block", "Block", "BLOCK", "block.0"]
    assert len({storage.layer_folder(name).lower() for name in names}) == len(names)
    assert storage.layer_folder("block.0") == "block.0"
    older = make_atlas()
    older.layer = "Mixed_5b"
    older.save(tmp_path / "Mixed_5b")
    make_atlas().save(tmp_path / "middle")
    assert find_atlas(tmp_path, "Mixed_5b").name == "Mixed_5b"  # as earlier versions named it
