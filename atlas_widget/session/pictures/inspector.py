"""Large pictures of open panels, sent repeatedly while they are optimised."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.pictures.cache import CachedPicture, PictureCache, digest
from atlas_widget.session.pictures.live_pictures import Frame, LivePictures
from atlas_widget.session.pictures.renderer import picture_key
from atlas_widget.session.pictures.sheets import encode

if TYPE_CHECKING:
    from atlas_widget.inversion import InversionEngine, InversionSettings
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.pictures.picture import Examples

__all__ = ["MAX_MORE_STEPS", "MAX_VARIANTS", "Inspector"]

MAX_VARIANTS = 6
"""Maximum number of variants: pictures of one direction that differ from each other."""

MAX_MORE_STEPS = 512
"""Maximum number of steps that can be added at once."""

_MAX_WATCHED = 24  # requests; a closed page does not stop its own
_FRAME_INTERVAL = 0.2  # seconds
_QUALITY = 92
_REPULSION = 0.3  # see LivePictures; above about 1 the cosines suffer

log = logging.getLogger("atlas_widget")


@dataclass
class _Watched:
    """The pictures of one request."""

    request: int
    grid: int
    cell: int
    live: LivePictures
    keys: dict[InversionSettings, list[bytes]]
    paused: bool = False
    sent_at: float = -np.inf


class Inspector:
    """Optimises the pictures of open panels; several requests take turns.

    A portrait (the large picture) starts from the cell's icon, so that both show the same thing.
    If there is no finished icon yet, or another seed or direction is requested, the icon is made
    first, and shown live too.

    Parameters
    ----------
    probe
        The layer.
    engine
        Returns the engine with some settings; called when a picture has to be made.
    cache
        Stores finished pictures.
    send
        Sends a message with its buffers.
    """

    def __init__(
        self,
        probe: LayerProbe,
        engine: Callable[[InversionSettings], InversionEngine],
        cache: PictureCache,
        send: Callable[[dict[str, Any], list[bytes]], None],
    ) -> None:
        self._probe = probe
        self._engine = engine
        self._cache = cache
        self._send = send
        self._watched: dict[int, _Watched] = {}

    @property
    def active(self) -> bool:
        """True if there is a picture to work on."""
        return any(_runs(watched) for watched in self._watched.values())

    def open(
        self,
        place: tuple[int, int],
        direction: npt.NDArray[np.float32],
        request: int,
        seed: int,
        *,
        variants: int = 1,
        examples: Examples | None = None,
    ) -> None:
        """Start pictures of a direction, or send them at once if they are cached.

        Parameters
        ----------
        place
            Grid and cell stated in the frames.
        direction
            The direction, (channels,).
        request
            Number of the request that the frames answer.
        seed
            Seed of the noise to start from.
        variants
            Number of pictures; if more than one, they are made to differ from each other.
        examples
            Real crops whose channel statistics the pictures are kept close to.
        """
        if not 1 <= variants <= MAX_VARIANTS:
            raise AtlasError(
                f"{variants} variants were asked for: 1 to {MAX_VARIANTS} are made at once."
            )
        self.close(request)
        keys = self._keys(direction, seed, variants, examples)
        stages = list(keys)
        known = [self._known(keys[settings]) for settings in stages]
        begun = max((at + 1 for at, pictures in enumerate(known) if pictures), default=0)
        last = known[begun - 1] if begun else None
        live = LivePictures(
            np.repeat(direction[None], variants, axis=0),
            range(seed, seed + variants),
            stages[begun:],
            self._engine,
            warm=np.stack([picture.pixels for picture in last]) if last else None,
            # After a warm start from an icon, steps count from the portrait's first.
            taken=stages[-1].steps if begun == len(stages) else 0,
            repulsion=_REPULSION if variants > 1 else 0.0,
            examples=examples,
        )
        while len(self._watched) >= _MAX_WATCHED:  # drop the one whose turn was longest ago
            self._fail(next(iter(self._watched)), "Too many live pictures are open.")
        ahead = {settings: keys[settings] for settings in stages[begun:]}
        watched = _Watched(request, *place, live, ahead)
        self._watched[request] = watched
        if last and live.finished:
            pixels = np.stack([picture.pixels for picture in last])
            cosines = np.array([picture.cosine for picture in last], np.float32)
            self._send_frame(watched, (live.taken, live.taken), pixels, cosines, last[0].made)

    def pause(self, request: int, paused: bool) -> None:
        """Pause or resume the pictures of a request."""
        if request in self._watched:
            self._watched[request].paused = paused

    def more(self, request: int, steps: int) -> None:
        """Add steps to the pictures of a request."""
        from atlas_widget.inversion.settings import InversionSettings

        if not 1 <= steps <= MAX_MORE_STEPS:
            raise AtlasError(
                f"{steps} more steps were asked for: 1 to {MAX_MORE_STEPS} are taken at once."
            )
        if request in self._watched:
            self._watched[request].live.extend(InversionSettings.portrait().replace(steps=steps))
            self._watched[request].paused = False

    def close(self, request: int | None = None) -> None:
        """Stop the pictures of a request, or all."""
        if request is None:
            self._watched.clear()
        else:
            self._watched.pop(request, None)

    def advance(self, seconds: float) -> None:
        """Work on the pictures whose turn it is for about that long; send a frame if one is due."""
        watched = next(filter(_runs, self._watched.values()), None)
        if watched is None:
            return
        self._watched[watched.request] = self._watched.pop(watched.request)  # to the end
        try:
            self._advance(watched, seconds)
        except Exception as error:
            log.debug("A live picture failed.", exc_info=error)
            expected = isinstance(error, AtlasError)
            told = str(error) if expected else f"{type(error).__name__}: {error}"
            self._fail(watched.request, told)

    def _fail(self, request: int, reason: str) -> None:
        self.close(request)
        self._send(messages.build("inspect_failed", request=request, message=reason), [])

    def _advance(self, watched: _Watched, seconds: float) -> None:
        live = watched.live
        live.advance(seconds)
        complete = live.stage_complete
        now = time.monotonic()
        if not complete and now - watched.sent_at < _FRAME_INTERVAL:
            return
        frame = live.frame()
        if frame is None:  # the stage has only just started
            return
        watched.sent_at = now
        if complete:
            self._keep(watched, frame)
            live.end_stage(frame)
        steps = (frame.step, frame.steps)
        self._send_frame(watched, steps, frame.pixels, frame.cosines, frame.made)

    def _keep(self, watched: _Watched, frame: Frame) -> None:
        """Cache the result of a stage, except after added steps, which depend on when they came."""
        stage = watched.live.stage
        keys = watched.keys.pop(stage, []) if stage is not None else []
        pictures = zip(frame.pixels, frame.cosines, frame.activations, strict=True)
        finished = [
            CachedPicture(pixels, float(cosine), seen, frame.made)
            for pixels, cosine, seen in pictures
        ]
        self._cache.put_pictures(dict(zip(keys, finished, strict=False)))

    def _known(self, keys: Sequence[bytes]) -> list[CachedPicture] | None:
        """Return the pictures with these keys if all of them are cached."""
        known = self._cache.pictures(keys)
        return [known[key] for key in keys] if len(known) == len(keys) else None

    def _keys(
        self,
        direction: npt.NDArray[np.float32],
        seed: int,
        variants: int,
        examples: Examples | None,
    ) -> dict[InversionSettings, list[bytes]]:
        """Return the cache keys of all pictures for each stage."""
        from atlas_widget.inversion.settings import InversionSettings

        small, large = InversionSettings.icon(), InversionSettings.portrait()
        seeds = range(seed, seed + variants)
        icons = [picture_key(self._probe, small, each, direction, examples) for each in seeds]
        portraits = [
            digest("portrait", icon, picture_key(self._probe, large, each, direction, examples))
            for icon, each in zip(icons, seeds, strict=True)
        ]
        if variants > 1:
            parts = (_REPULSION, variants)
            portraits = [digest("variant", key, *parts) for key in portraits]
        return {small: icons, large: portraits}

    def _send_frame(
        self,
        watched: _Watched,
        steps: tuple[int, int],
        pixels: npt.NDArray[np.uint8],
        cosines: npt.NDArray[np.float32],
        made: str,
    ) -> None:
        content = messages.build(
            "frame",
            request=watched.request,
            grid=watched.grid,
            cell=watched.cell,
            step=steps[0],
            steps=steps[1],
            cosine=float(np.mean(cosines)),
            cosines=cosines,
            made=made,
            done=watched.live.finished,
        )
        self._send(content, [encode(np.concatenate(list(pixels), axis=1), _QUALITY)])


def _runs(watched: _Watched) -> bool:
    return not watched.paused and not watched.live.finished
