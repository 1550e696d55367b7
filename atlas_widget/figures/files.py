"""Figures on disk: PNG, SVG or PDF with their provenance inside and, as JSON, beside them."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget.errors import ExportError, closest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "Exported", "check_path", "check_place", "encode", "export", "free_path"]

FORMATS = ("png", "svg", "pdf")
"""File formats of figures."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The two files that an export writes."""

    path: Path
    provenance: Path


def export(
    path: str | os.PathLike[str],
    drawing: Figure,
    provenance: Mapping[str, Any],
    *,
    dpi: float = 300,
) -> Exported:
    """Write a figure with its provenance inside and, as JSON, beside it.

    Parameters
    ----------
    path
        Where to; the suffix says the format: .png, .svg or .pdf.
    drawing
        The figure.
    provenance
        What it was made of; anything that JSON can write.
    dpi
        Dots an inch of a PNG, and of the pictures within the other formats.

    Returns
    -------
    Exported
        The figure's path and that of ``<path>.json``.

    Raises
    ------
    ExportError
        The suffix is unknown, the folder is missing, or it cannot be written.
    """
    target = check_path(path)
    beside = target.with_name(target.name + ".json")
    data = encode(drawing, provenance, target.suffix[1:].lower(), dpi=dpi)
    try:
        target.write_bytes(data)
        beside.write_text(_as_json(provenance) + "\n", encoding="utf-8")
    except OSError as error:
        raise ExportError(f"{str(target)!r} cannot be written: {error}.") from error
    return Exported(target, beside)


def encode(drawing: Figure, provenance: Mapping[str, Any], kind: str, *, dpi: float = 300) -> bytes:
    """Return a figure as a file; the same figure and provenance give the same bytes.

    Parameters
    ----------
    drawing, provenance, dpi
        See `export`.
    kind
        png, svg or pdf.
    """
    metadata = _metadata(kind, provenance, _as_json(provenance))
    # At Pillow's usual 6 a whole atlas takes twice as long, for a file 2 % smaller.
    options: dict[str, Any] = {"pil_kwargs": {"compress_level": 4}} if kind == "png" else {}
    written = io.BytesIO()
    with _resampled(drawing, dpi if kind == "png" else None):
        drawing.savefig(written, format=kind, dpi=dpi, metadata=metadata, **options)
    data = written.getvalue()
    return _with_plain_ids(data) if kind == "svg" else data


def _as_json(provenance: Mapping[str, Any]) -> str:
    return json.dumps(provenance, indent=2, default=str, ensure_ascii=False)


def check_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a figure to be, or say why it cannot be one."""
    target = Path(path).expanduser()
    kind = target.suffix[1:].lower()
    if kind not in FORMATS:
        accepted = ", ".join(f".{name}" for name in FORMATS)
        near = closest(kind, FORMATS, 1) if kind else []
        hint = f" Did you mean {str(target.with_suffix('.' + near[0]))!r}?" if near else ""
        what = f"the suffix {target.suffix!r}" if kind else "no suffix"
        raise ExportError(f"{str(target)!r} has {what}; accepted are {accepted}.{hint}")
    check_place(target)
    return target


def check_place(target: Path) -> None:
    """Raise that a file cannot be written there, because its folder is missing or it is one."""
    folder = target.parent
    if not folder.is_dir():
        there = folder.parent
        names = (
            [entry.name for entry in there.iterdir() if entry.is_dir()] if there.is_dir() else []
        )
        near = closest(folder.name, names, 1)
        hint = f" Did you mean {str(there / near[0])!r}?" if near else ""
        raise ExportError(f"The folder {str(folder)!r} does not exist; make it first.{hint}")
    if target.is_dir():
        raise ExportError(f"{str(target)!r} is a folder; name a file.")


def free_path(folder: Path, stem: str, kind: str) -> Path:
    """Return a path in a folder that overwrites nothing: ``stem.png``, ``stem-2.png``, ..."""
    clean = "".join(char if char.isalnum() or char in "-_." else "-" for char in stem).strip("-.")
    clean = clean[:80] or "atlas"
    number = 1
    while True:
        name = f"{clean}.{kind}" if number == 1 else f"{clean}-{number}.{kind}"
        candidate = folder / name
        if not candidate.exists() and not candidate.with_name(name + ".json").exists():
            return candidate
        number += 1


def _with_plain_ids(svg: bytes) -> bytes:
    """Number the ids that matplotlib draws at random; the setting against that is a global one."""
    found = dict.fromkeys(re.findall(rb'\bid="([a-z]+[0-9a-f]{10})"', svg))
    plain = {name: b"i%d" % number for number, name in enumerate(found)}

    def renamed(match: re.Match[bytes]) -> bytes:
        before, name = match.groups()
        return before + plain.get(name, name)

    return re.sub(rb'(\bid="|"#|url\(#)([a-z]+[0-9a-f]{10})\b', renamed, svg)


@contextmanager
def _resampled(drawing: Figure, dpi: float | None) -> Iterator[None]:
    """Have pictures drawn as they are; for a PNG, brought to its very pixels before.

    Vector formats carry the pictures' own pixels. matplotlib's own resampling of a whole atlas
    takes five seconds where Pillow's takes a fifth of one.
    """
    from PIL import Image

    images = [(axes, image) for axes in drawing.axes for image in axes.images]
    before = [(image, image.get_array(), image.get_interpolation()) for _, image in images]
    try:
        for axes, image in images:
            image.set_interpolation("none")
            if dpi is None:
                continue
            place = axes.get_position()
            width = max(1, round(place.width * drawing.get_figwidth() * dpi))
            height = max(1, round(place.height * drawing.get_figheight() * dpi))
            pixels = Image.fromarray(np.asarray(image.get_array()), "RGBA").convert("RGBa")
            resized = pixels.resize((width, height), Image.Resampling.LANCZOS).convert("RGBA")
            image.set_data(np.asarray(resized))
        yield
    finally:
        for image, array, interpolation in before:
            image.set_data(array)
            image.set_interpolation(interpolation)


def _metadata(kind: str, provenance: Mapping[str, Any], record: str) -> dict[str, Any]:
    title = f"Activation atlas of {provenance.get('model')}, {provenance.get('layer')}"
    creator = f"atlas-widget {provenance.get('versions', {}).get('atlas-widget', '')}".strip()
    if kind == "png":
        return {"Title": title, "Software": creator, "atlas-widget": record}
    if kind == "svg":
        return {"Title": title, "Creator": creator, "Date": None, "Description": record}
    about = {"Title": title, "Creator": creator, "Subject": title, "Keywords": record}
    return {**about, "CreationDate": None}  # the record has it; the file itself can be made again
