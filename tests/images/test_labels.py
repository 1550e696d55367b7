"""Which class an image is of, from what people have."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Subset

from atlas_widget.errors import ImagesError
from atlas_widget.images import as_image_source
from atlas_widget.images.labels import UNKNOWN, image_classes

NAMES = ["tench", "cat", "dog"]
pixels = [np.full((8, 8, 3), shade, np.uint8) for shade in (10, 90, 200)]


def number_of(label: int | str) -> int | None:
    if isinstance(label, int):
        return label if label < 3 else None
    return NAMES.index(label) if label in NAMES else None


def classes(images, given=None, num_classes=3):
    return image_classes(as_image_source(images), number_of, given, num_classes=num_classes)


class Dataset(torch.utils.data.Dataset):
    def __init__(self, targets, names=None) -> None:
        self.targets = targets
        if names is not None:
            self.classes = names

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index):
        return Image.fromarray(pixels[index]), self.targets[index]


def test_folders_named_after_classes(tmp_path):
    for name in ("cat", "dog", "holidays"):
        (tmp_path / name).mkdir()
        Image.fromarray(pixels[0]).save(tmp_path / name / "one.png")
    assert classes(tmp_path).tolist() == [1, 2, UNKNOWN]
    assert classes(tmp_path / "holidays") is None


def test_datasets_by_number_and_by_name():
    assert classes(Dataset([2, 0, 1])).tolist() == [2, 0, 1]
    assert classes(Dataset(torch.tensor([2, 0, 1]))).tolist() == [2, 0, 1]
    # names are the model's, numbers the data set's own
    synonyms = [("puppy", "dog"), ("tench", "Tinca tinca"), ("cat",)]
    assert classes(Dataset([0, 1, 2], synonyms)).tolist() == [2, 0, 1]
    assert classes(Subset(Dataset([2, 0, 1], NAMES), [2, 0])).tolist() == [1, 2]
    # numbers of another data set than the model was made for
    assert classes(Dataset([2, 0, 1]), num_classes=1000) is None


def test_columns_as_hugging_face_has_them():
    rows = [{"image": Image.fromarray(each), "label": n} for n, each in enumerate(pixels)]

    class Columns:
        def __init__(self) -> None:
            self.features = {"label": SimpleNamespace(names=["dog", "cat", "tench"])}

        def __len__(self) -> int:
            return 3

        def __getitem__(self, key):
            return [row[key] for row in rows] if isinstance(key, str) else rows[key]

    assert classes(Columns()).tolist() == [2, 1, 0]


def test_lists_of_pairs_and_nothing_said():
    assert classes(list(zip(pixels, ["dog", "cat", "tench"], strict=True))).tolist() == [2, 1, 0]
    assert classes(pixels) is None


def test_what_the_user_says_goes_first():
    images = list(zip(pixels, [0, 0, 2], strict=True))
    assert classes(images, ["cat", np.int64(2), "bird"]).tolist() == [1, 2, UNKNOWN]
    assert classes(images, {"image 1": "dog"}).tolist() == [UNKNOWN, 2, UNKNOWN]
    assert classes(images, lambda name: int(name[-1])).tolist() == [0, 1, 2]
    with pytest.raises(ImagesError, match="2 labels were given for 3 images"):
        classes(images, [0, 1])
