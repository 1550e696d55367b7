"""Send warnings raised on our threads to the log instead of the notebook cell that ran last.

``warnings.catch_warnings`` changes the filters of the whole process, and two threads that use it at
once can leave them changed permanently. The hook that shows a warning can distinguish threads.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

__all__ = ["THREADS", "worker_warnings_logged"]

THREADS = "atlas-"
"""Prefix of the names of our threads: the worker's and those that read images for it."""

_log = logging.getLogger("atlas_widget")
_lock = threading.Lock()
_users = 0
_before: Any = None
_ours: Any = None


@contextmanager
def worker_warnings_logged() -> Iterator[None]:
    """Send warnings raised on our threads to the log meanwhile; others are shown as before.

    The last one to leave puts the hook back that was there before the first one, unless somebody
    else has replaced it since.
    """
    global _users, _before, _ours
    with _lock:
        if not getattr(warnings.showwarning, "of_atlas_widget", False):
            _before = warnings.showwarning
            _ours = warnings.showwarning = _hook(_before)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users and warnings.showwarning is _ours:
                warnings.showwarning = _before


def _hook(before: Any) -> Any:
    """Return a hook that logs warnings of our threads and leaves others to `before`."""

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
    return show
