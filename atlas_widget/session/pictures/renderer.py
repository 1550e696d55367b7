"""Rendering by feature inversion: batches in the queue's order, one slice of steps at a time."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from atlas_widget.session.pictures.cache import CachedPicture, PictureCache, digest
from atlas_widget.session.pictures.picture import Examples, Picture, PictureKey, State, Targets
from atlas_widget.session.pictures.queue import Batch, PictureQueue, Task
from atlas_widget.session.pictures.remote import IconMaker, RemoteRenderer

if TYPE_CHECKING:
    from atlas_widget.inversion import InversionEngine, InversionSettings, InversionState
    from atlas_widget.probe import LayerProbe

__all__ = ["NO_EXAMPLES", "LayerIdentity", "PictureRenderer", "picture_key"]

NO_EXAMPLES = (
    "The crops of some cells cannot be read: their pictures are made of the direction only, "
    "without statistics of crops."
)
"""The notice for pictures whose examples are missing or damaged."""

_ROUGH_PART = 0.125  # of the steps; then a picture is shown for the first time
_FIRST_BATCHES = {0: 4, 1: 2}  # the first batch is a quarter of a full one, the second a half
_LOOKUPS_PER_SLICE = 256
_KEPT_BYTES = 192 << 20  # of unfinished pictures waiting for their final pass


class Described(Protocol):
    """Something with a description that changes whenever it does."""

    @property
    def description(self) -> str:
        """The description."""
        ...


class LayerIdentity(Protocol):
    """The part of a layer that its pictures depend on: a `LayerProbe`, or a record of one."""

    @property
    def weights_hash(self) -> str:
        """Hash of the model's weights."""
        ...

    @property
    def layer(self) -> str:
        """The layer's name."""
        ...

    @property
    def preprocessing(self) -> Described:
        """The preprocessing of the model's input."""
        ...


def picture_key(
    probe: LayerIdentity,
    settings: InversionSettings,
    seed: int,
    direction: np.ndarray,
    examples: Examples | None = None,
) -> bytes:
    """Return the cache key of a picture: a hash of everything that it depends on."""
    return digest(
        "picture 2",  # with what it was made with
        probe.weights_hash,
        probe.layer,
        probe.preprocessing.description,
        settings.description,
        seed,
        np.ascontiguousarray(direction, dtype="<f4").tobytes(),
        *(examples.jpegs if examples is not None and settings.statistics else ()),
    )


class PictureRenderer:
    """Renders the pictures of targets.

    Parameters
    ----------
    targets, queue
        The targets, and the order of work on them.
    probe, settings
        The layer, and the settings of the inversion.
    engine
        Returns the engine; called when the first picture has to be made, because folding a network
        takes a moment and all pictures may be cached.
    cache
        Stores finished pictures.
    seed
        Seed of the noise, the same for all pictures, so that neighbours look similar if the network
        sees them as similar.
    show
        Called with group, number and picture whenever one has improved.
    notice
        Receives notices to the user.
    maker
        Makes pictures on a cluster, while it is ready to.

    Attributes
    ----------
    shown
        Whether a picture has been shown, new or known.
    """

    def __init__(
        self,
        targets: Targets,
        queue: PictureQueue,
        probe: LayerProbe,
        settings: InversionSettings,
        engine: Callable[[], InversionEngine],
        cache: PictureCache,
        *,
        seed: int,
        show: Callable[[str, int, Picture], None],
        notice: Callable[[str], None],
        maker: IconMaker | None = None,
    ) -> None:
        self._targets = targets
        self._queue = queue
        self._probe = probe
        self._settings = settings
        self._make_engine = engine
        self._cache = cache
        self._seed = seed
        self._show = show
        self._notice = notice
        self._total = settings.steps
        self._rough = max(1, round(_ROUGH_PART * self._total))
        self._batch_size = 0  # set once there is an engine
        self._delivered = 0  # batches
        self.shown = False
        self._looked_up: set[PictureKey] = set()
        self._to_look_up: dict[PictureKey, None] = {}
        self._kept: OrderedDict[PictureKey, InversionState] = OrderedDict()
        self._kept_bytes = 0
        self._batch: Batch | None = None
        self._cells: tuple[int, ...] = ()
        self._state: InversionState | None = None
        self._pace = 0.05  # seconds per step; updated by measurement
        self._examples: dict[PictureKey, int] = {}  # crops whose statistics a picture is kept near
        self._remote: RemoteRenderer | None = None
        if maker is not None:
            known, finish = self._may_be_known, self._finish
            self._remote = RemoteRenderer(
                maker, targets, queue, probe, settings, cache,
                seed=seed, keys=self._keys, known=known, finish=finish,
            )  # fmt: skip

    @property
    def _engine(self) -> InversionEngine:
        return self._make_engine()

    def _keys(self, group: str, numbers: Sequence[int]) -> list[bytes]:
        directions = self._targets.directions(group, numbers)
        examples = self._targets.examples(group, numbers)
        return [
            picture_key(self._probe, self._settings, self._seed, direction, crops)
            for direction, crops in zip(directions, examples, strict=True)
        ]

    def work(self, state: State) -> float:
        """Return the share of the work on a final picture that is done in a state."""
        return {State.CROP: 0.0, State.ROUGH: self._rough / self._total, State.FINAL: 1.0}[state]

    def prefetch(self, group: str, numbers: Iterable[int]) -> None:
        """Queue these pictures to be looked up in the cache before rendering."""
        new = {
            PictureKey(group, number): None
            for number in numbers
            if PictureKey(group, number) not in self._looked_up and self._targets.has(group, number)
        }
        # The latest request is what is visible now.
        self._to_look_up = new | self._to_look_up

    def _may_be_known(self, group: str, numbers: Sequence[int]) -> bool:
        """Return True if some of these are still to be looked up in the cache."""
        self.prefetch(group, numbers)
        return bool(self._to_look_up)

    def recall(self) -> None:
        """Look up all queued pictures now, and show those that are cached."""
        while self._look_up():
            pass

    def _look_up(self) -> bool:
        """Look up some queued pictures and show them; return False if none is queued."""
        if not self._to_look_up:
            return False
        some = list(self._to_look_up)[:_LOOKUPS_PER_SLICE]
        keys: dict[str, list[int]] = {}
        for key in some:
            del self._to_look_up[key]
            keys.setdefault(key.group, []).append(key.number)
        self._looked_up.update(some)
        for group, numbers in keys.items():
            directions = self._targets.directions(group, numbers)
            key_of = dict(zip(numbers, self._keys(group, numbers), strict=True))
            known = self._cache.pictures(key_of.values())
            found = {
                number: known[key]
                for number, key in key_of.items()
                if key in known and known[key].activations.shape == directions.shape[1:]
            }
            self._finish(group, list(found), list(found.values()))
        return True

    def advance(self, seconds: float) -> bool:
        """Work about that long on the most urgent pictures; return False if there are none."""
        if self._look_up():
            return True
        if self._remote is not None:
            moved = self._remote.advance()
            if self._remote.ready:
                self.park()
                return moved
        best = self._queue.next(self._sizes())
        if self._batch is not None:
            rank = self._queue.rank(self._batch)
            if rank is None or (best is not None and best.rank < rank):
                self.park()
        if self._batch is None:
            if best is None or best.task is Task.LABEL:
                return False
            if self._may_be_known(best.group, best.numbers):
                return True  # continue with the queue's next batch
            if not self._batch_size:
                self._batch_size = self._engine.batch_size
                return True  # now with a batch of that size
            self._begin(best)
        self._run(seconds)
        return True

    @property
    def waits_for_remote(self) -> bool:
        """True if pictures are expected from the cluster and nothing else is to be done."""
        return self._remote is not None and self._remote.pending

    def park(self) -> None:
        """Put the current batch aside; its progress is kept."""
        if self._batch is not None and self._state is not None:
            self._keep(self._batch.group, self._cells, self._state)
        self._batch, self._cells, self._state = None, (), None

    def _sizes(self) -> dict[Task, int]:
        # few at first: nothing of a batch can be seen before all of it is finished
        size = max(1, self._batch_size // _FIRST_BATCHES.get(self._delivered, 1))
        return {Task.ROUGH: size, Task.FINAL: size, Task.LABEL: 1}

    def _begin(self, batch: Batch) -> None:
        states = {number: self._kept_state(batch.group, number) for number in batch.numbers}
        fresh = [number for number, state in states.items() if state is None]
        parts = [state for state in states.values() if state is not None]
        numbers = [number for number, state in states.items() if state is not None]
        if fresh:
            directions = self._targets.directions(batch.group, fresh)
            seeds = np.full(len(fresh), self._seed)
            crops = [each.pixels() for each in self._targets.examples(batch.group, fresh)]
            if self._settings.statistics and any(each is None for each in crops):
                self._notice(NO_EXAMPLES)
            examples = self._engine.statistics_of(crops)
            counts = [0] * len(fresh) if examples is None else examples.counts.tolist()
            self._examples |= {
                PictureKey(batch.group, number): count
                for number, count in zip(fresh, counts, strict=True)
            }
            parts.append(self._engine.start(directions, seeds, examples=examples))
            numbers.extend(fresh)
        self._batch, self._cells = batch, tuple(numbers)
        self._state = parts[0].merge(*parts[1:]) if len(parts) > 1 else parts[0]

    def _run(self, seconds: float) -> None:
        batch, state = self._batch, self._state
        if batch is None or state is None:
            return
        goal = self._rough if batch.task is Task.ROUGH else self._total
        ages = state.steps.cpu().numpy()
        steps = int(max(0, min(goal - ages.max(), max(1, seconds / self._pace))))
        try:
            started = time.perf_counter()
            self._engine.advance(state, steps)
            ages = state.steps.cpu().numpy()  # synchronises with the device
            if steps:
                taken = (time.perf_counter() - started) / steps
                self._pace = 0.5 * self._pace + 0.5 * taken
            done = np.flatnonzero(ages >= goal)
            if len(done):
                self._deliver(batch, [self._cells[row] for row in done], state.select(done))
                left = np.flatnonzero(ages < goal)
                self._cells = tuple(self._cells[row] for row in left)
                self._state = state.select(left) if len(left) else None
        except Exception as error:
            from atlas_widget.probe.memory import out_of_memory

            self._batch, self._cells, self._state = None, (), None
            if out_of_memory(error) and self._batch_size > 1:
                self._batch_size = max(1, self._batch_size // 2)
                return
            self._queue.fail(batch)
            raise
        if not self._cells:
            self._batch, self._state = None, None

    def _deliver(self, batch: Batch, numbers: Sequence[int], state: InversionState) -> None:
        pictures = self._engine.pictures(state)
        self._delivered += 1
        if batch.task is Task.ROUGH:
            self._keep(batch.group, numbers, state)
            self._queue.mark(batch.group, numbers, State.ROUGH)
            for number, pixels in zip(numbers, pictures, strict=True):
                self._show(batch.group, number, Picture(pixels, State.ROUGH))
            return
        directions = self._targets.directions(batch.group, numbers)
        cosine, activations = self._engine.fidelity(pictures, directions)
        counts = [self._examples.pop(PictureKey(batch.group, number), 0) for number in numbers]
        finished = [
            CachedPicture(pixels, float(value), answer, self._settings.made_with(count))
            for pixels, value, answer, count in zip(
                pictures, cosine, activations, counts, strict=True
            )
        ]
        self._finish(batch.group, numbers, finished)
        keys = self._keys(batch.group, numbers)
        self._cache.put_pictures(dict(zip(keys, finished, strict=True)))

    def _finish(
        self, group: str, numbers: Sequence[int], finished: Sequence[CachedPicture]
    ) -> None:
        if not numbers:
            return
        answers = np.stack([picture.activations for picture in finished])
        own = self._targets.ranks(group, numbers, answers)
        directions = self._targets.directions(group, numbers)
        lengths = np.maximum(np.linalg.norm(directions, axis=1), 1e-12)
        strengths = (answers * directions).sum(1) / lengths
        self._queue.mark(group, numbers, State.FINAL)
        self.shown = True
        for number, picture, rank, strength in zip(numbers, finished, own, strengths, strict=True):
            shown = Picture(
                picture.pixels, State.FINAL, picture.cosine, rank, picture.made, float(strength)
            )
            self._show(group, number, shown)

    def _keep(self, group: str, numbers: Sequence[int], state: InversionState) -> None:
        for row, number in enumerate(numbers):
            single = state.select([row])
            self._kept[PictureKey(group, number)] = single
            self._kept_bytes += _bytes(single)
        while self._kept_bytes > _KEPT_BYTES and len(self._kept) > self._batch_size:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= _bytes(dropped)

    def _kept_state(self, group: str, number: int) -> InversionState | None:
        state = self._kept.pop(PictureKey(group, number), None)
        if state is not None:
            self._kept_bytes -= _bytes(state)
        return state


def _bytes(state: InversionState) -> int:
    tensors = (state.numbers, state.first, state.second, state.randomness)
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
