"""The kernel that the widget lives in: what its ipykernel cannot do, and what has to be put right.

Known of ipykernel 7, which answers widgets on a thread of their own:

* 7.0 cannot send from threads.
* 7.1 to 7.3 now and then leave a request unread when it arrives while the answer to another goes
  out, so that a new notebook's first cell does not start until the page is reloaded
  (ipython/ipykernel#1554). It happens before anything of ours is imported.
* 7.4 mends that, and hands the browser's messages to whichever thread last sent on the comm.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from atlas_widget.terminal import in_kernel

__all__ = ["answer_beside_cells", "kernel_notice"]


def kernel_notice() -> str | None:
    """Return what is wrong with the running kernel's ipykernel, or None."""
    if not in_kernel():
        return None
    installed = version("ipykernel")
    if installed.split(".")[:2] != ["7", "0"]:
        return None
    return (
        f"This kernel's ipykernel {installed} cannot send pictures while they are computed: "
        '`pip install "ipykernel>=7.4"` and restart the kernel.'
    )


def answer_beside_cells(widget: Any) -> None:
    """Have the browser's messages handled on the thread that the browser addressed them to.

    ipykernel 7.4 would hand them to the thread that last sent on the comm. That is the worker's
    parent, the main thread, after every picture: clicks would wait for the end of the running cell.
    What other versions do is left as it is.

    Parameters
    ----------
    widget
        A widget; each of its comms is put right as it is opened.
    """
    widget.observe(_put_right, "comm")
    _put_right({"new": widget.comm})


def _put_right(change: Any) -> None:
    comm = change["new"]
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = _as_addressed


def _as_addressed(_data: Any, subshell: str | None) -> str | None:
    return subshell
