"""Atlases of given activations."""

from __future__ import annotations

import numpy as np

from atlas_widget import Atlas
from atlas_widget.atlas.samples import Samples
from atlas_widget.images.thumbnails import Thumbnails


def atlas_of(activations, layer="conv3", images=None, xy=None, grids=(4,)) -> Atlas:
    """An atlas of given activations, one sample an image unless told otherwise."""
    count = len(activations)
    images = np.arange(count) if images is None else images
    samples = Samples(
        activations=np.asarray(activations, np.float32),
        image_ids=np.asarray(images, np.int32),
        crops=np.tile(np.array([0, 0, 1, 1], np.float32), (count, 1)),
        flipped=np.zeros(count, np.bool_),
        positions=np.zeros((count, 2), np.int16),
        image_names=[f"image {number}" for number in range(max(images) + 1)],
        image_indices=np.arange(max(images) + 1, dtype=np.int32),
        thumbnails=Thumbnails.from_jpegs([b""] * count),
    )
    places = np.random.default_rng(1).random((count, 2)) if xy is None else xy
    return Atlas(samples, places, layer=layer, grids=grids, min_count=1)
