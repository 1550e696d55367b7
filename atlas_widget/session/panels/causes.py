"""What the browser asks of causes, and how it is answered: changes, patches, cues."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError, did_you_mean
from atlas_widget.protocol import messages
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.gallery import Gallery, Send
from atlas_widget.session.panels.patch_lab import SMALLEST_PATCH, PatchLab, patch_of
from atlas_widget.session.tasks.experiments import Change, Cues, Patching, check_places
from atlas_widget.session.tasks.replies import tell_causal_test, tell_cues, tell_patch_test
from atlas_widget.session.tasks.task import LongTask, LongTasks, Material, Pause, Work

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe
    from atlas_widget.progress import CancelledCallback

__all__ = ["KINDS", "Causes"]

Tell = Callable[[int, Any], tuple[dict[str, Any], list[bytes]]]
"""Makes of a request and its result a message with its buffers."""

KINDS = frozenset(
    (
        "causal_test",
        "source_images",
        "patch_picture",
        "try_patch",
        "patch_test",
        "find_cues",
        "stop_task",
    )
)
"""The kinds of messages that are answered here."""

_CHANGES = ("remove", "add")
_MOST_AMOUNT = 20.0
_MOST_CLASSES = 8
_PATCHED = 64  # images of a test that the browser asks for


class Causes:
    """Answers what is asked about causes: quick things at once, long ones as tasks.

    Parameters
    ----------
    probe, source, labels
        The layer, the images or None, the names of the classes if any.
    gallery
        Has the pictures, and sends.
    pause, cancelled
        See :class:`~.long_tasks.LongTasks`.
    """

    def __init__(
        self,
        probe: LayerProbe,
        source: ImageSource | None,
        labels: Sequence[str] | None,
        gallery: Gallery,
        *,
        pause: Pause,
        cancelled: CancelledCallback,
    ) -> None:
        self._probe = probe
        self._source = source
        self._labels = None if labels is None else list(labels)
        self._gallery = gallery
        self._tasks = LongTasks(pause, cancelled)
        self._lab = PatchLab(gallery)
        self._scene: Scene | None = None

    def show(self, scene: Scene) -> None:
        """Take up another scene; what was asked about the last one is dropped."""
        if self._scene is not None:
            self.end("Another layout is on show now.")
        self._scene = scene

    def end(self, reason: str) -> None:
        """Drop all that was asked."""
        self._tasks.clear(reason)
        self._lab.clear()

    def run(self, task: LongTask) -> None:
        """Have a task run that was asked for in Python."""
        self._tasks.add(task)

    def handle(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Do what a panel asks for; `kind` and `fields` are those of a checked message."""
        scene = self._scene
        if kind == "stop_task":
            self._tasks.give_up(fields["request"])
            return
        try:
            if scene is None or scene.atlas is None:
                raise AtlasError("The atlas does not stand yet.")
            if kind in ("source_images", "patch_picture", "try_patch"):
                self._lab.ask(kind, fields, self._material(scene.atlas))
            else:
                self._tasks.add(self._task(scene, kind, fields))
        except AtlasError as error:
            if "request" not in fields:
                raise
            reason = str(error)
            failed = messages.build("task_failed", request=fields["request"], message=reason)
            self._gallery.send(failed, [])

    def advance_urgent(self) -> bool:
        """Do one quick thing that somebody waits for; return False if there is none."""
        scene = self._scene
        if scene is None or scene.atlas is None:
            return False
        return self._lab.advance(scene, self._material(scene.atlas))

    def advance(self) -> bool:
        """Do the next long thing, pausing now and then; return False if there is none."""
        scene = self._scene
        if scene is None or scene.atlas is None:
            return False
        return self._tasks.advance(self._material(scene.atlas))

    def _material(self, atlas: Atlas) -> Material:
        return Material(self._probe, self._source, atlas, self._labels)

    def _task(self, scene: Scene, kind: str, fields: Mapping[str, Any]) -> LongTask:
        work: Work
        tell: Tell
        if kind == "causal_test":
            words, work, tell = "Trying out a cause", _change(fields), tell_causal_test
        elif kind == "patch_test":
            words, work, tell = "Testing a patch", self._patching(scene, fields), tell_patch_test
        else:
            options = (("grid", fields["grid"]),)
            words, work = "Looking for cues", Cues(fields["first"], fields["second"], options)
            tell = partial(tell_cues, samples=scene.samples)
        request = fields["request"]
        return LongTask(words, work, _Told(self._gallery.send, request, tell), request)

    def _patching(self, scene: Scene, fields: Mapping[str, Any]) -> Patching:
        grid, cell = fields["grid"], fields["cell"]
        patch = patch_of(scene, self._gallery, grid, cell, fields["crop"])
        own = (cell,) if grid == scene.base else scene.same_region([cell], grid, scene.base)
        size = max(fields["size"], SMALLEST_PATCH)
        options = (("size", size),)
        return Patching(patch, fields["class"], count=_PATCHED, without=tuple(own), options=options)


class _Told:
    """Tells the browser of a task."""

    def __init__(self, send: Send, request: int, tell: Tell) -> None:
        self._send = send
        self._request = request
        self._tell = tell

    def progressed(self, done: int, total: int) -> None:
        content = messages.build("task_progress", request=self._request, done=done, total=total)
        self._send(content, [])

    def finished(self, result: Any) -> None:
        self._send(*self._tell(self._request, result))

    def failed(self, reason: str) -> None:
        content = messages.build("task_failed", request=self._request, message=reason)
        self._send(content, [])


def _change(fields: Mapping[str, Any]) -> Change:
    """Make of a message what it asks for, or raise what is wrong with it."""
    change, amount, cells = fields["change"], fields["amount"], fields["cells"]
    if change not in _CHANGES:
        hint = did_you_mean(change, _CHANGES)
        raise AtlasError(f"change={change!r} is neither 'remove' nor 'add'.{hint}")
    if not cells:
        raise AtlasError("No cells were named whose direction is to be changed.")
    if change == "add" and not 0 < abs(amount) <= _MOST_AMOUNT:
        raise AtlasError(f"amount={amount:g}: not 0, and at most {_MOST_AMOUNT:g} either way.")
    classes = list(fields["classes"])
    if len(classes) > _MOST_CLASSES:
        raise AtlasError(f"{len(classes)} classes: at most {_MOST_CLASSES} are looked at.")
    return Change(
        fields["grid"],
        cells,
        amount if change == "add" else None,
        check_places(fields["where"]),
        target=classes or None,
    )
