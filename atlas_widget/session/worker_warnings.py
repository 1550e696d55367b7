"""Send warnings raised on our threads to the log instead of the notebook cell that ran last.

``warnings.catch_warnings`` changes the filters of the whole process, and two threads that use it at
once can leave them changed permanently. The hook that shows a warning can distinguish threads.
"""

from __future__ import annotations

import logging
import threading
import warnings
from typing import Any, TextIO

__all__ = ["THREADS", "log_worker_warnings"]

THREADS = "atlas-"
"""Prefix of the names of our threads: the worker's and those that read images for it."""

_log = logging.getLogger("atlas_widget")
_lock = threading.Lock()


def log_worker_warnings() -> None:
    """Send warnings raised on our threads to the log; others are shown as before."""
    with _lock:
        before = warnings.showwarning
        if getattr(before, "of_atlas_widget", False):
            return

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> Any:
            if file is None and threading.current_thread().name.startswith(THREADS):
                _log.debug("%s:%d: %s: %s", filename, lineno, category.__name__, message)
                return
            before(message, category, filename, lineno, file, line)

        show.of_atlas_widget = True  # type: ignore[attr-defined]
        warnings.showwarning = show
