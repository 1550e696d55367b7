"""Live pictures: optimised in stages, one slice at a time, while the user watches."""

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

_INITIAL_STEP_TIME = 0.02  # seconds; assumed until a step has been measured


@dataclass(frozen=True)
class Frame:
    """The current state of live pictures.

    Attributes
    ----------
    step, steps
        Number of steps taken, and of steps planned so far.
    pixels
        uint8 (n, size, size, 3).
    cosines
        Cosine of the layer's activation for each picture to its direction, (n,).
    activations
        Those activations, (n, channels).
    made
        What the pictures are made with, in words.
    """

    step: int
    steps: int
    pixels: npt.NDArray[np.uint8]
    cosines: npt.NDArray[np.float32]
    activations: npt.NDArray[np.float32]
    made: str


class LivePictures:
    """A few pictures in progress, which can be paused between any two steps.

    Each stage starts from the pictures of the last one.

    Parameters
    ----------
    directions
        The directions, (n, channels).
    seeds
        Seed of the noise of each picture.
    stages
        Settings of each stage in order; empty for finished pictures.
    engine
        Returns the engine with some settings; called when a stage starts.
    warm
        Pictures to start from instead of noise, uint8 (n, side, side, 3).
    taken
        Number of steps taken for those.
    examples
        Real crops of all these directions, whose channel statistics the pictures are kept close to.
    repulsion
        Weight of the difference between pictures, relative to the length of their directions; used
        only in stages that start from pictures, because noise would be pushed off the direction.

    Attributes
    ----------
    taken
        Number of steps in all completed stages.
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
        self._pace = _INITIAL_STEP_TIME
        self._crops = 0  # whose statistics the pictures of this stage are kept near

    @property
    def finished(self) -> bool:
        """True if all steps have been taken."""
        return not self._stages

    @property
    def stage(self) -> InversionSettings | None:
        """Settings of the current stage."""
        return self._stages[0] if self._stages else None

    @property
    def stage_complete(self) -> bool:
        """True if all steps of the current stage have been taken."""
        state = self._state
        return state is not None and state.step >= self._stages[0].steps

    def extend(self, settings: InversionSettings) -> None:
        """Add a stage after the last one."""
        self._stages.append(settings)

    def advance(self, seconds: float) -> None:
        """Take steps of the current stage for about that long; at least one."""
        if self._engine is None or self._state is None:
            self._begin()
            return  # making the engine may have taken the whole time
        left = self._stages[0].steps - self._state.step
        steps = int(max(1, min(left, seconds / self._pace)))
        started = time.perf_counter()
        self._engine.advance(self._state, steps)
        _ = self._state.step  # synchronises with the device
        self._pace = 0.5 * self._pace + 0.5 * (time.perf_counter() - started) / steps

    def frame(self) -> Frame | None:
        """Return the current pictures with their measured cosines; None before the first step."""
        engine, state = self._engine, self._state
        if engine is None or state is None or state.step == 0:
            return None
        pixels = engine.pictures(state)
        cosines, activations = engine.fidelity(pixels, self.directions)
        taken = self.taken + state.step
        total = self.taken + sum(stage.steps for stage in self._stages)
        made = self._stages[0].made_with(self._crops, taken)
        return Frame(taken, total, pixels, cosines, activations, made)

    def end_stage(self, frame: Frame) -> None:
        """Start the next stage from the last frame of the completed one."""
        self._stages.popleft()
        self._warm, self.taken = frame.pixels, frame.step
        self._engine = self._state = None
        self._pace = _INITIAL_STEP_TIME

    def _begin(self) -> None:
        settings = self._stages[0]
        engine = self._make_engine(settings)
        objective = self._objective(settings)
        self._crops = 0
        if objective is None:
            examples = None
            if self._examples is not None:
                crops = self._examples.pixels()
                examples = engine.statistics_of([crops] * len(self.directions))
            if examples is not None:
                self._crops = int(examples.counts[0])
            state = engine.start(self.directions, self._seeds, self._warm, examples=examples)
        else:
            state = engine.start(seeds=self._seeds, warm=self._warm, objective=objective)
        self._engine, self._state = engine, state

    def _objective(self, settings: InversionSettings) -> Objective | None:
        """Return the direction's objective with repulsion, or None for the engine's default."""
        if not self._repulsion or self._warm is None:
            return None
        from atlas_widget.inversion.objectives import direction, diversity

        # A direction's score grows with its length; the similarity that repels is at most one.
        strength = float(np.linalg.norm(self.directions, axis=1).mean())
        objective = direction(self.directions, power=settings.power, reach=settings.reach)
        return objective + self._repulsion * strength * diversity()
