"""Large pictures of the open unit, and several that differ, sent while they are optimised."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget.protocol import messages
from atlas_widget.session.pictures.cache import CachedPicture, PictureCache, digest
from atlas_widget.session.pictures.live_pictures import LivePictures
from atlas_widget.session.pictures.renderer import picture_key
from atlas_widget.session.pictures.sheets import encode

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.pictures.engines import Engines
    from atlas_widget.session.pictures.picture import Pixels

__all__ = ["DIVERSE", "PORTRAIT", "LargePictures"]

PORTRAIT = "portrait"
"""The large picture of a unit; it starts from the unit's icon, so that both show the same thing."""

DIVERSE = "diverse"
"""Several pictures of a unit that are made to differ from each other."""

_COUNT = 4  # diverse pictures
_DIVERGING = 32  # steps in which they are kept apart
# Weight of the difference between pictures, relative to the unit's strongest sample
_REPULSION = 0.3
_FRAME_INTERVAL = 0.2  # seconds
_QUALITY = 92


@dataclass
class _Job:
    unit: int
    picture: str
    live: LivePictures
    keys: list[bytes]
    sent_at: float = -np.inf


class LargePictures:
    """Makes the large pictures of one unit at a time.

    Parameters
    ----------
    probe
        The layer.
    engines
        The inversion engines.
    cache
        Stores finished pictures.
    send
        Sends a message with its buffers.
    seed
        Seed of the noise that pictures start from.
    """

    def __init__(
        self,
        probe: LayerProbe,
        engines: Engines,
        cache: PictureCache,
        send: Callable[[dict[str, Any], list[bytes]], None],
        seed: int,
    ) -> None:
        self._probe = probe
        self._engines = engines
        self._cache = cache
        self._send = send
        self._seed = seed
        self._jobs: dict[str, _Job] = {}

    @property
    def active(self) -> bool:
        """True if there is a picture to work on."""
        return bool(self._jobs)

    def close(self) -> None:
        """Stop working on all of them."""
        self._jobs.clear()

    def portrait(self, unit: int, icon: Pixels, revision: int) -> None:
        """Start the large picture of a unit from its finished icon, or send it if it is cached."""
        self._start(unit, PORTRAIT, revision, icon[None], 0.0)

    def diverse(self, unit: int, strongest: float, revision: int) -> None:
        """Start pictures of a unit that differ from each other, or send them if they are cached.

        Parameters
        ----------
        unit
            The unit.
        strongest
            Its activation for the strongest sample.
        revision
            Revision of the layout, stated in the messages.
        """
        self._start(unit, DIVERSE, revision, None, _REPULSION * max(strongest, 1e-3))

    def advance(self, seconds: float, revision: int) -> None:
        """Work about that long on the first of them; send a frame if one is due."""
        job = next(iter(self._jobs.values()))
        try:
            self._advance(job, seconds, revision)
        except Exception:
            self._jobs.pop(job.picture, None)  # it would fail again
            raise

    def _advance(self, job: _Job, seconds: float, revision: int) -> None:
        live = job.live
        live.advance(seconds)
        complete, now = live.stage_complete, time.monotonic()
        if not complete and now - job.sent_at < _FRAME_INTERVAL:
            return
        frame = live.frame()
        if frame is None:
            return
        job.sent_at = now
        if complete:
            live.end_stage(frame)
        if live.finished:
            del self._jobs[job.picture]
            pictures = zip(frame.pixels, frame.cosines, frame.activations, strict=True)
            finished = [
                CachedPicture(pixels, float(cosine), seen, frame.made)
                for pixels, cosine, seen in pictures
            ]
            self._cache.put_pictures(dict(zip(job.keys, finished, strict=True)))
        values = frame.activations[:, job.unit].tolist()
        self._report(job, revision, (frame.step, frame.steps), frame.pixels, values, frame.made)

    def _start(
        self, unit: int, picture: str, revision: int, warm: Pixels | None, repulsion: float
    ) -> None:
        from atlas_widget.inversion.settings import InversionSettings

        count = 1 if picture == PORTRAIT else _COUNT
        direction = np.zeros((1, self._probe.channels), np.float32)
        direction[0, unit] = 1
        small, large = InversionSettings.unit(), InversionSettings.unit_portrait()
        stages = [large] if picture == PORTRAIT else [small, small.replace(steps=_DIVERGING)]
        keys = [
            digest(
                picture,
                picture_key(self._probe, small, self._seed + number, direction[0]),
                *(stage.description for stage in stages),
                repulsion,
            )
            for number in range(count)
        ]
        live = LivePictures(
            np.repeat(direction, count, axis=0),
            range(self._seed, self._seed + count),
            stages,
            self._engines.get,
            warm=warm,
            repulsion=repulsion,
        )
        job = _Job(unit, picture, live, keys)
        known = self._cache.pictures(keys)
        if len(known) < len(keys):
            self._jobs[picture] = job
            return
        pictures = [known[key] for key in keys]
        steps = sum(stage.steps for stage in stages)
        values = [float(each.activations[unit]) for each in pictures]
        pixels = np.stack([each.pixels for each in pictures])
        self._report(job, revision, (steps, steps), pixels, values, pictures[0].made)

    def _report(
        self,
        job: _Job,
        revision: int,
        steps: tuple[int, int],
        pixels: Pixels,
        values: list[float],
        made: str,
    ) -> None:
        content = messages.build(
            "unit_frame",
            revision=revision,
            unit=job.unit,
            picture=job.picture,
            step=steps[0],
            steps=steps[1],
            activations=values,
            made=made,
        )
        self._send(content, [encode(np.concatenate(list(pixels), axis=1), _QUALITY)])
