"""The layer and the subject that a user asked to see next, safe to change from any thread."""

from __future__ import annotations

import threading

from atlas_widget.session.subjects import Subject

__all__ = ["Wish"]


class Wish:
    """The layer and the subject that are wanted, until the worker has turned to them.

    The worker may take seconds to open a layer. What is asked for meanwhile is not lost: a wish is
    fulfilled only if it is still the same one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._layer: str | None = None
        self._subject: Subject | None = None

    @property
    def layer(self) -> str | None:
        """The layer that is wanted, or None if it is on show."""
        return self._layer

    @property
    def subject(self) -> Subject | None:
        """The subject that is wanted, or None if the worker has turned to it."""
        return self._subject

    def post_layer(self, layer: str) -> None:
        """Ask for a layer, and all samples of it."""
        with self._lock:
            self._layer, self._subject = layer, None

    def post_subject(self, subject: Subject) -> None:
        """Ask for a subject."""
        with self._lock:
            self._subject = subject

    def fulfil_layer(self, layer: str) -> bool:
        """Note that this layer is on show, or refused; return False if another is wanted by now."""
        with self._lock:
            if self._layer != layer:
                return False
            self._layer = None
            return True

    def fulfil_subject(self, subject: Subject) -> None:
        """Note that the worker has turned to this subject; another that is wanted by now stays."""
        with self._lock:
            if self._subject == subject:
                self._subject = None
