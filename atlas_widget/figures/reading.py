"""Figures read back: the record inside a file, and the pictures that it shows.

The file may be anybody's. Nothing in it is executed, no entity of XML is expanded and nothing is
fetched; what is too large is not decoded.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import io
import json
import re
import struct
import zlib
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import FigureError, closest
from atlas_widget.figures.files import FORMATS

__all__ = ["Drawn", "ReadFigure", "read_figure"]

MAX_BYTES = 512 << 20
_MAX_PIXELS = 200_000_000
_KEY = "atlas-widget"

Drawn = npt.NDArray[np.uint8]
"""RGB, (height, width, 3): of a PNG the whole figure, of the others the cells' mosaic."""


class ReadFigure:
    """A figure file as it was read.

    Parameters
    ----------
    path
        The file.
    kind
        png, svg or pdf.
    data
        Its bytes.
    record
        The provenance record inside.
    drawn
        The pictures in it, or None where they cannot be taken out of this file.
    """

    def __init__(
        self, path: Path, kind: str, data: bytes, record: dict[str, Any], drawn: Drawn | None
    ) -> None:
        self.path = path
        self.kind = kind
        self.data = data
        self.record = record
        self.drawn = drawn


def read_figure(path: Path) -> ReadFigure:
    """Read a figure that was exported.

    Raises
    ------
    FigureError
        There is no such file, it is damaged, or it has no record of how it was made.
    """
    data = _bytes(path)
    kind = _kind(path, data)
    try:
        text, drawn = decode(data, kind)
    except (ValueError, OSError, SyntaxError, expat.ExpatError, zlib.error, struct.error) as error:
        if isinstance(error, FigureError):
            raise
        raise FigureError(f"{str(path)!r} is damaged, it cannot be read: {error}") from error
    if text is None:
        raise FigureError(
            f"{str(path)!r} has no record of how it was made: w.export(…) and the widget's export "
            "menu write one; another program that saved the file anew may have dropped it."
        )
    try:
        record = json.loads(text)
    except ValueError as error:
        raise FigureError(
            f"{str(path)!r} is damaged, its record cannot be read: {error}"
        ) from error
    if not isinstance(record, dict) or not isinstance(record.get("figure"), dict):
        raise FigureError(f"{str(path)!r} has a record, but not one of a figure of an atlas.")
    return ReadFigure(path, kind, data, record, drawn)


def decode(data: bytes, kind: str) -> tuple[str | None, Drawn | None]:
    """Return the record in a file, as text, and the pictures that it shows."""
    return {"png": _png, "svg": _svg, "pdf": _pdf}[kind](data)


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        near = closest(path.name, names, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise FigureError(f"There is no file {str(path)!r}.{hint}")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise FigureError(
                f"{str(path)!r} has {size:,} bytes; figures of at most {MAX_BYTES:,} are read."
            )
        return path.read_bytes()
    except OSError as error:
        raise FigureError(f"{str(path)!r} cannot be read: {error}") from error


def _kind(path: Path, data: bytes) -> str:
    kind = path.suffix[1:].lower()
    if kind in ("html", "htm"):
        raise FigureError(
            f"{str(path)!r} is a page. It holds its provenance, but figures are what can be made "
            f"again: {', '.join('.' + name for name in FORMATS)}."
        )
    if kind not in FORMATS:
        accepted = ", ".join("." + name for name in FORMATS)
        raise FigureError(f"{str(path)!r} is no figure; accepted are {accepted}.")
    begins = {"png": data[:8] == b"\x89PNG\r\n\x1a\n", "pdf": data[:5] == b"%PDF-"}
    if not begins.get(kind, data.lstrip()[:1] == b"<"):
        raise FigureError(f"{str(path)!r} is damaged, or is no {kind.upper()} file.")
    return kind


def _png(data: bytes) -> tuple[str | None, Drawn | None]:
    with _opened(data) as image:
        drawn = np.asarray(image.convert("RGB"))
        text = image.text.get(_KEY)  # what follows the pixels is known once they are read
    return text, drawn


def _opened(data: bytes) -> Any:
    """Open a PNG in memory, unless it is beyond all that a figure can measure."""
    from PIL import Image
    from PIL.PngImagePlugin import PngImageFile

    try:
        image = Image.open(io.BytesIO(data), formats=["PNG"])
    except Image.DecompressionBombError as error:
        raise FigureError(f"The picture in it is too large: {error}") from error
    if not isinstance(image, PngImageFile) or image.width * image.height > _MAX_PIXELS:
        raise FigureError(
            f"The picture in it has {image.width:,} × {image.height:,} pixels, too many to compare."
        )
    return image


def _svg(data: bytes) -> tuple[str | None, Drawn | None]:
    """Read the description and the embedded picture of an SVG, with expat alone."""
    parser = expat.ParserCreate()
    found: dict[str, Any] = {"inside": 0, "text": [], "picture": None}

    def refuse(*_: Any) -> int:
        raise FigureError(
            "The SVG declares entities, which no figure of this package does: it is not read."
        )

    def start(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "description":
            found["inside"] += 1
        if local == "image" and found["picture"] is None:
            found["picture"] = attributes.get("xlink:href") or attributes.get("href")

    def end(name: str) -> None:
        if name.rpartition(":")[2] == "description":
            found["inside"] -= 1

    def text(part: str) -> None:
        if found["inside"]:
            found["text"].append(part)

    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.Parse(data, True)
    return "".join(found["text"]).strip() or None, _of_address(found["picture"])


def _of_address(address: str | None) -> Drawn | None:
    """Return the picture in a ``data:`` address; other addresses are not followed."""
    before, _, encoded = (address or "").partition(",")
    if before != "data:image/png;base64":
        return None
    try:
        png = base64.b64decode(encoded)
    except binascii.Error as error:
        raise FigureError(f"The picture in the SVG is damaged: {error}") from error
    with _opened(png) as image:
        return _on_white(np.asarray(image.convert("RGBA")))


def _on_white(rgba: npt.NDArray[np.uint8]) -> Drawn:
    seen = rgba[..., 3:] > 127
    return np.where(seen, rgba[..., :3], np.uint8(255))


def _pdf(data: bytes) -> tuple[str | None, Drawn | None]:
    at = data.find(b"/Keywords (")
    text = None
    if at >= 0:
        raw = _pdf_string(data, at + len(b"/Keywords "))
        utf16 = raw.startswith(codecs.BOM_UTF16_BE)
        text = raw[2:].decode("utf-16-be") if utf16 else raw.decode("latin-1")
    return text, _pdf_picture(data)


_ESCAPED = {ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("b"): 8, ord("f"): 12}


def _pdf_string(data: bytes, at: int) -> bytes:
    """Return the string that begins at a parenthesis."""
    found, depth = bytearray(), 0
    while at < len(data):
        byte = data[at]
        if byte == ord("\\"):
            octal = re.match(rb"[0-7]{1,3}", data[at + 1 : at + 4])
            if octal:
                found.append(int(octal[0], 8) & 255)
                at += len(octal[0])
            elif at + 1 < len(data):
                found.append(_ESCAPED.get(data[at + 1], data[at + 1]))
                at += 1
        elif byte == ord("("):
            depth += 1
            if depth > 1:
                found.append(byte)
        elif byte == ord(")"):
            depth -= 1
            if not depth:
                return bytes(found)
            found.append(byte)
        else:
            found.append(byte)
        at += 1
    raise FigureError("The record in the PDF has no end: the file is cut off.")


_PDF_IMAGE = re.compile(rb"<<[^<>]*/Subtype /Image[^<>]*(?:<<[^<>]*>>[^<>]*)*>>\s*stream\r?\n")


def _pdf_picture(data: bytes) -> Drawn | None:
    """Return the mosaic of cells, which matplotlib writes as the chunks of a PNG."""
    for match in _PDF_IMAGE.finditer(data):
        about = match[0]
        size = [re.search(rb"/%s (\d{1,6})\b" % name, about) for name in (b"Width", b"Height")]
        if b"/DeviceRGB" not in about or b"/Indexed" in about or not all(size):
            continue
        width, height = (int(each[1]) for each in size if each is not None)
        end = data.find(b"endstream", match.end())
        if end < 0 or b"/FlateDecode" not in about:
            continue
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        chunks = ((b"IHDR", header), (b"IDAT", data[match.end() : end]), (b"IEND", b""))
        png = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)
        with _opened(png) as image:
            return np.asarray(image.convert("RGB"))[::-1]  # a PDF counts from the bottom
    return None


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
