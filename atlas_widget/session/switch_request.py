"""The layer and subject that the user has requested; safe to change from any thread."""

from __future__ import annotations

import threading

from atlas_widget.session.subjects import Subject

__all__ = ["SwitchRequest"]


class SwitchRequest:
    """The requested layer and subject, until the worker has switched to them.

    The worker may take seconds to open a layer. A request made in the meantime is not lost: a
    request is completed only if it is still the same one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._layer: str | None = None
        self._subject: Subject | None = None

    @property
    def layer(self) -> str | None:
        """The requested layer; None if it is shown."""
        return self._layer

    @property
    def subject(self) -> Subject | None:
        """The requested subject; None if the worker has switched to it."""
        return self._subject

    def request_layer(self, layer: str) -> None:
        """Request a layer, with all its samples."""
        with self._lock:
            self._layer, self._subject = layer, None

    def request_subject(self, subject: Subject) -> None:
        """Request a subject."""
        with self._lock:
            self._subject = subject

    def complete_layer(self, layer: str) -> bool:
        """Note that a layer is shown, or refused; return False if another is requested by now."""
        with self._lock:
            if self._layer != layer:
                return False
            self._layer = None
            return True

    def complete_subject(self, subject: Subject) -> None:
        """Note that the worker has switched to a subject; a newer request is kept."""
        with self._lock:
            if self._subject == subject:
                self._subject = None
