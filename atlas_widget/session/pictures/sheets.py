"""Transfer of pictures to the browser: packed into JPEG sheets, few at a time, none lost.

Messages with one JPEG of up to 64 tiles, at most eight of them unconfirmed, were measured to carry
thousands of pictures a second; with one message per picture some are lost to rate limits, silently.
A picture that improves while it is waiting here is sent once, in its best state.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from atlas_widget.protocol import messages
from atlas_widget.session.pictures.picture import Picture, Pixels, State

__all__ = ["MAX_TILES", "MAX_UNCONFIRMED", "Outbox", "encode", "pack"]

MAX_TILES = 64
MAX_UNCONFIRMED = 8
_CONFIRMATION_TIMEOUT = 2.0  # seconds; then an unconfirmed sheet no longer blocks others
_LINGER = 0.25  # seconds that an incomplete sheet waits for more pictures


def encode(pixels: Pixels, quality: int = 90) -> bytes:
    """Return RGB pixels as the bytes of a JPEG without colour subsampling."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(
        buffer, "JPEG", quality=quality, subsampling=0
    )
    return buffer.getvalue()


def pack(tiles: Sequence[Pixels], tile: int, columns: int) -> Pixels:
    """Arrange square tiles in rows; tiles of another size are resized, missing ones are grey."""
    rows = math.ceil(len(tiles) / columns)
    sheet = np.full((rows * tile, columns * tile, 3), 128, dtype=np.uint8)
    for index, pixels in enumerate(tiles):
        if pixels.shape[:2] != (tile, tile):
            resized = Image.fromarray(pixels).resize((tile, tile), Image.Resampling.LANCZOS)
            pixels = np.asarray(resized)
        top, left = index // columns * tile, index % columns * tile
        sheet[top : top + tile, left : left + tile] = pixels
    return sheet


class Outbox:
    """Sends sheets as fast as the browser confirms them.

    Parameters
    ----------
    send
        Sends a message with its buffers.
    tile
        The side of a tile in pixels.
    clock
        Returns the time in seconds.
    """

    def __init__(
        self,
        send: Callable[[dict[str, Any], list[bytes]], None],
        *,
        tile: int = 64,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._tile = tile
        self._clock = clock
        self._revision = -1
        self._waiting: dict[tuple[str, State], dict[int, Picture]] = {}
        self._since: dict[tuple[str, State], float] = {}
        self._unconfirmed: dict[int, float] = {}
        self._number = 0

    @property
    def waiting(self) -> int:
        """Number of pictures that have not been sent yet."""
        return sum(len(pictures) for pictures in self._waiting.values())

    def begin(self, revision: int) -> None:
        """Drop all waiting pictures; those put from now on are of this revision of the layout."""
        self._revision = revision
        self._waiting.clear()
        self._since.clear()

    def forget_unconfirmed(self) -> None:
        """Stop waiting for confirmations, as after a page reload."""
        self._unconfirmed.clear()

    def put(self, group: str, number: int, picture: Picture) -> None:
        """Queue a picture; it replaces a waiting one with the same key."""
        for (size, _), pictures in self._waiting.items():
            if size == group:
                pictures.pop(number, None)
        key = (group, picture.state)
        waiting = self._waiting.setdefault(key, {})
        if not waiting:
            self._since[key] = self._clock()
        waiting[number] = picture

    def confirm(self, sheet: int) -> None:
        """Note that the browser has received a sheet."""
        self._unconfirmed.pop(sheet, None)

    def flush(self, *, linger: bool = True) -> float | None:
        """Send what may be sent now.

        Parameters
        ----------
        linger
            Whether an incomplete sheet may wait a moment for more pictures.

        Returns
        -------
        float or None
            Seconds until the next call is worthwhile if nothing else happens; None if it is not.
        """
        now = self._clock()
        for number, sent in list(self._unconfirmed.items()):
            if now - sent >= _CONFIRMATION_TIMEOUT:
                del self._unconfirmed[number]
        soonest: float | None = None
        for key in sorted(self._waiting, key=lambda key: self._since[key]):
            pictures = self._waiting[key]
            while pictures:
                if len(self._unconfirmed) >= MAX_UNCONFIRMED:
                    oldest = min(self._unconfirmed.values())
                    return max(0.01, oldest + _CONFIRMATION_TIMEOUT - now)
                waited = now - self._since[key]
                if linger and len(pictures) < MAX_TILES and waited < _LINGER:
                    left = _LINGER - waited
                    soonest = left if soonest is None else min(soonest, left)
                    break
                self._send_sheet(key, list(pictures)[:MAX_TILES], now)
        self._waiting = {key: pictures for key, pictures in self._waiting.items() if pictures}
        return soonest

    def _send_sheet(self, key: tuple[str, State], numbers: list[int], now: float) -> None:
        group, state = key
        pictures = [self._waiting[key].pop(number) for number in numbers]
        columns = min(8, len(numbers))
        sheet = pack([picture.pixels for picture in pictures], self._tile, columns)
        self._number += 1
        self._unconfirmed[self._number] = now
        content = messages.build(
            "sheet",
            sheet=self._number,
            revision=self._revision,
            group=group,
            state=state.word,
            numbers=numbers,
            cosine=[picture.cosine for picture in pictures],
            rank=[picture.rank for picture in pictures],
            tile=self._tile,
            columns=columns,
        )
        self._send(content, [encode(sheet)])
