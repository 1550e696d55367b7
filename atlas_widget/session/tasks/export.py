"""From what a session knows to a figure and its record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from atlas_widget import figures
from atlas_widget.errors import CellError, ExportError
from atlas_widget.session.cells.checks import check_cells, check_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from atlas_widget.atlas import Atlas
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.sheets import Picture

__all__ = ["draw", "export", "export_here"]


class Shown(Protocol):
    """What is on show, as a session has it."""

    scene: Scene | None
    model: str

    @property
    def layer(self) -> str:
        """The layer's name."""
        ...

    @property
    def inversion(self) -> str:
        """How pictures are made, for the record."""
        ...

    @property
    def shown_atlas(self) -> Atlas | None:
        """The atlas on show, once it is ready."""
        ...

    def snapshot(self, grid: int) -> tuple[dict[int, Picture], dict[int, str | None]]:
        """Return the pictures and labels of a grid as they are now."""
        ...


def draw(
    session: Shown,
    grid: int,
    cells: Sequence[int],
    *,
    dpi: float = 300,
    caption: bool | str = True,
    labels: bool = False,
) -> tuple[Figure, dict[str, Any]]:
    """Return cells as a figure, with the pictures that there are, and the record of it.

    Parameters
    ----------
    session
        Where the pictures come from.
    grid, cells
        The cells.
    dpi, labels
        See :func:`atlas_widget.figures.figure`.
    caption
        Whether to say in small print what is shown, or what to say.
    """
    tiles, cosines = _tiles(session, grid, cells)
    record = _record(session, grid, cells, tiles, cosines)
    text: str | None = None
    if caption:
        text = caption if isinstance(caption, str) else figures.caption_of(record, tiles, grid)
    shown = session.shown_atlas
    meaning = shown.axes if shown is not None else None
    drawing = figures.figure(
        tiles, caption=text, labels=labels, dpi=dpi, grid=grid, meaning=meaning
    )
    return drawing, record


def export(path: Path, session: Shown, grid: int, cells: Sequence[int], **options: Any) -> Path:
    """Write cells as a figure with its record; return where it is."""
    drawing, record = draw(session, grid, cells, **options)
    return figures.export(path, drawing, record, dpi=options.get("dpi", 300)).path


def export_here(session: Shown, grid: int, cells: Sequence[int], kind: str) -> figures.Exported:
    """Write what there is into the working folder, under a name that is free."""
    if kind not in figures.FORMATS:
        accepted = ", ".join(figures.FORMATS)
        raise ExportError(f"{kind!r} is no format of figures; accepted are {accepted}.")
    scene = session.scene
    if scene is None:
        raise CellError("There are no cells yet.")
    check_grid(grid, scene)
    chosen = check_cells(cells, grid, scene) or list(scene.cells(grid))
    drawing, record = draw(session, grid, chosen)
    named = [record["model"], scene.layer, *scene.subject[1:], f"{grid}x{grid}"]
    path = figures.free_path(Path.cwd(), "-".join(named), kind)
    return figures.export(path, drawing, record)


def _tiles(
    session: Shown, grid: int, cells: Sequence[int]
) -> tuple[list[figures.Tile], list[float]]:
    scene = session.scene
    if scene is None:
        raise CellError("There are no cells yet.")
    pictures, labels = session.snapshot(grid)
    tiles, cosines = [], []
    for cell in cells:
        picture = pictures.get(cell) or scene.crop(grid, cell)
        row, col = divmod(cell, grid)
        tiles.append(figures.Tile(row, col, picture.pixels, picture.state.word, labels.get(cell)))
        if picture.cosine is not None:
            cosines.append(picture.cosine)
    return tiles, cosines


def _record(
    session: Shown,
    grid: int,
    cells: Sequence[int],
    tiles: Sequence[figures.Tile],
    cosines: Sequence[float],
) -> dict[str, Any]:
    shown = session.shown_atlas
    record = dict(shown.provenance) if shown is not None else {}
    record.setdefault("model", session.model)
    record.setdefault("layer", session.layer)
    whole = session.scene is not None and len(cells) == len(session.scene.cells(grid))
    record["figure"] = {
        "grid": grid,
        "cells": "all" if whole else [int(cell) for cell in cells],
        "count": len(tiles),
        "pictures": dict(Counter(tile.state for tile in tiles)),
        "median_cosine": round(float(np.median(cosines)), 4) if cosines else None,
        "inversion": session.inversion,
    }
    return record
