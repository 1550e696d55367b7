"""One cell, large and live: the picture is sent again and again while it sharpens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget import messages
from atlas_widget.rendering.cache import CachedPicture, PictureCache, digest
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
    engine: InversionEngine
    state: InversionState
    before: int
    total: int
    sent_at: float = -np.inf


class Inspector:
    """Optimises one large picture at a time; a new request takes the place of the old.

    A portrait sharpens the cell's icon, so that both show the same thing. Where there is no
    finished icon yet, or one of another seed is wanted, the icon is made first, before the eyes of
    whoever asked.

    Parameters
    ----------
    icons, portraits
        Return the engines for small and for large pictures.
    cache
        Where finished pictures are kept.
    send
        Sends a message with its buffers.
    """

    def __init__(
        self,
        icons: Callable[[], InversionEngine],
        portraits: Callable[[], InversionEngine],
        cache: PictureCache,
        send: Callable[[dict[str, Any], list[bytes]], None],
    ) -> None:
        self._icons = icons
        self._portraits = portraits
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
        small, large = self._icons(), self._portraits()
        direction = scene.direction(grid, cell)
        key, icon_key = self._key(seed, direction), _engine_key(small, seed, direction)
        known = self._cache.pictures([key, icon_key])
        total = large.settings.steps
        if key in known:
            last = known[key]
            self._send_frame(
                request, grid, cell, (total, total), last.pixels, last.cosine, done=True
            )
            return
        seeds = np.array([seed])
        if icon_key in known:
            state = large.start(direction[None], seeds, known[icon_key].pixels[None])
            live = _Live(request, grid, cell, seed, direction, large, state, 0, total)
        else:
            total += small.settings.steps
            state = small.start(direction[None], seeds)
            live = _Live(request, grid, cell, seed, direction, small, state, 0, total)
        self._live = live

    def close(self, request: int | None = None) -> None:
        """Stop the picture of that request, or any."""
        if self._live is not None and request in (None, self._live.request):
            self._live = None

    def advance(self, seconds: float) -> None:
        """Work on the picture for about that long, and send it if it is time."""
        live = self._live
        if live is None:
            return
        try:
            self._advance(live, seconds)
        except Exception:
            self._live = None
            raise

    def _advance(self, live: _Live, seconds: float) -> None:
        engine, steps_of_it = live.engine, live.engine.settings.steps
        started = time.perf_counter()
        steps = int(max(1, min(steps_of_it - live.state.step, seconds / self._pace)))
        engine.advance(live.state, steps)
        done = live.state.step
        self._pace = 0.5 * self._pace + 0.5 * (time.perf_counter() - started) / steps
        complete = done >= steps_of_it
        finished = complete and live.before + done >= live.total
        now = time.monotonic()
        if not complete and now - live.sent_at < _FRAME_EVERY:
            return
        live.sent_at = now
        pictures = engine.pictures(live.state)
        cosine, answers = engine.fidelity(pictures, live.direction[None])
        value, steps_taken = float(cosine[0]), (live.before + done, live.total)
        self._send_frame(
            live.request, live.grid, live.cell, steps_taken, pictures[0], value, done=finished
        )
        if not complete:
            return
        picture = CachedPicture(pictures[0], value, answers[0])
        if finished:
            self._live = None
            self._cache.put_pictures({self._key(live.seed, live.direction): picture})
            return
        self._cache.put_pictures({_engine_key(engine, live.seed, live.direction): picture})
        large = self._portraits()
        live.engine, live.before = large, done
        live.state = large.start(live.direction[None], np.array([live.seed]), pictures)

    def _key(self, seed: int, direction: np.ndarray) -> bytes:
        small, large = self._icons(), self._portraits()
        return digest(
            "portrait", _engine_key(small, seed, direction), _engine_key(large, seed, direction)
        )

    def _send_frame(
        self,
        request: int,
        grid: int,
        cell: int,
        steps: tuple[int, int],
        pixels: np.ndarray,
        cosine: float,
        *,
        done: bool,
    ) -> None:
        content = messages.build(
            "frame",
            request=request,
            grid=grid,
            cell=cell,
            step=steps[0],
            steps=steps[1],
            cosine=cosine,
            done=done,
        )
        self._send(content, [encode(pixels, _QUALITY)])


def _engine_key(engine: InversionEngine, seed: int, direction: np.ndarray) -> bytes:
    return picture_key(engine.probe, engine.settings, seed, direction)
