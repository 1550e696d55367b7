"""Long computations about the open image: one of each kind at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from atlas_widget.protocol import messages
from atlas_widget.session.pictures.sheets import encode
from atlas_widget.session.tasks.image import Drawing, ImageCurves
from atlas_widget.session.tasks.task import LongTask, LongTasks, Work

if TYPE_CHECKING:
    from atlas_widget.reading import Deletion, ImageReading

__all__ = ["WORKS", "ImageWork"]

WORDS = {
    "curves": "Removing positions of the image",
    "caricatures": "Drawing what each layer keeps of the image",
    "dreams": "Making DeepDreams of the image",
}
WORKS = tuple(WORDS)
"""Names of the computations. `make messages` copies them to TypeScript."""


class ImageWork:
    """Queues long computations about the image, and sends what comes of them.

    Parameters
    ----------
    tasks
        Runs them.
    send
        Sends a message with its buffers.
    """

    def __init__(
        self, tasks: LongTasks, send: Callable[[dict[str, Any], list[bytes]], None]
    ) -> None:
        self._tasks = tasks
        self._send = send
        self._running: dict[str, list[LongTask]] = {}
        self._serial = -1

    def begin(self, serial: int) -> None:
        """Turn to another image; what is computed about the last one is given up."""
        self._serial = serial
        for work in WORKS:
            self._cancel(work)

    def start(self, work: str, reading: ImageReading, layer: str, class_: int) -> None:
        """Queue a computation; one of the same kind that is under way is given up."""
        if work not in WORKS:
            return
        self._cancel(work)
        if work == "curves":
            parts: list[tuple[str, Work]] = [(layer, ImageCurves(reading, layer, class_))]
        else:
            parts = [(one, Drawing(reading, one, work == "dreams")) for one in reading.layers]
        tasks = [
            LongTask(WORDS[work], part, _Reply(self, work, self._serial, reading, at, one, class_))
            for at, (one, part) in enumerate(parts)
        ]
        self._running[work] = tasks
        self.report(work, self._serial, 0, len(tasks))
        for task in tasks:
            self._tasks.add(task)

    def stop(self, work: str) -> None:
        """Cancel a computation."""
        if self._cancel(work):
            self.report(work, self._serial, 0, 0)

    def report(self, work: str, serial: int, done: int, total: int, failed: str = "") -> None:
        """Tell how far a computation is."""
        content = messages.build(
            "image_work", serial=serial, work=work, done=done, total=total, failed=failed
        )
        self._send(content, [])

    def finish(self, work: str, serial: int) -> None:
        """Tell that a part of a computation has ended."""
        left = sum(not task.done for task in self._running.get(work, ()))
        total = len(self._running.get(work, ()))
        self.report(work, serial, total - left, total if left else 0)

    def deliver(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        """Send a result."""
        self._send(content, buffers)

    def _cancel(self, work: str) -> bool:
        tasks = self._running.pop(work, [])
        for task in tasks:
            task.cancel()
        return any(not task.done for task in tasks)


class _Reply:
    """Hands a result on, unless another image is open by then."""

    def __init__(
        self,
        works: ImageWork,
        work: str,
        serial: int,
        reading: ImageReading,
        number: int,
        layer: str,
        class_: int,
    ) -> None:
        self._works = works
        self._work = work
        self._serial = serial
        self._reading = reading
        self._number = number
        self._layer = layer
        self._class = class_

    def progressed(self, done: int, total: int) -> None:
        """Leave the progress within a part to the status line."""

    def finished(self, result: Any) -> None:
        """Send the result."""
        if self._work == "curves":
            self._works.deliver(self._curves(result), [])
        else:
            value = result.after
            if self._work == "dreams":
                value = result.after / result.before if result.before else 0.0
            content = messages.build(
                "image_drawn",
                serial=self._serial,
                work=self._work,
                layer=self._number,
                value=value,
                made=result.made,
            )
            self._works.deliver(content, [encode(result.image, 88)])
        self._works.finish(self._work, self._serial)

    def failed(self, reason: str) -> None:
        """Send the reason."""
        self._works.report(self._work, self._serial, 0, 0, reason)

    def _curves(self, found: Deletion) -> dict[str, Any]:
        deleted, inserted = found.random_deletion, found.random_insertion
        return messages.build(
            "image_curves",
            serial=self._serial,
            layer=self._reading.layers.index(self._layer),
            name=found.about,
            counts=found.counts,
            deletion=found.deletion,
            insertion=found.insertion,
            deletion_low=deleted.min(0),
            deletion_mean=deleted.mean(0),
            deletion_high=deleted.max(0),
            insertion_low=inserted.min(0),
            insertion_mean=inserted.mean(0),
            insertion_high=inserted.max(0),
            **{"class": self._class},
        )
