"""An open layer: its cells, panels and long computations."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from atlas_widget.session.cells.cells import SLICE, Cells
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.comparison.board import ComparisonBoard
from atlas_widget.session.model_session import ModelSession
from atlas_widget.session.panels.note_board import NoteBoard
from atlas_widget.session.panels.panel import Fields, LayerContext, panel_types
from atlas_widget.session.panels.photo_board import PhotoBoard
from atlas_widget.session.pictures.engines import Engines
from atlas_widget.session.pictures.gallery import Gallery
from atlas_widget.session.pictures.inspector import Inspector
from atlas_widget.session.status import Reporter
from atlas_widget.session.tasks.task import LongTasks, Pause
from atlas_widget.session.units.beside import BesideBoard
from atlas_widget.session.units.opened import OpenedUnits

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe
    from atlas_widget.progress import CancelledCallback

__all__ = ["Handlers", "OpenLayer"]

Handlers = Mapping[str, Sequence[Callable[[Fields], None]]]
"""Callables that handle the fields of a message, by the kind of message."""


class OpenLayer:
    """Does all work on a layer, most urgent first, one slice at a time.

    Parameters
    ----------
    probe
        The layer.
    model
        Its model, and the images.
    labels
        The names of the classes, if any.
    gallery
        Receives pictures and labels.
    reporter
        Receives progress.
    notice
        Receives notices to the user.
    no_classes
        Called with the reason if cells turn out to have no classes.
    pause, cancelled
        For long computations; see :class:`~.tasks.task.LongTasks`.

    Attributes
    ----------
    cells
        Pictures and labels of the cells shown.
    tasks
        Long computations, one after the other.
    photos
        Keeps the photo whose places are shown.
    notes
        Keeps the notes on the atlas.
    beside
        Keeps the comparison with another network's units.
    comparisons
        Keeps the comparison with another atlas.
    opened_units
        Remembers whose pages were opened.
    handlers
        Handlers of each kind of message.
    """

    def __init__(
        self,
        probe: LayerProbe,
        model: ModelSession,
        labels: Sequence[str] | None,
        gallery: Gallery,
        *,
        reporter: Reporter,
        notice: Callable[[str], None],
        no_classes: Callable[[str], None],
        pause: Pause,
        cancelled: CancelledCallback,
    ) -> None:
        self.probe = probe
        self._scene: Scene | None = None
        cache, source, seed = model.cache, model.source, model.recipe.seed
        engines = Engines(probe)
        self.cells = Cells(
            probe,
            source,
            labels,
            cache,
            gallery,
            engines,
            seed=seed,
            reporter=reporter,
            notice=notice,
            no_classes=no_classes,
            maker=model.maker,
        )
        self.tasks = LongTasks(pause, cancelled)
        self.photos = PhotoBoard(gallery)
        self.notes = NoteBoard(model.recipe, probe.layer, gallery, notice)
        self.beside = BesideBoard(gallery, cache, seed)
        self.comparisons = ComparisonBoard(gallery, cache, seed, self.tasks, source)
        self.opened_units = OpenedUnits(gallery, probe.kind)
        self._context = LayerContext(
            probe=probe,
            source=source,
            labels=None if labels is None else list(labels),
            names_assumed=model.names_assumed,
            cache=cache,
            gallery=gallery,
            cells=self.cells,
            engines=engines,
            inspector=Inspector(probe, engines.get, cache, gallery.send),
            photos=self.photos,
            notes=self.notes,
            beside=self.beside,
            comparisons=self.comparisons,
            check_layer=model.check_layer,
            opened_units=self.opened_units,
            image=model.image,
            judge=model.judge,
            tasks=self.tasks,
            reporter=reporter,
            model=model.name,
            seed=seed,
            pause=pause,
            cancelled=cancelled,
        )
        self._panels = [kind.open(self._context) for kind in panel_types()]
        self._urgent = deque(self._panels)
        self._panels_next = False
        handlers: dict[str, list[Callable[[Fields], None]]] = {}
        for panel in self._panels:
            for kind in panel.kinds:
                handlers.setdefault(kind, []).append(partial(panel.handle, kind))
        self.handlers: Handlers = handlers

    def show(self, scene: Scene, *, watched: bool, again: bool = False) -> None:
        """Show another scene of the layer: its cells show real crops at first.

        Parameters
        ----------
        scene
            The cells.
        watched
            Whether a view is open.
        again
            Whether pictures may be cached: these are shown at once.
        """
        if self._scene is not None:
            self.tasks.clear("Another layout is shown now.")
        self._scene = scene
        labeller = self.cells.take_up(scene)
        for panel in self._panels:
            panel.show(scene, labeller)
        self.cells.show(scene, labeller, again=again)
        if watched:
            self.cells.watch()

    def connect(self) -> None:
        """Send a front end that has just come up all that there is to show."""
        self.cells.resend()
        for panel in self._panels:
            panel.connect()

    def advance_urgent(self) -> bool:
        """Work for one slice on what a user is waiting for; return False if there is nothing.

        The panels take turns, so that no panel blocks another one.
        """
        for _ in range(len(self._urgent)):
            panel = self._urgent[0]
            self._urgent.rotate(-1)
            if panel.advance_urgent(SLICE):
                return True
        return False

    def advance(self) -> bool:
        """Work for one slice on longer tasks; return False if nothing is left to do."""
        scene = self._scene
        if scene is None:
            return False
        if scene.final and self.tasks.advance(self._context.material(scene)):
            return True
        # Crops take a moment, and nothing is worse than an empty tile.
        if self.cells.advance_crops() or any(panel.advance() for panel in self._panels):
            return True
        if not self.cells.final:
            return False
        # The values of an overlay and the pictures take turns.
        self._panels_next = not self._panels_next
        if self._panels_next and self._advance_beside_cells(alone=not self.cells.busy):
            return True
        return self.cells.advance() or self._advance_beside_cells(alone=True)

    def close(self, reason: str) -> None:
        """End all pending requests, with the reason."""
        self.tasks.clear(reason)
        for panel in self._panels:
            panel.close(reason)

    def _advance_beside_cells(self, *, alone: bool) -> bool:
        return any(panel.advance_beside_cells(alone=alone) for panel in self._panels)
