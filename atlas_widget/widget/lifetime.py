"""How long a widget lives: until it is closed, or until nobody can see or reach it.

ipywidgets keeps every widget in a registry, so that ``del`` alone never ends one. For a widget with
a thread and a copy of a model that is too long. An unpinned widget is held by nothing but the
person's own names; once a front end shows it, it is pinned, since a picture on the screen must not
die with a name.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import Any

from ipywidgets.widgets import widget as registry

__all__ = ["bundle", "pin", "unpin"]

_STATIC = Path(__file__).parents[1] / "static"
_NO_BUNDLE = """
export default { render({ el }) {
  el.textContent = "The view of atlas_widget is not built: run `make bundle` in its checkout.";
} };
"""


def unpin(widget: Any) -> None:
    """Let go of a widget that nobody sees yet."""
    instances = getattr(registry, "_instances", None)
    if widget.comm is None or instances is None:  # an ipywidgets that keeps its books elsewhere
        return
    instances.pop(widget.model_id, None)
    handle = weakref.WeakMethod(widget._handle_msg)

    def handle_if_alive(message: Any) -> None:
        method = handle()
        if method is not None:
            method(message)

    widget.comm.on_msg(handle_if_alive)


def pin(widget: Any) -> None:
    """Keep a widget until it is closed, as ipywidgets does; a page reload then finds it."""
    instances = getattr(registry, "_instances", None)
    if widget.comm is not None and instances is not None:
        instances.setdefault(widget.model_id, widget)


def bundle(name: str) -> Path | str:
    """Return a built file of the view, or in a bare checkout what says that it is missing.

    anywidget watches files that are given as paths, and for that refers to every widget for ever:
    only wanted while one changes the view.
    """
    path = _STATIC / name
    if not path.is_file():
        return _NO_BUNDLE
    if os.environ.get("ANYWIDGET_HMR") == "1":
        return path
    return path.read_text(encoding="utf-8") + "\n"  # a single line might be taken for a path
