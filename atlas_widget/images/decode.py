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

from PIL import Image, ImageFile, JpegImagePlugin, UnidentifiedImageError

from atlas_widget.images.array_format import ArrayFormat, is_deep
from atlas_widget.images.metadata import turned_upright, without_metadata
from atlas_widget.images.unreadable import UnreadableImageError, or_unreadable

__all__ = [
    "SHORTER_SIDE",
    "UnreadableImageError",
    "decode",
    "depth_of_file",
    "eight_bit",
    "read_file",
    "to_rgb",
    "upright",
]

SHORTER_SIDE = 1024
"""Photos are decoded at no more than about this many pixels (at most twice as many): crops are
resized to the network's input of a few hundred pixels anyway, and a large JPEG decodes many times
faster at a half, a quarter or an eighth."""

_MAX_REDUCED = 64 * 128_000_000  # pixels; of more, even an eighth of each side is too large
_MAX_WHOLE = 2 * 89_478_485  # pixels; Pillow's own limit, which users are known to lift
_MAX_FILE = 1 << 29  # bytes that are read at once to leave damaged metadata out
_ALONE = 1 << 25  # pixels; larger ones take 100 MB or more each while they are decoded
_one_at_a_time = threading.Lock()
_GREY = (128, 128, 128)
_OTHER_PROGRAMS = ("EPS",)  # formats that Pillow has other programs decode

File = str | Path | IO[bytes] | bytes


def decode(file: File, array_format: ArrayFormat | None = None) -> Image.Image:
    """Read an image file as upright RGB, its shorter side at most twice `SHORTER_SIDE`.

    Parameters
    ----------
    file : str, Path, file or bytes
        Or the contents of a file.
    array_format : ArrayFormat, optional
        What numbers of more than 8 bits mean; by default it is judged from this image alone.

    Raises
    ------
    UnreadableImageError
        It cannot be read, for whatever reason.
    """
    return eight_bit(read_file(file), array_format)


def read_file(file: File) -> Image.Image:
    """Read an image file upright: as RGB, or with one channel of numbers of more than 8 bits."""
    name = "the image" if isinstance(file, bytes) else str(getattr(file, "name", file))
    return or_unreadable(f"Cannot read {name}", _read, file)


def depth_of_file(file: File) -> str | None:
    """Return "grey" or "colour" of a file with more than 8 bits, None of others; pixels unread."""
    try:
        with _opened(file if not isinstance(file, bytes) else io.BytesIO(file)) as image:
            if is_deep(image):
                return "grey"
            tiles = image.tile if isinstance(image, ImageFile.ImageFile) else []
            return "colour" if any(";16" in str(tile[3]) for tile in tiles) else None
    except Exception:  # it is found unreadable when it is read
        return None


def to_rgb(image: Image.Image, array_format: ArrayFormat | None = None) -> Image.Image:
    """Return a copy of any PIL image as upright, opaque, 8-bit RGB; see `decode`."""
    return eight_bit(upright(image), array_format)


def upright(image: Image.Image) -> Image.Image:
    """Return a copy of any PIL image upright, opaque and without metadata: in RGB, or deep."""
    image.load()
    shown = turned_upright(image)
    if not is_deep(shown):
        shown = _reduced(_opaque(shown))
    if shown is image:
        shown = image.copy()
    shown.info = {}  # it is not to be turned once more
    return shown


def eight_bit(image: Image.Image, array_format: ArrayFormat | None = None) -> Image.Image:
    """Return what `upright` returned as 8-bit RGB; see `decode`."""
    if not is_deep(image):
        return image
    known = array_format or ArrayFormat.judged([image])
    return _reduced(known.image(image)[0].convert("RGB"))


def _opaque(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB") if image.mode != "RGB" else image
    layers = image.convert("LA") if image.mode == "La" else image  # which has no way to RGBA
    layers = layers.convert("RGBA")
    # Where a picture is transparent, mid-grey says least to a network.
    opaque = Image.new("RGB", layers.size, _GREY)
    opaque.paste(layers, mask=layers.getchannel("A"))
    return opaque


def _reduced(rgb: Image.Image) -> Image.Image:
    shrink = min(rgb.size) // SHORTER_SIDE
    return rgb.reduce(shrink) if shrink >= 2 else rgb


def _read(file: File) -> Image.Image:
    stream = io.BytesIO(file) if isinstance(file, bytes) else file
    try:
        return _read_stream(stream)
    except Image.DecompressionBombError:
        raise
    except Exception:  # it may be sound but for its metadata
        sound = without_metadata(_content(file))
        if sound is None:
            raise
        return _read_stream(io.BytesIO(sound))


def _read_stream(stream: str | Path | IO[bytes]) -> Image.Image:
    with _opened(stream) as image, _turn(image):
        if image.format == "JPEG" and min(image.size) > SHORTER_SIDE:
            factor = SHORTER_SIDE / min(image.size)
            image.draft(None, (round(image.width * factor), round(image.height * factor)))
        elif image.width * image.height > _MAX_WHOLE:
            raise Image.DecompressionBombError(
                f"its {image.width} × {image.height} pixels are too many (more than {_MAX_WHOLE:,})"
            )
        return upright(image)


def _content(file: File) -> bytes:
    if isinstance(file, bytes):
        return file
    if isinstance(file, str | Path):
        with Path(file).open("rb") as opened:
            return opened.read(_MAX_FILE)
    file.seek(0)
    return file.read(_MAX_FILE)


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
        return Image.open(stream, formats=_formats())
    except UnidentifiedImageError as error:
        raise UnidentifiedImageError("it is in no format of images that is known") from error
    except Image.DecompressionBombError:
        if not isinstance(stream, str | Path):
            stream.seek(0)
        try:
            large = JpegImagePlugin.JpegImageFile(stream)
        except SyntaxError:
            large = None
        if (
            large is None
            or "progressive" in large.info
            or large.width * large.height > _MAX_REDUCED
        ):
            if large is not None:
                large.close()
            raise
        return large


def _formats() -> list[str]:
    """Return the formats that Pillow reads itself, those of plugins of users' own included."""
    Image.init()
    return [name for name in Image.ID if name not in _OTHER_PROGRAMS]
