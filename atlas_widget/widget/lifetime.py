"""Lifetime of a widget: until it is closed, or neither shown nor referenced any more.

ipywidgets keeps every widget in a registry, so that ``del`` alone never ends one. For a widget with
a thread and a copy of a model that is too long. An unpinned widget is referenced only by the user's
variables; once a front end shows it, it is pinned, so that deleting a variable does not end a
widget that is on the screen.
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
    """Remove a widget that is not shown yet from the registry."""
    instances = getattr(registry, "_instances", None)
    if widget.comm is None or instances is None:  # an ipywidgets with another registry
        return
    instances.pop(widget.model_id, None)
    handle = weakref.WeakMethod(widget._handle_msg)

    def handle_if_alive(message: Any) -> None:
        method = handle()
        if method is not None:
            method(message)

    widget.comm.on_msg(handle_if_alive)


def pin(widget: Any) -> None:
    """Keep a widget until it is closed, as ipywidgets does, so that a page reload finds it."""
    instances = getattr(registry, "_instances", None)
    if widget.comm is not None and instances is not None:
        instances.setdefault(widget.model_id, widget)


def bundle(name: str) -> Path | str:
    """Return a built file of the view; if it is not built, a module that says so.

    anywidget watches files that are given as paths, and for that refers to every widget for ever:
    only used with hot reload.
    """
    path = _STATIC / name
    if not path.is_file():
        return _NO_BUNDLE
    if os.environ.get("ANYWIDGET_HMR") == "1":
        return path
    return path.read_text(encoding="utf-8") + "\n"  # a single line could be taken for a path
