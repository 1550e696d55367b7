"""Samples: activations at single positions, and where in which image each comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlas_widget.images.crops import Crop
from atlas_widget.images.thumbnails import Thumbnails

__all__ = ["Samples"]


@dataclass(frozen=True)
class Samples:
    """Collected activations and their origins: row i of every array belongs to sample i.

    Attributes
    ----------
    activations : ndarray of float32, shape (n, channels)
    positions : ndarray of int16, shape (n, 2)
        Row and column on the layer's map.
    crops : ndarray of float32, shape (n, 4)
        Left, top, right, bottom of the crop the network was given, as fractions of the image.
    flipped : ndarray of bool, shape (n,)
        Whether the crop was mirrored left to right.
    image_ids : ndarray of int32, shape (n,)
        Which of `image_names`.
    image_names : list of str
        Names of the images that samples come from.
    image_indices : ndarray of int32, shape (len(image_names),)
        Their numbers in the image source.
    thumbnails : Thumbnails
        What the layer saw at that position, 64 pixels a side.
    unreadable : tuple of str
        Names of images that could not be read.
    """

    activations: NDArray[np.float32]
    positions: NDArray[np.int16]
    crops: NDArray[np.float32]
    flipped: NDArray[np.bool_]
    image_ids: NDArray[np.int32]
    image_names: list[str]
    image_indices: NDArray[np.int32]
    thumbnails: Thumbnails
    unreadable: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.activations)

    def name(self, index: int) -> str:
        """Name the image that a sample comes from."""
        return self.image_names[int(self.image_ids[index])]

    def crop(self, index: int) -> Crop:
        """Return the crop that the network was given."""
        left, top, right, bottom = (float(edge) for edge in self.crops[index])
        return Crop((left, top, right, bottom), bool(self.flipped[index]))

    def take(self, indices: Sequence[int] | NDArray[np.integer]) -> Samples:
        """Return these samples, in this order."""
        rows = np.asarray(indices, dtype=np.int64)
        used, image_ids = np.unique(self.image_ids[rows], return_inverse=True)
        return Samples(
            activations=self.activations[rows],
            positions=self.positions[rows],
            crops=self.crops[rows],
            flipped=self.flipped[rows],
            image_ids=image_ids.astype(np.int32),
            image_names=[self.image_names[image] for image in used],
            image_indices=self.image_indices[used],
            thumbnails=self.thumbnails.take(rows),
            unreadable=self.unreadable,
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Samples]) -> Samples:
        """Put samples together; an image that occurs in several parts is named once."""
        numbers: dict[int, int] = {}
        names: list[str] = []
        ids = []
        for part in parts:
            mine = np.empty(len(part.image_names), np.int32)
            pairs = zip(part.image_indices, part.image_names, strict=True)
            for here, (index, name) in enumerate(pairs):
                if int(index) not in numbers:
                    numbers[int(index)] = len(names)
                    names.append(name)
                mine[here] = numbers[int(index)]
            ids.append(mine[part.image_ids])
        return cls(
            activations=np.concatenate([part.activations for part in parts]),
            positions=np.concatenate([part.positions for part in parts]),
            crops=np.concatenate([part.crops for part in parts]),
            flipped=np.concatenate([part.flipped for part in parts]),
            image_ids=np.concatenate(ids),
            image_names=names,
            image_indices=np.fromiter(numbers, np.int32, len(numbers)),
            thumbnails=Thumbnails.from_jpegs(
                part.thumbnails.jpeg(i) for part in parts for i in range(len(part))
            ),
            unreadable=tuple(dict.fromkeys(name for part in parts for name in part.unreadable)),
        )
