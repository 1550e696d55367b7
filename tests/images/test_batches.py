"""All images of batches and loaders of any form are seen, or it is said what is left out."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    Sampler,
    WeightedRandomSampler,
)

from atlas_widget.errors import ImagesError
from atlas_widget.images import ImageSource, as_image_source, datasets, streams
from tests.conftest import tiny_picture

PICTURES = [tiny_picture(number) for number in range(12)]
ARRAYS = [np.asarray(picture) for picture in PICTURES]
TENSORS = [torch.from_numpy(array.copy()).permute(2, 0, 1) for array in ARRAYS]
GROUPS = [slice(0, 5), slice(5, 10), slice(10, 12)]


def assert_all(source: ImageSource, expected: list[np.ndarray] = ARRAYS) -> None:
    assert len(source) == len(expected)
    for index, array in enumerate(expected):
        np.testing.assert_array_equal(np.asarray(source.open(index)), array)


class Numbered(Dataset):
    """A dataset of whatever a function makes of a number."""

    def __init__(self, item: Callable[[int], Any], length: int = 12) -> None:
        self.item = item
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Any:
        return self.item(index)


class Streamed(IterableDataset):
    def __init__(self, make: Callable[[], Iterator[Any]]) -> None:
        self.make = make

    def __iter__(self) -> Iterator[Any]:
        return self.make()


PAIRS = Numbered(lambda number: (PICTURES[number], number))


@pytest.mark.parametrize(
    "batch",
    [
        lambda part: PICTURES[part],
        lambda part: tuple(PICTURES[part]),
        lambda part: TENSORS[part],
        lambda part: torch.stack(TENSORS[part]),
        lambda part: [torch.stack(TENSORS[part]), torch.zeros(len(TENSORS[part]))],
        lambda part: (np.stack(ARRAYS[part]), ["label"] * len(ARRAYS[part])),
        lambda part: list(zip(PICTURES[part], range(9), strict=False)),
        lambda part: tuple(zip(*zip(PICTURES[part], range(9), strict=False), strict=True)),
        lambda part: {"image": PICTURES[part], "label": [0] * len(PICTURES[part])},
        lambda part: {"pixel_values": torch.stack(TENSORS[part])},
        lambda part: {"photo": torch.stack(TENSORS[part]), "label": torch.zeros(5)},
        lambda part: [{"image": picture, "label": 0} for picture in PICTURES[part]],
        lambda part: (picture for picture in PICTURES[part]),
        lambda part: (torch.zeros(len(TENSORS[part])), torch.stack(TENSORS[part])),
    ],
    ids=[
        "list",
        "tuple",
        "tensors",
        "stack",
        "stack and labels in a list",
        "arrays and names",
        "list of pairs",
        "tuple(zip(*batch))",
        "dict of lists",
        "dict of tensors",
        "dict of an unknown name",
        "list of dicts",
        "generator",
        "labels first",
    ],
)
def test_forms_of_batches(batch: Callable[[slice], Any]) -> None:
    source = as_image_source(batch(part) for part in GROUPS)
    assert_all(source)
    assert source.notices == []


def test_grey_batches() -> None:
    grey = torch.from_numpy(np.stack([array[..., 0] for array in ARRAYS]))
    expected = [np.repeat(array[..., :1], 3, axis=2) for array in ARRAYS]
    source = as_image_source(iter(grey.split(4)))
    assert_all(source, expected)
    assert "batches of grey images" in source.notices[0]
    labelled = as_image_source((part, torch.zeros(len(part))) for part in grey.split(5))
    assert_all(labelled, expected)
    assert_all(as_image_source(grey), expected)


def test_what_is_left_out_is_counted() -> None:
    stack = torch.stack(TENSORS[:4])
    source = as_image_source((stack, stack) for _ in range(3))
    assert len(source) == 12
    assert any("12 further images" in notice for notice in source.notices)
    masks = as_image_source(Numbered(lambda number: (PICTURES[number], PICTURES[0])))
    assert_all(masks)
    assert any("12 further ones" in notice for notice in masks.notices)


def test_a_dict_of_several_images_says_which() -> None:
    with pytest.raises(ImagesError, match="several hold images: 'left', 'right'"):
        as_image_source(Numbered(lambda _: {"left": TENSORS[0], "right": TENSORS[1]}))


@pytest.mark.parametrize(
    "collate",
    [
        lambda batch: batch,
        lambda batch: [image for image, _ in batch],
        lambda batch: tuple(zip(*batch, strict=True)),
    ],
)
@pytest.mark.parametrize("workers", [0, 1])
def test_loaders_with_a_collate_function(collate: Any, workers: int) -> None:
    assert_all(as_image_source(DataLoader(PAIRS, 5, collate_fn=collate, num_workers=workers)))


def test_what_only_the_collate_function_makes_images_of() -> None:
    def collate(batch: list[int]) -> dict[str, Any]:
        return {"pixel_values": torch.stack([TENSORS[number] for number in batch])}

    assert_all(as_image_source(DataLoader(Numbered(int), 5, collate_fn=collate)))


@pytest.mark.parametrize(
    "options",
    [
        {"batch_sampler": [[7, 2], [3]]},
        {"batch_sampler": BatchSampler([2, 3, 7], 2, drop_last=False)},
        {"sampler": [7, 3, 2, 2], "batch_size": 2},
        {"sampler": BatchSampler([2, 3, 7], 2, drop_last=False), "batch_size": None},
        {"sampler": torch.tensor([2, 3, 7]), "batch_size": 2},
    ],
)
def test_samplers_choose(options: dict[str, Any]) -> None:
    source = as_image_source(DataLoader(PAIRS, **options))
    assert_all(source, [ARRAYS[2], ARRAYS[3], ARRAYS[7]])


class Endless(Sampler):
    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers

    def __iter__(self) -> Iterator[int]:
        return itertools.cycle(self.numbers)


def test_users_random_numbers_stay() -> None:
    class Shuffled(Sampler):
        def __iter__(self) -> Iterator[int]:
            order = torch.randperm(12).tolist()
            random.shuffle(order)
            np.random.shuffle(order)
            return iter(order[:6])

    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert len(as_image_source(DataLoader(PAIRS, 4, sampler=Shuffled()))) == 6
    assert_all(as_image_source(DataLoader(PAIRS, 4, shuffle=True)))
    weighted = WeightedRandomSampler([0.0, 1.0, 0.5, *[0.0] * 9], 100)
    assert_all(as_image_source(DataLoader(PAIRS, 4, sampler=weighted)), ARRAYS[1:3])
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert states == after


def test_datasets_without_a_length_come_in_batches() -> None:
    class Unsized(Dataset):
        def __getitem__(self, index: int) -> Any:
            return TENSORS[index]

    assert_all(as_image_source(DataLoader(Unsized(), 4, sampler=range(12))))


@pytest.mark.timeout(30)
def test_samplers_that_draw_nothing_for_ever() -> None:
    with pytest.raises(ImagesError):
        as_image_source(DataLoader(PAIRS, batch_sampler=Endless([[]])))  # type: ignore[list-item]


@pytest.mark.timeout(30)
def test_endless_samplers() -> None:
    every = as_image_source(DataLoader(PAIRS, 4, sampler=Endless(list(range(12)))))
    assert_all(every)
    assert every.notices == []
    some = as_image_source(DataLoader(PAIRS, 4, sampler=Endless([3, 1])))
    assert_all(some, [ARRAYS[1], ARRAYS[3]])
    assert "2 of the 12 images came up" in some.notices[0]


@pytest.mark.timeout(30)
def test_endless_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "KEPT_IN_MEMORY", 7)
    endless = [
        itertools.repeat(PICTURES[0]),
        itertools.repeat(PICTURES[:4]),
        Streamed(lambda: itertools.repeat(TENSORS[0])),
        DataLoader(Streamed(lambda: itertools.repeat(TENSORS[0])), 4),
    ]
    for images in endless:
        source = as_image_source(images)
        assert len(source) == 7
        assert "The first 7 images" in source.notices[0]
    for nothing in (None, []):
        with pytest.raises(ImagesError, match="No images came"):
            as_image_source(itertools.repeat(nothing))


def test_a_stream_that_ends_is_whole() -> None:
    source = as_image_source(iter(PICTURES))
    assert source.notices == []
    assert source.description == "12 images"


def test_iterable_datasets_of_images_of_many_sizes() -> None:
    """PyTorch's own batches cannot be made of them."""
    images = [torch.full((3, 8 + size, 9), size, dtype=torch.uint8) for size in range(12)]
    loader = DataLoader(Streamed(lambda: iter(images)), 4)
    assert_all(as_image_source(loader), [image.permute(1, 2, 0).numpy() for image in images])


def test_a_generator_may_use_one_array_for_all() -> None:
    def reusing() -> Iterator[np.ndarray]:
        shared = np.empty((8, 9, 3), np.uint8)
        for number in range(12):
            shared[:] = number * 20
            yield shared

    assert_all(as_image_source(reusing()), [np.full((8, 9, 3), n * 20) for n in range(12)])


def test_items_of_other_kinds() -> None:
    @dataclasses.dataclass
    class Sample:
        name: str
        photo: Image.Image

    assert_all(as_image_source(Sample("a", picture) for picture in PICTURES))
    nested = torch.nested.as_nested_tensor(TENSORS)
    assert_all(as_image_source(iter([nested])))

    class Foreign:
        """An array of another library's, which NumPy can read."""

        def __init__(self, array: np.ndarray) -> None:
            self.array, self.shape, self.dtype = array, list(array.shape), array.dtype

        def __array__(self, *_: Any, **__: Any) -> np.ndarray:
            return self.array

    assert_all(as_image_source([Foreign(array) for array in ARRAYS]))
    assert_all(as_image_source(Foreign(np.stack(ARRAYS[part])) for part in GROUPS))


def test_a_dict_of_datasets_is_no_dataset() -> None:
    with pytest.raises(ImagesError, match="dict of 'train', 'test': give one"):
        as_image_source({"train": PAIRS, "test": PAIRS})


def test_lists_of_batches() -> None:
    assert_all(as_image_source([torch.stack(TENSORS[part]) for part in GROUPS]))
    assert_all(as_image_source([PICTURES[part] for part in GROUPS]))


def test_images_and_labels_as_two_arrays() -> None:
    for pair in [(torch.stack(TENSORS), torch.zeros(12)), [np.stack(ARRAYS), np.zeros(12)]]:
        source = as_image_source(pair)
        assert_all(source)
        assert source.notices == []


def test_a_path_beside_an_image_is_no_image() -> None:
    source = as_image_source(Numbered(lambda number: ("elsewhere/a.jpg", TENSORS[number], 3)))
    assert_all(source)
    assert source.notices == []
    assert_all(as_image_source(("elsewhere/a.jpg", picture) for picture in PICTURES))


def test_items_named_by_their_extension() -> None:
    """As WebDataset has them."""
    samples = [{"__key__": "a", "json": b"{}", "JPEG": picture} for picture in PICTURES]
    assert_all(as_image_source(samples))
    assert_all(as_image_source(iter(samples)))


def test_arrays_of_more_dimensions() -> None:
    video = torch.stack(TENSORS).reshape(3, 4, *TENSORS[0].shape)
    source = as_image_source(video)
    assert_all(source)
    assert "12 images" in source.notices[0]


def test_datasets_that_give_another_image_each_time() -> None:
    source = as_image_source(Numbered(lambda _: torch.rand(3, 8, 9)))
    assert "another image each time" in source.notices[0]


def test_a_length_that_no_dataset_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "_TAKEN_OF_MORE", 12)
    source = as_image_source(Numbered(lambda number: PICTURES[number], 10**15))
    assert_all(source)
    assert "1,000,000,000,000,000" in source.notices[0]


def test_a_length_that_cannot_be_told() -> None:
    class Wrong(Numbered):
        def __len__(self) -> int:
            raise NotImplementedError("no length")

    with pytest.raises(ImagesError, match="NotImplementedError: no length"):
        as_image_source(Wrong(int))


def test_two_images_of_each_item_in_tuples() -> None:
    """The last, smaller batch of a loader is no pair of views."""
    source = as_image_source(tuple(PICTURES[part]) for part in GROUPS)
    assert len(source) == 12
    assert isinstance(source.open(11), Image.Image)
