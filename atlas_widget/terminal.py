"""A line of progress in the user's thread that leaves nothing behind: of waiting, of imports."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from atlas_widget.progress import describe_progress

__all__ = ["TransientLine", "announce_imports", "in_kernel", "take_back_announcement", "wait_for"]

_LOOK_EVERY = 0.2  # seconds; a wait without end could not be interrupted on every system
_WIDTH = 72
_IMPORTING = "Importing PyTorch, once in each kernel…"
# A mark that moves, since the line stands for seconds in which nothing else does.
_IMPORTING_HTML = f"""<style>@keyframes aw-start {{ 50% {{ opacity: 0.25 }} }}
.aw-start i {{ display: inline-block; width: 0.9em; height: 0.9em; margin-right: 2px;
  border-radius: 2px; background: #4285f4; animation: aw-start 1.2s ease-in-out infinite }}
.aw-start i:nth-child(2) {{ animation-delay: 0.2s }}
.aw-start i:nth-child(3) {{ animation-delay: 0.4s }}</style>
<div class="aw-start" role="status"><i></i><i></i><i></i> {_IMPORTING}</div>"""


def in_kernel() -> bool:
    """Tell whether this process is a Jupyter kernel, whose outputs a notebook shows."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


def announce_imports() -> None:
    """Show a line in a notebook's cell before PyTorch is imported, which takes seconds.

    It goes when the cell ends or `take_back_announcement` is called, whichever is first. Outside
    notebooks, or once PyTorch is imported, nothing is shown.
    """
    # ipykernel first: in a script, IPython is not imported for this
    if "torch" in sys.modules or "ipykernel" not in sys.modules or not in_kernel():
        return
    if _announcement.show(_IMPORTING, _IMPORTING_HTML):
        _when_cell_ends(take_back_announcement)


def take_back_announcement() -> None:
    """Take away the line of `announce_imports`; safe to call twice."""
    _announcement.close()


def _when_cell_ends(call: Callable[[], None]) -> None:
    from IPython import get_ipython

    events = get_ipython().events

    def once(*_result: Any) -> None:
        events.unregister("post_run_cell", once)
        call()

    events.register("post_run_cell", once)


def wait_for(
    changed: threading.Condition,
    done: Callable[[], bool],
    timeout: float | None,
    *,
    status: Callable[[], Mapping[str, Any]] | None = None,
) -> bool:
    """Wait until `done` returns True.

    Parameters
    ----------
    changed
        Notified whenever it may have become so.
    done
        What is waited for; what it raises ends the wait.
    timeout
        Seconds, or None for no limit.
    status
        Where the progress comes from that is shown as a line of text, gone when the wait is over;
        None shows none.

    Returns
    -------
    bool
        Whether it is so; False after the time is up.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with contextlib.closing(_Progress()) as progress:
        while True:
            # Asked outside the lock: what it looks at may take locks of its own.
            if done():
                return True
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            with changed:
                changed.wait(_LOOK_EVERY if left is None else min(left, _LOOK_EVERY))
            if status is not None:
                progress.show(status())


class _Progress:
    """Statuses as a line of text."""

    def __init__(self) -> None:
        self._line = TransientLine()
        self._stage = ""
        self._began = 0.0

    def show(self, status: Mapping[str, Any]) -> None:
        stage = str(status.get("stage", ""))
        done, total = (int(status.get(name) or 0) for name in ("done", "total"))
        if stage != self._stage:
            self._stage, self._began = stage, time.monotonic()
        if total:
            spent = time.monotonic() - self._began
            self._line.show(describe_progress(stage, done, total, spent))

    def close(self) -> None:
        self._line.close()


class TransientLine:
    """A line in a cell's output or on a terminal; nowhere else could it be taken back.

    In a notebook it is not written to stderr, where even an empty line stays as a coloured band,
    but is an output of its own, which disappears once it has no contents.

    Parameters
    ----------
    stream : TextIO, optional
        What may be a terminal; stderr by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._output: Any = None
        self._shown = ""

    def show(self, text: str, html: str = "") -> bool:
        """Show a text in place of the last one.

        Parameters
        ----------
        text
            The line.
        html
            The same for a notebook, if it is to look better there.

        Returns
        -------
        bool
            Whether it was not shown already.
        """
        if text == self._shown:
            return False
        if in_kernel():
            self._put_out({"text/plain": text, **({"text/html": html} if html else {})})
        elif self._stream.isatty():
            self._write(text)
        self._shown = text
        return True

    def close(self) -> None:
        """Take the line away; safe to call twice."""
        if self._shown and self._output is not None:
            self._put_out({})
        elif self._shown and self._stream.isatty():
            self._write("")
            self._stream.write("\r")
            self._stream.flush()
        self._shown = ""

    def _put_out(self, data: dict[str, str]) -> None:
        from IPython.display import display

        if self._output is None:
            self._output = display(  # type: ignore[no-untyped-call]
                data, raw=True, display_id=True
            )
        else:
            self._output.update(data, raw=True)

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text:<{_WIDTH}}")
        self._stream.flush()


_announcement = TransientLine()
