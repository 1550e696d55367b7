"""Views that were asked for before their atlas was on show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene

__all__ = ["PendingViews", "View"]

View = Callable[["Scene"], dict[str, Any]]
"""Makes of the scene on show the traits to set; raises if they do not fit it."""


class PendingViews:
    """What is to be set once the final scene of a layer and subject is on show.

    Safe to call from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: Scene | None = None
        self._waiting: list[tuple[str, tuple[str, ...], View]] = []

    def ask(
        self, layer: str, subject: Sequence[str], view: View, current: Scene | None
    ) -> Scene | None:
        """Return the scene for which a view can be set now, or keep the view for later.

        Parameters
        ----------
        layer, subject
            Of the atlas that the view is of.
        view
            Makes the traits.
        current
            The scene that the session shows.
        """
        with self._lock:
            scene = self._shown
            here = None if scene is None else (scene.layer, scene.subject)
            if scene is current and here == (layer, tuple(subject)):
                return scene
            self._waiting.append((layer, tuple(subject), view))
            return None

    def shown(self, scene: Scene) -> list[View]:
        """Note that a final scene is on show; return the views that waited for it."""
        with self._lock:
            here = (scene.layer, scene.subject)
            due = [view for layer, subject, view in self._waiting if (layer, subject) == here]
            self._waiting = [one for one in self._waiting if one[:2] != here]
            self._shown = scene
        return due

    def forget_others(self, layer: str, subject: Sequence[str]) -> None:
        """Forget the views of any other atlas."""
        with self._lock:
            here = (layer, tuple(subject))
            self._waiting = [one for one in self._waiting if one[:2] == here]
