"""Progress of long work: callbacks, cancellation, a line of text, estimates of the time left."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

__all__ = [
    "Cancelled",
    "CancelledCallback",
    "Pace",
    "ProgressCallback",
    "TextProgress",
    "Throttle",
    "check_cancelled",
    "describe_progress",
    "progress_of_part",
]

_BAR = 16  # characters
_LIVE_PAUSE = 0.1  # seconds between two pictures of a line that changes
_LOG_PAUSE = 30.0  # seconds between two lines of a log

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


def progress_of_part(progress: ProgressCallback, number: int, parts: int) -> ProgressCallback:
    """Return the callback of one of several parts that are equally long.

    Parameters
    ----------
    progress
        Is told how much of all parts is done.
    number
        The part, from 0; those before it are done.
    parts
        The number of parts.
    """
    return lambda done, total: progress(number * total + done, parts * total)


def describe_progress(name: str, done: int, total: int, spent: float, before: int = 0) -> str:
    """Return a line such as ``collecting  1,200/3,000  4.0 s, 6 s left``.

    Parameters
    ----------
    name : str
    done, total : int
        How much is done, and how much there is in all.
    spent : float
        Seconds since the start.
    before : int
        How much was done at the start.
    """
    left = ""
    if before < done < total:
        left = f", {_duration(spent / (done - before) * (total - done), '.0f')} left"
    return f"{name:<12} {done:,}/{total:,}  {_duration(spent, '.1f')}{left}"


def _duration(seconds: float, digits: str) -> str:
    if seconds < 600:
        return f"{seconds:{digits}} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _bar(share: float) -> str:
    full, part = divmod(round(min(max(share, 0.0), 1.0) * _BAR * 8), 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")).ljust(_BAR, "·")


class TextProgress:
    """Progress on stderr: ``█████████········ collecting  1,200/3,000  4 s, 6 s left``.

    On a terminal and in a notebook a line that changes; in a log file a new one each half minute.

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
        before = -1
        pause = _LIVE_PAUSE if self._live else _LOG_PAUSE

        def show(done: int, total: int) -> None:
            nonlocal last, ended, before
            if before < 0:
                before = done
            now = time.monotonic()
            over = done >= total
            if not self._enabled or ended or (not over and now - last < pause):
                return
            last, ended = now, over
            line = describe_progress(name, done, total, now - start, before)
            if self._live:
                line = f"\r{_bar(done / total if total else 1.0)} {line:<60}"
            self._stream.write(line + ("\n" if over or not self._live else ""))
            self._stream.flush()

        return show


class Pace:
    """An estimate of the time left, from the recent speed.

    Parameters
    ----------
    window
        Seconds of the past that the speed is measured over.
    clock
        Returns the time in seconds.
    """

    def __init__(self, window: float = 15.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._window = window
        self._clock = clock
        self._points: deque[tuple[float, float]] = deque()
        self._shown: float | None = None
        self._shown_at = 0.0

    def note(self, done: float) -> None:
        """Note the amount done so far."""
        now = self._clock()
        if self._points and done < self._points[-1][1]:  # a new count has started
            self._points.clear()
            self._shown = None
        self._points.append((now, done))
        while len(self._points) > 2 and now - self._points[0][0] > self._window:
            self._points.popleft()

    @property
    def speed(self) -> float:
        """Amount done per second in the window; 0 if that is not known yet."""
        if len(self._points) < 2:
            return 0.0
        (first_time, first), (last_time, last) = self._points[0], self._points[-1]
        return max(0.0, last - first) / max(last_time - first_time, 1e-9)

    def left(self, total: float) -> float | None:
        """Return the seconds left until `total`, or None if that cannot be estimated yet.

        The last estimate counts down by itself and is only corrected gently, so that the number
        shown to the user does not jump.
        """
        if len(self._points) < 2:
            return None
        (first_time, first), (last_time, last) = self._points[0], self._points[-1]
        elapsed = last_time - first_time
        if elapsed < 0.5 or last <= first:
            return None
        now = self._clock()
        estimate = max(0.0, (total - last) * elapsed / (last - first) - (now - last_time))
        if self._shown is not None:
            expected = max(0.0, self._shown - (now - self._shown_at))
            estimate = 0.7 * expected + 0.3 * estimate
        self._shown, self._shown_at = estimate, now
        return estimate


class Throttle:
    """Lets something through at most every `interval` seconds.

    Parameters
    ----------
    interval
        Seconds between two passes.
    clock
        Returns the time in seconds.
    """

    def __init__(self, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = interval
        self._clock = clock
        self._last: float | None = None

    @property
    def due(self) -> bool:
        """True if the interval is over."""
        return self._last is None or self._clock() - self._last >= self._interval

    def ready(self, *, force: bool = False) -> bool:
        """Return True if the interval is over, and if so begin the next one."""
        if not force and not self.due:
            return False
        self._last = self._clock()
        return True
