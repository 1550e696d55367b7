"""A stand-in for the browser: keeps what the widget sends, and answers as a front end would."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from atlas_widget import AtlasWidget


class FakeBrowser:
    """Listens to one widget; confirms sheets by itself unless told not to."""

    def __init__(self, widget: AtlasWidget, *, confirms: bool = True) -> None:
        self.widget = widget
        self.messages: list[dict[str, Any]] = []
        self.buffers: list[list[bytes]] = []
        self.pictures: dict[tuple[int, int], tuple[str, np.ndarray]] = {}
        self._changed = threading.Condition()
        self._confirms = confirms
        widget.send = self._receive  # type: ignore[method-assign]

    def say(self, kind: str, buffer: bytes | None = None, **fields: Any) -> None:
        """Send the widget a message, as ipywidgets hands it over."""
        buffers = [] if buffer is None else [memoryview(buffer)]
        self.widget._handle_custom_msg({"kind": kind, **fields}, buffers)

    def open(self) -> None:
        """Come up, and look at all of the base grid once it is there."""
        self.say("ready", view="v", revision=-1)
        self.wait(lambda: self.layouts)
        self.look()

    def open_whole(self) -> None:
        """Come up, and wait until the final layout is there, and all that hangs on it."""
        self.open()
        self.widget.wait(60)
        self.wait(lambda: self.layouts[-1]["final"])

    def look(self, grid: int | None = None) -> None:
        """Have all cells of a grid in sight."""
        entry = next(g for g in self.layouts[-1]["grids"] if grid in (None, g["size"]))
        self.say("visible", grid=entry["size"], cells=entry["ids"], near=[])

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of a kind so far."""
        return [message for message in list(self.messages) if message["kind"] == kind]

    def answers(self, kind: str, **fields: Any) -> list[tuple[dict[str, Any], bytes]]:
        """Wait for messages of a kind that have these fields; return each with its buffer."""

        def found() -> list[tuple[dict[str, Any], bytes]]:
            return [
                (message, (buffers or [b""])[0])
                for message, buffers in zip(self.messages, self.buffers, strict=False)
                if message["kind"] == kind and all(message[k] == v for k, v in fields.items())
            ]

        self.wait(found)
        return found()

    @property
    def layouts(self) -> list[dict[str, Any]]:
        """The layouts so far."""
        return self.of("layout")

    def states(self, grid: int) -> dict[int, str]:
        """Return how good each picture of a grid is."""
        return {cell: state for (size, cell), (state, _) in self.pictures.items() if size == grid}

    def wait(self, condition: Callable[[], Any], seconds: float = 60) -> Any:
        """Wait until something that arrived makes the condition true; return its value."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not (value := condition()):
                left = deadline - time.monotonic()
                assert left > 0, self._said()
                self._changed.wait(min(left, 0.1))
            return value

    def _said(self) -> str:
        kinds = [message["kind"] for message in self.messages]
        told = self.of("error") + self.of("notice")
        return f"it did not come; {self.widget.status}; {told}; {kinds}"

    def _receive(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        with self._changed:
            self.messages.append(content)
            self.buffers.append(list(buffers or []))
            if content["kind"] == "layout":
                self.pictures.clear()
            if content["kind"] == "sheet":
                self._unpack(content, (buffers or [b""])[0])
            self._changed.notify_all()
        if content["kind"] == "sheet" and self._confirms:
            self.say("acknowledge", sheet=content["sheet"])

    def _unpack(self, content: dict[str, Any], data: bytes) -> None:
        sheet = np.asarray(Image.open(io.BytesIO(data)))
        tile = content["tile"]
        kind, grid = content["group"].split(":")
        if kind != "cell":
            return
        grid = int(grid)
        for index, cell in enumerate(content["numbers"]):
            row, col = divmod(index, content["columns"])
            pixels = sheet[row * tile : (row + 1) * tile, col * tile : (col + 1) * tile]
            assert pixels.shape == (tile, tile, 3)
            self.pictures[grid, cell] = (content["state"], pixels)
