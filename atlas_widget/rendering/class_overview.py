"""Classes over many cells: what one class gains where, and the cells that argue for some."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget import messages

if TYPE_CHECKING:
    from atlas_widget.rendering.labels import Labeller
    from atlas_widget.rendering.scene import Scene

__all__ = ["ClassOverview"]

_AT_ONCE = 64  # cells whose values are taken from the disk in one slice of work
_BUDGET = 128 << 20  # bytes of what is known of cells for a search
_EVERY = 0.5  # seconds between two answers to one search
_DIGITS = 4  # of values that cross to the browser

Send = Callable[[dict[str, Any], list[bytes]], None]


class ClassOverview:
    """Answers what an overlay and a search ask of many cells, again and again as more is known.

    Parameters
    ----------
    scene
        The cells.
    labeller
        Computes and keeps what samples argue for.
    label
        Works for a slice on a cell's classes and tells its label once that is known.
    send
        Sends a message with its buffers.
    """

    def __init__(
        self, scene: Scene, labeller: Labeller, label: Callable[[int, int], None], send: Send
    ) -> None:
        self._scene = scene
        self._labeller = labeller
        self._label = label
        self._send = send
        self._influence: tuple[int, int] = (0, 0)
        self._wanted: dict[int, None] = {}
        self._search: tuple[int, tuple[int, ...]] = (0, ())
        self._unread: dict[int, None] = {}
        self._unknown: set[int] = set()
        self._found = _Found()
        self._answered = 0.0
        self._untold = False
        self._seen = 0

    @property
    def waiting(self) -> int:
        """How many cells are still to be told of."""
        return len(self._wanted)

    def influence(self, grid: int, class_: int, cells: Iterable[int]) -> None:
        """Tell what these cells argue for one class, in this order, as it becomes known.

        Replaces what was asked before; no cells end it.
        """
        self._influence = (grid, class_)
        self._wanted = {cell: None for cell in cells if self._scene.has(grid, cell)}

    def strongest(self, grid: int, classes: Sequence[int]) -> None:
        """Tell which cells clearly argue for each of these classes, of those that are known.

        Nothing is computed for it. Replaces what was asked before; no classes end it.
        """
        if grid != self._search[0]:
            self._found = _Found()
        self._search = (grid, tuple(dict.fromkeys(classes)))
        cells = self._scene.cells(grid) if classes else ()
        self._unread = {cell: None for cell in cells if cell not in self._found}
        self._unknown = set()
        self._untold = bool(classes)
        self._answered = 0.0

    def advance(self) -> bool:
        """Work for a slice; return False if there is nothing to do."""
        if not self._labeller.possible:
            self._wanted, self._search = {}, (0, ())
            return False
        return self._advance_influence() or self._advance_search()

    def _advance_influence(self) -> bool:
        if not self._wanted:
            return False
        grid, _ = self._influence
        labeller, values = self._labeller, self._labeller.values
        speakers = {cell: labeller.chosen(grid, cell) for cell in list(self._wanted)[:_AT_ONCE]}
        values.fetch(sample for chosen in speakers.values() for sample in chosen)
        known = {cell: chosen for cell, chosen in speakers.items() if values.has(chosen)}
        if not known:
            cell, chosen = next(iter(speakers.items()))
            if labeller.known(grid, cell) is None:
                self._label(grid, cell)
            else:  # its label is from the disk, which has lost its values
                values.advance(chosen)
            known = {cell: chosen} if values.has(chosen) else {}
        if known:
            self._tell_influence(known)
            for cell in known:
                del self._wanted[cell]
        return True

    def _tell_influence(self, speakers: dict[int, npt.NDArray[np.int64]]) -> None:
        from atlas_widget.evidence import attribution_interval

        grid, class_ = self._influence
        by_count: dict[int, list[int]] = {}
        for cell, chosen in speakers.items():
            by_count.setdefault(len(chosen), []).append(cell)
        cells: list[int] = []
        columns: list[list[npt.NDArray[np.float32]]] = []
        for alike in by_count.values():
            # Cells in place of classes: the same draws, so the same intervals as on their cards.
            of_class = [self._labeller.values.column(speakers[cell], class_) for cell in alike]
            columns.append(list(attribution_interval(np.stack(of_class, 1), self._labeller.seed)))
            cells += alike
        mean, low, high = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        content = messages.build(
            "influence",
            **{"class": class_},
            revision=self._scene.revision,
            grid=grid,
            cells=cells,
            values=_rounded(mean),
            low=_rounded(low),
            high=_rounded(high),
        )
        self._send(content, [])

    def _advance_search(self) -> bool:
        grid, classes = self._search
        if not classes:
            return False
        labeller, values = self._labeller, self._labeller.values
        now = time.monotonic()
        due = now - self._answered >= _EVERY
        if not self._unread and self._unknown and due and values.computed != self._seen:
            # Meanwhile more has become known.
            self._unread, self._unknown = dict.fromkeys(sorted(self._unknown)), set()
        if self._unread:
            self._seen = values.computed
            part = list(self._unread)[:_AT_ONCE]
            speakers = {cell: labeller.chosen(grid, cell) for cell in part}
            values.fetch(sample for chosen in speakers.values() for sample in chosen)
            for cell, chosen in speakers.items():
                del self._unread[cell]
                if values.has(chosen):
                    self._found.add(cell, values.of(chosen))
                    self._untold = True
                else:
                    self._unknown.add(cell)
        if self._untold and (due or not self._unread):
            self._answered, self._untold = now, False
            self._tell_found(grid, classes)
        return bool(self._unread)

    def _tell_found(self, grid: int, classes: Sequence[int]) -> None:
        for class_ in classes:
            cells, means = self._found.clear(class_)
            content = messages.build(
                "strongest",
                **{"class": class_},
                revision=self._scene.revision,
                grid=grid,
                cells=cells,
                values=_rounded(means),
                known=len(self._found),
                total=len(self._scene.cells(grid)),
            )
            self._send(content, [])


class _Found:
    """For which classes each cell clearly argues; the cells read last, as many as fit."""

    def __init__(self) -> None:
        self._cells: dict[int, tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]] = {}
        self._most = 0

    def __contains__(self, cell: int) -> bool:
        return cell in self._cells

    def __len__(self) -> int:
        return len(self._cells)

    def add(self, cell: int, values: npt.NDArray[np.float32]) -> None:
        """Note what a cell's samples argue for, (samples, classes)."""
        from atlas_widget.evidence import discoveries

        means = values.mean(0)
        self._cells[cell] = (means, discoveries(values) & (means > 0))
        self._most = max(256, _BUDGET // (5 * len(means)))
        while len(self._cells) > self._most:
            del self._cells[next(iter(self._cells))]

    def clear(self, class_: int) -> tuple[list[int], npt.NDArray[np.float32]]:
        """Return the cells that clearly argue for a class and how strongly, strongest first."""
        cells = [cell for cell, (_, clear) in self._cells.items() if clear[class_]]
        means = np.array([self._cells[cell][0][class_] for cell in cells], np.float32)
        order = np.argsort(-means, kind="stable")
        return [cells[place] for place in order], means[order]


def _rounded(values: npt.NDArray[np.float32]) -> list[float]:
    """Return numbers as short as they may be written: thousands of them cross as text."""
    return [float(f"{value:.{_DIGITS}g}") for value in values.tolist()]
