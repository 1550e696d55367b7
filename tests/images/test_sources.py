"""Everything people have becomes an image source."""

from __future__ import annotations

import shutil
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, SubsetRandomSampler

from atlas_widget.errors import ImagesError
from atlas_widget.images import (
    ImageSource,
    UnreadableImageError,
    as_image_source,
    datasets,
    streams,
)
from tests.conftest import tiny_picture

PICTURES = [tiny_picture(number) for number in range(3)]
ARRAYS = [np.asarray(picture) for picture in PICTURES]
STACK = torch.from_numpy(np.stack(ARRAYS)).permute(0, 3, 1, 2)  # uint8 (3, 3, 48, 64)
MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
STD = torch.tensor([0.229, 0.224, 0.225])[:, None, None]


def assert_same(source: ImageSource, tolerance: int = 0) -> None:
    assert isinstance(source, ImageSource)
    assert len(source) == 3
    for number, expected in enumerate(ARRAYS):
        picture = source.open(number)
        assert picture.mode == "RGB"
        difference = np.abs(np.asarray(picture).astype(int) - expected.astype(int))
        assert difference.max() <= tolerance
    assert len({source.name(number) for number in range(3)}) == 3


class Pairs(Dataset):
    """Items as torchvision's: an image and a label."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index], index


class Dicts(Pairs):
    """Items as Hugging Face's."""

    key = "image"

    def __getitem__(self, index: int) -> Any:
        return {"label": index, self.key: self.items[index]}


class Stream(IterableDataset):
    def __iter__(self) -> Iterator[Any]:
        return iter(STACK.float() / 255)


FLOATS = STACK.float() / 255


@pytest.mark.parametrize(
    "images",
    [
        PICTURES,
        tuple(PICTURES),
        ARRAYS,
        [array.astype(np.float32) for array in ARRAYS],
        [array.astype(np.float64) / 255 for array in ARRAYS],
        STACK,
        STACK.numpy(),
        np.stack(ARRAYS),
        FLOATS,
        list(FLOATS),
        FLOATS * 255,
        Pairs(PICTURES),
        Pairs(list(FLOATS)),
        Dicts(PICTURES),
        DataLoader(Pairs(list(FLOATS)), batch_size=2, shuffle=True),
        DataLoader(Dicts(list(FLOATS)), batch_size=2),
        DataLoader(Stream(), batch_size=2),
        Stream(),
        (picture for picture in PICTURES),
    ],
    ids=lambda images: type(images).__name__,
)
def test_kinds(images: Any) -> None:
    assert_same(as_image_source(images), tolerance=1)


@pytest.mark.parametrize("key", ["img", "pixel_values"])
def test_keys_of_dicts(key: str) -> None:
    dataset = Dicts(PICTURES)
    dataset.key = key
    assert_same(as_image_source(dataset))


def test_undecoded_hugging_face_images(tmp_path: Path) -> None:
    PICTURES[0].save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    source = as_image_source(
        [{"image": {"bytes": content, "path": None}}, {"image": {"path": str(tmp_path / "a.png")}}]
    )
    np.testing.assert_array_equal(np.asarray(source.open(0)), ARRAYS[0])
    np.testing.assert_array_equal(np.asarray(source.open(1)), ARRAYS[0])


@pytest.mark.parametrize("wrap", [lambda x: x, list, Pairs, lambda x: DataLoader(Pairs(x), 2)])
def test_normalised_tensors_come_back(wrap: Any) -> None:
    half = SimpleNamespace(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    assert_same(as_image_source(wrap((FLOATS - 0.5) / 0.25), preprocessing=half), tolerance=1)
    assumed = as_image_source(wrap((FLOATS - MEAN) / STD))
    assert_same(assumed, tolerance=1)
    assert "ImageNet's mean and deviation, which was assumed" in assumed.description


def test_loaders_sampler_chooses() -> None:
    dataset = Pairs(list(FLOATS))
    loader = DataLoader(dataset, batch_size=2, sampler=SubsetRandomSampler([2, 0]))
    assert len(as_image_source(loader)) == 2
    assert len(as_image_source(Subset(dataset, [1]))) == 1


def test_streams_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "KEPT_IN_MEMORY", 2)
    endless = (PICTURES[0] for _ in iter(int, 1))
    assert len(as_image_source(endless)) == 2


def test_source_is_returned_as_it_is() -> None:
    source = as_image_source(PICTURES)
    assert as_image_source(source) is source


def test_sources_are_sequences_with_names(tiny_images: Path) -> None:
    source = as_image_source(tiny_images)
    assert np.asarray(source[-1]).shape == (48, 64, 3)
    assert len(source[:2]) == 2
    assert len(list(source)) == 12
    np.testing.assert_array_equal(np.asarray(source["picture_03.png"]), np.asarray(source.open(3)))
    with pytest.raises(KeyError, match=r"picture_0"):
        source["picture_3.png"]
    with pytest.raises(IndexError):
        source[12]


class TestFolders:
    def test_recursive_and_case_insensitive(self, tmp_path: Path) -> None:
        (tmp_path / "a" / "b").mkdir(parents=True)
        PICTURES[0].save(tmp_path / "a" / "b" / "x.PNG")
        PICTURES[1].save(tmp_path / "y.JpEg", "JPEG")
        (tmp_path / "notes.txt").write_text("no image")
        (tmp_path / ".hidden.png").write_text("no image")
        source = as_image_source(str(tmp_path))
        assert source.names == ["y.JpEg", "a/b/x.PNG"]
        assert str(tmp_path) in source.description

    def test_home(self, tiny_images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tiny_images.parent))
        assert len(as_image_source(f"~/{tiny_images.name}")) == 12

    def test_one_file_and_list_of_paths(self, tiny_images: Path) -> None:
        file = tiny_images / "picture_03.png"
        assert as_image_source(file).names == ["picture_03.png"]
        assert as_image_source([file, str(file)]).names == [
            "picture_03.png",
            "picture_03.png (1)",
        ]

    def test_empty(self, tmp_path: Path) -> None:
        with pytest.raises(ImagesError, match=str(tmp_path)):
            as_image_source(tmp_path)

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ImagesError, match=r"nowhere"):
            as_image_source(tmp_path / "nowhere")
        with pytest.raises(ImagesError, match=r"Did you mean 'imagenette'"):
            as_image_source("imagenete")

    def test_unreadable_file_opens_with_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "broken.jpg").write_bytes(b"no")
        source = as_image_source(tmp_path)
        with pytest.raises(UnreadableImageError, match=r"broken\.jpg"):
            source.open(0)

    def test_fingerprint(self, tiny_images: Path, tmp_path: Path) -> None:
        copy = tmp_path / "copy"
        shutil.copytree(tiny_images, copy)  # keeps the times
        first = as_image_source(tiny_images).fingerprint()
        assert as_image_source(copy).fingerprint() == first
        (copy / "picture_00.png").unlink()
        assert as_image_source(copy).fingerprint() != first


@pytest.mark.parametrize("images", [PICTURES, ARRAYS, FLOATS, Pairs(PICTURES), Dicts(list(FLOATS))])
def test_fingerprints_depend_on_contents(images: Any) -> None:
    first = as_image_source(images).fingerprint()
    assert as_image_source(images).fingerprint() == first
    other = [tiny_picture(9), *PICTURES[1:]]
    assert as_image_source(other).fingerprint() != first


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([], "empty"),
        (Pairs([]), "no images"),
        (np.zeros((4, 4)), r"\(4, 4\)"),
        ([1, 2], "int"),
        ([{"text": "no"}], "'text'"),
        (Dicts(["/nowhere.png"]), "nowhere"),
        (42, "42"),
        ({"a": 1}, "dict"),
        (iter([]), "No images"),
    ],
)
def test_what_is_no_images(images: Any, message: str) -> None:
    with pytest.raises(ImagesError, match=message):
        as_image_source(images)


def test_an_image_that_is_not_finite_is_unreadable() -> None:
    broken = FLOATS.clone()
    broken[1, 0, 0, 0] = torch.nan
    source = as_image_source(broken)
    with pytest.raises(UnreadableImageError, match="not finite"):
        source.open(1)
    assert source.open(0).mode == "RGB"


def test_dataset_that_raises_for_one_item() -> None:
    class Broken(Pairs):
        def __getitem__(self, index: int) -> Any:
            if index == 1:
                raise OSError("disk")
            return super().__getitem__(index)

    source = as_image_source(Broken(PICTURES))
    assert source.open(0).mode == "RGB"
    with pytest.raises(UnreadableImageError, match="disk"):
        source.open(1)


def test_torchvision_folder_names(tmp_path: Path) -> None:
    from torchvision.datasets import ImageFolder

    for kind in ("cats", "dogs"):
        (tmp_path / kind).mkdir()
        PICTURES[0].save(tmp_path / kind / "one.png")
    source = as_image_source(ImageFolder(tmp_path))
    assert source.names == ["cats/one.png", "dogs/one.png"]


def test_imagenette_without_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import imagenette

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(imagenette, "download_and_extract_archive", refuse)
    with pytest.raises(ImagesError, match=r"no network.*images=None"):
        datasets.imagenette(tmp_path)


def test_imagenette_that_is_there(tmp_path: Path) -> None:
    for split in ("train", "val"):
        for wnid in ("n01440764", "n02102040"):
            folder = tmp_path / "imagenette2-160" / split / wnid
            folder.mkdir(parents=True)
            PICTURES[0].save(folder / f"{wnid}_1.JPEG", "JPEG")
    source = datasets.imagenette(tmp_path)
    assert len(source) == 2
    assert "Imagenette" in source.description
    assert isinstance(source.open(0), Image.Image)


def test_a_folders_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    """Those of a folder before those of the folders in it; what is hidden or no image is not."""
    for name in ("b.png", "a.JPG", "z/y.jpeg", "c/b/a.png", "c/d.webp", ".h/i.png", "c/.j.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no image")
    source = as_image_source(tmp_path)
    assert source.names == ["a.JPG", "b.png", "c/d.webp", "c/b/a.png", "z/y.jpeg"]
    assert list(source.paths) == [tmp_path / name for name in source.names]


def test_folders_elsewhere_are_part_of_the_folder(tmp_path: Path) -> None:
    """Data sets are often links to where there is room; one that leads back is no endless way."""
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "folder"
    (elsewhere / "deep").mkdir(parents=True)
    folder.mkdir()
    (elsewhere / "deep" / "a.png").touch()
    (folder / "train").symlink_to(elsewhere)
    (folder / "broken").symlink_to(tmp_path / "nowhere")
    (folder / "again").symlink_to(folder)
    (elsewhere / "deep" / "back").symlink_to(folder)
    assert as_image_source(folder).names == ["train/deep/a.png"]


def test_of_many_files_only_the_names_are_kept(tmp_path: Path) -> None:
    for number in range(3000):
        (tmp_path / f"{number:05d}.png").touch()
    tracemalloc.start()
    source = as_image_source(tmp_path)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(source) == 3000
    assert kept / 3000 < 150, "bytes a file"


def test_the_former_place_of_as_image_source_still_answers() -> None:
    from atlas_widget.images import sources

    with pytest.warns(DeprecationWarning, match=r"atlas_widget\.images\.as_image_source"):
        assert sources.as_image_source is as_image_source
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sources.nothing
