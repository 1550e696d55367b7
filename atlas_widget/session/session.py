"""The work behind a widget: at each moment the most urgent thing, a slice at a time.

A session is the job of a widget's worker. At each slice it does the most urgent thing there is:
what a user waits for, the next step of the layout, the next pictures, the next labels. Results go
to a :class:`~.listener.SessionListener`: the widget.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from atlas_widget.errors import AtlasError, CellError
from atlas_widget.progress import Cancelled
from atlas_widget.protocol import messages
from atlas_widget.protocol.messages import Message
from atlas_widget.session.building import Built
from atlas_widget.session.cells.checks import check_cells, check_grid
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.listener import SessionListener
from atlas_widget.session.model_session import ModelSession
from atlas_widget.session.notifier import Notifier
from atlas_widget.session.open_layer import Handlers, OpenLayer
from atlas_widget.session.panels.panel import Fields
from atlas_widget.session.pauses import Pauses
from atlas_widget.session.pictures.gallery import Gallery
from atlas_widget.session.pictures.picture import Picture, cell_group
from atlas_widget.session.settings import Recipe
from atlas_widget.session.stages import AtlasStages
from atlas_widget.session.subjects import ALL, Subject
from atlas_widget.session.tasks.export import Shown
from atlas_widget.session.tasks.task import LongTask
from atlas_widget.session.wish import Wish

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.probe import LayerProbe

__all__ = ["Session"]

_LOOK_AFTER = 0.05  # seconds between two looks whether pictures have come from elsewhere
_CROSSING = 3.0  # seconds in which messages about the last layout may still be on their way


class Session:
    """Everything that happens on the worker's thread. See :class:`~.worker.Job`.

    What is not under "Any thread" belongs to the worker.

    Parameters
    ----------
    probe
        The layer to begin with; the session closes it.
    recipe
        How atlases are made.
    listener
        Hears of everything.
    model
        The model's name.

    Attributes
    ----------
    scene
        The cells on show.
    error
        Why there is no atlas; None while there is one, or one in the making.
    refusal
        Why the last subject could not be shown.
    watched
        Whether a user has ever looked.
    changed
        Notified whenever something that can be waited for may have happened.
    notifier
        Tells the user of progress, notices and errors.
    """

    def __init__(
        self, probe: LayerProbe, recipe: Recipe, listener: SessionListener, model: str
    ) -> None:
        self.listener = listener
        self.notifier = Notifier(listener, model, probe.layer)
        self.model = ModelSession(probe, recipe, model)
        self.changed = threading.Condition()
        self.scene: Scene | None = None
        self.error: BaseException | None = None
        self.refusal: BaseException | None = None
        self.closed = False
        self._gallery = Gallery(listener.send)
        self._wish = Wish()
        self._pauses = Pauses(self._let_in, self.failed)
        self._stopping: Callable[[], bool] = lambda: False
        self._begun = False
        self.watched = False
        self._layer: OpenLayer | None = None
        self._stages: AtlasStages | None = None
        self._announced: Scene | None = None  # on show, and the listener knows
        self._first_subject: Subject = ALL  # wanted before anything could be built
        self._without_classes = ""
        self._revision = -1
        self._shown_at = 0.0
        self._handlers: Handlers = {
            "ready": (self._connect,),
            "acknowledge": (lambda fields: self._gallery.confirm(fields["sheet"]),),
            "missing": (self._send_again,),
            "visible": (self._look,),
            "retry": (self._retry,),
        }

    # -- Any thread

    @property
    def layer(self) -> str:
        """The layer that is on show, or about to be."""
        return self._wish.layer or self.model.probe.layer

    @property
    def subject(self) -> list[str]:
        """The subject of the atlas that is on show, or about to be."""
        wanted, stages = self._wish.subject, self._stages
        if wanted is None:
            return list(stages.subject if stages is not None else self._first_subject)
        return list(wanted)

    @property
    def atlas(self) -> Atlas | None:
        """The atlas of all samples of the layer, once it is ready."""
        stages = self._stages
        return stages.atlas if stages is not None else None

    @property
    def built(self) -> bool:
        """Whether the atlas that is wanted is ready: the layer's, or one chosen out of it."""
        stages, scene = self._stages, self._announced
        if stages is None or stages.atlas is None:
            return False
        if self._wish.layer is not None or self._wish.subject is not None:
            return False
        return scene is not None and scene is self.scene and scene.subject == stages.subject

    @property
    def shown_atlas(self) -> Atlas | None:
        """The atlas on show, once it is ready."""
        scene = self.scene
        return scene.atlas if scene is not None and self.atlas is not None else None

    @property
    def class_names(self) -> list[str]:
        """One name for each class, no two alike; none if the layer argues for none."""
        return self.model.class_names

    def check_layer(self, name: object) -> str:
        """Return the name of a layer, or raise that the model has no such layer."""
        return self.model.check_layer(name)

    def check(self, message: Message) -> None:
        """Raise an error for a message about cells that do not exist."""
        scene = self.scene
        young = time.monotonic() - self._shown_at < _CROSSING
        if scene is None or young:
            return
        fields = message.fields
        for prefix in ("", "other_"):
            grid = fields.get(f"{prefix}grid")
            if grid is None:
                continue
            named, cell = fields.get(f"{prefix}cells", ()), fields.get(f"{prefix}cell")
            check_grid(grid, scene)
            check_cells([*named, cell] if cell is not None else named, grid, scene)

    @property
    def shown(self) -> Shown:
        """The cells on show with their pictures; raises if there are none yet."""
        scene = self.scene
        if scene is None:
            raise CellError("There are no cells yet; w.wait() waits for them.")
        return Shown(scene, self.model.name, self.model.recipe.seed, self.snapshot)

    def snapshot(self, grid: int) -> tuple[dict[int, Picture], dict[int, str | None]]:
        """Return the pictures and labels of a grid as they are now."""
        return self._gallery.snapshot(cell_group(grid))

    def unfinished(self, grid: int, cells: Sequence[int]) -> list[int]:
        """Return those of the cells that still lack a final picture and may yet get one."""
        layer = self._layer
        return layer.cells.unfinished(grid, cells) if layer is not None else []

    # -- The worker's job

    def attach(self, breathe: Callable[[], None], stopping: Callable[[], bool]) -> None:
        """Learn how to let commands in from within a long slice, and when to give it up."""
        self._stopping = stopping
        self._pauses.attach(breathe)

    def advance(self) -> float | None:
        """Do the most urgent thing for a moment."""
        if not self._begun:
            self._begun = True
            self._begin()
            return 0
        layer_wanted, subject_wanted = self._wish.layer, self._wish.subject
        if layer_wanted is not None:
            self._switch(layer_wanted)
            return 0
        if subject_wanted is not None:
            self._turn_to(subject_wanted)
            return 0
        wait = self._gallery.flush()
        if self._work():
            self._wake()
            self.notifier.progress.flush()
            return 0
        layer = self._layer
        awaits = layer is not None and layer.cells.awaits
        if layer is not None and self.scene is not None and self.error is None and not awaits:
            layer.cells.settle()
            self.notifier.progress.report("idle", "")
        self._wake()
        unsaid = self.notifier.progress.flush()
        waits = (wait, unsaid, _LOOK_AFTER if awaits else None)
        return min((one for one in waits if one is not None), default=None)

    def failed(self, error: BaseException) -> None:
        """Report an error that costs a picture or a command, and nothing else."""
        if not isinstance(error, Cancelled):
            self._fail(error, fatal=False)

    def close(self) -> None:
        """Free the network, the cache and a cluster's workers."""
        if self._stages is not None:
            self._stages.close()
        self._layer = None
        self.model.close()
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _work(self) -> bool:
        """Work for a slice; return False if nothing is left to do."""
        layer, stages = self._layer, self._stages
        return (
            (layer is not None and layer.advance_urgent())
            or (stages is not None and stages.advance())
            or (layer is not None and layer.advance())
        )

    # -- Commands: the worker runs them between slices, and in the pauses of long ones

    def handle(self, message: Message) -> None:
        """Do what a checked message from the browser asks for."""
        layer = self._layer
        handlers = self._handlers.get(message.kind)
        if handlers is None and layer is not None:
            handlers = layer.handlers.get(message.kind)
        for handler in handlers or ():
            handler(message.fields)

    def switch_layer(self, layer: str) -> None:
        """Show all samples of another layer, as soon as what runs has stopped."""
        self._wish.post_layer(layer)

    def show_subject(self, subject: Sequence[str]) -> None:
        """Show the atlas of a checked subject, as soon as it is made."""
        self.refusal = None
        self._wish.post_subject(tuple(subject))

    def take_refusal(self) -> BaseException | None:
        """Return once why the last subject could not be shown."""
        refusal, self.refusal = self.refusal, None
        return refusal

    def demand(self, grid: int, cells: Sequence[int]) -> None:
        """Render these cells, whether or not they are in sight."""
        if self._layer is not None:
            self._layer.cells.demand(grid, cells)

    def withdraw(self, grid: int, cells: Sequence[int]) -> None:
        """Forget such a demand."""
        if self._layer is not None:
            self._layer.cells.withdraw(grid, cells)

    def run(self, task: LongTask) -> None:
        """Run an experiment that Python asked for."""
        if self._layer is not None:
            self._layer.tasks.add(task)
        else:
            task.end(error=AtlasError("There is no layer to try anything on."))

    def point(self, grid: int, cell: int) -> None:
        """Follow the pointer."""
        if self._layer is not None:
            self._layer.cells.point(grid, cell)

    # -- Messages that no panel answers

    def _connect(self, _fields: Fields) -> None:
        self.notifier.listen()
        self._gallery.connected = True
        self._send_classes()
        if self._layer is not None:
            self._layer.cells.resend()

    def _send_again(self, fields: Fields) -> None:
        self._gallery.send_again(cell_group(fields["grid"]), fields["cells"])

    def _look(self, fields: Fields) -> None:
        layer = self._layer
        if layer is None:
            return
        if not self.watched:
            self.watched = True
            layer.cells.watch()
        layer.cells.look(fields["grid"], fields["cells"], fields["near"])

    def _retry(self, _fields: Fields) -> None:
        if self.error is not None:
            self.error = None
            self._begin()
        elif self._layer is not None:
            self._layer.cells.retry()

    # -- From one layer, or one atlas of it, to the next

    def _begin(self) -> None:
        """Open the panels of the current layer, and start on its atlas."""
        self.notifier.progress.report("starting", "Starting")
        try:
            self._open_layer()
        except Exception as error:
            self._fail(error, fatal=True)

    def _open_layer(self) -> None:
        model, notifier = self.model, self.notifier
        probe = model.probe
        cache_notice = model.cache.notice
        for notice in (cache_notice, *probe.notices):
            if notice:
                notifier.notice(notice)
        self._without_classes = ""
        self._send_classes()
        notifier.progress.report("starting", "Opening the images")
        model.open_images(notifier.notice)
        labels, assumed = model.recipe.names_of_classes(probe)
        if assumed:
            notifier.notice(assumed)
        self._layer = OpenLayer(
            probe,
            model,
            labels,
            self._gallery,
            reporter=notifier.progress,
            notice=notifier.notice,
            no_classes=self._lose_classes,
            pause=partial(self._progress, "pictures"),
            cancelled=self._subject_cancelled,
        )
        subject = self._stages.subject if self._stages is not None else self._first_subject
        stages = AtlasStages(
            probe,
            model,
            self,
            keep=cache_notice is None,
            report=self._progress,
            notice=notifier.notice,
            cancelled=self._cancelled,
            subject_cancelled=self._subject_cancelled,
        )
        stages.subject = subject
        self._stages = stages

    def _switch(self, layer: str) -> None:
        """Take up another layer; if there is something wrong with it, stay with this one."""
        shown = self.model.probe.layer
        if layer == shown:  # there and back before anything happened
            self._wish.fulfil_layer(layer)
            self._resume()
            return
        self.notifier.progress.report("starting", f"Opening {layer}")
        try:
            probe = self.model.open_layer(layer)
        except Exception as error:
            if self._wish.fulfil_layer(layer):  # else another one is wanted by now
                self.listener.layer_refused(shown)
            self._fail(error, fatal=False)
            self._resume()
            return
        if self._wish.layer != layer:  # another one was asked for meanwhile
            probe.close()
            return
        if self._stages is not None:
            self._stages.close()
        if self._layer is not None:
            self._layer.close("Another layer is on show now.")
        self._layer = self._stages = self.scene = self.error = None
        self._first_subject = ALL
        self.model.take_up(probe)
        # Last: until then, nobody must take the old atlas for the one that is wanted.
        self._wish.fulfil_layer(layer)
        self.notifier.progress.layer(layer)
        self._begin()

    def _resume(self) -> None:
        """Go on with this layer: the wish for another one may have ended its collection."""
        if self.error is None and (self._stages is None or self._stages.stalled):
            self._begin()

    def _turn_to(self, subject: Subject) -> None:
        """Show the atlas of another subject: at once, or as soon as it is made."""
        stages = self._stages
        if stages is None:
            self._first_subject = subject
        else:
            # First: until then, nobody must take the old atlas for the one that is wanted.
            stages.subject = subject
        self._wish.fulfil_subject(subject)
        if stages is not None:
            stages.turn_to(subject)
        self._wake()

    # -- What the stages report; see `StageListener`

    def show(self, built: Built, subject: Subject, *, again: bool) -> None:
        """Put a layout on show; `again` if its pictures may be known from before."""
        if self._layer is None:
            return
        self._revision += 1
        layer = self._layer.probe.layer
        scene = Scene(self._revision, layer, built.grids, built.samples, built.atlas, subject)
        self.notifier.progress.counts(len(scene.samples), scene.images)
        self.scene, self._shown_at = scene, time.monotonic()
        self._layer.show(scene, watched=self.watched, again=again)
        self.listener.scene_changed(scene)
        self._announced = scene
        self._gallery.flush(linger=False)  # a user waits for the first crops
        self._wake()

    def build_failed(self, error: Exception) -> None:
        """Report that there is no atlas of the layer."""
        self._fail(error, fatal=True)

    def subject_failed(self, error: Exception) -> None:
        """Stay with what is on show."""
        if self._wish.subject is None:  # else the user has another wish by now
            self.refusal = error
            self.listener.subject_refused(self._stages.subject if self._stages else ALL)
        self._fail(error, fatal=False)

    # -- Within long slices

    def _cancelled(self) -> bool:
        return self._stopping() or self._wish.layer is not None

    def _subject_cancelled(self) -> bool:
        return self._cancelled() or self._wish.subject is not None

    def _progress(self, stage: str, message: str, done: float, total: float) -> None:
        """Report how far a long slice is, and let what is urgent in."""
        self.notifier.progress.report(stage, message, done, total)
        self._pauses.pause()

    def _let_in(self, breathe: Callable[[], None]) -> None:
        breathe()
        self._gallery.flush()
        if self._layer is not None and not self._cancelled():
            self._layer.advance_urgent()

    # -- Reports

    def _send_classes(self) -> None:
        if not self._gallery.connected:
            return
        probe = self.model.probe
        names = self.class_names if not self._without_classes else []
        reason = self._without_classes or probe.no_classes or "The model has no classes."
        content = messages.build("classes", names=names, reason="" if names else reason)
        self.listener.send(content, [])

    def _lose_classes(self, reason: str) -> None:
        self._without_classes = reason
        self._send_classes()

    def _fail(self, error: BaseException, *, fatal: bool) -> None:
        if fatal:
            self.error = error
        self.notifier.error(error, fatal=fatal)
        self._wake()

    def _wake(self) -> None:
        with self.changed:
            self.changed.notify_all()
