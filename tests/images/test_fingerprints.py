"""A fingerprint changes with any image that is in memory; of others it says what it reads."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset
from torchvision.datasets import ImageFolder

from atlas_widget.images import as_image_source
from tests.conftest import tiny_picture
from tests.images.test_batches import Numbered

PIXELS = np.random.default_rng(0).integers(0, 255, (100, 8, 9, 3), dtype=np.uint8)
BETWEEN = 47  # none of the sixteen that are looked at


class InMemory(Numbered):
    """A dataset that keeps its images in an attribute, as torchvision's do."""

    def __init__(self, images: Any) -> None:
        super().__init__(lambda number: (self.images[number], 0), len(images))
        self.images = images


class Elsewhere(Numbered):
    """A dataset of which nothing is known."""


def tensors(pixels: np.ndarray) -> TensorDataset:
    return TensorDataset(torch.from_numpy(pixels).permute(0, 3, 1, 2), torch.zeros(len(pixels)))


@pytest.mark.parametrize(
    "make",
    [
        list,
        torch.from_numpy,
        tensors,
        lambda pixels: Subset(tensors(pixels), range(100)),
        lambda pixels: ConcatDataset([tensors(pixels[:50]), tensors(pixels[50:])]),
        lambda pixels: DataLoader(tensors(pixels), 4),
        InMemory,
        lambda pixels: InMemory([(image, 0) for image in pixels]),
        lambda pixels: InMemory(tuple(pixels)),
        lambda pixels: iter(pixels),
    ],
)
def test_any_image_in_memory_counts(make: Callable[[np.ndarray], Any]) -> None:
    source = as_image_source(make(PIXELS))
    edited = PIXELS.copy()
    edited[BETWEEN, 3, 4] ^= 1
    assert as_image_source(make(PIXELS.copy())).fingerprint() == source.fingerprint()
    assert as_image_source(make(edited)).fingerprint() != source.fingerprint()
    assert source.hashed == "all images"


def test_arrays_on_a_disk_count_by_size_and_time(tmp_path: Path) -> None:
    np.save(tmp_path / "pixels.npy", PIXELS)
    mapped = tmp_path / "pixels.npy"
    first = as_image_source(np.load(mapped, mmap_mode="r"))
    assert "mapped files" in first.hashed
    before = first.fingerprint()
    assert as_image_source(np.load(mapped, mmap_mode="r")).fingerprint() == before
    os.utime(mapped, (1, 1))
    touched = as_image_source(np.load(mapped, mmap_mode="r")).fingerprint()
    assert touched != before
    half = as_image_source(np.load(mapped, mmap_mode="r")[50:]).fingerprint()
    assert as_image_source(np.load(mapped, mmap_mode="r")[:50]).fingerprint() != half


def test_files_of_a_dataset_count_by_size_and_time(tmp_path: Path) -> None:
    (tmp_path / "class").mkdir()
    for number in range(40):
        tiny_picture(number).save(tmp_path / "class" / f"{number:02}.png")
    first = as_image_source(ImageFolder(tmp_path))
    assert "sizes and times of all files" in first.hashed
    before = first.fingerprint()
    assert as_image_source(ImageFolder(tmp_path)).fingerprint() == before
    os.utime(tmp_path / "class" / "17.png", (1, 1))
    assert as_image_source(ImageFolder(tmp_path)).fingerprint() != before


def test_what_was_hashed_of_others_is_on_record(tiny_model: torch.nn.Module) -> None:
    from atlas_widget import Atlas

    images = Elsewhere(lambda number: PIXELS[number], 100)
    assert as_image_source(images).hashed == "16 of 100 images"
    atlas = Atlas.build(
        tiny_model, "middle", images, num_samples=40, grids=(2,), device="cpu", progress=False
    )
    assert atlas.provenance["images"]["hashed"] == "16 of 100 images"
