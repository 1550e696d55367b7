"""Long work tells how far it is, and stops when it is asked to."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

__all__ = [
    "Cancelled",
    "CancelledCallback",
    "ProgressCallback",
    "TextProgress",
    "check_cancelled",
    "describe_progress",
]

ProgressCallback = Callable[[int, int], None]
"""Called with how much is done and how much there is in all."""

CancelledCallback = Callable[[], bool]
"""Asked now and then; once it returns True the work raises `Cancelled`."""


class Cancelled(Exception):  # noqa: N818 - like asyncio.CancelledError, but it is no error
    """The work was stopped because its `cancelled` callback said so."""


def check_cancelled(cancelled: CancelledCallback | None) -> None:
    """Raise `Cancelled` if asked to stop."""
    if cancelled is not None and cancelled():
        raise Cancelled


def describe_progress(name: str, done: int, total: int, spent: float) -> str:
    """Return a line such as ``collecting  1,200/3,000  4.0 s, 6 s left``; `spent` in seconds."""
    left = f", {spent / done * (total - done):.0f} s left" if 0 < done < total else ""
    return f"{name:<12} {done:,}/{total:,}  {spent:.1f} s{left}"


class TextProgress:
    """A line of progress on stderr: ``collecting  1,200/3,000  4 s, 6 s left``.

    Parameters
    ----------
    enabled : bool
        Whether to write at all.
    stream : TextIO, optional
        Where to write; stderr by default.
    """

    def __init__(self, enabled: bool = True, stream: TextIO | None = None) -> None:
        self._enabled = enabled
        self._stream = stream or sys.stderr
        # On a terminal or in a notebook a line can be written over; in a log file it cannot.
        self._live = self._stream.isatty() or "ipykernel" in type(self._stream).__module__

    def say(self, *lines: str) -> None:
        """Write lines that stay."""
        if self._enabled and lines:
            self._stream.write("".join(f"{line}\n" for line in lines))
            self._stream.flush()

    def stage(self, name: str) -> ProgressCallback:
        """Begin a stage; call the result with (done, total)."""
        start = last = time.monotonic()
        ended = False

        def show(done: int, total: int) -> None:
            nonlocal last, ended
            now = time.monotonic()
            over = done >= total
            if not self._enabled or ended or (not over and (not self._live or now - last < 0.1)):
                return
            last, ended = now, over
            line = describe_progress(name, done, total, now - start)
            self._stream.write(f"\r{line:<60}" if self._live else line)
            if over:
                self._stream.write("\n")
            self._stream.flush()

        return show
