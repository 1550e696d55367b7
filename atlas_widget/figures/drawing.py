"""Cells as a matplotlib ``Figure``: pictures at their places, axes, labels and small print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget.errors import ExportError
from atlas_widget.figures.axes import ABOVE, BESIDE, draw_axes
from atlas_widget.figures.tiles import Mark, Name, Tile, mosaic, place_names

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from atlas_widget.atlas.class_influence import Axis

__all__ = ["caption_of", "figure"]

_WIDTH = (2.0, 7.0)  # inches: from a small inset to the text width of a page
_CELL = (0.09, 0.5)  # inches that a cell may measure
_CAPTION_SIZE = 6.0  # points
_LABEL_SIZE = 4.5
_NAME_SIZE = 6.5
_MARK_SIZE = 5.5
_INK = "#333333"


def figure(
    tiles: Sequence[Tile],
    *,
    caption: str | None = None,
    labels: bool = False,
    dpi: float = 300,
    width: float | None = None,
    grid: int | None = None,
    meaning: tuple[Axis, Axis] | None = None,
    names: Sequence[Name] = (),
    marks: Sequence[Mark] = (),
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
    grid, meaning
        The grid's size, and what x and y mean where they mean something: axes are written then.
    names
        Names of regions, the most important first; those without room are left out.
    marks
        Numbered marks, explained in a legend below; those outside the cells drawn are left out.

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
    bounds = (left, top, left + cols, top + rows)
    seen = _within(marks, grid, bounds) if grid is not None else []
    lines = _wrapped(_legend(seen), max(width, 1.6)) if seen else []
    lines += _wrapped(caption, max(width, 1.6)) if caption else []
    below = (len(lines) * 1.35 + 0.6) * _CAPTION_SIZE / 72 if lines else 0.0
    with_axes = meaning is not None and grid is not None
    above, beside = (ABOVE, BESIDE) if with_axes else (0.0, 0.0)
    page = max(width + beside, 1.6) if lines or with_axes else width
    total = above + height + below
    drawing = Figure(figsize=(page, total), dpi=dpi, facecolor="white")
    FigureCanvasAgg(drawing)
    start = beside + (page - beside - width) / 2
    place = (start / page, below / total, width / page, height / total)
    axes = drawing.add_axes(place)
    axes.set_axis_off()
    axes.set_xlim(0, cols)
    axes.set_ylim(rows, 0)
    axes.imshow(
        mosaic(tiles, top, left, rows, cols),
        extent=(0, cols, rows, 0),
        aspect="auto",
    )
    if meaning is not None and grid is not None:
        draw_axes(drawing, place, meaning, (left / grid, (left + cols) / grid))
    if labels:
        _write_labels(axes, tiles, top, left, cell)
    if names and grid is not None:
        _write_names(axes, names, grid, bounds, cell)
    if seen and grid is not None:
        _draw_marks(axes, seen, grid, bounds)
    for index, line in enumerate(lines):
        drawing.text(
            0.5,
            (below - (index + 1) * 1.35 * _CAPTION_SIZE / 72) / total,
            line,
            ha="center",
            va="bottom",
            fontsize=_CAPTION_SIZE,
            color=_INK,
            parse_math=False,
        )
    return drawing


def caption_of(provenance: Mapping[str, Any], tiles: Sequence[Tile], grid: int) -> str:
    """Return the small print of a figure: what it shows, of what, and how truthful it is."""
    parts = [str(provenance.get("model", "")), str(provenance.get("layer", ""))]
    parts.append(_selection(provenance.get("selected", {})))
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


def _selection(selected: Mapping[str, Any]) -> str:
    """Say in a few words what the samples were chosen by; nothing where all are shown."""
    if selected.get("kind") == "comparison":
        first, other = selected.get("labels", ("", ""))
        return f"what argues most for “{first}” or “{other}”"
    if "label" not in selected:
        return ""
    won = selected.get("by") == "winning"
    return f"{'won by' if won else 'what argues most for'} “{selected['label']}”"


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


def _write_names(
    axes: Any,
    names: Sequence[Name],
    grid: int,
    bounds: tuple[int, int, int, int],
    cell: float,
) -> None:
    """Write the names of regions over the cells, as far as they have room."""
    from matplotlib.patheffects import withStroke

    # In cells: a letter is a little more than half as wide as it is high.
    letter, line = 0.6 * _NAME_SIZE / 72 / cell, 1.4 * _NAME_SIZE / 72 / cell
    for name, x, y in place_names(names, grid, bounds, letter, line):
        axes.text(
            x,
            y,
            name,
            ha="center",
            va="center",
            fontsize=_NAME_SIZE,
            color=_INK,
            fontweight="bold",
            path_effects=[withStroke(linewidth=2.0, foreground="white")],
            parse_math=False,
        )


def _within(marks: Sequence[Mark], grid: int, bounds: tuple[int, int, int, int]) -> list[Mark]:
    left, top, right, bottom = (edge / grid for edge in bounds)
    return [mark for mark in marks if left <= mark.x <= right and top <= mark.y <= bottom]


def _legend(marks: Sequence[Mark]) -> str:
    return " · ".join(f"{mark.number}\u00a0{mark.text}" for mark in marks)


def _draw_marks(
    axes: Any, marks: Sequence[Mark], grid: int, bounds: tuple[int, int, int, int]
) -> None:
    """Draw each mark as its number on a disc, over everything else."""
    disc = {"boxstyle": "circle,pad=0.25", "facecolor": _INK, "edgecolor": "white"}
    for mark in marks:
        axes.text(
            mark.x * grid - bounds[0],
            mark.y * grid - bounds[1],
            str(mark.number),
            ha="center",
            va="center",
            fontsize=_MARK_SIZE,
            fontweight="bold",
            color="white",
            bbox={**disc, "linewidth": 0.7},
            parse_math=False,
        )


def _wrapped(caption: str, width: float) -> list[str]:
    import textwrap

    # A character of the default font is a little more than half as wide as it is high.
    return textwrap.wrap(caption, max(24, int(width * 72 / (0.56 * _CAPTION_SIZE))))
