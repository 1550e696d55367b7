"""Views that were set before their atlas was shown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene

__all__ = ["PendingViews", "View"]

View = Callable[["Scene"], dict[str, Any]]
"""Returns the traits to set for the scene shown; raises if they do not fit it."""


class PendingViews:
    """Views to be applied once the final scene of their layer and subject is shown.

    Safe to call from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: Scene | None = None
        self._waiting: list[tuple[str, tuple[str, ...], View]] = []

    def ask(
        self, layer: str, subject: Sequence[str], view: View, current: Scene | None
    ) -> Scene | None:
        """Return the scene to which a view can be applied now; else keep the view and return None.

        Parameters
        ----------
        layer, subject
            Layer and subject of the view.
        view
            Returns the traits.
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
        """Return, and remove, the views that waited for a final scene, which is shown now."""
        with self._lock:
            here = (scene.layer, scene.subject)
            due = [view for layer, subject, view in self._waiting if (layer, subject) == here]
            self._waiting = [one for one in self._waiting if one[:2] != here]
            self._shown = scene
        return due

    def forget_others(self, layer: str, subject: Sequence[str]) -> None:
        """Remove the views of all other atlases."""
        with self._lock:
            here = (layer, tuple(subject))
            self._waiting = [one for one in self._waiting if one[:2] == here]
