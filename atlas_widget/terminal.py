"""Waiting in the user's thread, with a line of progress that leaves nothing behind."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from atlas_widget.progress import describe_progress

__all__ = ["TransientLine", "in_kernel", "wait_for"]

_LOOK_EVERY = 0.2  # seconds; a wait without end could not be interrupted on every system
_WIDTH = 72


def in_kernel() -> bool:
    """Tell whether this process is a Jupyter kernel, whose outputs a notebook shows."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


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


class TransientLine:
    """A line in a cell's output or on a terminal; nowhere else could it be taken back.

    In a notebook it is not written to stderr, where even an empty line stays as a coloured band,
    but is an output of its own, which disappears once it has no contents.

    Parameters
    ----------
    stream : TextIO, optional
        What may be a terminal; stderr by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._output: Any = None
        self._shown = ""

    def show(self, text: str) -> None:
        """Show a text in place of the last one."""
        if text == self._shown:
            return
        if in_kernel():
            self._put_out({"text/plain": text})
        elif self._stream.isatty():
            self._write(text)
        self._shown = text

    def close(self) -> None:
        """Take the line away; safe to call twice."""
        if self._shown and self._output is not None:
            self._put_out({})
        elif self._shown and self._stream.isatty():
            self._write("")
            self._stream.write("\r")
            self._stream.flush()
        self._shown = ""

    def _put_out(self, data: dict[str, str]) -> None:
        from IPython.display import display

        if self._output is None:
            self._output = display(  # type: ignore[no-untyped-call]
                data, raw=True, display_id=True
            )
        else:
            self._output.update(data, raw=True)

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text:<{_WIDTH}}")
        self._stream.flush()
