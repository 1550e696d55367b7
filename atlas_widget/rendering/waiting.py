"""Waiting for the worker in the person's thread, showing how far it is, open to an interrupt."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from atlas_widget.progress import ProgressCallback, TextProgress

__all__ = ["wait_for"]

_LOOK_EVERY = 0.2  # seconds; a wait without end could not be interrupted on every system


def wait_for(
    changed: threading.Condition,
    done: Callable[[], bool],
    timeout: float | None,
    *,
    status: Callable[[], Mapping[str, Any]] | None = None,
) -> bool:
    """Wait until `done` returns True.

    Parameters
    ----------
    changed
        Notified whenever it may have become so.
    done
        What is waited for; what it raises ends the wait.
    timeout
        Seconds, or None for no limit.
    status
        Where the progress that is shown as a line of text comes from; None shows none.

    Returns
    -------
    bool
        Whether it is so; False after the time is up.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    line = _Line() if status is not None else None
    while True:
        # Asked outside the lock: what it looks at may take locks of its own.
        if done():
            return True
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return False
        with changed:
            changed.wait(_LOOK_EVERY if left is None else min(left, _LOOK_EVERY))
        if line is not None and status is not None:
            line.show(status())


class _Line:
    """Statuses as a line of text."""

    def __init__(self) -> None:
        self._progress = TextProgress()
        self._stage = ""
        self._show: ProgressCallback | None = None

    def show(self, status: Mapping[str, Any]) -> None:
        stage = str(status.get("stage", ""))
        total = int(status.get("total") or 0)
        if stage != self._stage:
            self._stage = stage
            self._show = self._progress.stage(stage) if total else None
        elif self._show is None and total:
            self._show = self._progress.stage(stage)
        if self._show is not None and total:
            self._show(int(status.get("done") or 0), total)
