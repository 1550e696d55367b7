"""Pictures that somebody watches while they are made: stage after stage, a slice at a time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from atlas_widget.inversion import InversionEngine, InversionSettings, InversionState
    from atlas_widget.inversion.objectives import Objective
    from atlas_widget.session.pictures.picture import Examples

__all__ = ["Frame", "LivePictures"]

_FIRST_PACE = 0.02  # seconds that a step is taken to last before one was measured


@dataclass(frozen=True)
class Frame:
    """Pictures as they stand.

    Attributes
    ----------
    step, steps
        How many steps have been taken, and how many there will be as things stand.
    pixels
        uint8 (n, size, size, 3).
    cosines
        True cosine of the layer's answer to each picture with its direction, (n,).
    activations
        Those answers, (n, channels).
    """

    step: int
    steps: int
    pixels: npt.NDArray[np.uint8]
    cosines: npt.NDArray[np.float32]
    activations: npt.NDArray[np.float32]


class LivePictures:
    """A few pictures in progress, which can rest between any two steps.

    Each stage sharpens the pictures that the last one left.

    Parameters
    ----------
    directions
        What to picture, (n, channels).
    seeds
        The noise that each picture starts from.
    stages
        Settings, first stage first; none for pictures that are finished already.
    engine
        Returns the engine of some settings; called when a stage begins.
    warm
        Pictures to start from in place of noise, uint8 (n, side, side, 3).
    taken
        How many steps those took.
    examples
        Real crops of all these directions, whose statistics the pictures keep.
    repulsion
        How much the pictures are to differ from each other, against their directions' strength;
        in stages that begin with pictures, as noise would be pushed off the direction as well.

    Attributes
    ----------
    taken
        Steps of all stages that have ended.
    """

    def __init__(
        self,
        directions: npt.NDArray[np.float32],
        seeds: Sequence[int],
        stages: Sequence[InversionSettings],
        engine: Callable[[InversionSettings], InversionEngine],
        *,
        warm: npt.NDArray[np.uint8] | None = None,
        taken: int = 0,
        repulsion: float = 0.0,
        examples: Examples | None = None,
    ) -> None:
        self.directions = directions
        self._examples = examples
        self._seeds = np.asarray(seeds, dtype=np.int64)
        self._stages = deque(stages)
        self._make_engine = engine
        self._engine: InversionEngine | None = None
        self._state: InversionState | None = None
        self._warm = warm
        self.taken = taken
        self._repulsion = repulsion
        self._pace = _FIRST_PACE

    @property
    def finished(self) -> bool:
        """Whether no step is left to take."""
        return not self._stages

    @property
    def stage(self) -> InversionSettings | None:
        """Settings of the stage in progress."""
        return self._stages[0] if self._stages else None

    @property
    def stage_complete(self) -> bool:
        """Whether the stage in progress has taken all its steps."""
        state = self._state
        return state is not None and state.step >= self._stages[0].steps

    def extend(self, settings: InversionSettings) -> None:
        """Add a stage after the last one."""
        self._stages.append(settings)

    def advance(self, seconds: float) -> None:
        """Take steps of the stage in progress for about that long; at least one."""
        if self._engine is None or self._state is None:
            self._begin()
            return  # making the engine may have taken long
        left = self._stages[0].steps - self._state.step
        steps = int(max(1, min(left, seconds / self._pace)))
        started = time.perf_counter()
        self._engine.advance(self._state, steps)
        _ = self._state.step  # waits for the device
        self._pace = 0.5 * self._pace + 0.5 * (time.perf_counter() - started) / steps

    def frame(self) -> Frame | None:
        """Return the pictures as they stand, shown to the network again; None before a step."""
        engine, state = self._engine, self._state
        if engine is None or state is None or state.step == 0:
            return None
        pixels = engine.pictures(state)
        cosines, activations = engine.fidelity(pixels, self.directions)
        total = self.taken + sum(stage.steps for stage in self._stages)
        return Frame(self.taken + state.step, total, pixels, cosines, activations)

    def end_stage(self, frame: Frame) -> None:
        """Go over to the next stage from the frame that the complete one ended with."""
        self._stages.popleft()
        self._warm, self.taken = frame.pixels, frame.step
        self._engine = self._state = None
        self._pace = _FIRST_PACE

    def _begin(self) -> None:
        settings = self._stages[0]
        engine = self._make_engine(settings)
        objective = self._objective(settings)
        if objective is None:
            examples = None
            if self._examples is not None:
                crops = self._examples.pixels()
                examples = engine.statistics_of([crops] * len(self.directions))
            state = engine.start(self.directions, self._seeds, self._warm, examples=examples)
        else:
            state = engine.start(seeds=self._seeds, warm=self._warm, objective=objective)
        self._engine, self._state = engine, state

    def _objective(self, settings: InversionSettings) -> Objective | None:
        """Return the direction's objective with repulsion, or None for the engine's own."""
        if not self._repulsion or self._warm is None:
            return None
        from atlas_widget.inversion.objectives import direction, diversity

        # A direction's score grows with its length; the likeness that repels is at most one.
        strength = float(np.linalg.norm(self.directions, axis=1).mean())
        objective = direction(self.directions, power=settings.power, reach=settings.reach)
        return objective + self._repulsion * strength * diversity()
