"""Traits that are set from the worker's thread, out of the way of other threads' changes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

__all__ = ["TraitLock"]

_PATIENCE = 0.3  # seconds that the worker waits for another's change to end

log = logging.getLogger("atlas_widget")


class TraitLock:
    """Keeps a change that comes from the worker out of one that another thread has under way.

    A change under way may last: the user's own observers are part of it, and they may wait for the
    worker. So the worker waits a moment at most; what is not urgent is left for later, unless the
    change lasts so long that only an observer can be at work.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._busy_since: float | None = None

    def __enter__(self) -> TraitLock:
        self._lock.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def set(self, owner: Any, values: Mapping[str, Any], *, urgent: bool) -> bool:
        """Set attributes of an object that has traits; return whether they were set.

        Parameters
        ----------
        owner
            The object.
        values
            The new values by name.
        urgent
            Whether they are to be set even while another change is under way.
        """
        alone = self._lock.acquire(timeout=_PATIENCE if urgent else 0)
        now = time.monotonic()
        if alone:
            self._busy_since = None
        elif not urgent:
            self._busy_since = self._busy_since or now
            if now - self._busy_since < _PATIENCE:
                return False
        try:
            for name, value in values.items():
                setattr(owner, name, value)
        except Exception:
            # Of the user's own observer: theirs to see, and no reason to lose the atlas.
            log.exception("An observer of the widget's %s failed", " and ".join(values))
        finally:
            if alone:
                self._lock.release()
        return True
