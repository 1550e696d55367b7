import os
import sqlite3
import threading

import numpy as np
import pytest

from atlas_widget.session.cells.scene import ranks
from atlas_widget.session.pictures.cache import CachedPicture, PictureCache, cache_folder, digest


def picture(value=7, size=16, channels=5):
    pixels = np.full((size, size, 3), value, np.uint8)
    pixels[0, 0] = (1, 2, 3)
    return CachedPicture(pixels, 0.625, np.arange(channels, dtype=np.float32))


def noisy(seed):
    random = np.random.default_rng(seed)
    return CachedPicture(
        random.integers(0, 255, (64, 64, 3), dtype=np.uint8), 0.5, np.zeros(4, np.float32)
    )


def test_what_is_put_comes_back_in_another_process_later(tmp_path):
    first = PictureCache(tmp_path)
    first.put_pictures({b"a": picture(1), b"b": picture(2)})
    first.put_records({b"r": {"for": [[1, 0.5]]}})
    first.close()
    second = PictureCache(tmp_path)
    found = second.pictures([b"a", b"missing", b"b"])
    assert set(found) == {b"a", b"b"}
    assert np.array_equal(found[b"a"].pixels, picture(1).pixels), "lossless"
    assert found[b"a"].cosine == 0.625
    assert np.array_equal(found[b"a"].activations, picture().activations)
    assert second.records([b"r", b"x"]) == {b"r": {"for": [[1, 0.5]]}}
    assert second.notice is None
    second.close()


def test_thousands_of_keys_at_once(tmp_path):
    cache = PictureCache(tmp_path)
    cache.put_records({digest(number): number for number in range(2500)})
    assert len(cache.records(digest(number) for number in range(3000))) == 2500
    cache.close()


def test_two_widgets_share_one_file(tmp_path):
    one, two = PictureCache(tmp_path), PictureCache(tmp_path)
    one.put_pictures({b"a": picture()})
    two.put_pictures({b"b": picture()})
    assert set(one.pictures([b"a", b"b"])) == {b"a", b"b"}
    one.close()
    two.close()


def test_many_kernels_writing_at_once_do_not_fail(tmp_path):
    def write(name):
        cache = PictureCache(tmp_path)
        for number in range(20):
            cache.put_records({f"{name}{number}".encode(): number})
        cache.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cache = PictureCache(tmp_path)
    assert len(cache.records(f"{n}{i}".encode() for n in "abcd" for i in range(20))) == 80
    cache.close()


def test_it_stays_within_its_limit_and_forgets_the_oldest(tmp_path):
    one = len(digest("x")) + 64 * 64 * 3
    cache = PictureCache(tmp_path, limit=10 * one)
    for number in range(8):
        cache.put_pictures({f"old{number}".encode(): noisy(number)})
    cache._connection.execute("UPDATE entries SET used = used - 1000000")
    cache._connection.commit()
    assert set(cache.pictures([b"old3"])) == {b"old3"}  # used again: no longer the oldest
    for number in range(6):
        cache.put_pictures({f"new{number}".encode(): noisy(100 + number)})
    kept = cache.pictures([f"{n}{i}".encode() for n in ("old", "new") for i in range(8)])
    assert {f"new{i}".encode() for i in range(6)} <= set(kept)
    assert b"old3" in kept
    assert len(kept) <= 10
    cache.close()


def test_a_folder_that_cannot_be_written_is_said_and_survived(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    cache = PictureCache(blocked / "cache")
    assert cache.notice is not None
    assert str(blocked) in cache.notice
    assert "cache_dir" in cache.notice
    cache.put_pictures({b"a": picture()})
    assert set(cache.pictures([b"a"])) == {b"a"}, "it still works for this session"
    cache.close()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_said_and_survived(tmp_path):
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o500)
    cache = PictureCache(folder)
    assert cache.notice is not None
    cache.close()


@pytest.mark.parametrize("contents", [b"this is not a database" * 100, b"SQLite format 3\0rubbish"])
def test_a_damaged_file_is_replaced(tmp_path, contents):
    PictureCache(tmp_path).close()
    (path,) = tmp_path.glob("*.sqlite")
    path.write_bytes(contents)
    cache = PictureCache(tmp_path)
    cache.put_pictures({b"a": picture()})
    assert cache.notice is None
    cache.close()
    assert set(PictureCache(tmp_path).pictures([b"a"])) == {b"a"}


def test_a_damaged_picture_is_only_a_miss(tmp_path):
    cache = PictureCache(tmp_path)
    cache.put_pictures({b"a": picture(), b"b": picture()})
    cache._connection.execute("UPDATE entries SET data = x'00' WHERE key = ?", (b"a",))
    assert set(cache.pictures([b"a", b"b"])) == {b"b"}
    cache.close()


def test_a_locked_file_costs_the_entry_and_nothing_else(tmp_path):
    cache = PictureCache(tmp_path)
    (path,) = tmp_path.glob("*.sqlite")
    other = sqlite3.connect(path)
    other.execute("BEGIN EXCLUSIVE")
    cache.put_records({b"a": 1})
    other.rollback()
    other.close()
    assert cache.records([b"a"]) == {}
    cache.close()


def test_the_folder_is_the_chosen_one_or_the_environments(tmp_path, monkeypatch):
    monkeypatch.setenv("ATLAS_WIDGET_CACHE", str(tmp_path / "env"))
    assert cache_folder() == tmp_path / "env"
    assert cache_folder(tmp_path / "chosen") == tmp_path / "chosen"
    monkeypatch.delenv("ATLAS_WIDGET_CACHE")
    assert "atlas-widget" in str(cache_folder())


def test_keys_differ_wherever_parts_differ():
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("1") != digest(1)
    assert digest("a", b"b") == digest("a", b"b")


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e6])
def test_a_picture_ranks_as_it_did_whatever_the_scale_of_the_layer(tmp_path, scale):
    """Half precision would make infinities or zeros of them, which no cell is nearer to."""
    rng = np.random.default_rng(0)
    means = rng.normal(size=(40, 16)).astype(np.float32)
    units = means / np.linalg.norm(means, axis=1, keepdims=True)
    answers = (scale * rng.normal(size=(40, 16))).astype(np.float32)
    cache = PictureCache(tmp_path)
    cache.put_pictures(
        {
            f"{at:02}".encode(): CachedPicture(np.zeros((4, 4, 3), np.uint8), 0.5, row)
            for at, row in enumerate(answers)
        }
    )
    cache.close()
    again = PictureCache(tmp_path)
    found = again.pictures(f"{at:02}".encode() for at in range(40))
    back = np.stack([found[key].activations for key in sorted(found)])
    again.close()
    fresh = ranks(answers, units, range(40))
    assert max(fresh) > 20
    assert ranks(back, units, range(40)) == fresh


def test_an_answer_without_a_direction_is_nearest_to_no_cell():
    units = np.eye(3, dtype=np.float32)
    answers = np.float32([[np.nan, 0, 0], [np.inf, 0, 0], [0, 0, 0], [1, 0, 0]])
    assert ranks(answers, units, [0, 0, 0, 0]) == [3, 3, 3, 1]


def test_arrays_come_back_to_three_digits_whatever_their_size(tmp_path):
    cache = PictureCache(tmp_path)
    values = np.array([1.0, -0.5, 1e-3, 0.0], np.float32)
    cache.put_arrays({b"small": values * 1e-9, b"large": values * 1e9, b"zero": values * 0})
    found = cache.arrays([b"small", b"large", b"zero", b"none"])
    assert np.allclose(found[b"small"], values * 1e-9, rtol=1e-3)
    assert np.allclose(found[b"large"], values * 1e9, rtol=1e-3)
    assert not found[b"zero"].any()
    assert b"none" not in found
    cache.close()


def test_no_log_that_a_network_drive_cannot_share(tmp_path):
    """SQLite's write-ahead log is damaged by kernels on two machines; its journal is not."""
    cache = PictureCache(tmp_path)
    cache.put_pictures({b"a": picture()})
    (path,) = tmp_path.glob("*.sqlite")
    assert path.read_bytes()[18:20] == b"\x01\x01"  # the file format of a rollback journal
    assert not list(tmp_path.glob("*-wal")) + list(tmp_path.glob("*-shm"))
    cache.close()


def test_two_kernels_share_the_file(tmp_path):
    caches = [PictureCache(tmp_path), PictureCache(tmp_path)]
    for number in range(20):
        caches[number % 2].put_pictures({bytes([number]): picture()})
    for cache in caches:
        assert len(cache.pictures(bytes([number]) for number in range(20))) == 20
        cache.close()


def test_a_damaged_file_is_kept_for_a_kernel_that_has_it_open(tmp_path):
    PictureCache(tmp_path).close()
    (path,) = tmp_path.glob("*.sqlite")
    path.write_bytes(b"this is not a database" * 100)
    with path.open("rb") as opened:
        PictureCache(tmp_path).close()
        assert opened.read() == b"this is not a database" * 100
