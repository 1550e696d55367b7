"""One cell, large and live: the picture is sent again and again while it sharpens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget import messages
from atlas_widget.rendering.cache import CachedPicture, PictureCache
from atlas_widget.rendering.pictures import picture_key
from atlas_widget.rendering.scene import Scene
from atlas_widget.rendering.sheets import encode

if TYPE_CHECKING:
    from atlas_widget.inversion import InversionEngine, InversionState

__all__ = ["Inspector"]

_FRAME_EVERY = 0.2  # seconds
_QUALITY = 92


@dataclass
class _Live:
    """The picture in progress."""

    request: int
    grid: int
    cell: int
    seed: int
    direction: np.ndarray
    state: InversionState
    sent_at: float


class Inspector:
    """Optimises one large picture at a time; a new request takes the place of the old.

    Parameters
    ----------
    engine
        Makes the engine for large pictures; asked once, when first needed.
    cache
        Where finished pictures are kept.
    send
        Sends a message with its buffers.
    """

    def __init__(
        self,
        engine: Callable[[], InversionEngine],
        cache: PictureCache,
        send: Callable[[dict[str, Any], list[bytes]], None],
    ) -> None:
        self._make_engine = engine
        self._engine: InversionEngine | None = None
        self._cache = cache
        self._send = send
        self._live: _Live | None = None
        self._pace = 0.02

    @property
    def active(self) -> bool:
        """Whether a picture is in progress."""
        return self._live is not None

    def open(self, scene: Scene, grid: int, cell: int, request: int, seed: int) -> None:
        """Begin the picture of a cell, or send it at once if it is known."""
        self._live = None
        if self._engine is None:
            self._engine = self._make_engine()
        engine = self._engine
        direction = scene.direction(grid, cell)
        key = picture_key(engine, seed, direction)
        known = self._cache.pictures([key]).get(key)
        if known is not None:
            steps = engine.settings.steps
            self._send_frame(request, grid, cell, steps, known.pixels, known.cosine, done=True)
            return
        state = engine.start(direction[None], np.array([seed]))
        self._live = _Live(request, grid, cell, seed, direction, state, -np.inf)

    def close(self, request: int | None = None) -> None:
        """Stop the picture of that request, or any."""
        if self._live is not None and request in (None, self._live.request):
            self._live = None

    def advance(self, seconds: float) -> None:
        """Work on the picture for about that long, and send it if it is time."""
        live, engine = self._live, self._engine
        if live is None or engine is None:
            return
        total = engine.settings.steps
        try:
            done = live.state.step
            started = time.perf_counter()
            steps = int(max(1, min(total - done, seconds / self._pace)))
            engine.advance(live.state, steps)
            done = live.state.step
            self._pace = 0.5 * self._pace + 0.5 * (time.perf_counter() - started) / steps
            finished = done >= total
            now = time.monotonic()
            if not finished and now - live.sent_at < _FRAME_EVERY:
                return
            live.sent_at = now
            pictures = engine.pictures(live.state)
            cosine, answers = engine.fidelity(pictures, live.direction[None])
        except Exception:
            self._live = None
            raise
        value = float(cosine[0])
        self._send_frame(live.request, live.grid, live.cell, done, pictures[0], value, finished)
        if finished:
            self._live = None
            key = picture_key(engine, live.seed, live.direction)
            self._cache.put_pictures({key: CachedPicture(pictures[0], value, answers[0])})

    def _send_frame(
        self,
        request: int,
        grid: int,
        cell: int,
        step: int,
        pixels: np.ndarray,
        cosine: float,
        done: bool,
    ) -> None:
        total = self._engine.settings.steps if self._engine is not None else step
        content = messages.build(
            "frame",
            request=request,
            grid=grid,
            cell=cell,
            step=step,
            steps=total,
            cosine=cosine,
            done=done,
        )
        self._send(content, [encode(pixels, _QUALITY)])
