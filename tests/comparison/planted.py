"""Atlases whose comparison has a known answer."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from atlas_widget import Atlas
from atlas_widget.atlas.samples import Samples
from atlas_widget.images.thumbnails import Thumbnails
from atlas_widget.layout import quick_layout


def jpeg(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, 120, 200 - shade)).save(file, "JPEG")
    return file.getvalue()


def atlas_of(
    activations,
    images=None,
    *,
    xy=None,
    key="places",
    fingerprint="photos",
    map_size=(4, 4),
    **more,
) -> Atlas:
    """An atlas of given activations, one sample an image unless told otherwise."""
    count = len(activations)
    images = np.arange(count) if images is None else np.asarray(images)
    rng = np.random.default_rng(5)
    corners = rng.random((count, 2)).astype(np.float32) * 0.3
    samples = Samples(
        activations=np.asarray(activations, np.float32),
        image_ids=images.astype(np.int32),
        crops=np.concatenate([corners, corners + np.float32(0.5)], axis=1),
        flipped=rng.random(count) < 0.5,
        positions=rng.integers(map_size[0], size=(count, 2)).astype(np.int16),
        image_names=[f"image {number}" for number in range(images.max() + 1)],
        image_indices=np.arange(images.max() + 1, dtype=np.int32),
        thumbnails=Thumbnails.from_jpegs([jpeg(number % 200) for number in range(count)]),
    )
    record = {
        "key": key,
        "map_size": list(map_size),
        "images": {"fingerprint": fingerprint, "description": fingerprint, "count": 99},
        **more,
    }
    places = quick_layout(activations) if xy is None else xy
    return Atlas(samples, places, layer="conv", grids=(6, 12), provenance=record)


def groups(count=600, channels=16, kinds=12, seed=0):
    """Activations in groups, and the group of each."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(kinds, size=count)
    centres = rng.normal(size=(kinds, channels))
    return centres[kind] + 0.3 * rng.normal(size=(count, channels)), kind


def rotation(channels, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(channels, channels)))[0]
