"""Long computations that somebody waits for: one after the other, with pauses for what is urgent.

A task is a call of the engine that takes seconds or minutes. It runs on the worker's thread and
pauses wherever the engine tells its progress: then commands are let in, live pictures go on, and
the task itself may be given up.
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
    from atlas_widget.probe import LayerProbe

__all__ = ["Listener", "LongTask", "LongTasks", "Material", "Pause", "Work"]

Pause = Callable[[str, float, float], None]
"""Called with words, done and total: tells how far it is and lets in what is urgent."""

_MOST = 8  # tasks that wait; a page that is reloaded does not call its own off
_TELL_EVERY = 0.2  # seconds

log = logging.getLogger("atlas_widget")


@dataclass(frozen=True)
class Material:
    """What a task works on.

    Attributes
    ----------
    probe
        The layer on show.
    source
        The images, or None if they are not at hand.
    atlas
        The finished atlas.
    labels
        The names of the classes, if any.
    """

    probe: LayerProbe
    source: ImageSource | None
    atlas: Atlas
    labels: list[str] | None

    @property
    def images(self) -> ImageSource:
        """The images; raises if there are none."""
        if self.source is None:
            raise AtlasError("The images of this atlas are not at hand: nothing can be tried out.")
        return self.source


Work = Callable[[Material, ProgressCallback, CancelledCallback], Any]


class Listener(Protocol):
    """Hears of a task, on the worker's thread."""

    def progressed(self, done: int, total: int) -> None:
        """Hear how far it is."""
        ...

    def finished(self, result: Any) -> None:
        """Hear what came of it."""
        ...

    def failed(self, reason: str) -> None:
        """Hear why nothing came of it."""
        ...


class LongTask:
    """One computation, asked for by the browser or by a call in Python.

    Parameters
    ----------
    words
        What is being done, for the status line.
    work
        Does it: called with the material, `progress` and `cancelled`.
    listener
        Hears of it; None where somebody waits for `done`.
    request
        The number that the browser calls it by.

    Attributes
    ----------
    done
        Whether it has ended, whichever way.
    result
        What came of it.
    error
        What went wrong; `Cancelled` if it was given up.
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
        self._given_up = False

    @property
    def given_up(self) -> bool:
        """Whether nobody wants it any more."""
        return self._given_up

    def give_up(self) -> None:
        """End it at its next pause; safe to call from any thread."""
        self._given_up = True

    def end(self, result: Any = None, error: BaseException | None = None) -> None:
        """Note how it ended, and tell."""
        self.result, self.error, self.done = result, error, True
        if self.listener is None:
            return
        if error is None:
            self.listener.finished(result)
        elif not self._given_up:
            log.debug("%s failed.", self.words, exc_info=error)
            expected = isinstance(error, AtlasError)
            self.listener.failed(str(error) if expected else f"{type(error).__name__}: {error}")


class LongTasks:
    """The tasks of a layer, the oldest first.

    Parameters
    ----------
    pause
        Called wherever a task can pause.
    cancelled
        Whether the worker has to leave whatever it does.
    """

    def __init__(self, pause: Pause, cancelled: CancelledCallback) -> None:
        self._pause = pause
        self._cancelled = cancelled
        self._waiting: list[LongTask] = []
        self._running: LongTask | None = None

    def add(self, task: LongTask) -> None:
        """Have a task run when those before it are through."""
        if len(self._waiting) >= _MOST:
            task.end(error=AtlasError(f"{_MOST} computations wait already: stop one first."))
            return
        self._waiting.append(task)

    def give_up(self, request: int) -> None:
        """End the task that the browser calls so, if there is one."""
        for task in [*self._waiting, self._running]:
            if task is not None and task.request == request:
                task.give_up()

    def clear(self, reason: str) -> None:
        """End all of them: what they are about is no more on show."""
        waiting, self._waiting = self._waiting, []
        for task in waiting:
            task.end(error=AtlasError(reason))

    def advance(self, material: Material | None) -> bool:
        """Run the oldest task to its end; False if there is none, or one is pausing."""
        if self._running is not None or material is None or not self._waiting:
            return False
        task = self._waiting.pop(0)
        if task.given_up:
            task.end(error=Cancelled())
            return True
        self._running = task
        told = [0.0]

        def progress(done: int, total: int) -> None:
            if task.listener is not None and time.monotonic() - told[0] >= _TELL_EVERY:
                told[0] = time.monotonic()
                task.listener.progressed(done, total)
            self._pause(task.words, done, total)

        def cancelled() -> bool:
            return task.given_up or self._cancelled()

        try:
            result = task.work(material, progress, cancelled)
        except Cancelled as error:
            left = AtlasError("It was given up, since another layer is shown or the widget closed.")
            task.end(error=error if task.given_up else left)
        except Exception as error:
            task.end(error=error)
        else:
            task.end(result)
        finally:
            self._running = None
        return True
