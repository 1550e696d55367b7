"""What a session tells of: the interface that its listener has."""

from __future__ import annotations

from typing import Any, Protocol

from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.subjects import Subject

__all__ = ["SessionListener"]


class SessionListener(Protocol):
    """Hears of a session, on the worker's thread."""

    def send(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        """Send a message to the browser."""
        ...

    def status(self, status: dict[str, Any]) -> bool:
        """Say what is being done and how far it is; return False to be told again soon."""
        ...

    def scene_changed(self, scene: Scene) -> None:
        """Say that other cells are on show."""
        ...

    def layer_refused(self, layer: str) -> None:
        """Say that another layer could not be shown and that this one still is."""
        ...

    def subject_refused(self, subject: Subject) -> None:
        """Say that the atlas of another subject could not be made and this one is still shown."""
        ...
