"""Queue of long computations, run one after the other with pauses for urgent requests.

A task is a call of the engine that takes seconds or minutes. It runs on the worker's thread and
pauses wherever the engine reports progress: then commands are run, live pictures continue, and
the task itself may be cancelled.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from atlas_widget.errors import AtlasError
from atlas_widget.progress import Cancelled, CancelledCallback, ProgressCallback

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.images.source import ImageSource
    from atlas_widget.inversion.judge import Judge
    from atlas_widget.probe import LayerProbe

__all__ = ["Listener", "LongTask", "LongTasks", "Material", "Pause", "Work"]

Pause = Callable[[str, float, float], None]
"""Called with a message, done and total: reports progress and handles urgent requests."""

_MAX_WAITING = 8  # queued tasks; a page that is reloaded does not cancel its own
_PROGRESS_INTERVAL = 0.2  # seconds

log = logging.getLogger("atlas_widget")


@dataclass(frozen=True)
class Material:
    """The inputs of a task.

    Attributes
    ----------
    probe
        The layer shown.
    source
        The images, or None if they are not available.
    atlas
        The finished atlas.
    labels
        The names of the classes, if any.
    judge
        A second network that looks at pictures, if any.
    """

    probe: LayerProbe
    source: ImageSource | None
    atlas: Atlas
    labels: list[str] | None
    judge: Judge | None = None

    @property
    def images(self) -> ImageSource:
        """The images; raises if there are none."""
        if self.source is None:
            raise AtlasError("Experiments need the images of this atlas, which are not available.")
        return self.source


Work = Callable[[Material, ProgressCallback, CancelledCallback], Any]


class Listener(Protocol):
    """Receives the reports of a task, on the worker's thread."""

    def progressed(self, done: int, total: int) -> None:
        """Receive the progress."""
        ...

    def finished(self, result: Any) -> None:
        """Receive the result."""
        ...

    def failed(self, reason: str) -> None:
        """Receive the reason for a failure."""
        ...


class LongTask:
    """One computation, requested by the browser or from Python.

    Parameters
    ----------
    words
        Message for the status line.
    work
        The computation; called with the material, `progress` and `cancelled`.
    listener
        Receives the reports; None if the caller waits for `done`.
    request
        The browser's number of the request.

    Attributes
    ----------
    done
        Whether it has ended, successfully or not.
    result
        The result.
    error
        The error; `Cancelled` if it was cancelled.
    """

    def __init__(
        self,
        words: str,
        work: Work,
        listener: Listener | None = None,
        request: int | None = None,
    ) -> None:
        self.words = words
        self.work = work
        self.listener = listener
        self.request = request
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """True if it was cancelled."""
        return self._cancelled

    def cancel(self) -> None:
        """Cancel it at its next pause; safe to call from any thread."""
        self._cancelled = True

    def end(self, result: Any = None, error: BaseException | None = None) -> None:
        """Set the result or the error, and report it."""
        self.result, self.error, self.done = result, error, True
        if self.listener is None:
            return
        if error is None:
            self.listener.finished(result)
        elif not self._cancelled:
            log.debug("%s failed.", self.words, exc_info=error)
            expected = isinstance(error, AtlasError)
            self.listener.failed(str(error) if expected else f"{type(error).__name__}: {error}")


class LongTasks:
    """The tasks of a layer, the oldest first.

    Parameters
    ----------
    pause
        Called at each possible pause of a task.
    cancelled
        Returns True if the worker has to stop any work.
    """

    def __init__(self, pause: Pause, cancelled: CancelledCallback) -> None:
        self._pause = pause
        self._cancelled = cancelled
        self._waiting: list[LongTask] = []
        self._running: LongTask | None = None

    def add(self, task: LongTask) -> None:
        """Queue a task."""
        if len(self._waiting) >= _MAX_WAITING:
            reason = f"{_MAX_WAITING} computations are already queued; stop one first."
            task.end(error=AtlasError(reason))
            return
        self._waiting.append(task)

    def cancel(self, request: int) -> None:
        """Cancel the task with the browser's request number, if there is one."""
        for task in [*self._waiting, self._running]:
            if task is not None and task.request == request:
                task.cancel()

    def clear(self, reason: str) -> None:
        """End all queued tasks, with the reason."""
        waiting, self._waiting = self._waiting, []
        for task in waiting:
            task.end(error=AtlasError(reason))

    def advance(self, material: Material | None) -> bool:
        """Run the oldest task to its end; return False if there is none, or one is pausing."""
        if self._running is not None or material is None or not self._waiting:
            return False
        task = self._waiting.pop(0)
        if task.cancelled:
            task.end(error=Cancelled())
            return True
        self._running = task
        told = [0.0]

        def progress(done: int, total: int) -> None:
            if task.listener is not None and time.monotonic() - told[0] >= _PROGRESS_INTERVAL:
                told[0] = time.monotonic()
                task.listener.progressed(done, total)
            self._pause(task.words, done, total)

        def cancelled() -> bool:
            return task.cancelled or self._cancelled()

        try:
            result = task.work(material, progress, cancelled)
        except Cancelled as error:
            left = AtlasError("Cancelled: the layer was changed or the widget was closed.")
            task.end(error=error if task.cancelled else left)
        except Exception as error:
            task.end(error=error)
        else:
            task.end(result)
        finally:
            self._running = None
        return True
