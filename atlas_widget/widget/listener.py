"""Forward the reports of a session to the widget without keeping the widget alive."""

from __future__ import annotations

import contextlib
import weakref
from typing import TYPE_CHECKING, Any, Protocol

from atlas_widget.session.subjects import Subject

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene

__all__ = ["WidgetListener"]


class ListeningWidget(Protocol):
    """The methods of a widget that its listener calls."""

    comm: Any
    layers: Any

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a message to the browser."""
        ...

    def _set_from_worker(self, *, urgent: bool, **values: Any) -> bool:
        """Set traits; return True if they were set."""
        ...

    def _scene_changed(self, scene: Scene) -> None:
        """Reset the state that belonged to other cells."""
        ...


class WidgetListener:
    """Forwards a session's reports to a widget, as long as it exists.

    Parameters
    ----------
    widget
        Held by a weak reference: the worker must not prevent its deletion.
    """

    def __init__(self, widget: ListeningWidget) -> None:
        self._widget = weakref.ref(widget)

    def send(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        """Send a message to the browser."""
        widget = self._widget()
        if widget is not None and widget.comm is not None:
            # The comm may be closed between check and sending.
            with contextlib.suppress(AttributeError):
                widget.send(content, buffers or None)

    def status(self, status: dict[str, Any]) -> bool:
        """Set the widget's status."""
        widget = self._widget()
        return widget is None or widget._set_from_worker(urgent=False, status=status)

    def scene_changed(self, scene: Scene) -> None:
        """Reset the widget's state that belonged to other cells."""
        widget = self._widget()
        if widget is not None:
            widget._scene_changed(scene)

    def layer_shapes(self, shapes: dict[str, list[int]]) -> None:
        """Add the shapes to the widget's list of layers."""
        widget = self._widget()
        if widget is not None:
            layers = [{**layer, "shape": shapes.get(layer["name"])} for layer in widget.layers]
            widget._set_from_worker(urgent=True, layers=layers)

    def layer_refused(self, layer: str) -> None:
        """Reset the widget's layer to the one shown."""
        widget = self._widget()
        if widget is not None:
            widget._set_from_worker(urgent=True, layer=layer)

    def subject_refused(self, subject: Subject) -> None:
        """Reset the widget's subject to the one shown."""
        widget = self._widget()
        if widget is not None:
            widget._set_from_worker(urgent=True, subject=list(subject))
