"""Pauses of long work, in which commands and urgent requests are handled."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Pauses"]

_PAUSE_INTERVAL = 0.05  # seconds between pauses; a pause may last a slice of work


class Pauses:
    """Handles urgent requests within a long slice of work, not too often and never nested.

    Parameters
    ----------
    let_in
        Called in each pause with the worker's `run_commands`, which runs pending commands.
    failed
        Called with an exception that it raised.
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

    def attach(self, run_commands: Callable[[], None]) -> None:
        """Set the function that runs pending commands."""
        self._breathe = run_commands

    def pause(self) -> None:
        """Make a pause if the last one was long enough ago."""
        # Pauses are not nested.
        if self._pausing or time.monotonic() - self._ended_at < _PAUSE_INTERVAL:
            return
        self._pausing = True
        try:
            self._let_in(self._breathe)
        except Exception as error:
            self._failed(error)
        finally:
            self._pausing, self._ended_at = False, time.monotonic()
