"""The still picture that a saved notebook shows where the widget was.

Jupyter keeps a cell's outputs in the notebook, but of a widget only the id, which means nothing
once the kernel has ended. So a second output, just before the widget's own, holds a picture, which
is renewed while the atlas changes. A view of the widget hides it in the page that shows the view.
"""

from __future__ import annotations

import base64
import html
import threading
import uuid
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from atlas_widget.terminal import in_kernel

if TYPE_CHECKING:
    from atlas_widget.session.tasks.still import Still

__all__ = ["StillOutput", "still_html"]

_WAITS = (3.0, 8.0, 20.0)  # seconds before the first, second and all further pictures of a build
_SOON = 1.5  # seconds after which a change by the user is in the picture
_ADVICE = "A still picture. Run the cell again for the atlas that you can explore."
_NOTHING_YET = "An activation atlas. Run the cell to make it."
# Without a kernel JupyterLab writes "Error displaying widget" into the widget's own output; the
# class says so, which no output has otherwise.
_HIDES_ERROR = (
    "<style>.jp-OutputArea-child:has(.{name}) + "
    ".jp-OutputArea-child:has(> .jp-OutputArea-output.jupyter-widgets) {{ display: none }}</style>"
)


class StillSource(Protocol):
    """The widget, as far as its still picture needs it."""

    def _take_still(self) -> Still | None:
        """Return a picture of what is shown; None while there is nothing."""
        ...

    def _post(self, command: Callable[[], None]) -> None:
        """Run a command on the worker's thread."""
        ...


class StillOutput:
    """An output of a notebook's cell that holds a still picture of a widget.

    Methods may be called from any thread. Without a notebook nothing is done.

    Parameters
    ----------
    widget
        Held by a weak reference.
    """

    def __init__(self, widget: StillSource) -> None:
        self.name = f"aw-still-{uuid.uuid4().hex[:12]}"
        """The class of the output's element, by which views find it."""
        self._widget = weakref.ref(widget)
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._taken = 0
        self._shown = False
        self._last = ""

    def show(self) -> None:
        """Put the output, still without a picture, where a cell is about to show the widget."""
        if in_kernel():
            self._shown = True
            self._publish(self._last or still_html(None, self.name), update=False)
            self.changed()

    def changed(self, *, by_user: bool = False) -> None:
        """Renew the picture in a while; sooner after a change that the user made."""
        with self._lock:
            if not self._shown or (self._timer is not None and not by_user):
                return
            if self._timer is not None:
                self._timer.cancel()
            wait = _SOON if by_user else _WAITS[min(self._taken, len(_WAITS) - 1)]
            # the timer must not keep the widget
            self._timer = threading.Timer(wait, _request, (weakref.ref(self),))
            self._timer.daemon = True
            self._timer.start()

    def renew(self) -> None:
        """Renew the picture now."""
        widget = self._widget()
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if not self._shown or widget is None:
                return
        still = widget._take_still()
        if still is None:
            return
        text = still_html(still, self.name)
        if text != self._last:
            self._taken += 1
            self._publish(text, update=True)

    def request(self) -> None:
        """Let the worker renew the picture."""
        widget = self._widget()
        if widget is not None:
            widget._post(self.renew)

    def close(self) -> None:
        """Renew the picture for the last time."""
        self.renew()
        self._shown = False

    def _publish(self, text: str, *, update: bool) -> None:
        from IPython import get_ipython

        self._last = text
        get_ipython().display_pub.publish(
            {"text/html": text, "text/plain": _ADVICE},
            {},
            transient={"display_id": self.name},
            update=update,
        )


def still_html(still: Still | None, name: str) -> str:
    """Return the output's HTML; what the caption says is shown as text, whatever it is.

    Parameters
    ----------
    still
        The picture; None if there is none yet.
    name
        The class of the element.
    """
    style = _HIDES_ERROR.format(name=name)
    if still is None:
        return f'<div class="aw-still {name}">{style}<p>{_NOTHING_YET}</p></div>'
    caption = html.escape(still.caption)
    data = base64.b64encode(still.picture).decode("ascii")
    return (
        f'<div class="aw-still {name}">{style}'
        f'<img alt="Activation atlas: {caption}" src="data:image/webp;base64,{data}">'
        f"<p>{_ADVICE}<br><small>{caption}</small></p></div>"
    )


def _request(output: Callable[[], Any]) -> None:
    found = output()
    if found is not None:
        found.request()
