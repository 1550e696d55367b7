"""One layer that is open: its cells, its panels, its long computations."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from atlas_widget.session.cells.cells import SLICE, Cells
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.model_session import ModelSession
from atlas_widget.session.panels.panel import Fields, LayerContext, panel_types
from atlas_widget.session.pictures.engines import Engines
from atlas_widget.session.pictures.gallery import Gallery
from atlas_widget.session.pictures.inspector import Inspector
from atlas_widget.session.status import Reporter
from atlas_widget.session.tasks.task import LongTasks, Pause

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe
    from atlas_widget.progress import CancelledCallback

__all__ = ["Handlers", "OpenLayer"]

Handlers = Mapping[str, Sequence[Callable[[Fields], None]]]
"""What is called with the fields of a message, by its kind."""


class OpenLayer:
    """Makes what can be seen of a layer, the most urgent things first, a slice at a time.

    Parameters
    ----------
    probe
        The layer.
    model
        Its model, and the images.
    labels
        The names of the classes, if any.
    gallery
        Gets what is made.
    reporter
        Told how far it is.
    notice
        Told what the user should know once.
    no_classes
        Told why cells turn out to have no classes.
    pause, cancelled
        For what takes long; see :class:`~.tasks.task.LongTasks`.

    Attributes
    ----------
    cells
        Pictures and labels of the cells on show.
    tasks
        Long computations, one after the other.
    handlers
        What answers each kind of message.
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
        self._context = LayerContext(
            probe=probe,
            source=source,
            labels=None if labels is None else list(labels),
            cache=cache,
            gallery=gallery,
            cells=self.cells,
            inspector=Inspector(probe, engines.get, cache, gallery.send),
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
        """Take up another scene of the layer: its cells show real crops to begin with.

        Parameters
        ----------
        scene
            The cells.
        watched
            Whether a user looks.
        again
            Whether pictures may be known from before: these are shown at once.
        """
        if self._scene is not None:
            self.tasks.clear("Another layout is on show now.")
        self._scene = scene
        labeller = self.cells.take_up(scene)
        for panel in self._panels:
            panel.show(scene, labeller)
        self.cells.show(scene, labeller, again=again)
        if watched:
            self.cells.watch()

    def advance_urgent(self) -> bool:
        """Work for a slice on what a user waits for; return False if there is no such thing.

        The panels take turns: none keeps those who wait for another one waiting.
        """
        for _ in range(len(self._urgent)):
            panel = self._urgent[0]
            self._urgent.rotate(-1)
            if panel.advance_urgent(SLICE):
                return True
        return False

    def advance(self) -> bool:
        """Work for a slice on what takes longer; return False if nothing is left to do."""
        scene = self._scene
        if scene is None:
            return False
        if scene.final and self.tasks.advance(self._context.material(scene)):
            return True
        if any(panel.advance() for panel in self._panels) or self.cells.advance_crops():
            return True
        if not self.cells.final:
            return False
        # Who looks at an overlay waits for its values, and for pictures: they take turns.
        self._panels_next = not self._panels_next
        if self._panels_next and self._advance_beside_cells(alone=not self.cells.busy):
            return True
        return self.cells.advance() or self._advance_beside_cells(alone=True)

    def close(self, reason: str) -> None:
        """Tell those who wait for something that there will be none."""
        self.tasks.clear(reason)
        for panel in self._panels:
            panel.close(reason)

    def _advance_beside_cells(self, *, alone: bool) -> bool:
        return any(panel.advance_beside_cells(alone=alone) for panel in self._panels)
