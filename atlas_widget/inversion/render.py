"""``render(model, layer, objective)``: any objective → pictures, as they come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.errors import ActivationsError, AtlasError
from atlas_widget.inversion.engine import InversionEngine
from atlas_widget.inversion.inputs import layer_and_aim
from atlas_widget.inversion.objectives import Objective, as_objective
from atlas_widget.inversion.parametrizations import Parametrization
from atlas_widget.inversion.settings import InversionSettings, as_settings
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.opening import opened

__all__ = ["render"]


def render(
    model: Any,
    layer: Any = None,
    objective: Any = None,
    *,
    count: int | None = None,
    settings: InversionSettings | None = None,
    parametrization: Parametrization | None = None,
    seed: int = 0,
    every: int = 1,
    transform: Any = None,
    device: Any = None,
) -> Iterator[NDArray[np.uint8]]:
    """Optimise pictures for any objective; yields them every few steps, as they come.

    Parameters
    ----------
    model
        Any ``nn.Module``, left as it is, or a :class:`~atlas_widget.probe.LayerProbe` (then no
        `layer`): ``render(probe, channel(7))``.
    layer
        Name of the layer, as :func:`~atlas_widget.list_layers` gives it.
    objective
        An :class:`Objective`, or what stands for one: a channel's number, or directions.
    count
        How many pictures; by default as many as the objective has directions, else one.
    settings, parametrization, transform, device
        As for :func:`~atlas_widget.invert`.
    seed
        The pictures start from the seeds ``seed, seed + 1, …``.
    every
        Steps between two yields.

    Yields
    ------
    ndarray of uint8, shape (count, size, size, 3 or, with opacity, 4)
        The last is final.
    """
    layer, objective = layer_and_aim(model, layer, objective)
    if objective is None:
        raise ActivationsError("objective=None: pass one, such as objectives.channel(7)")
    objective = as_objective(objective)
    count = (objective.pictures or 1) if count is None else count
    if count < 1 or every < 1:
        raise AtlasError(f"count={count}, every={every}: expected one at least")

    settings = as_settings(settings)
    seeds = np.arange(seed, seed + count)

    def frames() -> Iterator[NDArray[np.uint8]]:
        with opened(model, layer, transform, device) as probe:
            yield from _frames(probe, objective, settings, parametrization, seeds, every)

    return frames()


@torch.inference_mode(False)  # pictures made within it could never be differentiated
def _frames(
    probe: LayerProbe,
    objective: Objective,
    settings: InversionSettings,
    parametrization: Parametrization | None,
    seeds: NDArray[np.int64],
    every: int,
) -> Iterator[NDArray[np.uint8]]:
    engine = InversionEngine(probe, settings=settings, parametrization=parametrization)
    state = engine.start(seeds=seeds, objective=objective)
    while state.step < settings.steps:
        engine.advance(state, min(every, settings.steps - state.step))
        yield engine.pictures(state)
