"""Images at URLs, as fsspec reads them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from atlas_widget import Atlas, AtlasWidget
from atlas_widget.errors import ImagesError, MissingExtraError
from atlas_widget.images import as_image_source, remote
from atlas_widget.images.decode import UnreadableImageError
from tests.conftest import tiny_picture

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    """Three images and something else, in a file system that is in memory."""
    files = fsspec.filesystem("memory")
    for number, name in enumerate(("b/two.png", "a.png", "b/.hidden.png", "c.PNG")):
        tiny_picture(number).save(tmp_path / "picture.png")
        files.pipe(f"/bucket/{name}", (tmp_path / "picture.png").read_bytes())
    files.pipe("/bucket/readme.txt", b"no image")
    yield "memory://bucket"
    files.rm("/bucket", recursive=True)


def test_what_is_below_a_url(bucket: str) -> None:
    source = as_image_source(bucket)
    assert [source.name(i) for i in range(len(source))] == ["a.png", "b/two.png", "c.PNG"]
    assert source.description == "3 images at memory://bucket"
    np.testing.assert_array_equal(source.open(0), tiny_picture(1))
    copy = pickle.loads(pickle.dumps(source))
    np.testing.assert_array_equal(copy.open(1), tiny_picture(0))
    assert copy.fingerprint() == as_image_source(bucket).fingerprint()


def test_changes_are_noticed(bucket: str) -> None:
    source = as_image_source(bucket)
    before = source.fingerprint()
    fsspec.filesystem("memory").pipe("/bucket/a.png", b"something else")
    changed = as_image_source(bucket)
    assert changed.fingerprint() != before
    assert source.fingerprint() == changed.fingerprint(), "also while it is in use"
    with pytest.raises(UnreadableImageError):
        changed.open(0)
    fsspec.filesystem("memory").rm("/bucket/c.PNG")
    with pytest.raises(UnreadableImageError, match=r"c\.PNG"):
        changed.open(2)


def test_a_place_that_is_busy_is_asked_again(bucket: str, monkeypatch) -> None:
    files, tries = type(fsspec.filesystem("memory")), []
    fetch = files.cat_file

    def busy(self, path, *rest, **options):
        tries.append(path)
        if len(tries) % 3:
            raise OSError("503: please reduce your request rate")
        return fetch(self, path, *rest, **options)

    monkeypatch.setattr(files, "cat_file", busy)
    monkeypatch.setattr(remote, "_PAUSES", (0.0, 0.0))
    source = as_image_source(bucket)
    tries.clear()  # of PNGs, a few are looked at for more than 8 bits
    np.testing.assert_array_equal(source.open(0), tiny_picture(1))
    assert len(tries) == 3
    monkeypatch.setattr(remote, "_PAUSES", (0.0,))
    with pytest.raises(UnreadableImageError, match="503"):
        source.open(1)


def test_nothing_there() -> None:
    with pytest.raises(ImagesError, match="No images at 'memory://nowhere'"):
        as_image_source("memory://nowhere")
    with pytest.raises((ImagesError, MissingExtraError), match="nosuch"):
        as_image_source("nosuch://bucket")


def test_a_listing_is_not_one_of_before(bucket: str, monkeypatch) -> None:
    """File systems of object stores keep what they listed for as long as the process lives."""
    files = type(fsspec.filesystem("memory"))
    find, forgotten = files.find, []

    def kept(self, path, **options):
        assert forgotten.pop(), "it was not asked to forget"
        return find(self, path, **options)

    monkeypatch.setattr(files, "find", kept)
    monkeypatch.setattr(files, "invalidate_cache", lambda *_: forgotten.append(True))
    as_image_source(bucket).fingerprint()
    assert not forgotten


def test_a_widget_takes_a_url(tiny_model, bucket: str, tmp_path: Path) -> None:
    options = {"num_samples": 60, "grids": (2,), "cache_dir": tmp_path / "cache"}
    widget = AtlasWidget(tiny_model, "middle", bucket, **options)
    try:
        names = widget.wait(60).atlas.samples.image_names
        assert sorted(names) == ["a.png", "b/two.png", "c.PNG"]
    finally:
        widget.close()


def test_the_atlas_is_that_of_the_folder(tiny_model, tiny_images: Path) -> None:
    """Names are those within the folder, so crops and positions are the same."""
    options = {"num_samples": 60, "device": "cpu", "progress": False}
    here = Atlas.build(tiny_model, "middle", tiny_images, **options)
    there = Atlas.build(tiny_model, "middle", tiny_images.as_uri(), **options)
    np.testing.assert_array_equal(there.activations, here.activations)
    np.testing.assert_array_equal(there.xy, here.xy)
