"""Cells become pictures on other machines: the most urgent ones go wherever a worker is free."""

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

_LOST_AT_MOST = 3
"""A batch that has cost so many workers is probably why they were lost."""


class IconMaker(Protocol):
    """Makes finished pictures of directions somewhere else. No method waits."""

    @property
    def ready(self) -> bool:
        """Whether pictures can be made there; if not, they are made here."""
        ...

    @property
    def free(self) -> int:
        """How many batches would be begun at once."""
        ...

    @property
    def batch_size(self) -> int:
        """How many pictures a batch has at most."""
        ...

    def begin(
        self,
        ticket: Hashable,
        probe: LayerProbe,
        settings: InversionSettings,
        directions: NDArray[np.float32],
        seed: int,
        examples: Sequence[NDArray[np.uint8]] | None = None,
    ) -> None:
        """Have a batch made; `ticket` tells it from others."""
        ...

    def poll(self) -> Sequence[tuple[Hashable, Icons | None]]:
        """Return the batches that have ended since the last time; None for those that were lost."""
        ...

    def close(self) -> None:
        """End all that works there."""
        ...


@dataclass(frozen=True, eq=False)
class _RemoteBatch:
    """A batch that was sent, and under which keys its pictures are kept, whoever still wants it."""

    batch: Batch
    keys: tuple[bytes, ...]


class RemoteRenderer:
    """Has the pictures of a scene made elsewhere, as long as its maker is ready.

    Only as many batches are sent as will be begun at once. What is not sent yet follows the
    queue's order, and so the person.

    Parameters
    ----------
    maker
        Makes them.
    targets, queue, probe, settings, cache, seed
        See :class:`~.pictures.PictureRenderer`.
    keys
        Returns under which keys the pictures of a group's targets are kept.
    known
        Told a group and numbers before they are sent; returns whether some may be in the cache.
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
        """Whether pictures are made elsewhere now."""
        return self._maker.ready

    @property
    def pending(self) -> bool:
        """Whether something is under way, or waits until a worker is free."""
        return bool(self._sent) or (self.ready and self._next() is not None)

    def advance(self) -> bool:
        """Take in what has come back, and send what is most urgent; return False if neither."""
        given_up = False
        ended = self._maker.poll()
        for ticket, icons in ended:
            if isinstance(ticket, _RemoteBatch):
                given_up |= self._take_in(ticket, icons)
        if given_up:
            raise ClusterError(
                f"{_LOST_AT_MOST} workers of the cluster were lost over one batch of pictures."
            )
        moved = bool(ended)
        for _ in range(self._maker.free):
            batch = self._next()
            if batch is None:
                break
            moved = True
            if self._known(batch.group, batch.numbers):
                break  # the queue is asked again once they have been looked up
            self._send(batch)
        return moved

    def _next(self) -> Batch | None:
        # A finished picture comes in one piece, whichever pass it lacks.
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
        """Deliver a batch, or have it made again; return whether it was lost too often for that.

        A batch that another scene has sent is only kept.
        """
        batch, own = remote_batch.batch, remote_batch in self._sent
        if own:
            self._sent.discard(remote_batch)
            self._queue.put_back(batch.group, batch.numbers)
        if icons is not None:
            finished = [
                CachedPicture(pixels, float(cosine), answer)
                for pixels, cosine, answer in zip(
                    icons.images, icons.cosine, icons.activations, strict=True
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
            if self._lost[PictureKey(group, number)] >= _LOST_AT_MOST
        )
        for task in (Task.ROUGH, Task.FINAL):
            self._queue.fail(Batch(batch.group, task, given_up, batch.rank))
        for number in given_up:
            del self._lost[PictureKey(batch.group, number)]
        return bool(given_up)
