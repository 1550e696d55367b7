"""Estimate of the time left in a stage, and a throttle for reports. Pure."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

__all__ = ["Pace", "Throttle"]


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
