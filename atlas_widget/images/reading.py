"""Read images and cut crops out of them, in an order that makes any part of them a fair one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas_widget.images.crops import Crop, crop_boxes, crop_image, random_positions
from atlas_widget.images.decode import UnreadableImageError
from atlas_widget.images.source import ImageSource, open_image

__all__ = ["GROUP", "CropReader", "ReadCrop", "image_order", "read_ahead"]

Item = TypeVar("Item")

GROUP = 48
"""Number of decoded images that are held at once, when images are used several times."""


@dataclass(frozen=True)
class ReadCrop:
    """A crop ready for the network.

    Attributes
    ----------
    index, name
        Of the image.
    crop : Crop
    positions : ndarray, shape (positions, 2)
        Rows and columns on the layer's map to take samples at.
    picture : PIL image
        The crop, resized to the network's input.
    """

    index: int
    name: str
    crop: Crop
    positions: NDArray[np.int16]
    picture: Image.Image


class CropReader:
    """Reader of crops: of which images, in which order.

    Parameters
    ----------
    source : ImageSource
        The images. Those that cannot be read are added to its `unreadable`.
    seed : int
    scale : tuple of float
        See `crop_boxes`.
    positions : int
        Positions per crop.
    map_size : tuple of int
        Rows and columns of the layer's map.
    size : int
        Side of the network's input.

    Attributes
    ----------
    first_reason : str
        Why the first image that could not be read could not.
    """

    def __init__(
        self,
        source: ImageSource,
        seed: int,
        scale: tuple[float, float],
        positions: int,
        map_size: tuple[int, int],
        size: int,
    ) -> None:
        self.source = source
        self.seed = seed
        self.scale = scale
        self.positions = positions
        self.map_size = map_size
        self.size = size
        self.first_reason = ""

    def crops(self, rounds: int) -> Iterator[ReadCrop]:
        """Yield crops without end, as long as there are images that can be read.

        Parameters
        ----------
        rounds : int
            How many crops of each image, before any image gives more.
        """
        order = image_order(self.source, self.seed).tolist()
        start = 0
        while True:
            readable = []
            for begin in range(0, len(order), GROUP):
                # In each group all first crops, then all second ones: any part is a fair one.
                images: dict[int, Image.Image] = {}
                for number in range(start, start + rounds):
                    for index in order[begin : begin + GROUP]:
                        if number > start and index not in images:
                            continue
                        crop = self._prepare(index, number, images, keep=rounds > 1)
                        if crop is not None:
                            yield crop
                            if number == start:
                                readable.append(index)
            # Some images could not be read: the others make up for them.
            order = readable
            start += rounds
            if not order:
                return

    def _prepare(
        self, index: int, number: int, images: dict[int, Image.Image], keep: bool
    ) -> ReadCrop | None:
        name = self.source.name(index)
        image = images.get(index)
        if image is None:
            try:
                image = open_image(self.source, index)
            except UnreadableImageError as error:
                if name not in self.source.unreadable:
                    self.source.unreadable.append(name)
                    getattr(self.source, "reasons", {})[name] = str(error)
                self.first_reason = self.first_reason or f"{name}: {error}"
                return None
            if keep:
                images[index] = image
        (crop,) = crop_boxes(
            name, image.size, seed=self.seed, count=1, scale=self.scale, start=number
        )
        positions = random_positions(
            name, number, self.map_size, seed=self.seed, count=self.positions
        )
        return ReadCrop(index, name, crop, positions, crop_image(image, crop, self.size))


def image_order(source: ImageSource, seed: int) -> NDArray[np.int32]:
    """Shuffle images by a hash of their names, so that neighbours do not matter.

    Returns
    -------
    ndarray of int32, shape (len(source),)
        Numbers of images.
    """
    keys = np.empty((len(source), 8), np.uint8)
    for index in range(len(source)):
        name = f"order\0{seed}\0{source.name(index)}".encode("utf-8", "surrogateescape")
        keys[index] = np.frombuffer(hashlib.blake2b(name, digest_size=8).digest(), np.uint8)
    return np.argsort(keys.view(">u8")[:, 0], kind="stable").astype(np.int32)


def read_ahead(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    """Yield batches, such as of crops; a thread reads the next one while this is worked on."""
    with ThreadPoolExecutor(1, thread_name_prefix="atlas-images") as reader:
        ahead = reader.submit(lambda: list(islice(items, size)))
        while batch := ahead.result():
            ahead = reader.submit(lambda: list(islice(items, size)))
            yield batch
