"""Blocking calls that wait for the worker: for the atlas, final pictures, or an experiment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError
from atlas_widget.progress import Cancelled
from atlas_widget.session.pictures.picture import State
from atlas_widget.session.tasks.task import LongTask, Work
from atlas_widget.terminal import wait_for

if TYPE_CHECKING:
    from atlas_widget.session.session import Session
    from atlas_widget.session.worker import Worker

__all__ = ["Waiting"]


@dataclass(frozen=True)
class Waiting:
    """Waits in the calling thread for results of a session's worker.

    Attributes
    ----------
    session, worker
        The session, and its worker.
    status
        Returns the widget's status.
    """

    session: Session
    worker: Worker
    status: Callable[[], dict[str, Any]]

    def for_atlas(self, timeout: float | None) -> None:
        """Wait until the requested atlas is ready; raise the error if building it fails."""
        if self.worker.is_current:
            raise AtlasError(
                "wait() cannot be called from a trait observer that runs on the worker's thread; "
                "call it from a cell."
            )
        if not self._until(self._built, timeout):
            raise TimeoutError(f"The atlas is not ready after {timeout} s: {self.status()}")

    def for_pictures(self, grid: int, cells: Sequence[int], timeout: float | None) -> None:
        """Wait until the pictures of these cells are final; raise if some cannot be made."""
        session, scene = self.session, self.session.scene
        demanded = threading.Event()

        def rendered() -> bool:
            self.check_open()
            if session.scene is not scene:
                raise AtlasError("The layout changed while the pictures were rendered; try again.")
            return demanded.is_set() and not session.unfinished(grid, cells)

        def demand() -> None:
            session.demand(grid, cells)
            demanded.set()

        self.worker.post(demand)
        complete = False
        try:
            complete = self._until(rendered, timeout)
        finally:
            if not complete:  # after a timeout or an interrupt
                self.worker.post(lambda: session.withdraw(grid, cells))
        if not complete:
            missing = len(session.unfinished(grid, cells))
            raise TimeoutError(
                f"{missing} of {len(cells)} pictures are not final after {timeout} s."
            )
        pictures, _ = session.snapshot(grid)
        final = {cell for cell, picture in pictures.items() if picture.state is State.FINAL}
        failed = [cell for cell in cells if cell not in final]
        if failed:
            raise AtlasError(
                f"{len(failed)} of {len(cells)} pictures could not be rendered: "
                f"{session.notifier.last_error}"
            )

    def for_task(self, words: str, work: Work, timeout: float | None) -> Any:
        """Run an experiment on the worker, wait for it, and return its result."""
        started = time.monotonic()
        self.for_atlas(timeout)
        task, session = LongTask(words, work), self.session
        self.worker.post(lambda: session.run(task))

        def ended() -> bool:
            if not task.done:
                self.check_open()
            return task.done

        try:
            complete = self._until(ended, left(timeout, started))
        finally:
            task.cancel()  # has no effect if the task is done
        if not complete:
            raise TimeoutError(f"{words} took longer than {timeout} s.")
        if task.error is not None:
            raise task.error
        return task.result

    def for_comparison(self, task: LongTask, timeout: float | None) -> None:
        """Wait until a comparison is made; raise the error if it fails."""

        def ended() -> bool:
            if not task.done:
                self.check_open()
            return task.done

        if not self._until(ended, timeout):
            raise TimeoutError(f"{task.words} takes longer than {timeout} s.")
        if isinstance(task.error, Cancelled):
            raise AtlasError(f"{task.words} was stopped.")
        if task.error is not None:
            raise task.error

    def check_open(self) -> None:
        """Raise if the widget has been closed."""
        if self.session.closed or not self.worker.alive:
            raise AtlasError("This widget has been closed; make a new one.")

    def _built(self) -> bool:
        error = self.session.error or self.session.take_refusal()
        if error is not None:
            raise error
        self.check_open()
        return self.session.built

    def _until(self, condition: Callable[[], bool], timeout: float | None) -> bool:
        # In a notebook the widget itself shows the progress.
        status = None if self.session.watched else self.status
        return wait_for(self.session.changed, condition, timeout, status=status)


def left(timeout: float | None, started: float) -> float | None:
    """Return the seconds left of a timeout."""
    return None if timeout is None else max(0.0, timeout - (time.monotonic() - started))
