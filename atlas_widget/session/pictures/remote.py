"""Rendering on a cluster: the most urgent pictures are sent whenever a worker is free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import ClusterError
from atlas_widget.session.pictures.cache import CachedPicture, PictureCache
from atlas_widget.session.pictures.picture import PictureKey, Targets
from atlas_widget.session.pictures.queue import Batch, PictureQueue, Task

if TYPE_CHECKING:
    from atlas_widget.inversion import Icons, InversionSettings
    from atlas_widget.probe import LayerProbe

__all__ = ["IconMaker", "RemoteRenderer"]

_MAX_LOST_WORKERS = 3
"""A batch that was lost with this many workers is not tried again: it may be the cause."""


class IconMaker(Protocol):
    """Makes finished pictures of directions on a cluster. No method blocks."""

    @property
    def ready(self) -> bool:
        """True if workers are available; if not, pictures are made in this process."""
        ...

    @property
    def free(self) -> int:
        """Number of batches that would start immediately."""
        ...

    @property
    def batch_size(self) -> int:
        """Maximum number of pictures in a batch."""
        ...

    def begin(
        self,
        ticket: Hashable,
        probe: LayerProbe,
        settings: InversionSettings,
        directions: NDArray[np.float32],
        seed: int,
        examples: Sequence[NDArray[np.uint8] | None] | None = None,
    ) -> None:
        """Submit a batch; `ticket` identifies it."""
        ...

    def poll(self) -> Sequence[tuple[Hashable, Icons | None]]:
        """Return the batches that have ended since the last call; None for lost ones."""
        ...

    def close(self) -> None:
        """Stop all workers."""
        ...


@dataclass(frozen=True, eq=False)
class _RemoteBatch:
    """A submitted batch, with the cache keys of its pictures."""

    batch: Batch
    keys: tuple[bytes, ...]


class RemoteRenderer:
    """Renders the pictures of a scene on a cluster, while its maker is ready.

    Only as many batches are submitted as can start immediately, so that the others still follow
    the queue's order, which follows the user's view.

    Parameters
    ----------
    maker
        Makes the pictures.
    targets, queue, probe, settings, cache, seed
        See :class:`~.renderer.PictureRenderer`.
    keys
        Returns the cache keys of the pictures of a group's targets.
    known
        Called with a group and numbers before submission; returns True if some may be cached.
    finish
        Called with a group, numbers and their finished pictures.
    """

    def __init__(
        self,
        maker: IconMaker,
        targets: Targets,
        queue: PictureQueue,
        probe: LayerProbe,
        settings: InversionSettings,
        cache: PictureCache,
        *,
        seed: int,
        keys: Callable[[str, Sequence[int]], list[bytes]],
        known: Callable[[str, Sequence[int]], bool],
        finish: Callable[[str, Sequence[int], Sequence[CachedPicture]], None],
    ) -> None:
        self._maker = maker
        self._targets = targets
        self._queue = queue
        self._probe = probe
        self._settings = settings
        self._cache = cache
        self._seed = seed
        self._keys = keys
        self._known = known
        self._finish = finish
        self._sent: set[Hashable] = set()
        self._lost: Counter[PictureKey] = Counter()

    @property
    def ready(self) -> bool:
        """True if pictures are made on the cluster now."""
        return self._maker.ready

    @property
    def pending(self) -> bool:
        """True if a batch is submitted, or waiting for a free worker."""
        return bool(self._sent) or (self.ready and self._next() is not None)

    def advance(self) -> bool:
        """Receive finished batches and submit urgent ones; return False if there were none."""
        given_up = False
        ended = self._maker.poll()
        for ticket, icons in ended:
            if isinstance(ticket, _RemoteBatch):
                given_up |= self._take_in(ticket, icons)
        if given_up:
            raise ClusterError(
                f"{_MAX_LOST_WORKERS} workers of the cluster were lost over one batch of pictures."
            )
        moved = bool(ended)
        for _ in range(self._maker.free):
            batch = self._next()
            if batch is None:
                break
            moved = True
            if self._known(batch.group, batch.numbers):
                break  # continue after they have been looked up
            self._send(batch)
        return moved

    def _next(self) -> Batch | None:
        # A picture is made in one pass, whether it lacks the rough or the final one.
        size = self._maker.batch_size
        return self._queue.next({Task.ROUGH: size, Task.FINAL: size})

    def _send(self, batch: Batch) -> None:
        directions = self._targets.directions(batch.group, batch.numbers)
        examples = self._targets.examples(batch.group, batch.numbers)
        remote_batch = _RemoteBatch(batch, tuple(self._keys(batch.group, batch.numbers)))
        crops = [each.pixels() for each in examples]
        self._maker.begin(remote_batch, self._probe, self._settings, directions, self._seed, crops)
        self._sent.add(remote_batch)
        self._queue.take(batch.group, batch.numbers)

    def _take_in(self, remote_batch: _RemoteBatch, icons: Icons | None) -> bool:
        """Deliver a batch or submit it again; return True if it was lost too often for that.

        A batch of another scene is only cached.
        """
        batch, own = remote_batch.batch, remote_batch in self._sent
        if own:
            self._sent.discard(remote_batch)
            self._queue.put_back(batch.group, batch.numbers)
        if icons is not None:
            finished = [
                CachedPicture(pixels, float(cosine), answer, icons.settings.made_with(int(count)))
                for pixels, cosine, answer, count in zip(
                    icons.images, icons.cosine, icons.activations, icons.examples, strict=True
                )
            ]
            if own:
                self._finish(batch.group, batch.numbers, finished)
            self._cache.put_pictures(dict(zip(remote_batch.keys, finished, strict=True)))
        return icons is None and own and self._maker.ready and self._lost_too_often(batch)

    def _lost_too_often(self, batch: Batch) -> bool:
        numbers = [PictureKey(batch.group, number) for number in batch.numbers]
        self._lost.update(numbers)
        given_up = tuple(
            number
            for group, number in numbers
            if self._lost[PictureKey(group, number)] >= _MAX_LOST_WORKERS
        )
        for task in (Task.ROUGH, Task.FINAL):
            self._queue.fail(Batch(batch.group, task, given_up, batch.rank))
        for number in given_up:
            del self._lost[PictureKey(batch.group, number)]
        return bool(given_up)
