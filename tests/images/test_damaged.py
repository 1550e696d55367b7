"""An image that cannot be read is left out and named, wherever it comes from; none ends a build."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin

from atlas_widget import Atlas
from atlas_widget.errors import UnreadableImagesError
from atlas_widget.images import ImageSource, UnreadableImageError, as_image_source, crop_boxes
from atlas_widget.images.decode import decode, to_rgb
from benchmarks.damaged_images import damaged_files, sound_files
from tests.conftest import tiny_picture
from tests.images.test_batches import Numbered

PICTURES = [tiny_picture(number) for number in range(12)]
TRUNCATED = 5
BUILD = {"num_samples": 120, "grids": (2,), "device": "cpu", "progress": False}


def contents(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Twelve photos, of which one is cut off in the middle."""
    paths = [tmp_path / f"{number:02}.jpg" for number in range(12)]
    for path, picture in zip(paths, PICTURES, strict=True):
        picture.save(path)
    paths[TRUNCATED].write_bytes(paths[TRUNCATED].read_bytes()[:700])
    return paths


def unreadable(source: ImageSource) -> dict[str, str]:
    found = {}
    for index in range(len(source)):
        try:
            assert source.open(index).mode == "RGB"
        except UnreadableImageError as error:
            found[source.name(index)] = str(error)
    return found


@pytest.mark.filterwarnings("ignore")
def test_two_hundred_damaged_files() -> None:
    read = 0
    for file in damaged_files(200, seed=1):
        try:
            picture = decode(file.content)
        except UnreadableImageError:
            assert not file.metadata, f"{file.format}: its picture is whole"
        else:
            assert picture.mode == "RGB"
            assert min(picture.size) > 0
            read += 1
    assert 40 < read < 160


KINDS: dict[str, Callable[[list[Path]], Any]] = {
    "folder": lambda paths: paths[0].parent,
    "paths": list,
    "opened images": lambda paths: [Image.open(path) for path in paths],
    "contents": lambda paths: [path.read_bytes() for path in paths],
    "open files": lambda paths: [path.open("rb") for path in paths],
    "dataset": lambda paths: Numbered(lambda number: (Image.open(paths[number]), number)),
    "Hugging Face": lambda paths: Numbered(
        lambda number: {"image": {"bytes": paths[number].read_bytes(), "path": None}}
    ),
    "Hugging Face paths": lambda paths: Numbered(
        lambda number: {"image": {"bytes": None, "path": str(paths[number])}}
    ),
    "generator": lambda paths: (Image.open(path) for path in paths),
    "iterator": lambda paths: map(decode, paths),
    "batches": lambda paths: (list(map(Image.open, paths[at : at + 4])) for at in (0, 4, 8)),
    "URLs": lambda paths: [path.as_uri() for path in paths],
    "URL of a folder": lambda paths: paths[0].parent.as_uri(),
    "loader": lambda paths: torch.utils.data.DataLoader(
        Numbered(lambda number: (Image.open(paths[number]), number)), 4
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_photo_is_left_out_and_named(
    kind: str, files: list[Path], tiny_model: torch.nn.Module
) -> None:
    if kind.startswith("URL"):
        pytest.importorskip("fsspec")
    atlas = Atlas.build(tiny_model, "middle", KINDS[kind](files), **BUILD)
    (notice,) = [line for line in atlas.notices if "could not be read" in line]
    assert notice.startswith("1 of 12 images could not be read: ")
    assert "5" in notice
    assert len(atlas.samples.image_names) >= 9


def test_what_is_no_image_in_a_list_is_left_out() -> None:
    wrong = {
        "empty": np.zeros((0, 5, 3), np.uint8),
        "complex": np.zeros((8, 9), complex),
        "dates": np.zeros((8, 9), "M8[s]"),
        "many channels": np.zeros((8, 9, 13), np.uint8),
        "none": None,
        "number": 3,
        "text": "no such file",
        "not finite": np.full((8, 9), np.nan),
        "scalar": np.array(1.0),
    }
    source = as_image_source([*PICTURES, *wrong.values()])
    assert len(unreadable(source)) == len(wrong)
    assert unreadable(source).keys() == {source.name(index) for index in range(12, 21)}


def test_more_than_a_tenth_is_an_error_that_says_why(tiny_model: torch.nn.Module) -> None:
    images = [np.zeros((0, 5, 3), np.uint8), *map(np.asarray, PICTURES[:5])]
    with pytest.raises(UnreadableImagesError, match=r"1 of 6 images.*no pixels"):
        Atlas.build(tiny_model, "middle", images, **BUILD)


class OwnSource:
    """A source of a user's own, whose errors are no errors of this package."""

    description = "my images"

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.unreadable: list[str] = []

    def __len__(self) -> int:
        return 12

    def name(self, index: int) -> str:
        return f"{index}"

    def open(self, index: int) -> Image.Image:
        if index == TRUNCATED:
            if self.error is None:
                return None  # type: ignore[return-value]
            raise self.error
        return PICTURES[index]

    def fingerprint(self) -> str:
        return ""


@pytest.mark.parametrize("error", [KeyError("gone"), struct.error("short"), None])
@pytest.mark.parametrize("to_disk", [False, True])
def test_sources_of_users_own_may_raise_anything(
    error: Exception | None, to_disk: bool, tiny_model: torch.nn.Module, tmp_path: Path
) -> None:
    folder = {"folder": tmp_path} if to_disk else {}
    atlas = Atlas.build(tiny_model, "middle", OwnSource(error), **BUILD, **folder)
    assert any("could not be read: 5" in notice for notice in atlas.notices)


def test_an_image_that_could_not_be_read_is_never_half_read_later(tmp_path: Path) -> None:
    """Pillow gives the readable part of some damaged files when it is asked once more."""
    path = tmp_path / "damaged.tif"
    PICTURES[0].save(path, compression="tiff_lzw")
    sound = path.read_bytes()
    path.write_bytes(sound[:300] + bytes(300) + sound[600:])
    source = as_image_source([Image.open(path), *PICTURES[1:]])
    for _ in range(3):
        with pytest.raises(UnreadableImageError):
            source.open(0)


def test_a_generator_that_breaks_off_says_so() -> None:
    def broken() -> Iterator[Image.Image]:
        yield from PICTURES
        raise RuntimeError("the disk is gone")

    source = as_image_source(broken())
    assert list(unreadable(source)) == ["image 12"]
    assert any("nothing more came" in notice and "disk" in notice for notice in source.notices)


def photo_with_exif(tag: int, kind: int) -> bytes:
    """A sound JPEG, turned by EXIF (orientation 6), with one other entry of a wrong type."""
    entries = struct.pack("<HHHII", 2, 0x0112, 3, 1, 6) + struct.pack("<HHII", tag, kind, 1, 38)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + entries + bytes(4) + b"\xff\xfe\x80\0" * 8
    return contents(PICTURES[0], "JPEG", exif=exif)


@pytest.mark.parametrize(("tag", "kind"), [(296, 2), (282, 2), (270, 5), (306, 12), (34665, 2)])
@pytest.mark.filterwarnings("ignore")
def test_a_wrong_entry_of_exif_leaves_a_photo_upright(tag: int, kind: int) -> None:
    content = photo_with_exif(tag, kind)
    width, height = PICTURES[0].size
    assert decode(content).size == (height, width)
    assert to_rgb(Image.open(io.BytesIO(content))).size == (height, width)


@pytest.mark.parametrize("orientation", [0, 2, 3, 4, 5, 6, 7, 8, 9])
def test_orientations(orientation: int) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("PNG", "TIFF"):
        content = contents(PICTURES[0], kind, exif=exif.tobytes())
        expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
        np.testing.assert_array_equal(decode(content), expected)
        upright = to_rgb(Image.open(io.BytesIO(content)))
        np.testing.assert_array_equal(to_rgb(upright), expected, "turned once, not twice")


def test_a_wrong_checksum_of_metadata_leaves_a_png_whole() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "words")
    content = contents(PICTURES[0], pnginfo=text, exif=exif)
    for place in (content.index(b"words"), content.index(b"eXIf") + 4 + 25):  # the last bytes
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        assert decode(bytes(damaged)).size == PICTURES[0].size[::-1]
    damaged = bytearray(content)
    damaged[content.index(b"IDAT") + 20] ^= 0xFF
    with pytest.raises(UnreadableImageError):
        decode(bytes(damaged))


def test_a_damaged_avif_is_unreadable_and_one_with_damaged_exif_is_read() -> None:
    content = sound_files().get("AVIF")
    if content is None:
        pytest.skip("this Pillow writes no AVIF")
    with pytest.raises(UnreadableImageError, match="Cannot read"):
        decode(content[:-40] + bytes(40))
    at = content.index(b"MM\0*")
    assert min(decode(content[:at] + bytes(8) + content[at + 8 :]).size) == 48


def test_users_who_lift_pillows_limit_are_still_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.images.test_decode import png_header

    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(UnreadableImageError, match="too many"):
        decode(png_header(30_000, 30_000))


def test_no_other_program_is_run() -> None:
    """Pillow has Ghostscript draw what is PostScript, whatever the file is called."""
    with pytest.raises(UnreadableImageError, match="no format"):
        decode(contents(PICTURES[0], "EPS"))


def test_users_global_settings_of_pillow_stay(files: list[Path]) -> None:
    from PIL import ImageFile

    before = ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, warnings.filters[:]
    unreadable(as_image_source(files))
    after = ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, warnings.filters[:]
    assert before == after


@pytest.mark.timeout(20)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_a_folder_is_not_waited_for(files: list[Path]) -> None:
    os.mkfifo(files[0].parent / "pipe.png")
    assert len(as_image_source(files[0].parent)) == 12


def test_where_images_may_lie(tmp_path: Path) -> None:
    content = contents(PICTURES[0])
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        archive.writestr("inside/a.png", content)
    row = torch.frombuffer(bytearray(content), dtype=torch.uint8)  # torchvision.io.read_file
    places = [
        content,
        bytearray(content),
        memoryview(content),
        io.BytesIO(content),
        row,
        row.numpy(),
        zipfile.Path(tmp_path / "images.zip", "inside/a.png"),
    ]
    source = as_image_source(places)
    for index in range(len(places)):
        np.testing.assert_array_equal(source.open(index), PICTURES[0])
    np.testing.assert_array_equal(as_image_source(content).open(0), PICTURES[0])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "La", "P", "PA", "RGBA", "RGBa", "RGBX", "CMYK"])
def test_modes_of_opened_images(mode: str) -> None:
    between = {"La": "LA", "RGBa": "RGBA"}.get(mode)
    picture = PICTURES[0].convert(between) if between else PICTURES[0]
    converted = Image.new("PA", (8, 9)) if mode == "PA" else picture.convert(mode)
    assert to_rgb(converted).mode == "RGB"


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1)])
def test_the_smallest_and_the_narrowest(shape: tuple[int, int], tiny_model) -> None:
    images = [np.zeros((*shape, 3), np.uint8), *map(np.asarray, PICTURES)]
    assert as_image_source(images).open(0).size == shape[::-1]
    assert len(crop_boxes("a", shape[::-1], count=3)) == 3
    atlas = Atlas.build(tiny_model, "middle", images, **BUILD)
    assert not any("could not be read" in notice for notice in atlas.notices)
