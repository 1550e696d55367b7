"""A line of text that is written over while it changes, and leaves nothing behind."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from atlas_widget.widget.kernel import in_kernel

__all__ = ["TransientLine"]

_WIDTH = 72


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

    def show(self, text: str) -> None:
        """Show a text in place of the last one."""
        if text == self._shown:
            return
        if in_kernel():
            self._put_out({"text/plain": text})
        elif self._stream.isatty():
            self._write(text)
        self._shown = text

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
