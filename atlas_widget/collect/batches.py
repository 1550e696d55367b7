"""From a batch of crops and the layer's maps of them to samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from atlas_widget.atlas.samples import Samples
from atlas_widget.images.crops import Crop
from atlas_widget.images.thumbnails import Thumbnails, encode_thumbnail

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe

__all__ = ["SampledCrop", "as_tensor", "seen_at", "take_samples"]


@dataclass(frozen=True)
class SampledCrop:
    """A crop, and where on one layer's map samples of it are taken.

    Attributes
    ----------
    index, name
        Of the image.
    crop : Crop
    positions : ndarray of int16, shape (positions, 2)
        Rows and columns on the layer's map.
    thumbnails : list of bytes
        For each position a JPEG file of what the layer sees there.
    """

    index: int
    name: str
    crop: Crop
    positions: NDArray[np.int16]
    thumbnails: list[bytes]


def seen_at(probe: LayerProbe, picture: Image.Image, positions: NDArray[np.integer]) -> list[bytes]:
    """Return for each position of a crop a thumbnail of what the layer sees there."""
    return [
        encode_thumbnail(picture, probe.position_box(int(row), int(column), probe.input_size))
        for row, column in positions
    ]


def take_samples(
    maps: torch.Tensor, crops: Sequence[SampledCrop], unreadable: tuple[str, ...] = ()
) -> Samples:
    """Take the activations at the positions of a batch of crops.

    Parameters
    ----------
    maps : Tensor, shape (len(crops), channels, rows, columns)
        The layer's activations.
    crops : sequence of SampledCrop
        The batch.
    unreadable : tuple of str
        Names of images that could not be read so far.
    """
    numbers = [number for number, crop in enumerate(crops) for _ in crop.positions]
    positions = np.concatenate([crop.positions for crop in crops]).astype(np.int16)
    activations = maps[numbers, :, positions[:, 0].tolist(), positions[:, 1].tolist()]
    images = {crop.index: crop.name for crop in crops}
    ids = {index: number for number, index in enumerate(images)}
    return Samples(
        activations=activations.float().cpu().numpy(),
        positions=positions,
        crops=np.array([crops[number].crop.box for number in numbers], np.float32),
        flipped=np.array([crops[number].crop.flipped for number in numbers], np.bool_),
        image_ids=np.array([ids[crops[number].index] for number in numbers], np.int32),
        image_names=list(images.values()),
        image_indices=np.fromiter(images, np.int32, len(images)),
        thumbnails=Thumbnails.from_jpegs(jpeg for crop in crops for jpeg in crop.thumbnails),
        unreadable=unreadable,
    )


def as_tensor(pictures: Sequence[Image.Image | NDArray[np.uint8]]) -> torch.Tensor:
    """Put pictures of one size into a batch, (n, 3, height, width), RGB in [0, 1]."""
    pixels = np.stack([np.asarray(picture) for picture in pictures])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(255.0)
