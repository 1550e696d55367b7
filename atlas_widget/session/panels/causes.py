"""The experiments that panels request: causal tests, patch tests, the search for cues."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from atlas_widget.errors import AtlasError, did_you_mean
from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.panels.patch_lab import MIN_PATCH_SIZE, patch_of
from atlas_widget.session.tasks.experiments import (
    CueClassCount,
    CueSearch,
    DirectionChange,
    PatchExperiment,
    check_places,
)
from atlas_widget.session.tasks.replies import (
    TaskReplies,
    causal_test_reply,
    controls_reply,
    cue_classes_reply,
    cues_reply,
    patch_test_reply,
)
from atlas_widget.session.tasks.sanity import SanityControls
from atlas_widget.session.tasks.task import LongTask, Work

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene

__all__ = ["CausesPanel"]

_CHANGES = ("remove", "add")
_MAX_AMOUNT = 20.0
_MAX_CLASSES = 8
_PATCH_TEST_IMAGES = 64  # images of a patch test requested by the browser


@panel
class CausesPanel(Panel):
    """Runs experiments as long computations, one after the other.

    Parameters
    ----------
    layer
        The layer whose tasks, pictures and images are used.
    """

    kinds = ("causal_test", "patch_test", "cue_classes", "find_cues", "check_pictures", "stop_task")

    def __init__(self, layer: LayerContext) -> None:
        self._layer = layer
        self._gallery = layer.gallery
        self._scene: Scene | None = None

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene."""
        self._scene = scene

    def handle(self, kind: str, fields: Fields) -> None:
        """Queue an experiment, or cancel one."""
        request = fields["request"]
        if kind == "stop_task":
            self._layer.tasks.cancel(request)
            return
        try:
            self._layer.material(self._scene)
            if self._scene is not None:
                self._layer.tasks.add(self._task(self._scene, kind, fields))
        except AtlasError as error:
            failed = messages.build("task_failed", request=request, message=str(error))
            self._gallery.send(failed, [])

    def _task(self, scene: Scene, kind: str, fields: Mapping[str, Any]) -> LongTask:
        work: Work
        reply: Any
        if kind == "check_pictures":
            words, work = "Comparing the pictures with controls", SanityControls()
            judge = self._layer.judge
            reply = partial(controls_reply, judge=None if judge is None else judge.name)
        elif kind == "causal_test":
            words, work, reply = "Running a causal test", _change(fields), causal_test_reply
        elif kind == "cue_classes":
            words, work, reply = "Finding the classes", CueClassCount(), cue_classes_reply
        elif kind == "patch_test":
            words, work, reply = "Testing a patch", self._patching(scene, fields), patch_test_reply
        else:
            options = (("grid", fields["grid"]),)
            words, work = "Looking for cues", CueSearch(fields["first"], fields["second"], options)
            reply = partial(cues_reply, samples=scene.samples)
        request = fields["request"]
        return LongTask(words, work, TaskReplies(self._gallery.send, request, reply), request)

    def _patching(self, scene: Scene, fields: Mapping[str, Any]) -> PatchExperiment:
        grid, cell = fields["grid"], fields["cell"]
        patch = patch_of(scene, self._gallery, grid, cell, fields["crop"])
        own = (cell,) if grid == scene.base else scene.same_region([cell], grid, scene.base)
        size = max(fields["size"], MIN_PATCH_SIZE)
        options = (("size", size),)
        return PatchExperiment(
            patch, fields["class"], count=_PATCH_TEST_IMAGES, without=tuple(own), options=options
        )


def _change(fields: Mapping[str, Any]) -> DirectionChange:
    """Return the experiment that a message requests, or raise if the message is invalid."""
    change, amount, cells = fields["change"], fields["amount"], fields["cells"]
    if change not in _CHANGES:
        hint = did_you_mean(change, _CHANGES)
        raise AtlasError(f"change={change!r} is neither 'remove' nor 'add'.{hint}")
    if not cells:
        raise AtlasError("No cells were given: their mean is the direction to change.")
    if change == "add" and not 0 < abs(amount) <= _MAX_AMOUNT:
        raise AtlasError(f"amount={amount:g}: not 0, and at most {_MAX_AMOUNT:g} either way.")
    classes = list(fields["classes"])
    if len(classes) > _MAX_CLASSES:
        raise AtlasError(f"{len(classes)} classes: at most {_MAX_CLASSES} are looked at.")
    return DirectionChange(
        fields["grid"],
        cells,
        amount if change == "add" else None,
        check_places(fields["where"]),
        target=classes or None,
    )
