"""The cells of the scene shown: rendering their pictures and labels, most urgent first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from atlas_widget.protocol import messages
from atlas_widget.session.cells.labels import Labeller
from atlas_widget.session.cells.measured_scale import UNTRAINED_NOTICE
from atlas_widget.session.cells.scene import CellTargets, Scene
from atlas_widget.session.pictures.cache import PictureCache
from atlas_widget.session.pictures.engines import Engines
from atlas_widget.session.pictures.gallery import Gallery
from atlas_widget.session.pictures.picture import State, cell_group, grid_of
from atlas_widget.session.pictures.queue import Batch, PictureQueue, Task
from atlas_widget.session.pictures.remote import IconMaker
from atlas_widget.session.pictures.renderer import PictureRenderer
from atlas_widget.session.shorter import CoarserGrid
from atlas_widget.session.status import Reporter

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["LABELLING", "RENDERING", "SLICE", "Cells"]

RENDERING = "Rendering the pictures"
LABELLING = "Labelling the cells"
"""Messages of the two kinds of work."""

SLICE = 0.12
"""Seconds of work before urgent requests are checked again."""

_COARSEST = 6  # cells along a side of a grid that is advised
_ONE_LABEL = {Task.LABEL: 1}


class Cells:
    """Renders the pictures and labels of a scene's cells.

    Parameters
    ----------
    probe
        The layer.
    source
        The images, or None if they are not available; then there are no classes.
    labels
        The names of the classes, if any.
    cache
        Stores finished pictures and labels.
    gallery
        Receives pictures and labels.
    engines
        The inversion engines.
    seed
        Seed of the noise that pictures start from.
    reporter
        Receives progress.
    notice
        Receives notices to the user.
    no_classes
        Called with the reason if cells turn out to have no classes.
    maker
        Makes the pictures on a cluster, while it is ready to.
    """

    def __init__(
        self,
        probe: LayerProbe,
        source: ImageSource | None,
        labels: Sequence[str] | None,
        cache: PictureCache,
        gallery: Gallery,
        engines: Engines,
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
        self._engines = engines
        self._seed = seed
        self._reporter = reporter
        self._notice = notice
        self._no_classes = no_classes
        self._maker = maker
        self._scene: Scene | None = None
        self._queue: PictureQueue | None = None
        self._renderer: PictureRenderer | None = None
        self._labeller: Labeller | None = None
        self._measured = False

    def take_up(self, scene: Scene) -> Labeller:
        """Switch to another scene; return the labeller of its cells."""
        self._scene = scene
        self._renderer = None
        self._measured = False
        self._labeller = Labeller(
            scene, self._probe, self._source, self._labels, self._cache, seed=self._seed
        )
        return self._labeller

    def show(self, scene: Scene, labeller: Labeller, *, again: bool) -> None:
        """Show the cells of the current scene: their known pictures, else real crops."""
        cells = {cell_group(size): list(scene.cells(size)) for size in scene.grids}
        base = cell_group(scene.base)
        # no rough pictures: each cell in sight shows a crop until its picture is final
        self._queue = PictureQueue(cells, base=base, labels=labeller.possible, rough=False)
        targets = CellTargets(scene)
        self._gallery.begin(scene.revision, targets, targets.groups)
        self._send_layout(scene)
        if again:
            self._recall(scene, self._queue)
        self._gallery.show_crops(base, cells[base])
        self._gallery.advance_crops()

    @property
    def labeller(self) -> Labeller | None:
        """The labeller of the cells shown."""
        return self._labeller

    def watch(self) -> None:
        """Start rendering for a view that has come up; it is assumed to show the base grid."""
        if self._queue is not None and self._scene is not None:
            self._queue.rest = True
            self._queue.look(cell_group(self._scene.base), self._scene.cells(self._scene.base))

    @property
    def in_sight(self) -> tuple[int, tuple[int, ...]]:
        """The grid in view and its visible cells."""
        queue = self._queue
        return (grid_of(queue.level), queue.visible) if queue is not None else (0, ())

    def resend(self) -> None:
        """Send all pictures and labels to a new front end, visible cells first."""
        if self._scene is not None:
            self._send_layout(self._scene)
            grid, visible = self.in_sight
            self._gallery.resend(cell_group(grid), visible)

    def look(self, grid: int, visible: Sequence[int], near: Sequence[int]) -> None:
        """Note which cells are visible, and which are next to them."""
        if self._queue is None or self._scene is None or grid not in self._scene.grids:
            return
        self._queue.look(cell_group(grid), visible, near)
        cells = [*self._queue.visible, *self._queue.near]
        self.fetch(grid, cells)
        self._gallery.show_crops(cell_group(grid), cells)

    def point(self, grid: int, cell: int) -> None:
        """Note the cell under the pointer."""
        if self._queue is not None:
            self._queue.point(cell_group(grid), cell)

    def demand(self, grid: int, cells: Sequence[int]) -> None:
        """Render these cells regardless of visibility."""
        if self._queue is not None:
            self._queue.demand(cell_group(grid), cells)
            self.fetch(grid, cells)

    def withdraw(self, grid: int, cells: Sequence[int]) -> None:
        """Withdraw a demand."""
        if self._queue is not None:
            self._queue.withdraw(cell_group(grid), cells)

    def retry(self) -> None:
        """Retry the pictures that failed."""
        if self._queue is not None:
            self._queue.retry()

    def unfinished(self, grid: int, cells: Sequence[int]) -> list[int]:
        """Return the cells that have no final picture yet and have not failed."""
        queue, group = self._queue, cell_group(grid)
        return [
            cell
            for cell in cells
            if queue is not None
            and queue.has(group, cell)
            and queue.state(group, cell) is not State.FINAL
            and not queue.failed(group, cell)
        ]

    def advance_crops(self) -> bool:
        """Show some of the cells' first crops; return False if there are none left."""
        return self._gallery.advance_crops()

    @property
    def final(self) -> bool:
        """True if the layout is final, so that pictures are worth rendering."""
        return self._queue is not None and self._scene is not None and self._scene.final

    @property
    def busy(self) -> bool:
        """True if pictures or labels are still to be made, here or on the cluster."""
        return self._queue is not None and (self._queue.pending() or self.waits_for_remote)

    def advance(self) -> bool:
        """Work on pictures and labels for one slice; return False if nothing is left to do."""
        queue, scene = self._queue, self._scene
        if queue is None or scene is None or not self.final or not self.busy:
            return False
        if self._renderer is None:
            self._set_up(scene, queue)
            return True
        # a user waits for the first picture, and no class is named before the scale is known
        if self._renderer.shown and self._measure():
            return True
        if self._renderer.advance(SLICE):
            self._report_pictures(queue, self._renderer)
            return True
        if self._measure():
            return True
        batch: Batch | None = queue.next(_ONE_LABEL)
        if batch is None:
            return False
        self.label(grid_of(batch.group), batch.numbers[0])
        total = len(queue.visible)
        self._reporter.report("pictures", LABELLING, total - queue.labels_left(), total)
        return True

    def coarser(self, work: str) -> CoarserGrid | None:
        """Return the next coarser grid, and how many of its cells still need some work.

        Parameters
        ----------
        work
            RENDERING or LABELLING; nothing else is about cells.
        """
        queue, scene = self._queue, self._scene
        if queue is None or scene is None or work not in (RENDERING, LABELLING):
            return None
        grid, _ = self.in_sight
        known = [size for size in scene.grids if size < grid]
        if known:
            group = cell_group(max(known))
            left = queue.unfinished(group) if work == RENDERING else queue.unlabelled(group)
            return CoarserGrid(max(known), left, exists=True)
        half = grid // 2
        if half < _COARSEST:
            return None
        pairs = (divmod(cell, grid) for cell in scene.cells(grid))
        cells = {(row * half // grid, column * half // grid) for row, column in pairs}
        return CoarserGrid(half, len(cells), exists=False)

    def _measure(self) -> bool:
        """Learn what is much for the model, which is said of each cell; return False once known."""
        labeller = self._labeller
        if labeller is None or not labeller.possible or self._measured:
            return False
        try:
            self._measured = labeller.scale.advance()  # a card may have measured it already
        except Exception as error:
            self.lose_classes(error)
            return False
        if self._measured and self._scene is not None:
            if labeller.scale.untrained:
                self._notice(UNTRAINED_NOTICE)
            self._fetch_all(self._scene)  # labels are told from now on
        return True

    @property
    def waits_for_remote(self) -> bool:
        """True if pictures are expected from the cluster, which has to be polled."""
        return self._renderer is not None and self._renderer.waits_for_remote

    def settle(self) -> None:
        """Note that all pictures are done."""
        if self._queue is not None:
            self._queue.settle()

    def _set_up(self, scene: Scene, queue: PictureQueue) -> None:
        self._reporter.report("pictures", RENDERING, 0, 0)
        self._renderer = self._new_renderer(scene, queue)
        self._fetch_all(scene)

    def _new_renderer(self, scene: Scene, queue: PictureQueue) -> PictureRenderer:
        from atlas_widget.inversion.settings import InversionSettings

        return PictureRenderer(
            CellTargets(scene),
            queue,
            self._probe,
            InversionSettings.icon(),
            self._engines.icons,
            self._cache,
            seed=self._seed,
            show=self._gallery.show,
            notice=self._notice,
            maker=self._maker,
        )

    def _recall(self, scene: Scene, queue: PictureQueue) -> None:
        """Show the cached pictures of the base grid, which is visible first."""
        self._renderer = self._new_renderer(scene, queue)
        self._renderer.prefetch(cell_group(scene.base), scene.cells(scene.base))
        self._renderer.recall()
        self.fetch(scene.base, scene.cells(scene.base))

    def _fetch_all(self, scene: Scene) -> None:
        """Load what is cached of the base grid and of what is in sight."""
        self.fetch(scene.base, scene.cells(scene.base))
        self.fetch(*self.in_sight)

    def fetch(self, grid: int, cells: Any) -> None:
        """Load the cached pictures and labels of these cells."""
        if self._renderer is not None:
            self._renderer.prefetch(cell_group(grid), cells)
        if self._labeller is not None and self._queue is not None:
            found = self._labeller.prefetch(grid, cells)
            self._queue.mark_labelled(cell_group(grid), found)
            for cell in found:
                self._publish_label(grid, cell)

    def label(self, grid: int, cell: int) -> None:
        """Work on the classes of a cell for one slice; publish its label once it is known."""
        labeller, queue = self._labeller, self._queue
        if labeller is None or queue is None:
            return
        try:
            known = labeller.advance(grid, cell)
        except Exception as error:
            self.lose_classes(error)
            return
        if known:
            queue.mark_labelled(cell_group(grid), [cell])
            self._publish_label(grid, cell)

    def lose_classes(self, error: Exception) -> None:
        """Continue without classes: an error with one cell would occur with all."""
        if self._labeller is not None and self._queue is not None:
            self._labeller.give_up()
            self._queue.no_labels()
        text = f"The cells have no classes: {error}"
        self._notice(text)
        self._no_classes(text)

    def _publish_label(self, grid: int, cell: int) -> None:
        classes = self._labeller.known(grid, cell) if self._labeller is not None else None
        if classes is not None and self._scene is not None:
            self._gallery.label(cell_group(grid), cell, classes)
            if self._scene.atlas is not None:
                self._scene.atlas.cell_labels.setdefault(grid, {})[cell] = classes.label

    def _report_pictures(self, queue: PictureQueue, renderer: PictureRenderer) -> None:
        if not self._reporter.due:
            return
        states = [state for _, _, state in queue.interest()]
        done = sum(renderer.work(state) for state in states)
        self._reporter.report("pictures", RENDERING, done, len(states))

    def _send_layout(self, scene: Scene) -> None:
        if not self._gallery.connected:
            return
        content = messages.build(
            "layout",
            revision=scene.revision,
            final=scene.final,
            grids=scene.outline(),
            samples=len(scene.samples),
            images=scene.images,
            layer=scene.layer,
            subject=scene.subject,
            axes=scene.axes(),
        )
        self._gallery.send(content, [])
