"""Metadata of image files: the orientation, and files without what is damaged of the rest."""

from __future__ import annotations

import zlib
from typing import Any

from PIL import ExifTags, Image

__all__ = ["turned_upright", "without_metadata"]

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""From EXIF's orientation to what shows a picture upright."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_JPEG_KEPT = (0xE0, 0xEE)  # JFIF's and Adobe's segments say how colours are coded
_JPEG_SCAN = 0xDA
_AVIF_HEAD = 4096  # bytes, in which the items of a file are listed


def turned_upright(image: Image.Image) -> Image.Image:
    """Return an image as EXIF's orientation has it; the same object where it says nothing.

    `ImageOps.exif_transpose` writes all of the EXIF data anew and fails over any entry of a wrong
    type. Here only the one tag is read, and data that cannot be read say nothing.
    """
    try:
        turn = _TURNS.get(_orientation(image))
    except Exception:  # struct.error, TypeError, KeyError and others, as the damage has it
        turn = None
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> Any:
    # a TIFF file's tags are read when it is opened, and Pillow itself turns it when it is loaded
    tags = getattr(image, "tag_v2", None)
    return (tags if tags is not None else image.getexif()).get(ExifTags.Base.Orientation)


def without_metadata(content: bytes) -> bytes | None:
    """Return a PNG, JPEG or AVIF file without comments, profiles and what else is not its picture.

    Pillow refuses a sound picture over a wrong checksum or length in them. None for other formats,
    and where there is nothing to leave out.
    """
    if content.startswith(_PNG):
        kept = _png_kept(content)
    elif content.startswith(_JPEG):
        kept = _jpeg_kept(content)
    elif content[4:8] == b"ftyp":
        # of an unknown kind, an item is passed over
        kept = content[:_AVIF_HEAD].replace(b"Exif", b"none") + content[_AVIF_HEAD:]
    else:
        return None
    return kept if kept != content else None


def _png_kept(content: bytes) -> bytes:
    """Keep a PNG file's critical chunks, sound transparency, and EXIF as far as it can be read."""
    parts, at = [_PNG], len(_PNG)
    while at + 12 <= len(content):
        length, name = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        end = at + 12 + length
        checksum = zlib.crc32(content[at + 4 : end - 4]).to_bytes(4)
        sound = checksum == content[end - 4 : end]
        if not name[:1].islower() or (name == b"tRNS" and sound):
            parts.append(content[at:end])
        elif name == b"eXIf":
            parts += [content[at : end - 4], checksum]
        at = end
    return b"".join(parts)


def _jpeg_kept(content: bytes) -> bytes:
    """Keep a JPEG file's segments but those of applications and comments."""
    parts, at = [_JPEG], len(_JPEG)
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker == _JPEG_SCAN:
            break
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4])
        if marker in _JPEG_KEPT or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            parts.append(content[at:end])
        at = end
    return b"".join([*parts, content[at:]])
