"""Small pictures of what each sample saw, as JPEGs in one block of bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["THUMBNAIL_SIZE", "Thumbnails", "encode_thumbnail"]

THUMBNAIL_SIZE = 64


class Thumbnails:
    """Thumbnails by number.

    Parameters
    ----------
    blob : ndarray of uint8
        The JPEG files, one after the other.
    offsets : ndarray of int64, shape (n + 1,)
        Where each begins; the last is the length of the blob.
    """

    def __init__(self, blob: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        self.blob = blob
        self.offsets = offsets

    @classmethod
    def from_jpegs(cls, jpegs: Iterable[bytes]) -> Thumbnails:
        """Put JPEG files together."""
        files = list(jpegs)
        offsets = np.cumsum([0, *(len(file) for file in files)], dtype=np.int64)
        return cls(np.frombuffer(b"".join(files), np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def jpeg(self, index: int) -> bytes:
        """Return a thumbnail as the bytes of a JPEG file."""
        return bytes(self.blob[self.offsets[index] : self.offsets[index + 1]])

    def get(self, index: int) -> NDArray[np.uint8]:
        """Return a thumbnail as an array of shape (64, 64, 3)."""
        with Image.open(io.BytesIO(self.jpeg(index))) as image:
            return np.array(image.convert("RGB"))

    def take(self, indices: Sequence[int] | NDArray[np.integer]) -> Thumbnails:
        """Return the thumbnails of these numbers, in this order."""
        return self.from_jpegs(self.jpeg(int(index)) for index in indices)


def encode_thumbnail(
    picture: Image.Image, box: tuple[float, float, float, float], size: int = THUMBNAIL_SIZE
) -> bytes:
    """Cut a box (in pixels) out of a picture and return it as a small JPEG file."""
    cut = picture.resize((size, size), Image.Resampling.BICUBIC, box=box)
    file = io.BytesIO()
    # 4:4:4 since at 64 pixels halved colour shows, and so do the tables' 0.3 kB, hence optimize
    cut.save(file, "JPEG", quality=85, subsampling=0, optimize=True)
    return file.getvalue()
