"""Class values of many cells: the influence overlay of one class, and the search for classes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.status import Reporter

__all__ = ["ClassOverview"]

_CELLS_PER_SLICE = 64  # cells whose values are loaded from disk in one slice
_MAX_BYTES = 128 << 20  # for the classes of cells that a search uses
_ANSWER_INTERVAL = 0.5  # seconds between two answers to a search
_DIGITS = 4  # of values sent to the browser

Send = Callable[[dict[str, Any], list[bytes]], None]
SamplesOfCell = Mapping[int, npt.NDArray[np.int64]]


@panel
class ClassOverview(Panel):
    """Answers an overlay and a search with values of many cells, repeatedly as more are known.

    Parameters
    ----------
    label
        Works for one slice on a cell's classes, and publishes its label once it is known.
    send
        Sends a message with its buffers.
    lose_classes
        Called with an error that prevents the classes of all cells.
    reporter
        Receives progress.
    """

    kinds = ("influence", "strongest")

    def __init__(
        self,
        label: Callable[[int, int], None],
        send: Send,
        lose_classes: Callable[[Exception], None] | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        self._label = label
        self._send = send
        self._lose_classes = lose_classes
        self._reporter = reporter
        self._asked_for = 0
        self._scene: Scene | None = None
        self._labeller: Labeller | None = None
        self._asked: dict[int, _InfluenceRequest] = {}
        self._search = _Search()

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        cells = layer.cells
        return cls(cells.label, layer.gallery.send, cells.lose_classes, layer.reporter)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene; requests about the last one are dropped."""
        self._scene, self._labeller = scene, labeller
        self._asked, self._search = {}, _Search()

    def handle(self, kind: str, fields: Fields) -> None:
        """Note the request of an overlay or a search."""
        if kind == "influence":
            self.influence(fields["grid"], fields["class"], fields["cells"])
        else:
            self.strongest(fields["grid"], fields["classes"])

    def advance_beside_cells(self, *, alone: bool) -> bool:
        """Work for one slice; report progress if `alone`."""
        if alone:
            self._report()
        try:
            return self.work()
        except Exception as error:
            if self._lose_classes is None:
                raise
            self._lose_classes(error)
            return False

    def _report(self) -> None:
        left = self.waiting
        self._asked_for = max(self._asked_for, left) if left else 0
        if left and self._reporter is not None:
            done = self._asked_for - left
            self._reporter.report("pictures", "Computing the classes", done, self._asked_for)

    @property
    def waiting(self) -> int:
        """Number of cells whose influence is still to be sent."""
        return sum(len(asked.cells) for asked in self._asked.values())

    def influence(self, grid: int, class_: int, cells: Iterable[int]) -> None:
        """Send these cells' values for one class, in this order, as they become known.

        Replaces the previous request for the grid; no cells end it.
        """
        scene = self._scene
        if scene is None:
            return
        wanted = {cell: None for cell in cells if self._exists(class_) and scene.has(grid, cell)}
        self._asked.pop(grid, None)
        if wanted:
            self._asked[grid] = _InfluenceRequest(grid, class_, wanted)

    def strongest(self, grid: int, classes: Sequence[int]) -> None:
        """Send the cells that clearly argue for each of these classes, of those that are known.

        Computes nothing. Replaces the previous request; no classes end it.
        """
        scene = self._scene
        if scene is None:
            return
        known = self._search.known if grid == self._search.grid else _ClearClasses()
        wanted = tuple(filter(self._exists, dict.fromkeys(classes)))
        unread = {cell: None for cell in scene.cells(grid) if wanted and cell not in known}
        self._search = _Search(grid, wanted, known, unread, untold=bool(wanted))

    def work(self) -> bool:
        """Work for one slice; return False if there is nothing to do."""
        scene, labeller = self._scene, self._labeller
        if scene is None or labeller is None or not labeller.possible:
            return False
        return self._advance_influence(scene, labeller) or self._advance_search(scene, labeller)

    def _exists(self, class_: int) -> bool:
        return self._labeller is not None and 0 <= class_ < self._labeller.num_classes

    def _advance_influence(self, scene: Scene, labeller: Labeller) -> bool:
        if not self._asked:
            return False
        values, asked = labeller.values, self._asked[next(reversed(self._asked))]
        samples_of = {cell: labeller.chosen(asked.grid, cell) for cell in _first(asked.cells)}
        values.fetch(sample for chosen in samples_of.values() for sample in chosen)
        known = {cell: chosen for cell, chosen in samples_of.items() if values.has(chosen)}
        if not known:
            cell, chosen = next(iter(samples_of.items()))
            if labeller.known(asked.grid, cell) is None:
                self._label(asked.grid, cell)
            else:  # its label was cached on disk, but its values no longer are
                values.advance(chosen)
            known = {cell: chosen} if values.has(chosen) else {}
        if known:
            self._tell_influence(scene, labeller, asked, known)
            for cell in known:
                del asked.cells[cell]
            if not asked.cells and self._asked.get(asked.grid) is asked:
                del self._asked[asked.grid]
        return True

    def _tell_influence(
        self, scene: Scene, labeller: Labeller, asked: _InfluenceRequest, samples_of: SamplesOfCell
    ) -> None:
        from atlas_widget.attribution.statistics import attribution_interval

        by_count: dict[int, list[int]] = {}
        for cell, chosen in samples_of.items():
            by_count.setdefault(len(chosen), []).append(cell)
        cells: list[int] = []
        columns: list[tuple[npt.NDArray[np.float32], ...]] = []
        for alike in by_count.values():
            # Cells in place of classes: the same resamples, and so the same intervals as on cards.
            of_class = [labeller.values.column(samples_of[cell], asked.class_) for cell in alike]
            columns.append(attribution_interval(np.stack(of_class, 1), labeller.seed))
            cells += alike
        mean, low, high = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        content = messages.build(
            "influence",
            **{"class": asked.class_},
            revision=scene.revision,
            grid=asked.grid,
            cells=cells,
            values=_rounded(mean),
            low=_rounded(low),
            high=_rounded(high),
        )
        self._send(content, [])

    def _advance_search(self, scene: Scene, labeller: Labeller) -> bool:
        search, values = self._search, labeller.values
        if not search.classes:
            return False
        now = time.monotonic()
        due = now - search.answered >= _ANSWER_INTERVAL
        if not search.unread and search.unknown and due and values.computed != search.seen:
            # More cells have become known since.
            search.unread, search.unknown = dict.fromkeys(sorted(search.unknown)), set()
        if search.unread:
            search.seen = values.computed
            samples_of = {
                cell: labeller.chosen(search.grid, cell) for cell in _first(search.unread)
            }
            values.fetch(sample for chosen in samples_of.values() for sample in chosen)
            for cell, chosen in samples_of.items():
                del search.unread[cell]
                if values.has(chosen):
                    search.known.add(cell, values.of(chosen))
                    search.untold = True
                else:
                    search.unknown.add(cell)
        if search.untold and (due or not search.unread):
            search.answered, search.untold = now, False
            self._tell_strongest(scene)
        return bool(search.unread)

    def _tell_strongest(self, scene: Scene) -> None:
        search = self._search
        for class_ in search.classes:
            cells, means = search.known.arguing_for(class_)
            content = messages.build(
                "strongest",
                **{"class": class_},
                revision=scene.revision,
                grid=search.grid,
                cells=cells,
                values=_rounded(means),
                known=len(search.known),
                total=len(scene.cells(search.grid)),
            )
            self._send(content, [])


@dataclass
class _InfluenceRequest:
    """The cells of a grid whose values for one class are still to be sent."""

    grid: int
    class_: int
    cells: dict[int, None]


class _ClearClasses:
    """The classes that each cell clearly argues for, of the most recently read cells."""

    def __init__(self) -> None:
        self._cells: dict[int, tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]] = {}

    def __contains__(self, cell: int) -> bool:
        return cell in self._cells

    def __len__(self) -> int:
        return len(self._cells)

    def add(self, cell: int, values: npt.NDArray[np.float32]) -> None:
        """Note the class values of a cell's samples, (samples, classes)."""
        from atlas_widget.attribution.statistics import discoveries

        means = values.mean(0)
        self._cells[cell] = (means, discoveries(values) & (means > 0))
        most = max(256, _MAX_BYTES // (5 * len(means)))
        while len(self._cells) > most:
            del self._cells[next(iter(self._cells))]

    def arguing_for(self, class_: int) -> tuple[list[int], npt.NDArray[np.float32]]:
        """Return the cells that clearly argue for a class with their values, strongest first."""
        cells = [cell for cell, (_, clear) in self._cells.items() if clear[class_]]
        means = np.array([self._cells[cell][0][class_] for cell in cells], np.float32)
        order = np.argsort(-means, kind="stable")
        return [cells[place] for place in order], means[order]


@dataclass
class _Search:
    """A search for some classes on a grid."""

    grid: int = 0
    classes: tuple[int, ...] = ()
    known: _ClearClasses = field(default_factory=_ClearClasses)
    unread: dict[int, None] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)
    untold: bool = False
    answered: float = 0.0
    seen: int = 0  # samples computed when cells were last read


def _first(cells: Mapping[int, None]) -> list[int]:
    return [cell for cell, _ in zip(cells, range(_CELLS_PER_SLICE), strict=False)]


def _rounded(values: npt.NDArray[np.float32]) -> list[float]:
    """Return rounded numbers, because thousands of them are sent as text."""
    return [float(f"{value:.{_DIGITS}g}") for value in values.tolist()]
