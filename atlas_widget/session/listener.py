"""The interface through which a session reports to the widget."""

from __future__ import annotations

from typing import Any, Protocol

from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.subjects import Subject

__all__ = ["SessionListener"]


class SessionListener(Protocol):
    """Receives the reports of a session, on the worker's thread."""

    def send(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        """Send a message to the browser."""
        ...

    def status(self, status: dict[str, Any]) -> bool:
        """Report stage and progress; return False to get the report again soon."""
        ...

    def scene_changed(self, scene: Scene) -> None:
        """Report that other cells are shown."""
        ...

    def layer_shapes(self, shapes: dict[str, list[int]]) -> None:
        """Report the shape of each layer's output for one image."""
        ...

    def layer_refused(self, layer: str) -> None:
        """Report that another layer could not be opened and that this one is still shown."""
        ...

    def subject_refused(self, subject: Subject) -> None:
        """Report that another subject's atlas could not be made and this one is still shown."""
        ...
