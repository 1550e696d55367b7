"""The session: all work behind a widget, in slices, most urgent first.

A session is the job of a widget's worker. In each slice it does the most urgent work: requests that
a user is waiting for, then the next step of the layout, the next pictures, the next labels. Results
go to a :class:`~.listener.SessionListener`, the widget.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from atlas_widget.attribution.hypernyms import kinds_of
from atlas_widget.errors import AtlasError, CellError
from atlas_widget.progress import Cancelled
from atlas_widget.protocol import messages
from atlas_widget.protocol.messages import Message
from atlas_widget.session.building import Built
from atlas_widget.session.cells.cells import RENDERING
from atlas_widget.session.cells.checks import check_cells, check_grid
from atlas_widget.session.cells.measured_scale import UNTRAINED_NOTICE
from atlas_widget.session.cells.regions import regions_of
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.listener import SessionListener
from atlas_widget.session.model_session import ModelSession
from atlas_widget.session.notifier import Notifier
from atlas_widget.session.open_layer import Handlers, OpenLayer
from atlas_widget.session.panels.panel import Fields
from atlas_widget.session.pauses import Pauses
from atlas_widget.session.pictures.gallery import Gallery
from atlas_widget.session.pictures.picture import Picture, cell_group
from atlas_widget.session.settings import Recipe, layer_shapes
from atlas_widget.session.shorter import advice
from atlas_widget.session.stages import AtlasStages
from atlas_widget.session.subjects import ALL, Subject
from atlas_widget.session.switch_request import SwitchRequest
from atlas_widget.session.tasks.shown import Shown
from atlas_widget.session.tasks.task import LongTask

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.comparison import AtlasComparison, AtlasSeries
    from atlas_widget.inversion.judge import Judge
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.image.opened import OpenedImage
    from atlas_widget.session.panels.note_board import NoteBoard
    from atlas_widget.session.tasks.photo import PlacedPhoto
    from atlas_widget.session.tasks.units_beside import UnitsBeside
    from atlas_widget.session.units.opened import OpenedUnits

__all__ = ["Session"]

_POLL_INTERVAL = 0.05  # seconds between two polls of the cluster
_STALE_MESSAGE_TIME = 3.0  # seconds in which messages about the last layout may arrive


class Session:
    """Does all work on the worker's thread. See :class:`~.worker.Job`.

    Methods that are not under "Any thread" may only be called on the worker's thread.

    Parameters
    ----------
    probe
        The first layer; the session closes it.
    recipe
        How atlases are made.
    listener
        Receives all reports.
    model
        The model's name.
    judge
        A second network that looks at pictures, if any; the session closes it.

    Attributes
    ----------
    scene
        The cells shown.
    error
        The reason why there is no atlas; None if there is one, or one is being built.
    refusal
        The reason why the last subject could not be shown.
    watched
        Whether a view has ever been open.
    changed
        Notified whenever a state that can be waited for may have changed.
    notifier
        Reports progress, notices and errors to the user.
    """

    def __init__(
        self,
        probe: LayerProbe,
        recipe: Recipe,
        listener: SessionListener,
        model: str,
        judge: Judge | None = None,
    ) -> None:
        self.listener = listener
        self.notifier = Notifier(listener, model, probe.layer)
        self.notifier.progress.advise = self._advise
        self.model = ModelSession(probe, recipe, model, judge)
        self.changed = threading.Condition()
        self.scene: Scene | None = None
        self.error: BaseException | None = None
        self.refusal: BaseException | None = None
        self.closed = False
        self._gallery = Gallery(listener.send)
        self._requested = SwitchRequest()
        self._pauses = Pauses(self._let_in, self.failed)
        self._stopping: Callable[[], bool] = lambda: False
        self._begun = False
        self._described = False
        self.watched = False
        self._comparing: LongTask | None = None  # waits for the layer to be open
        self._layer: OpenLayer | None = None
        self._stages: AtlasStages | None = None
        self._announced: Scene | None = None  # shown, and reported to the listener
        self._first_subject: Subject = ALL  # requested before anything could be built
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
        """The layer shown, or about to be shown."""
        return self._requested.layer or self.model.probe.layer

    @property
    def subject(self) -> list[str]:
        """The subject of the atlas shown, or about to be shown."""
        wanted = self._requested.subject
        if wanted is None:  # another layer is shown with all its samples first
            wanted = self.subject_shown if self._requested.layer is None else ALL
        return list(wanted)

    @property
    def subject_shown(self) -> Subject:
        """The subject shown, or to be shown once there is an atlas."""
        return self._stages.subject if self._stages is not None else self._first_subject

    @property
    def atlas(self) -> Atlas | None:
        """The atlas of all samples of the layer, once it is ready."""
        stages = self._stages
        return stages.atlas if stages is not None else None

    @property
    def built(self) -> bool:
        """True if the requested atlas is ready: the layer's, or one derived from it."""
        stages, scene = self._stages, self._announced
        if stages is None or stages.atlas is None:
            return False
        if self._requested.layer is not None or self._requested.subject is not None:
            return False
        if scene is None or scene is not self.scene or not scene.final:
            return False
        return scene.subject == stages.subject

    @property
    def shown_atlas(self) -> Atlas | None:
        """The atlas shown, once it is ready."""
        scene = self.scene
        return scene.atlas if scene is not None and self.atlas is not None else None

    @property
    def class_names(self) -> list[str]:
        """A unique name for each class; empty if the layer has no classes."""
        return self.model.class_names

    @property
    def units(self) -> int:
        """Number of units of the layer shown; 0 while another one is opened."""
        scene, wanted = self.scene, self._requested.layer
        if scene is not None:
            return scene.channels if wanted is None else 0
        return self.model.probe.channels if wanted is None else 0

    @property
    def comparison(self) -> AtlasComparison | AtlasSeries | None:
        """The last comparison of the atlas shown with another one, or with several."""
        shown = self._layer.comparisons.shown if self._layer is not None else None
        return shown.comparison if shown is not None else None

    def check_layer(self, name: object) -> str:
        """Return the name of a layer, or raise that the model has no such layer."""
        return self.model.check_layer(name)

    def check(self, message: Message) -> None:
        """Raise an error for a message about cells that do not exist."""
        scene = self.scene
        young = time.monotonic() - self._shown_at < _STALE_MESSAGE_TIME
        if scene is None or young:
            return
        fields = message.fields
        for prefix in ("", "other_"):
            grid = fields.get(f"{prefix}grid")
            if grid is None:
                continue
            named, cell = fields.get(f"{prefix}cells", ()), fields.get(f"{prefix}cell")
            if message.kind == "save_note" and not named:  # on a unit, or one that is there
                continue
            check_grid(grid, scene)
            check_cells([*named, cell] if cell is not None else named, grid, scene)

    @property
    def shown(self) -> Shown:
        """The cells shown with their pictures; raises if there are none yet."""
        scene = self.scene
        if scene is None:
            raise CellError("There are no cells yet; w.wait() waits for them.")
        return Shown(
            scene,
            self.model.name,
            self.model.recipe.seed,
            self.snapshot,
            partial(regions_of, scene, self.model.source),
            self._layer.notes.placed if self._layer is not None else tuple,
            self.model.names_assumed,
            str(self.model.probe.device),
            self.model.recipe.torch_threads,
        )

    @property
    def notes(self) -> NoteBoard:
        """The notes on the atlas of the layer; raises while there is none."""
        if self._layer is None:
            raise AtlasError("Notes go with a finished layout; w.wait() waits for it.")
        return self._layer.notes

    @property
    def opened_units(self) -> OpenedUnits:
        """The units whose pages were opened; raises while there is no layer."""
        if self._layer is None:
            raise AtlasError("Units go with a layout; w.wait() waits for it.")
        return self._layer.opened_units

    def labeller(self) -> Labeller | None:
        """Return what computes the classes of the cells shown; for the worker's thread."""
        return self._layer.cells.labeller if self._layer is not None else None

    def snapshot(self, grid: int) -> tuple[dict[int, Picture], dict[int, str | None]]:
        """Return the pictures and labels of a grid as they are now."""
        return self._gallery.snapshot(cell_group(grid))

    def leading(self, grid: int) -> dict[int, tuple[int, ...]]:
        """Return each cell's strongest class, or the two of its label, as far as known."""
        return self._gallery.leading(cell_group(grid))

    def unfinished(self, grid: int, cells: Sequence[int]) -> list[int]:
        """Return the cells that have no final picture yet and have not failed."""
        layer = self._layer
        return layer.cells.unfinished(grid, cells) if layer is not None else []

    # -- The worker's job

    def attach(self, run_commands: Callable[[], None], stopping: Callable[[], bool]) -> None:
        """Set the functions that run pending commands, and that say whether to stop."""
        self._stopping = stopping
        self._pauses.attach(run_commands)

    def advance(self) -> float | None:
        """Do the most urgent work for one slice."""
        if not self._begun:
            self._begun = True
            self._begin()
            return 0
        layer_wanted, subject_wanted = self._requested.layer, self._requested.subject
        if layer_wanted is not None:
            self._switch(layer_wanted)
            return 0
        if subject_wanted is not None:
            self._turn_to(subject_wanted)
            return 0
        if self.scene is not None and self.scene.final and not self._described:
            self._described = True  # once for all layers, and not before there is a map to look at
            self.listener.layer_shapes(layer_shapes(self.model.probe))
            return 0
        self._hand_over_comparison()
        wait = self._gallery.flush()
        if self._work():
            self._wake()
            self.notifier.progress.flush()
            return 0
        layer = self._layer
        waits_for_remote = layer is not None and layer.cells.waits_for_remote
        if (
            layer is not None
            and self.scene is not None
            and self.error is None
            and not waits_for_remote
        ):
            layer.cells.settle()
            self.notifier.progress.report("idle", "")
        self._wake()
        unsaid = self.notifier.progress.flush()
        waits = (wait, unsaid, _POLL_INTERVAL if waits_for_remote else None)
        return min((one for one in waits if one is not None), default=None)

    def failed(self, error: BaseException) -> None:
        """Report an error that affects only a picture or a command."""
        if not isinstance(error, Cancelled):
            self._fail(error, fatal=False)

    def close(self) -> None:
        """Release the model, the cache and the cluster's workers."""
        if self._stages is not None:
            self._stages.close()
        if self._layer is not None:
            self._layer.comparisons.close("The widget was closed.")
        self._layer = None
        self.model.close()
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _work(self) -> bool:
        """Work for one slice; return False if nothing is left to do."""
        layer, stages = self._layer, self._stages
        return (
            (layer is not None and layer.advance_urgent())
            or (stages is not None and stages.advance())
            or (layer is not None and layer.advance())
        )

    # -- Commands: run by the worker between slices, and in the pauses of long ones

    def handle(self, message: Message) -> None:
        """Handle a validated message from the browser."""
        layer = self._layer
        handlers = self._handlers.get(message.kind)
        if handlers is None and layer is not None:
            handlers = layer.handlers.get(message.kind)
        for handler in handlers or ():
            handler(message.fields)

    def switch_layer(self, layer: str) -> None:
        """Show all samples of another layer, as soon as the current work has stopped."""
        self._requested.request_layer(layer)

    def show_subject(self, subject: Sequence[str]) -> None:
        """Show the atlas of a validated subject, as soon as it is ready."""
        self.refusal = None
        self._requested.request_subject(tuple(subject))

    def take_refusal(self) -> BaseException | None:
        """Return, and reset, the reason why the last subject could not be shown."""
        refusal, self.refusal = self.refusal, None
        return refusal

    def demand(self, grid: int, cells: Sequence[int]) -> None:
        """Render these cells regardless of visibility."""
        if self._layer is not None:
            self._layer.cells.demand(grid, cells)

    def withdraw(self, grid: int, cells: Sequence[int]) -> None:
        """Withdraw a demand."""
        if self._layer is not None:
            self._layer.cells.withdraw(grid, cells)

    def run(self, task: LongTask) -> None:
        """Queue an experiment requested from Python."""
        if self._layer is not None:
            self._layer.tasks.add(task)
        else:
            task.end(error=AtlasError("There is no open layer to run an experiment on."))

    def show_photo(self, photo: PlacedPhoto) -> None:
        """Show where a photo's positions fall."""
        if self._layer is not None:
            self._layer.photos.show(photo)

    def show_units_beside(self, beside: UnitsBeside) -> None:
        """Show another network's units beside those of the layer, if that is still open."""
        if self._layer is not None and self._layer.probe.layer == beside.layer:
            self._layer.beside.show(beside)
        else:
            beside.probe.close()

    def compare(self, task: LongTask) -> None:
        """Compare the atlas with another one, as soon as there is one."""
        if self._comparing is not None:
            self._comparing.end(error=Cancelled())
        self._comparing = task
        self._hand_over_comparison()

    def open_image(self, image: OpenedImage, layers: Sequence[str]) -> None:
        """Read an image in these layers; in those of the last one if there are none."""
        opened = self.model.image
        if layers:
            opened.choose(layers)
        opened.open(image)
        opened.arrived = True

    def point(self, grid: int, cell: int) -> None:
        """Note the cell under the pointer."""
        if self._layer is not None:
            self._layer.cells.point(grid, cell)

    def _hand_over_comparison(self) -> None:
        """Pass on what is to be compared, unless another atlas is about to be shown."""
        task, layer = self._comparing, self._layer
        if task is not None and layer is not None and not self._turning:
            self._comparing = None
            layer.comparisons.ask(task)

    @property
    def _turning(self) -> bool:
        """True while another layer, or the atlas of another subject, is about to be shown."""
        if self._requested.layer is not None or self._requested.subject is not None:
            return True
        stages, scene = self._stages, self.scene
        return stages is not None and scene is not None and scene.subject != stages.subject

    # -- Messages that no panel handles

    def _connect(self, _fields: Fields) -> None:
        self.notifier.listen()
        self._gallery.connected = True
        self._send_classes()
        if self._layer is not None:
            self._layer.connect()

    def _send_again(self, fields: Fields) -> None:
        self._gallery.send_again(fields["group"], fields["numbers"])

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

    # -- Switching the layer, or the atlas of a layer

    def _begin(self) -> None:
        """Open the panels of the current layer, and start to build its atlas."""
        self.notifier.progress.report("starting", "Starting")
        try:
            self._open_layer()
        except Exception as error:
            self._fail(error, fatal=True)

    def _open_layer(self) -> None:
        model, notifier = self.model, self.notifier
        probe = model.probe
        cache_notice = model.cache.notice
        judge_notices = model.judge_notices(probe)
        doubts = [UNTRAINED_NOTICE] if model.at_start and not probe.no_classes else []
        for notice in (*doubts, cache_notice, *probe.notices, *judge_notices):
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
        subject = self.subject_shown
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
        """Switch to another layer; if it cannot be opened, keep this one."""
        shown = self.model.probe.layer
        if layer == shown:  # the user switched there and back
            self._requested.complete_layer(layer)
            self._resume()
            return
        self.notifier.progress.report("starting", f"Opening {layer}")
        try:
            probe = self.model.open_layer(layer)
        except Exception as error:
            if self._requested.complete_layer(layer):  # else another one is requested by now
                self.listener.layer_refused(shown)
                if self._requested.subject is None:  # the layer's trait has emptied it
                    self.listener.subject_refused(self.subject_shown)
            self._fail(error, fatal=False)
            self._resume()
            return
        if self._requested.layer != layer:  # another one was requested meanwhile
            probe.close()
            return
        if self._stages is not None:
            self._stages.close()
        if self._layer is not None:
            self._layer.close("Another layer is shown now.")
        self._layer = self._stages = self.scene = self.error = None
        self._first_subject = ALL
        self.model.take_up(probe)
        # Last: until then, the old atlas must not be taken for the requested one.
        self._requested.complete_layer(layer)
        self.notifier.progress.layer(layer)
        self._begin()

    def _resume(self) -> None:
        """Continue with this layer: the request for another one may have ended its collection."""
        if self.error is None and (self._stages is None or self._stages.stalled):
            self._begin()

    def _turn_to(self, subject: Subject) -> None:
        """Show the atlas of another subject: at once, or as soon as it is ready."""
        stages = self._stages
        if stages is None:
            self._first_subject = subject
        else:
            # First: otherwise the old atlas could be taken for the requested one.
            stages.subject = subject
        self._requested.complete_subject(subject)
        if stages is not None:
            stages.turn_to(subject)
        self._wake()

    # -- Reports of the stages; see `StageListener`

    def show(self, built: Built, subject: Subject, *, again: bool) -> None:
        """Show a layout; `again` if its pictures may be cached."""
        if self._layer is None:
            return
        self._revision += 1
        layer = self._layer.probe.layer
        scene = Scene(
            self._revision, layer, built.grids, built.samples, built.atlas, subject, built.axes
        )
        self.notifier.progress.counts(len(scene.samples), scene.images)
        self.scene, self._shown_at = scene, time.monotonic()
        self._layer.show(scene, watched=self.watched, again=again)
        self.listener.scene_changed(scene)
        self._announced = scene
        self._gallery.flush(linger=False)  # a user is waiting for the first crops
        self._wake()

    def build_failed(self, error: Exception) -> None:
        """Report that there is no atlas of the layer."""
        self._fail(error, fatal=True)

    def subject_failed(self, error: Exception) -> None:
        """Report that a subject failed, and keep the atlas shown."""
        if self._requested.subject is None:  # else another one is requested by now
            self.refusal = error
            self.listener.subject_refused(self._stages.subject if self._stages else ALL)
        self._fail(error, fatal=False)

    # -- Within long slices

    def _cancelled(self) -> bool:
        return self._stopping() or self._requested.layer is not None

    def _subject_cancelled(self) -> bool:
        return self._cancelled() or self._requested.subject is not None

    def _progress(self, stage: str, message: str, done: float, total: float) -> None:
        """Report the progress of a long slice, and handle urgent requests."""
        self.notifier.progress.report(stage, message, done, total)
        self._pauses.pause()

    def _let_in(self, run_commands: Callable[[], None]) -> None:
        run_commands()
        self._gallery.flush()
        if self._layer is not None and not self._cancelled():
            self._layer.advance_urgent()

    # -- Reports

    def _advise(self, stage: str, message: str, left: float, speed: float) -> list[str]:
        """Return what would take less time than what is being done, if anything."""
        recipe, layer = self.model.recipe, self._layer
        return advice(
            stage,
            left,
            speed,
            samples=recipe.num_samples if recipe.atlas is None else 0,
            grid=layer.cells.coarser(message) if layer is not None else None,
            device=self.model.probe.device.type,
            cluster=message == RENDERING and recipe.cluster is None,
        )

    def _send_classes(self) -> None:
        if not self._gallery.connected:
            return
        probe = self.model.probe
        names = self.class_names if not self._without_classes else []
        reason = self._without_classes or probe.no_classes or "The model has no classes."
        kinds = kinds_of(names)
        content = messages.build(
            "classes",
            names=names,
            assumed=bool(names) and self.model.names_assumed,
            reason="" if names else reason,
            kinds=["|".join(kind.words) for kind in kinds],
            members=[" ".join(map(str, kind.classes)) for kind in kinds],
        )
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
