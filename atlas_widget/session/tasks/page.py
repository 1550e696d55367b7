"""A page without a kernel, of the cells shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget.errors import AtlasError
from atlas_widget.page import (
    CellRecord,
    ClassEntry,
    Icon,
    PageContents,
    PageGrid,
    PageUnits,
    WrittenPage,
    ships_its_photos,
    write_page,
)
from atlas_widget.progress import CancelledCallback, ProgressCallback, Throttle, check_cancelled
from atlas_widget.session.cells.regions import region_fields, regions_of
from atlas_widget.session.pictures.picture import Picture, State
from atlas_widget.session.tasks.shown import Shown
from atlas_widget.session.tasks.task import Material

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import CellClasses, Labeller
    from atlas_widget.session.cells.scene import Scene

__all__ = ["PageExport", "icon_of"]

_CELLS_PER_PAUSE = 16
_PAUSE_INTERVAL = 0.1  # seconds between two pauses while the page is written


@dataclass(frozen=True)
class PageExport:
    """A task that writes the atlas shown as an HTML page.

    Attributes
    ----------
    shown
        The cells shown and their pictures.
    labeller
        Returns what computes the classes of the cells shown; called on the worker's thread.
    class_names
        One name for each class.
    path
        Where to.
    grids
        The grids of the page.
    crops
        Whether real crops go into it; None if the images are those that this package ships.
    max_mb, overwrite
        See `atlas_widget.page.write_page`.
    complete
        Whether to compute the classes of the cells that have none yet.
    notes
        Returns the notes, as fields of their message; None without any.
    units
        Returns the pages of units, given the grids and whether crops go into it; None without any.
    """

    shown: Shown
    labeller: Callable[[], Labeller | None]
    class_names: Sequence[str]
    path: Path
    grids: tuple[int, ...]
    crops: bool | None
    max_mb: float
    overwrite: bool
    complete: bool
    notes: Callable[[], Mapping[str, Any] | None] = lambda: None
    units: Callable[[Scene, Sequence[int], bool], PageUnits | None] = lambda *_: None

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> WrittenPage:
        """Write the page, and return where it is and what is in it."""
        scene = self.shown.scene
        if scene.atlas is not material.atlas:
            raise AtlasError("Another layout is shown now; write the page again.")
        total = sum(len(scene.cells(size)) for size in self.grids)
        grids, done = [], 0
        for size in self.grids:
            icons = _icons(self.shown.snapshot(size)[0])
            known: dict[int, CellRecord] = {}
            for cell in scene.cells(size):
                if done % _CELLS_PER_PAUSE == 0:
                    check_cancelled(cancelled)
                    progress(done, total)
                done += 1
                record = self._record(size, cell, progress, cancelled, (done, total))
                if record is not None:
                    known[cell] = record
            grids.append(PageGrid(scene.grids[size], icons, known))
        throttle = Throttle(_PAUSE_INTERVAL)

        def look_up() -> bool:
            """Let urgent requests in, too: a large page takes a while."""
            if throttle.ready():
                progress(total, total)
            return cancelled()

        crops = ships_its_photos(material.atlas) if self.crops is None else self.crops
        labeller = self.labeller()
        regions = regions_of(scene, material.source)
        contents = PageContents(
            atlas=material.atlas,
            grids=grids,
            model=self.shown.model,
            class_names=self.class_names if labeller is not None and labeller.possible else (),
            no_classes=material.probe.no_classes or "The model has no classes.",
            names_assumed=self.shown.names_assumed,
            lead=labeller.scale.lead if labeller is not None and labeller.possible else None,
            crops=crops,
            subject=scene.subject,
            regions=region_fields(regions) if regions else None,
            notes=self.notes(),
            units=self.units(scene, self.grids, crops),
        )
        return write_page(
            self.path,
            contents,
            max_mb=self.max_mb,
            overwrite=self.overwrite,
            cancelled=look_up,
        )

    def _record(
        self,
        size: int,
        cell: int,
        progress: ProgressCallback,
        cancelled: CancelledCallback,
        at: tuple[int, int],
    ) -> CellRecord | None:
        labeller = self.labeller()
        if labeller is None or not labeller.possible:
            return None
        chosen = labeller.chosen(size, cell)
        if self.complete:
            while not (labeller.advance(size, cell) and labeller.values.advance(chosen)):
                check_cancelled(cancelled)
                progress(*at)
        else:
            labeller.prefetch(size, [cell])
            labeller.values.fetch(int(sample) for sample in chosen)
        classes = labeller.known(size, cell)
        if classes is None:
            return None
        values = labeller.values.of(chosen) if labeller.values.has(chosen) else None
        return _record_of(classes, values, labeller.seed)


def icon_of(picture: Picture) -> Icon:
    """Return a picture of a cell as it goes into a page."""
    return Icon(picture.pixels, picture.state.word, picture.cosine, picture.rank, picture.made)


def _icons(pictures: Mapping[int, Picture]) -> dict[int, Icon]:
    """Return the pictures that are icons; crops are not."""
    return {
        cell: icon_of(picture)
        for cell, picture in pictures.items()
        if picture.state is not State.CROP
    }


def _record_of(classes: CellClasses, values: np.ndarray | None, seed: int) -> CellRecord:
    return CellRecord(
        label=classes.label,
        winners=tuple(classes.winners),
        leading=classes.leading,
        why_not=classes.why_not,
        pro=[_entry(named) for named in classes.classes],
        contra=[_entry(named) for named in classes.against],
        clear=_clear(values, seed) if values is not None else (),
    )


def _entry(named: Mapping[str, Any]) -> ClassEntry:
    low, high = (np.nan if named[end] is None else float(named[end]) for end in ("low", "high"))
    return int(named["index"]), float(named["value"]), low, high


def _clear(values: np.ndarray, seed: int) -> list[ClassEntry]:
    """Return the classes that a cell clearly argues for, as the search of the widget has them."""
    from atlas_widget.attribution.statistics import attribution_interval, discoveries

    found = np.flatnonzero(discoveries(values) & (values.mean(0) > 0))
    # the same seed as for the strongest classes, so that the intervals are the same as there
    parts = attribution_interval(values[:, found], seed) if len(found) else ([], [], [])
    entries = zip(found.tolist(), *(np.asarray(part).tolist() for part in parts), strict=True)
    return [(index, value, low, high) for index, value, low, high in entries]
