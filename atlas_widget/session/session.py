"""What a widget's worker does: at each moment the most urgent thing there is.

A session is the worker's job. At each slice it does the most urgent thing there is: what somebody
waits for, the next step of the layout, the next pictures, the next labels. What it finds goes to a
:class:`~.listener.SessionListener`: the widget, or nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError
from atlas_widget.progress import Cancelled
from atlas_widget.protocol import messages
from atlas_widget.protocol.messages import Message
from atlas_widget.session.cells.checks import check_cells, check_grid
from atlas_widget.session.listener import SessionListener
from atlas_widget.session.settings import Recipe
from atlas_widget.session.sheets import Picture
from atlas_widget.session.stages import Stages
from atlas_widget.session.tasks.export import export_here
from atlas_widget.session.tasks.task import LongTask
from atlas_widget.session.workshop import Workshop

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.probe import LayerProbe

__all__ = ["Session"]

_LOOK_AFTER = 0.05  # seconds between two looks whether pictures have come from elsewhere
_CROSSING = 3.0  # seconds in which messages about the last layout may still be on their way


class Session(Stages):
    """Everything that happens on the worker's thread. See :class:`~.worker.Job`.

    What is not under "Any thread" belongs to the worker.

    Parameters
    ----------
    probe
        The layer to begin with; the session closes it.
    recipe
        How atlases are made.
    front
        Hears of everything.
    model
        The model's name, for people.
    """

    def __init__(
        self, probe: LayerProbe, recipe: Recipe, front: SessionListener, model: str
    ) -> None:
        super().__init__(probe, recipe, front, model)
        self._begun = False
        self.model = model
        self.closed = False

    # -- Any thread

    @property
    def layer(self) -> str:
        """The layer that is on show, or about to be."""
        return self._wish.layer or (self._probe.layer if self._probe is not None else "")

    @property
    def subject(self) -> list[str]:
        """What the atlas that is on show, or about to be, is about."""
        wanted = self._wish.subject
        return list(self._subject if wanted is None else wanted)

    @property
    def built(self) -> bool:
        """Whether the atlas that is wanted stands: the layer's, or one chosen out of it."""
        if self.atlas is None or self._wish.layer is not None or self._wish.subject is not None:
            return False
        scene = self._standing
        return scene is not None and scene is self.scene and scene.subject == self._subject

    @property
    def shown_atlas(self) -> Atlas | None:
        """The atlas on show, once it stands."""
        scene = self.scene
        return scene.atlas if scene is not None and self.atlas is not None else None

    @property
    def inversion(self) -> str:
        """How pictures are made, for the record."""
        from atlas_widget.inversion import InversionSettings

        return f"{InversionSettings.icon().description}; seed={self._recipe.seed}"

    def check_layer(self, name: object) -> str:
        """Return the name of a layer, or raise that the model has no such layer."""
        probe = self._probe
        if probe is None or name == probe.layer:
            return str(name)
        return self._recipe.check_layer(probe, name)

    @property
    def class_names(self) -> list[str]:
        """One name for each class, no two alike; none if the layer argues for none."""
        return self._recipe.class_names(self._probe) if self._probe is not None else []

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

    def snapshot(self, grid: int) -> tuple[dict[int, Picture], dict[int, str | None]]:
        """Return the pictures and labels of a grid as they are now."""
        return self._gallery.snapshot(grid)

    def unfinished(self, grid: int, cells: Sequence[int]) -> list[int]:
        """Return those of the cells that still lack a final picture and may yet get one."""
        return self._workshop.unfinished(grid, cells) if self._workshop is not None else []

    # -- The worker's job

    def attach(self, breathe: Callable[[], None], stopping: Callable[[], bool]) -> None:
        """Learn how to let commands in from within a long slice, and when to give it up."""
        self._breathe, self._stopping = breathe, stopping

    def advance(self) -> float | None:
        """Do the most urgent thing for a moment."""
        if not self._begun:
            self._begun = True
            self._begin()
            return 0
        layer = self._wish.layer
        if layer is not None:
            self._switch(layer)
            return 0
        subject = self._wish.subject
        if subject is not None:
            self._turn_to(subject)
            return 0
        wait = self._gallery.flush()
        workshop = self._workshop
        worked = workshop is not None and workshop.advance_urgent()
        worked = worked or self._advance_building()
        worked = worked or (workshop is not None and workshop.advance())
        if worked:
            self._wake()
            self.tell.progress.flush()
            return 0
        awaits = workshop is not None and workshop.awaits
        if workshop is not None and self.scene is not None and self.error is None and not awaits:
            workshop.settle()
            self.tell.progress.report("idle", "")
        self._wake()
        untold = self.tell.progress.flush()
        waits = (wait, untold, _LOOK_AFTER if awaits else None)
        return min((one for one in waits if one is not None), default=None)

    def failed(self, error: BaseException) -> None:
        """Tell of an error that costs a picture or a command, and nothing else."""
        if not isinstance(error, Cancelled):
            self._fail(error, fatal=False)

    def close(self) -> None:
        """Free the network, the cache and a cluster's workers."""
        self._stop_building()
        self._workshop = None
        if self._maker is not None:
            self._maker.close()
        if self._probe is not None:
            self._probe.close()
        if self._cache is not None:
            self._cache.close()
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    # -- Commands: the worker runs them between slices, and in the pauses of long ones

    def handle(self, message: Message) -> None:
        """Do what a checked message from the browser asks for."""
        kind, fields = message.kind, dict(message.fields)
        if kind == "ready":
            self._connect()
        elif kind == "acknowledge":
            self._gallery.confirm(fields["sheet"])
        elif kind == "missing":
            self._gallery.send_again(fields["grid"], fields["cells"])
        elif kind == "export":
            done = export_here(self, fields["grid"], fields["cells"], fields["format"])
            told = messages.build("exported", path=done.path, provenance=done.provenance)
            self.front.send(told, [])
        elif kind == "retry":
            self._retry()
        elif self._workshop is not None:
            self._ask(self._workshop, kind, fields)

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
        """Render these cells, whoever looks."""
        if self._workshop is not None:
            self._workshop.demand(grid, cells)

    def withdraw(self, grid: int, cells: Sequence[int]) -> None:
        """Forget such a demand."""
        if self._workshop is not None:
            self._workshop.withdraw(grid, cells)

    def run(self, task: LongTask) -> None:
        """Have an experiment made that Python asked for."""
        if self._workshop is not None:
            self._workshop.run(task)
        else:
            task.end(error=AtlasError("There is no layer to try anything on."))

    def point(self, grid: int, cell: int) -> None:
        """Follow the pointer."""
        if self._workshop is not None:
            self._workshop.point(grid, cell)

    def _ask(self, workshop: Workshop, kind: str, fields: dict[str, Any]) -> None:
        if kind == "visible":
            if not self.watched:
                self.watched = True
                workshop.watch()
            workshop.look(fields["grid"], fields["cells"], fields["near"])
        elif kind == "hover":
            workshop.hover(fields["grid"], fields["cell"])
        else:
            workshop.answer(kind, fields)

    def _connect(self) -> None:
        self.tell.listen()
        self._gallery.connected = True
        self._tell_classes()
        if self._workshop is not None:
            self._gallery.resend(*self._workshop.in_sight)

    def _tell_classes(self) -> None:
        probe = self._probe
        if probe is None or not self._gallery.connected:
            return
        names = self.class_names if not self._without_classes else []
        reason = self._without_classes or probe.no_classes or "The model has no classes."
        content = messages.build("classes", names=names, reason="" if names else reason)
        self.front.send(content, [])

    def _retry(self) -> None:
        if self.error is not None:
            self.error = None
            self._begin()
        elif self._workshop is not None:
            self._workshop.retry()
