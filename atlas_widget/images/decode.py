"""One picture of any kind to an upright 8-bit RGB image.

Photos come rotated by EXIF, in CMYK, with 16 bits, with a palette or with holes. A network wants
none of that, and an unreadable file should say why.
"""

from __future__ import annotations

import io
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, JpegImagePlugin

from atlas_widget.errors import ImagesError

__all__ = ["SHORTER_SIDE", "UnreadableImageError", "decode", "to_rgb"]

SHORTER_SIDE = 1024
"""Photos are decoded at no more than about this many pixels (at most twice as many): crops are
resized to the network's input of a few hundred pixels anyway, and a large JPEG decodes many times
faster at a half, a quarter or an eighth."""

_LARGEST = 64 * 128_000_000  # pixels; of more, even an eighth of each side is too large
_ALONE = 1 << 25  # pixels; larger ones take 100 MB or more each while they are decoded
_one_at_a_time = threading.Lock()
_GREY = (128, 128, 128)


class UnreadableImageError(ImagesError):
    """One image cannot be read. Collecting goes on without it."""


def decode(file: str | Path | IO[bytes] | bytes) -> Image.Image:
    """Read an image file as upright RGB, its shorter side at most twice `SHORTER_SIDE`."""
    stream = io.BytesIO(file) if isinstance(file, bytes) else file
    try:
        with _opened(stream) as image, _turn(image):
            if image.format == "JPEG" and min(image.size) > SHORTER_SIDE:
                factor = SHORTER_SIDE / min(image.size)
                image.draft(None, (round(image.width * factor), round(image.height * factor)))
            return to_rgb(image)
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
        name = "the image" if isinstance(file, bytes) else str(file)
        raise UnreadableImageError(f"Cannot read {name}: {error}") from error


def _turn(image: Image.Image) -> AbstractContextManager[Any]:
    """Wait until no other such image is decoded, if many threads at once might fill the memory."""
    by_lines = image.format == "JPEG" and "progressive" not in image.info
    large = image.width * image.height > _ALONE and not by_lines
    return _one_at_a_time if large else nullcontext()


def _opened(stream: str | Path | IO[bytes]) -> Image.Image:
    """Open an image file; of those that Pillow finds too large, a JPEG that decodes small enough.

    Pillow refuses what would take more than half a gigabyte in memory. A baseline JPEG can be
    decoded at an eighth, which takes a sixty-fourth; a progressive one has to be held whole.
    """
    try:
        return Image.open(stream)
    except Image.DecompressionBombError:
        if not isinstance(stream, str | Path):
            stream.seek(0)
        try:
            large = JpegImagePlugin.JpegImageFile(stream)
        except SyntaxError:
            large = None
        if large is None or "progressive" in large.info or large.width * large.height > _LARGEST:
            if large is not None:
                large.close()
            raise
        return large


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a copy of any PIL image as upright, opaque, 8-bit RGB."""
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I") or upright.mode == "F":
        upright = _from_deep(np.asarray(upright), upright.mode)
    if upright.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in upright.info:
        layers = upright.convert("RGBA")
        # Where a picture is transparent, mid-grey says least to a network.
        upright = Image.new("RGB", layers.size, _GREY)
        upright.paste(layers, mask=layers.getchannel("A"))
    rgb = upright.convert("RGB") if upright.mode != "RGB" else upright
    shrink = min(rgb.size) // SHORTER_SIDE
    if shrink >= 2:
        rgb = rgb.reduce(shrink)
    return rgb if rgb is not image else image.copy()


def _from_deep(values: NDArray[Any], mode: str) -> Image.Image:
    """Bring 16-bit, 32-bit and float grey values to 8 bits."""
    finite = np.nan_to_num(values.astype(np.float32))
    top = float(finite.max(initial=0.0))
    if mode == "F" and top <= 1.0:
        scale = 255.0
    elif top <= 255.0:
        scale = 1.0
    else:
        scale = 255.0 / max(65535.0, top)
    return Image.fromarray(np.clip(np.rint(finite * scale), 0, 255).astype(np.uint8))
