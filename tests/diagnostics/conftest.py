"""Atlases whose cells are what a test says they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from atlas_widget import Atlas
from atlas_widget.atlas.samples import Samples
from atlas_widget.images.thumbnails import Thumbnails

AtlasOf = Callable[[Sequence[NDArray[np.floating]]], Atlas]


@pytest.fixture
def atlas_of() -> AtlasOf:
    """Make an atlas with a row of cells that hold these activations; each sample its own image."""

    def make(cells: Sequence[NDArray[np.floating]], per_image: int = 1) -> Atlas:
        activations = np.concatenate(cells).astype(np.float32)
        count, size = len(activations), len(cells)
        column = np.repeat(np.arange(size), [len(cell) for cell in cells])
        random = np.random.default_rng(0)
        within = random.uniform(0.1, 0.9, (count, 2)) / size
        images = np.arange(count, dtype=np.int32) // per_image
        names = [f"image {number}" for number in range(int(images[-1]) + 1)]
        samples = Samples(
            activations=activations,
            positions=np.zeros((count, 2), np.int16),
            crops=np.tile(np.array([0, 0, 1, 1], np.float32), (count, 1)),
            flipped=np.zeros(count, np.bool_),
            image_ids=images,
            image_names=names,
            image_indices=np.arange(len(names), dtype=np.int32),
            thumbnails=Thumbnails.from_jpegs(b"" for _ in range(count)),
        )
        xy = within + np.column_stack([column / size, np.zeros(count)])
        return Atlas(samples, xy, layer="planted", grids=(size,), min_count=1)

    return make
