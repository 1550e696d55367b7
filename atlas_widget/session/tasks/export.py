"""Figures of the cells shown, with provenance records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget import figures
from atlas_widget.errors import ExportError
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled
from atlas_widget.session.cells.checks import check_cells, check_grid
from atlas_widget.session.tasks.judging import CellJudgements, judge_cells
from atlas_widget.session.tasks.proof import Drawn, proof_of
from atlas_widget.session.tasks.shown import Shown
from atlas_widget.session.tasks.task import Material

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from atlas_widget.session.pictures.picture import Picture

__all__ = ["Export", "caption_of", "check_format", "draw", "export", "tiles_of"]

_TILES_PER_PAUSE = 256  # between two pauses


@dataclass(frozen=True)
class Export:
    """A task that writes a figure of cells into the working folder.

    Attributes
    ----------
    shown
        The cells shown and their pictures.
    grid, cells
        The cells; empty for all of the grid.
    kind
        png, svg or pdf.
    names
        Whether to write the names of regions into it.
    notes
        Whether to mark the notes in it, with a legend.
    """

    shown: Shown
    grid: int
    cells: tuple[int, ...]
    kind: str
    names: bool = True
    notes: bool = True

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> figures.Exported:
        """Write the figure under a new name."""
        scene = self.shown.scene
        check_grid(self.grid, scene)
        chosen = check_cells(self.cells, self.grid, scene) or list(scene.cells(self.grid))
        judged = judge_cells(material, self.shown, self.grid, chosen, progress, cancelled)
        drawing, record = draw(
            self.shown,
            self.grid,
            chosen,
            names=self.names,
            notes=self.notes,
            judged=judged,
            progress=progress,
            cancelled=cancelled,
        )
        named = [record["model"], scene.layer, *scene.subject[1:], f"{self.grid}x{self.grid}"]
        path = figures.free_path(Path.cwd(), "-".join(named), self.kind)
        return figures.export(path, drawing, record)


def check_format(kind: str) -> str:
    """Return a valid figure format; raise `AtlasError` for others."""
    if kind not in figures.FORMATS:
        accepted = ", ".join(figures.FORMATS)
        raise ExportError(f"{kind!r} is no format of figures; accepted are {accepted}.")
    return kind


def draw(
    shown: Shown,
    grid: int,
    cells: Sequence[int],
    *,
    dpi: float = 300,
    caption: bool | str = True,
    labels: bool = False,
    names: bool = True,
    notes: bool = True,
    judged: CellJudgements | None = None,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> tuple[Figure, dict[str, Any]]:
    """Return a figure of cells with their current pictures, and its provenance record.

    What is in the record makes the figure again; see `atlas_widget.verification`.

    Parameters
    ----------
    shown
        The cells shown and their pictures.
    grid, cells
        The cells.
    dpi, labels
        See :func:`atlas_widget.figures.figure`.
    caption
        Whether to add a caption, or its text.
    names
        Whether to write the names of regions into it.
    notes
        Whether to mark the notes in it, with a legend.
    judged
        What a second network says of the pictures, for the record.
    progress, cancelled
        Called with the number of cells done and in total; called to learn whether to stop.
    """
    tiles, pictures = tiles_of(shown, grid, cells, progress, cancelled)
    record = _record(shown, grid, cells, tiles, pictures)
    text: str | None = None
    if caption:
        text = caption if isinstance(caption, str) else figures.caption_of(record, tiles, grid)
        if caption is True and shown.names_assumed and (labels or shown.scene.subject):
            text += " · class names assumed: ImageNet's"
    atlas = shown.scene.atlas
    meaning = atlas.axes if atlas is not None else None
    drawn = Drawn(
        caption=text,
        labels=labels,
        dpi=float(dpi),
        names=tuple(shown.names()) if names else (),
        marks=tuple(shown.marks()) if notes else (),
    )
    record["figure"] |= drawn.record(tiles) | proof_of(shown, pictures, judged)
    return drawn.figure(tiles, grid, meaning), record


def caption_of(
    shown: Shown,
    grid: int,
    cells: Sequence[int],
    tiles: Sequence[figures.Tile],
    pictures: Sequence[Picture],
) -> str:
    """Return the small print of these tiles."""
    return figures.caption_of(_record(shown, grid, cells, tiles, pictures), tiles, grid)


def export(path: Path, shown: Shown, grid: int, cells: Sequence[int], **options: Any) -> Path:
    """Write a figure of cells with its provenance record, as `draw` makes them; return its path."""
    drawing, record = draw(shown, grid, cells, **options)
    return figures.export(path, drawing, record, dpi=options.get("dpi", 300)).path


def tiles_of(
    shown: Shown,
    grid: int,
    cells: Sequence[int],
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> tuple[list[figures.Tile], list[Picture]]:
    """Return the tiles, and the pictures that they show."""
    pictures, labels = shown.snapshot(grid)
    tiles, drawn = [], []
    for done, cell in enumerate(cells):
        if done % _TILES_PER_PAUSE == 0:
            check_cancelled(cancelled)
            if progress is not None:
                progress(done, len(cells))
        picture = pictures.get(cell) or shown.scene.crop(grid, cell)
        row, col = divmod(cell, grid)
        tiles.append(figures.Tile(row, col, picture.pixels, picture.state.word, labels.get(cell)))
        drawn.append(picture)
    return tiles, drawn


def _record(
    shown: Shown,
    grid: int,
    cells: Sequence[int],
    tiles: Sequence[figures.Tile],
    pictures: Sequence[Picture],
) -> dict[str, Any]:
    from atlas_widget.inversion import InversionSettings

    scene = shown.scene
    record = dict(scene.atlas.provenance) if scene.atlas is not None else {}
    record.setdefault("model", shown.model)
    record.setdefault("layer", scene.layer)
    if shown.names_assumed:
        record["class_names"] = "assumed: ImageNet's"
    finished = [picture for picture in pictures if picture.cosine is not None]
    cosines = [picture.cosine for picture in finished if picture.cosine is not None]
    whole = len(cells) == len(scene.cells(grid))
    record["figure"] = {
        "grid": grid,
        "cells": "all" if whole else [int(cell) for cell in cells],
        "count": len(tiles),
        "pictures": dict(Counter(tile.state for tile in tiles)),
        "median_cosine": round(float(np.median(cosines)), 4) if cosines else None,
        "made": dict(Counter(picture.made for picture in finished)),
        "inversion": f"{InversionSettings.icon().description}; seed={shown.seed}",
    }
    return record
