"""DeepDream pictures of a model's layers: one of each, made in slices when it is looked at."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from atlas_widget.errors import AtlasError
from atlas_widget.session.pictures.cache import CachedPicture, PictureCache, digest

if TYPE_CHECKING:
    from atlas_widget.inversion import InversionEngine, InversionState
    from atlas_widget.probe import LayerProbe
    from atlas_widget.probe.private_model import PrivateModel
    from atlas_widget.session.pictures.picture import Pixels

__all__ = ["LayerDreams"]

log = logging.getLogger("atlas_widget")

_INITIAL_STEP_TIME = 0.02  # seconds; assumed until a step has been measured


class LayerDreams:
    """Makes pictures that maximise the mean square of a layer: DeepDream, from noise.

    Parameters
    ----------
    private
        The model.
    cache
        Stores finished pictures.
    seed
        Seed of the noise, the same for all layers.
    show
        Called with a layer's name, its picture, and what it was made with.
    failed
        Called with a layer's name and the reason why it has no picture.
    """

    def __init__(
        self,
        private: PrivateModel,
        cache: PictureCache,
        seed: int,
        show: Callable[[str, Pixels, str], None],
        failed: Callable[[str, str], None],
    ) -> None:
        self._private = private
        self._cache = cache
        self._seed = seed
        self._show = show
        self._failed = failed
        self._waiting: deque[str] = deque()
        self._job: _Job | None = None

    def look(self, layers: Iterable[str]) -> None:
        """Make the pictures of these layers next, in this order, and of no others."""
        self._waiting = deque(dict.fromkeys(layers))
        job = self._job
        if job is None:
            return
        if job.layer in self._waiting:
            self._waiting.remove(job.layer)
        else:
            self.close()

    def advance(self, seconds: float) -> bool:
        """Work about that long; return False if nothing is left to do."""
        if self._job is None:
            if not self._waiting:
                return False
            self._begin(self._waiting.popleft())
            return True
        job = self._job
        try:
            picture = job.advance(seconds)
        except Exception as error:
            self.close()  # it would fail again
            log.debug("The picture of a layer failed.", exc_info=error)
            expected = isinstance(error, AtlasError)
            self._failed(job.layer, str(error) if expected else f"{type(error).__name__}: {error}")
            return True
        if picture is not None:
            self.close()
            self._cache.put_pictures({job.key: picture})
            self._show(job.layer, picture.pixels, picture.made)
        return True

    def close(self) -> None:
        """Drop the picture in progress."""
        if self._job is not None:
            self._job.close()
            self._job = None

    def _begin(self, layer: str) -> None:
        from atlas_widget.inversion.dream import node_settings
        from atlas_widget.probe import LayerProbe
        from atlas_widget.probe.layers import find_layer

        private = self._private
        try:
            # a layer takes passes of the model to open, and a picture that is there needs none
            name = str(find_layer(private.model, layer)[0])
            key = digest(
                "dream of a layer 2",
                private.weights_hash,
                name,
                private.preprocessing.description,
                node_settings().description,
                self._seed,
            )
            known = self._cache.pictures([key]).get(key)
            if known is None:
                self._job = _Job(layer, key, LayerProbe(private, layer), self._seed)
            else:
                self._show(layer, known.pixels, known.made)
        except AtlasError as error:
            self._failed(layer, str(error))


class _Job:
    """The picture in progress."""

    def __init__(self, layer: str, key: bytes, probe: LayerProbe, seed: int) -> None:
        self.layer = layer
        self.key = key
        self._probe = probe
        self._seed = seed
        self._engine: InversionEngine | None = None
        self._state: InversionState | None = None
        self._pace = _INITIAL_STEP_TIME

    def advance(self, seconds: float) -> CachedPicture | None:
        """Take steps for about that long; return the picture once it is finished."""
        from atlas_widget.inversion import InversionEngine
        from atlas_widget.inversion.dream import node_settings
        from atlas_widget.inversion.objectives import layer

        engine, state = self._engine, self._state
        if engine is None or state is None:
            self._engine = engine = InversionEngine(self._probe, settings=node_settings())
            self._state = engine.start(seeds=[self._seed], objective=layer())
            return None  # making the engine may have taken the whole time
        left = engine.settings.steps - state.step
        steps = int(max(1, min(left, seconds / self._pace)))
        started = time.perf_counter()
        engine.advance(state, steps)
        _ = state.step  # synchronises with the device
        self._pace = 0.5 * self._pace + 0.5 * (time.perf_counter() - started) / steps
        if steps < left:
            return None
        made = f"DeepDream from noise · {self.layer}, {engine.settings.steps} steps"
        return CachedPicture(engine.pictures(state)[0], 1.0, np.zeros(0, np.float32), made)

    def close(self) -> None:
        """Close the layer."""
        self._engine = self._state = None
        self._probe.close()
