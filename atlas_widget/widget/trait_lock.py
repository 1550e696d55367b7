"""A lock for traits, which are set from the worker's thread and from other threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

__all__ = ["TraitLock"]

_LOCK_TIMEOUT = 0.3  # seconds that the worker waits for another thread's change

log = logging.getLogger("atlas_widget")


class TraitLock:
    """Separates changes from the worker from changes in progress in other threads.

    A change may take long: the user's own observers are part of it, and they may wait for the
    worker. The worker therefore waits only for a moment; changes that are not urgent are left for
    later, unless the other change lasts so long that only an observer can be the cause.
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
        """Set attributes of an object that has traits; return True if they were set.

        Parameters
        ----------
        owner
            The object.
        values
            The new values by name.
        urgent
            Whether to set them even during another change.
        """
        alone = self._lock.acquire(timeout=_LOCK_TIMEOUT if urgent else 0)
        now = time.monotonic()
        if alone:
            self._busy_since = None
        elif not urgent:
            self._busy_since = self._busy_since or now
            if now - self._busy_since < _LOCK_TIMEOUT:
                return False
        try:
            for name, value in values.items():
                setattr(owner, name, value)
        except Exception:
            # Raised by the user's own observer: shown to the user, without losing the atlas.
            log.exception("An observer of the widget's %s failed", " and ".join(values))
        finally:
            if alone:
                self._lock.release()
        return True
