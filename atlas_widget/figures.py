"""Cells as a figure for a paper: a matplotlib ``Figure``, and PNG, SVG or PDF with its provenance.

Nothing here touches pyplot or any global setting of matplotlib, so a figure can be made on any
thread while the person draws their own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import ExportError, closest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "Exported", "Tile", "caption_of", "export", "figure", "free_path"]

FORMATS = ("png", "svg", "pdf")
"""What a figure can be written as."""

_WIDTH = (2.0, 7.0)  # inches: from a small inset to the text width of a page
_CELL = (0.09, 0.5)  # inches that a cell may measure
_GAP = 1 / 32  # of a cell
_CAPTION_SIZE = 6.0  # points
_LABEL_SIZE = 4.5
_INK = "#333333"


@dataclass(frozen=True, slots=True)
class Tile:
    """A cell as it is drawn.

    Attributes
    ----------
    row, col
        Its place in the grid.
    pixels
        Its picture: height x width x 3, RGB.
    state
        "crop" for a real crop, "rough" or "final" for an inversion.
    label
        A word or two under the picture, or None.
    """

    row: int
    col: int
    pixels: npt.NDArray[np.uint8]
    state: str = "final"
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """The two files that an export writes."""

    path: Path
    provenance: Path


def figure(
    tiles: Sequence[Tile],
    *,
    caption: str | None = None,
    labels: bool = False,
    dpi: float = 300,
    width: float | None = None,
) -> Figure:
    """Draw cells at their places in the grid.

    Parameters
    ----------
    tiles
        The cells. The figure is as large as the rectangle that holds them; gaps stay white.
    caption
        A line in small print below, or None.
    labels
        Whether to write each cell's label into it.
    dpi
        Dots an inch when it is saved as pixels.
    width
        Inches; by default such that a cell is easily seen and the figure fits a page.

    Returns
    -------
    matplotlib.figure.Figure
        Made without pyplot: it is shown by returning it from a notebook's cell.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not tiles:
        raise ExportError("There are no cells to draw.")
    if not (np.isfinite(dpi) and 10 <= dpi <= 2400):
        raise ExportError(f"dpi={dpi!r} is out of range; 72 to 600 is usual, 10 to 2400 possible.")
    top, left = min(tile.row for tile in tiles), min(tile.col for tile in tiles)
    rows = max(tile.row for tile in tiles) - top + 1
    cols = max(tile.col for tile in tiles) - left + 1
    if width is None:
        width = float(np.clip(cols * 0.35, *_WIDTH))
        width = cols * float(np.clip(width / cols, *_CELL))
    cell = width / cols
    height = rows * cell
    lines = _wrapped(caption, max(width, 1.6)) if caption else []
    below = (len(lines) * 1.35 + 0.6) * _CAPTION_SIZE / 72 if lines else 0.0
    page = max(width, 1.6) if lines else width
    drawing = Figure(figsize=(page, height + below), dpi=dpi, facecolor="white")
    FigureCanvasAgg(drawing)
    axes = drawing.add_axes(
        (
            (page - width) / 2 / page,
            below / (height + below),
            width / page,
            height / (height + below),
        )
    )
    axes.set_axis_off()
    axes.set_xlim(0, cols)
    axes.set_ylim(rows, 0)
    axes.imshow(
        _mosaic(tiles, top, left, rows, cols),
        extent=(0, cols, rows, 0),
        aspect="auto",
    )
    if labels:
        _write_labels(axes, tiles, top, left, cell)
    for index, line in enumerate(lines):
        drawing.text(
            0.5,
            (below - (index + 1) * 1.35 * _CAPTION_SIZE / 72) / (height + below),
            line,
            ha="center",
            va="bottom",
            fontsize=_CAPTION_SIZE,
            color=_INK,
            parse_math=False,
        )
    return drawing


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
    kind = target.suffix[1:].lower()
    record = json.dumps(provenance, indent=2, default=str, ensure_ascii=False)
    beside = target.with_name(target.name + ".json")
    metadata = _metadata(kind, provenance, record)
    try:
        with _resampled(drawing, dpi if kind == "png" else None):
            # At Pillow's usual 6 a whole atlas takes twice as long, for a file 2 % smaller.
            options: dict[str, Any] = {"pil_kwargs": {"compress_level": 4}} if kind == "png" else {}
            drawing.savefig(target, format=kind, dpi=dpi, metadata=metadata, **options)
        beside.write_text(record + "\n", encoding="utf-8")
    except OSError as error:
        raise ExportError(f"{str(target)!r} cannot be written: {error}.") from error
    return Exported(target, beside)


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
    return target


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


def caption_of(provenance: Mapping[str, Any], tiles: Sequence[Tile], grid: int) -> str:
    """Return the small print of a figure: what it shows, of what, and how truthful it is."""
    parts = [str(provenance.get("model", "")), str(provenance.get("layer", ""))]
    samples = provenance.get("settings", {}).get("num_samples")
    images = provenance.get("images", {}).get("count")
    if samples:
        parts.append(f"{samples:,} samples" + (f" of {images:,} images" if images else ""))
    parts.append(f"{_count(len(tiles), 'cell')} of a {grid} × {grid} grid")
    crops = sum(tile.state == "crop" for tile in tiles)
    rough = sum(tile.state == "rough" for tile in tiles)
    if crops:
        parts.append("real crops" if crops == len(tiles) else f"{_count(crops, 'cell')}: real crop")
    if rough:
        parts.append(f"{_count(rough, 'picture')} unfinished")
    return " · ".join(part for part in parts if part)


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


def _mosaic(
    tiles: Sequence[Tile], top: int, left: int, rows: int, cols: int
) -> npt.NDArray[np.uint8]:
    """Put all tiles into one RGBA picture; what no tile covers is transparent."""
    from PIL import Image

    side = max(tile.pixels.shape[0] for tile in tiles)
    gap = max(1, round(side * _GAP))
    step = side + gap
    mosaic = np.zeros((rows * step, cols * step, 4), dtype=np.uint8)
    mosaic[..., :3] = 255  # resampling must not bleed black into the edges
    for tile in tiles:
        pixels = tile.pixels
        if pixels.shape[:2] != (side, side):
            resized = Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS)
            pixels = np.asarray(resized)
        y = (tile.row - top) * step + gap // 2
        x = (tile.col - left) * step + gap // 2
        mosaic[y : y + side, x : x + side, :3] = pixels
        mosaic[y : y + side, x : x + side, 3] = 255
    return mosaic


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _write_labels(axes: Any, tiles: Sequence[Tile], top: int, left: int, cell: float) -> None:
    from matplotlib.patheffects import withStroke

    size = min(_LABEL_SIZE, cell * 72 / 6)
    room = max(4, int(cell * 72 / (0.5 * size)))
    for tile in tiles:
        if not tile.label:
            continue
        text = tile.label if len(tile.label) <= room else tile.label[: room - 1] + "…"
        axes.text(
            tile.col - left + 0.5,
            tile.row - top + 0.97,
            text,
            ha="center",
            va="bottom",
            fontsize=size,
            color="white",
            path_effects=[withStroke(linewidth=0.8, foreground="black")],
            parse_math=False,
        )


def _wrapped(caption: str, width: float) -> list[str]:
    import textwrap

    # A character of the default font is a little more than half as wide as it is high.
    return textwrap.wrap(caption, max(24, int(width * 72 / (0.56 * _CAPTION_SIZE))))


def _metadata(kind: str, provenance: Mapping[str, Any], record: str) -> dict[str, Any]:
    title = f"Activation atlas of {provenance.get('model')}, {provenance.get('layer')}"
    creator = f"atlas-widget {provenance.get('versions', {}).get('atlas-widget', '')}".strip()
    if kind == "png":
        return {"Title": title, "Software": creator, "atlas-widget": record}
    if kind == "svg":
        return {"Title": title, "Creator": creator, "Description": record}
    return {"Title": title, "Creator": creator, "Subject": title, "Keywords": record}
