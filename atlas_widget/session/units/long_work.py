"""Long computations of the units' view: one of each kind at a time, whose results are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.tasks.task import LongTask, LongTasks, Material, Work
from atlas_widget.session.tasks.unit_tuning import LayerTuning, ScrambledStimulus, TurnedExamples
from atlas_widget.session.tasks.units import (
    LayerScanning,
    PictureUnits,
    UnitClasses,
    UnitTwin,
    UnitWiring,
)
from atlas_widget.session.units.blocks import (
    classes_block,
    examples_block,
    scrambled_block,
    tuning_block,
    turned_block,
    twin_block,
    wiring_block,
)

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.units.sampled_units import SampledUnits

__all__ = ["WORKS", "LongWork"]

WORDS = {
    "scan": "Scanning all images",
    "tuning": "Showing synthetic pictures",
    "scrambled": "Showing scrambled copies",
    "turned": "Showing turned examples",
    "wiring": "Computing what feeds the unit and what it feeds",
    "classes": "Computing what the unit argues for",
    "twin": "Scanning all images with an untrained network",
}
WORKS = tuple(WORDS)
"""Names of the computations. `make messages` copies them to TypeScript."""

_OF_LAYER = ("scan", "tuning")  # results that serve all units
_EXAMPLES = 16  # strongest samples that a unit's connections and classes are computed from
_TURNED = 5  # strongest examples that are turned
_MAX_KEPT = 64  # results about single units


class LongWork:
    """Queues long computations about units, and sends what came of them for the open unit.

    Parameters
    ----------
    layer
        The name of the layer.
    source
        The images, or None if they are not available.
    labels
        The names of the classes, if any.
    tasks
        Runs the computations.
    material
        Returns what they need; raises if the atlas is not ready.
    picture
        Returns pictures of units of any open layer.
    send
        Sends a message with its buffers.
    """

    def __init__(
        self,
        layer: str,
        source: ImageSource | None,
        labels: Sequence[str] | None,
        *,
        tasks: LongTasks,
        material: Callable[[Scene | None], Material],
        picture: PictureUnits,
        send: Callable[[dict[str, Any], list[bytes]], None],
    ) -> None:
        self._layer = layer
        self._source = source
        self._labels = labels or ()
        self._tasks = tasks
        self._material = material
        self._picture = picture
        self._deliver = send
        self._scene: Scene | None = None
        self._units: SampledUnits | None = None
        self._open = -1
        self._running: dict[str, LongTask] = {}
        self._results: dict[tuple[str, int], Any] = {}
        self._untrained: Any = None  # the scan of the untrained layer

    def show(self, scene: Scene) -> None:
        """Switch to another scene of the layer, whose samples may be others."""
        self._scene, self._units, self._open = scene, None, -1
        self._results = {key: found for key, found in self._results.items() if key[0] in _OF_LAYER}

    def turn_to(self, units: SampledUnits, unit: int) -> None:
        """Switch to another unit, or to none (−1), and send what is known of it."""
        self._units, self._open = units, unit
        for work in WORKS:
            if work not in _OF_LAYER and self._cancel(work):
                self.report(work, 0, 0)
        if unit >= 0:
            for work in WORKS:
                self._send(work)

    def start(self, work: str) -> None:
        """Queue a computation, unless it is done or under way."""
        running = self._running.get(work)
        if self._open < 0 or work not in WORKS or (running is not None and not running.done):
            return
        if self._send(work):
            return
        try:
            self._material(self._scene)  # raises at once, not when it is the task's turn
            task = LongTask(WORDS[work], self._work(work), _Reply(self, work, self._open))
            self._running[work] = task
            self._tasks.add(task)
        except AtlasError as error:
            self.report(work, 0, 0, str(error))

    def stop(self, work: str) -> None:
        """Cancel a computation at its next pause."""
        self._cancel(work)
        self.report(work, 0, 0)

    def _cancel(self, work: str) -> bool:
        """Cancel a computation; return False if there is none."""
        task = self._running.pop(work, None)
        if task is None or task.done:
            return False
        task.cancel()
        return True

    def report(self, work: str, done: int, total: int, failed: str = "") -> None:
        """Tell how far a computation is, or why it failed; (0, 0) that there is none."""
        if self._scene is None:
            return
        content = messages.build(
            "unit_work",
            revision=self._scene.revision,
            work=work,
            done=done,
            total=total,
            failed=failed,
        )
        self._deliver(content, [])

    def finish(self, work: str, unit: int, result: Any) -> None:
        """Take up the result of a computation."""
        if work == "twin":
            self._untrained = result.scan
            self._results["scan", -1] = result.own
        self._results[work, -1 if work in _OF_LAYER else unit] = result
        singles = [key for key in self._results if key[1] >= 0]
        for key in singles[: max(0, len(singles) - _MAX_KEPT)]:
            del self._results[key]
        self._send(work)
        self.report(work, 1, 1)

    def _work(self, work: str) -> Work:
        """Return a computation about the open unit."""
        units, unit = self._units, self._open
        assert units is not None
        if work == "scan":
            return LayerScanning()
        mean, std = units.mean, units.std
        if work == "tuning":
            return LayerTuning(mean, std)
        if work == "scrambled":
            if ("tuning", -1) not in self._results:
                raise AtlasError(
                    "Show the synthetic pictures first: the best of them is the one to scramble."
                )
            return ScrambledStimulus(unit, self._results["tuning", -1])
        if work == "turned":
            strongest = units.examples(unit, _TURNED)
            reached = tuple(units.activation(unit, int(sample)) for sample in strongest)
            scan = self._results.get(("scan", -1))
            return TurnedExamples(unit, strongest, reached, scan, mean, std)
        if work == "twin":
            return UnitTwin(unit, self._results.get(("scan", -1)), self._untrained, self._picture)
        examples = units.examples(unit, _EXAMPLES)
        if work == "classes":
            return UnitClasses(unit, examples)
        return UnitWiring(unit, examples, self._picture)

    def _send(self, work: str) -> bool:
        """Send a result for the open unit; return False if there is none."""
        unit, scene, source = self._open, self._scene, self._source
        result = self._results.get((work, -1 if work in _OF_LAYER else unit))
        if result is None or unit < 0 or scene is None:
            return False
        revision = scene.revision
        if work == "tuning":
            content = tuning_block(result, unit, revision)
        elif work == "scrambled":
            content = scrambled_block(result, self._results["tuning", -1], unit, revision)
        elif work == "turned":
            content = turned_block(result, revision)
        elif work == "wiring":
            content = wiring_block(result, revision)
        elif work == "classes":
            content = classes_block(result, unit, self._name_of_class(), revision)
        elif source is None:
            return False
        elif work == "scan":
            content = examples_block(result, self._layer, unit, source, revision)
        else:
            content = twin_block(result, self._layer, source, revision)
        self._deliver(*content)
        return True

    def _name_of_class(self) -> Callable[[int], str]:
        labels = self._labels
        return lambda number: labels[number] if number < len(labels) else f"class {number}"


class _Reply:
    """Hands progress and result of a computation on.

    Parameters
    ----------
    works
        Where to.
    work
        Which computation.
    unit
        The unit that it is about.
    """

    def __init__(self, works: LongWork, work: str, unit: int) -> None:
        self._works = works
        self._work = work
        self._unit = unit

    def progressed(self, done: int, total: int) -> None:
        """Send the progress."""
        self._works.report(self._work, done, total)

    def finished(self, result: Any) -> None:
        """Take up the result."""
        self._works.finish(self._work, self._unit, result)

    def failed(self, reason: str) -> None:
        """Send the reason."""
        self._works.report(self._work, 0, 0, reason)
