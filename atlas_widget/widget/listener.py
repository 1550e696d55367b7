"""A session's news, passed on to the widget without keeping the widget alive."""

from __future__ import annotations

import contextlib
import weakref
from typing import TYPE_CHECKING, Any, Protocol

from atlas_widget.session.subjects import Subject

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene

__all__ = ["WidgetListener"]


class ListeningWidget(Protocol):
    """What a widget has for its listener."""

    comm: Any

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a message to the browser."""
        ...

    def _set_from_worker(self, *, urgent: bool, **values: Any) -> bool:
        """Set traits; return whether they were set."""
        ...

    def _scene_changed(self, scene: Scene) -> None:
        """Forget what belonged to other cells."""
        ...


class WidgetListener:
    """Passes a session's news on to a widget, as long as there is one.

    Parameters
    ----------
    widget
        Only weakly referred to: the worker must not keep it from being deleted.
    """

    def __init__(self, widget: ListeningWidget) -> None:
        self._widget = weakref.ref(widget)

    def send(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        """Send a message to the browser."""
        widget = self._widget()
        if widget is not None and widget.comm is not None:
            # The comm may be closed between the question and the sending.
            with contextlib.suppress(AttributeError):
                widget.send(content, buffers or None)

    def status(self, status: dict[str, Any]) -> bool:
        """Set the widget's status."""
        widget = self._widget()
        return widget is None or widget._set_from_worker(urgent=False, status=status)

    def scene_changed(self, scene: Scene) -> None:
        """Have the widget forget what belonged to other cells."""
        widget = self._widget()
        if widget is not None:
            widget._scene_changed(scene)

    def layer_refused(self, layer: str) -> None:
        """Set the widget's layer back."""
        widget = self._widget()
        if widget is not None:
            widget._set_from_worker(urgent=True, layer=layer)

    def subject_refused(self, subject: Subject) -> None:
        """Set the widget's subject back."""
        widget = self._widget()
        if widget is not None:
            widget._set_from_worker(urgent=True, subject=list(subject))
