"""A layer's cells: their pictures and labels, and what overlays and the search ask of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from atlas_widget.session.cells.cache import PictureCache
from atlas_widget.session.cells.labels import Labeller
from atlas_widget.session.cells.remote import IconMaker
from atlas_widget.session.cells.renderer import Painter
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.cells.scheduler import Batch, CellQueue, State, Task
from atlas_widget.session.gallery import Gallery
from atlas_widget.session.panels.class_overview import ClassOverview
from atlas_widget.session.status import Reporter

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.inversion import InversionEngine, InversionSettings
    from atlas_widget.probe import LayerProbe

__all__ = ["SLICE", "CellWork"]

SLICE = 0.12
"""Seconds of work between two looks at what the person wants."""

_MAX_ENGINES = 6  # icons, portraits, and portraits of other numbers of further steps
_ONE_LABEL = {Task.LABEL: 1}


class CellWork:
    """Makes the pictures and labels of a scene's cells, most urgent ones first.

    Parameters
    ----------
    probe, source, labels, cache, gallery, seed, reporter, notice, no_classes, maker
        See :class:`~.workshop.Workshop`.
    """

    def __init__(
        self,
        probe: LayerProbe,
        source: ImageSource | None,
        labels: Sequence[str] | None,
        cache: PictureCache,
        gallery: Gallery,
        *,
        seed: int,
        reporter: Reporter,
        notice: Callable[[str], None],
        no_classes: Callable[[str], None],
        maker: IconMaker | None = None,
    ) -> None:
        self._probe = probe
        self._source = source
        self._labels = labels
        self._cache = cache
        self._gallery = gallery
        self._seed = seed
        self._reporter = reporter
        self._notice = notice
        self._no_classes = no_classes
        self._maker = maker
        self._overview = ClassOverview(self._label, gallery.send)
        self._overview_next = False
        self._asked_for = 0
        self._scene: Scene | None = None
        self._queue: CellQueue | None = None
        self._painter: Painter | None = None
        self._labeller: Labeller | None = None
        self._engines: dict[InversionSettings, InversionEngine] = {}

    def _take_up(self, scene: Scene) -> Labeller:
        """Turn to another scene; return what knows its cells' classes."""
        self._scene = scene
        self._painter = None
        self._labeller = Labeller(
            scene, self._probe, self._source, self._labels, self._cache, seed=self._seed
        )
        self._overview.show(scene, self._labeller)
        return self._labeller

    def _begin(self, scene: Scene, labeller: Labeller, *, again: bool) -> None:
        """Show the cells of a scene that was taken up: what is known of them, else real crops."""
        cells = {size: list(scene.cells(size)) for size in scene.grids}
        self._queue = CellQueue(cells, base=scene.base, labels=labeller.possible)
        self._gallery.begin(scene)
        if again:
            self._recall(scene, self._queue)
        self._gallery.show_crops(scene.base, cells[scene.base])
        self._gallery.advance_crops()

    def watch(self) -> None:
        """Begin to work for somebody who looks; until told otherwise they see the base grid."""
        if self._queue is not None and self._scene is not None:
            self._queue.rest = True
            self._queue.look(self._scene.base, self._scene.cells(self._scene.base))

    @property
    def in_sight(self) -> tuple[int, tuple[int, ...]]:
        """The grid that is looked at and its cells in sight."""
        return (self._queue.level, self._queue.visible) if self._queue is not None else (0, ())

    def look(self, grid: int, visible: Sequence[int], near: Sequence[int]) -> None:
        """Follow the person: these cells are in sight, those next to them."""
        if self._queue is None or self._scene is None or grid not in self._scene.grids:
            return
        self._queue.look(grid, visible, near)
        cells = [*self._queue.visible, *self._queue.near]
        self._fetch(grid, cells)
        self._gallery.show_crops(grid, cells)

    def point(self, grid: int, cell: int) -> None:
        """Follow the pointer without a card."""
        if self._queue is not None:
            self._queue.point(grid, cell)

    def demand(self, grid: int, cells: Sequence[int]) -> None:
        """Render these cells, whoever looks."""
        if self._queue is not None:
            self._queue.demand(grid, cells)
            self._fetch(grid, cells)

    def withdraw(self, grid: int, cells: Sequence[int]) -> None:
        """Forget such a demand."""
        if self._queue is not None:
            self._queue.withdraw(grid, cells)

    def retry(self) -> None:
        """Try again what failed."""
        if self._queue is not None:
            self._queue.retry()

    def unfinished(self, grid: int, cells: Sequence[int]) -> list[int]:
        """Return those of the cells that still lack a final picture and may yet get one."""
        queue = self._queue
        return [
            cell
            for cell in cells
            if queue is not None
            and queue.has(grid, cell)
            and queue.state(grid, cell) is not State.FINAL
            and not queue.failed(grid, cell)
        ]

    def advance(self) -> bool:
        """Work for a slice on pictures and labels; return False if nothing is left to do."""
        queue = self._queue
        if self._gallery.advance_crops():
            return True
        if queue is None or self._scene is None or not self._scene.final:
            return False
        # Who looks at an overlay waits for its values, and for pictures: they take turns.
        self._overview_next = not self._overview_next
        if self._overview_next and self._overlook():
            return True
        if not queue.pending() and not self.awaits:
            return self._advance_overview()
        if self._painter is None:
            self._set_up(self._scene, queue)
            return True
        if self._painter.advance(SLICE):
            self._report_pictures(queue, self._painter)
            return True
        batch: Batch | None = queue.next(_ONE_LABEL)
        if batch is None:
            return False
        self._label(batch.grid, batch.cells[0])
        total = len(queue.visible)
        self._reporter.report("pictures", "Labelling the cells", total - queue.labels_left(), total)
        return True

    @property
    def awaits(self) -> bool:
        """Whether pictures are to come from elsewhere, so that one has to look now and then."""
        return self._painter is not None and self._painter.awaits

    def _advance_overview(self) -> bool:
        """Work for a slice on what an overlay or a search asks for; nothing else is left to do."""
        before = self._overview.waiting
        if before:
            self._asked_for = max(self._asked_for, before)
            done = self._asked_for - before
            self._reporter.report("pictures", "Computing the classes", done, self._asked_for)
        else:
            self._asked_for = 0
        return self._overlook()

    def settle(self) -> None:
        """Note that all is done."""
        if self._queue is not None:
            self._queue.settle()

    def _set_up(self, scene: Scene, queue: CellQueue) -> None:
        self._reporter.report("pictures", "Rendering the pictures", 0, 0)
        self._painter = self._new_painter(scene, queue)
        self._fetch(scene.base, scene.cells(scene.base))
        self._fetch(*self.in_sight)

    def _new_painter(self, scene: Scene, queue: CellQueue) -> Painter:
        from atlas_widget.inversion.settings import InversionSettings

        return Painter(
            scene,
            queue,
            self._probe,
            InversionSettings.icon(),
            self._icons,
            self._cache,
            seed=self._seed,
            show=self._gallery.show,
            maker=self._maker,
        )

    def _recall(self, scene: Scene, queue: CellQueue) -> None:
        """Show what the cache has of the base grid, which is what is seen first."""
        self._painter = self._new_painter(scene, queue)
        self._painter.prefetch(scene.base, scene.cells(scene.base))
        self._painter.recall()
        self._fetch(scene.base, scene.cells(scene.base))

    def _fetch(self, grid: int, cells: Any) -> None:
        """Take what the cache has of these cells."""
        if self._painter is not None:
            self._painter.prefetch(grid, cells)
        if self._labeller is not None and self._queue is not None:
            found = self._labeller.prefetch(grid, cells)
            self._queue.mark_labelled(grid, found)
            for cell in found:
                self._publish_label(grid, cell)

    def _label(self, grid: int, cell: int) -> None:
        labeller, queue = self._labeller, self._queue
        if labeller is None or queue is None:
            return
        try:
            known = labeller.advance(grid, cell)
        except Exception as error:
            self._lose_classes(error)
            return
        if known:
            queue.mark_labelled(grid, [cell])
            self._publish_label(grid, cell)

    def _overlook(self) -> bool:
        """Work for a slice on what an overlay or a search asks for."""
        try:
            return self._overview.advance()
        except Exception as error:
            self._lose_classes(error)
            return False

    def _lose_classes(self, error: Exception) -> None:
        """Go on without classes: what keeps one cell from them keeps all."""
        if self._labeller is not None and self._queue is not None:
            self._labeller.give_up()
            self._queue.no_labels()
        text = f"The cells have no classes: {error}"
        self._notice(text)
        self._no_classes(text)

    def _publish_label(self, grid: int, cell: int) -> None:
        classes = self._labeller.known(grid, cell) if self._labeller is not None else None
        if classes is not None and self._scene is not None:
            self._gallery.label(grid, cell, classes)
            if self._scene.atlas is not None:
                self._scene.atlas.cell_labels.setdefault(grid, {})[cell] = classes.label

    def _report_pictures(self, queue: CellQueue, painter: Painter) -> None:
        if not self._reporter.due:
            return
        states = [state for _, _, state in queue.interest()]
        done = sum(painter.work(state) for state in states)
        self._reporter.report("pictures", "Rendering the pictures", done, len(states))

    def _icons(self) -> InversionEngine:
        from atlas_widget.inversion import InversionSettings

        return self._engine(InversionSettings.icon())

    def _engine(self, settings: InversionSettings) -> InversionEngine:
        """Return an engine, made when it is first asked for: folding a network takes a moment."""
        from atlas_widget.inversion import InversionEngine

        engine = self._engines.pop(settings, None)
        if engine is None:
            engine = InversionEngine(self._probe, settings=settings)
        self._engines[settings] = engine
        while len(self._engines) > _MAX_ENGINES:
            del self._engines[next(iter(self._engines))]
        return engine
