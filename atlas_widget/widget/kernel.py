"""Workarounds for bugs of ipykernel 7, and a notice for versions that cannot be used.

ipykernel 7 handles messages of widgets on a separate thread. Known bugs:

* 7.0 cannot send from threads.
* 7.1 to 7.3 sometimes leave a request unread if it arrives while the reply to another is being
  sent, so that a new notebook's first cell does not start until the page is reloaded
  (ipython/ipykernel#1554). This happens before our package is imported.
* 7.4 fixes that, but passes the browser's messages to the thread that last sent on the comm.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from atlas_widget.terminal import in_kernel

__all__ = ["handle_messages_during_cells", "kernel_notice"]


def kernel_notice() -> str | None:
    """Return a notice if the running kernel's ipykernel cannot be used, else None."""
    if not in_kernel():
        return None
    installed = version("ipykernel")
    if installed.split(".")[:2] != ["7", "0"]:
        return None
    return (
        f"This kernel's ipykernel {installed} cannot send pictures while they are computed: "
        '`pip install "ipykernel>=7.4"` and restart the kernel.'
    )


def handle_messages_during_cells(widget: Any) -> None:
    """Handle the browser's messages on the thread that the browser addressed, also during cells.

    ipykernel 7.4 would pass them to the thread that last sent on the comm. After every picture that
    is the worker's parent, the main thread: clicks would wait for the end of the running cell.
    Other versions are not changed.

    Parameters
    ----------
    widget
        A widget; each of its comms is patched when it is opened.
    """
    widget.observe(_patch_comm, "comm")
    _patch_comm({"new": widget.comm})


def _patch_comm(change: Any) -> None:
    comm = change["new"]
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = _as_addressed


def _as_addressed(_data: Any, subshell: str | None) -> str | None:
    return subshell
