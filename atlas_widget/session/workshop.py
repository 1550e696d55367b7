"""Everything that is made for one layer: its cells, and what panels ask of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from atlas_widget.session.cells.cache import PictureCache
from atlas_widget.session.cells.cell_work import SLICE, CellWork
from atlas_widget.session.cells.remote import IconMaker
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.gallery import Gallery
from atlas_widget.session.panels.card import Details
from atlas_widget.session.panels.causes import KINDS, Causes
from atlas_widget.session.panels.diagnosis import KINDS as DIAGNOSES
from atlas_widget.session.panels.diagnosis import Diagnoser
from atlas_widget.session.panels.inspector import Inspector
from atlas_widget.session.status import Reporter
from atlas_widget.session.tasks.task import LongTask, Pause

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe
    from atlas_widget.progress import CancelledCallback

__all__ = ["Workshop"]


class Workshop(CellWork):
    """Makes what can be seen of a layer, most urgent things first, a slice at a time.

    Parameters
    ----------
    probe
        The layer.
    source
        The images, or None if they are not at hand: then there are no classes.
    labels
        The names of the classes, if any.
    cache
        Keeps what is finished.
    gallery
        Gets what is made.
    seed
        The noise that pictures start from.
    reporter
        Told how far it is.
    notice
        Told what the person should know once.
    no_classes
        Told why cells turn out to have no classes.
    pause, cancelled
        For what takes long; see :class:`~.long_tasks.LongTasks`.
    maker
        Makes the cells' pictures elsewhere, while it is ready to.
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
        pause: Pause,
        cancelled: CancelledCallback,
        maker: IconMaker | None = None,
    ) -> None:
        super().__init__(
            probe,
            source,
            labels,
            cache,
            gallery,
            seed=seed,
            reporter=reporter,
            notice=notice,
            no_classes=no_classes,
            maker=maker,
        )
        inspector = Inspector(probe, self._engine, cache, gallery.send)
        self._details = Details(probe, source, inspector, gallery, self._label, seed=seed)
        self._causes = Causes(probe, source, labels, gallery, pause=pause, cancelled=cancelled)
        self._diagnoser = Diagnoser(probe.device, gallery.send, pause=pause, cancelled=cancelled)

    def show(self, scene: Scene, *, watched: bool, again: bool = False) -> None:
        """Take up another scene of the layer: its cells show real crops to begin with.

        Parameters
        ----------
        scene
            The cells.
        watched
            Whether somebody looks.
        again
            Whether pictures may be known from before: these are shown at once.
        """
        labeller = self._take_up(scene)
        self._details.show(scene, labeller)
        self._causes.show(scene)
        self._diagnoser.show(scene, labeller)
        self._begin(scene, labeller, again=again)
        if watched:
            self.watch()

    def hover(self, grid: int, cell: int) -> None:
        """Send what is known of a cell at once, and see to its classes."""
        if self._scene is None or self._queue is None or not self._scene.has(grid, cell):
            return
        self._queue.point(grid, cell)
        self._fetch(grid, [cell])
        self._details.card(grid, cell)

    def answer(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Do what an open panel, an overlay or a search asks for."""
        if kind == "influence":
            self._overview.influence(fields["grid"], fields["class"], fields["cells"])
        elif kind == "strongest":
            self._overview.strongest(fields["grid"], fields["classes"])
        elif kind == "real_crops":
            self._gallery.real_crops(fields["grid"], fields["cells"])
        elif kind in DIAGNOSES:
            self._diagnoser.handle(kind, fields)
        elif kind == "inspect_half":
            self._inspect_half(fields)
        elif kind in KINDS:
            self._causes.handle(kind, fields)
        else:
            if kind == "inspect":
                self.hover(fields["grid"], fields["cell"])
            self._details.handle(kind, fields)

    def _inspect_half(self, fields: Mapping[str, Any]) -> None:
        place = (fields["grid"], fields["cell"])
        direction = self._diagnoser.half(*place, fields["half"])
        if direction is not None:
            self._details.picture(place, direction, fields)

    def run(self, task: LongTask) -> None:
        """Have an experiment made that Python asked for."""
        self._causes.run(task)

    def leave(self, reason: str) -> None:
        """Tell those who wait for experiments that there will be none."""
        self._causes.end(reason)

    def advance_urgent(self) -> bool:
        """Work for a slice on what somebody waits for; return False if there is no such thing."""
        worked = self._causes.advance_urgent() or self._diagnoser.advance_urgent()
        return worked or self._details.advance(SLICE)

    def advance(self) -> bool:
        """Work for a slice on what takes longer; return False if nothing is left to do."""
        return self._causes.advance() or self._diagnoser.advance() or super().advance()
