"""Waiting for the worker in the person's thread, showing how far it is, open to an interrupt."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from atlas_widget.progress import describe_progress
from atlas_widget.transient_line import TransientLine

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
        Where the progress comes from that is shown as a line of text, gone when the wait is over;
        None shows none.

    Returns
    -------
    bool
        Whether it is so; False after the time is up.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with contextlib.closing(_Progress()) as progress:
        while True:
            # Asked outside the lock: what it looks at may take locks of its own.
            if done():
                return True
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            with changed:
                changed.wait(_LOOK_EVERY if left is None else min(left, _LOOK_EVERY))
            if status is not None:
                progress.show(status())


class _Progress:
    """Statuses as a line of text."""

    def __init__(self) -> None:
        self._line = TransientLine()
        self._stage = ""
        self._began = 0.0

    def show(self, status: Mapping[str, Any]) -> None:
        stage = str(status.get("stage", ""))
        done, total = (int(status.get(name) or 0) for name in ("done", "total"))
        if stage != self._stage:
            self._stage, self._began = stage, time.monotonic()
        if total:
            spent = time.monotonic() - self._began
            self._line.show(describe_progress(stage, done, total, spent))

    def close(self) -> None:
        self._line.close()
