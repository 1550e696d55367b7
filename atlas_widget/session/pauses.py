"""The pauses that long work makes for commands and for what users wait for."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Pauses"]

_BETWEEN = 0.05  # seconds from one pause to the next, which may be as long as a slice of work


class Pauses:
    """Let urgent things in from within a long slice of work, not too often and not one in another.

    Parameters
    ----------
    let_in
        Called in each pause; called with the worker's `breathe`, which runs waiting commands.
    failed
        Told what it raised.
    """

    def __init__(
        self,
        let_in: Callable[[Callable[[], None]], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._let_in = let_in
        self._failed = failed
        self._breathe: Callable[[], None] = lambda: None
        self._pausing = False
        self._ended_at = 0.0

    def attach(self, breathe: Callable[[], None]) -> None:
        """Learn how waiting commands are run."""
        self._breathe = breathe

    def pause(self) -> None:
        """Make a pause if the last one is long enough ago."""
        # A command within a pause makes none of its own.
        if self._pausing or time.monotonic() - self._ended_at < _BETWEEN:
            return
        self._pausing = True
        try:
            self._let_in(self._breathe)
        except Exception as error:
            self._failed(error)
        finally:
            self._pausing, self._ended_at = False, time.monotonic()
