"""The units of a layer as targets of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from atlas_widget.session.pictures.picture import Examples, Picture, State

if TYPE_CHECKING:
    from atlas_widget.atlas.samples import Samples
    from atlas_widget.session.units.sampled_units import SampledUnits

__all__ = ["CHANNEL", "KINDS", "NEGATIVE", "NEURON", "UnitTargets", "unit_group"]

NEURON = "neuron"
"""Pictures that excite a unit in the middle of the map: one thing."""

CHANNEL = "channel"
"""Pictures that excite a unit all over the map: a texture."""

NEGATIVE = "negative"
"""Pictures that drive a unit's activation below zero; after a ReLU, what the ReLU is given."""

KINDS = (NEURON, CHANNEL, NEGATIVE)
"""The kinds of pictures of a unit."""


def unit_group(kind: str) -> str:
    """Return the group of all units' pictures of a kind."""
    return f"unit:{kind}"


class UnitTargets:
    """The units of a layer; see `pictures.picture.Targets`.

    Parameters
    ----------
    units
        The units.
    samples
        Their samples, whose crops stand in for pictures that are not made yet.
    """

    def __init__(self, units: SampledUnits, samples: Samples) -> None:
        self._units = units
        self._samples = samples

    def has(self, group: str, number: int) -> bool:
        """Return True if there is such a unit."""
        return 0 <= number < self._units.count and group in map(unit_group, KINDS)

    def directions(self, group: str, numbers: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return a row for each unit: 1 at its own channel (−1 for negative pictures), else 0."""
        rows = np.zeros((len(numbers), self._units.count), np.float32)
        rows[np.arange(len(numbers)), list(numbers)] = -1 if group == unit_group(NEGATIVE) else 1
        return rows

    def examples(self, group: str, numbers: Sequence[int]) -> list[Examples]:
        """Return no examples: a unit's pictures are made of the network alone."""
        del group
        return [Examples() for _ in numbers]

    def ranks(
        self, group: str, numbers: Sequence[int], activations: npt.NDArray[np.float32]
    ) -> list[int]:
        """Return each picture's rank: one plus the number of units that it excites more.

        Activations are compared as multiples of what each unit's strongest sample reaches.
        """
        sign = -1 if group == unit_group(NEGATIVE) else 1
        usual = np.maximum((sign * self._units.values).max(1), 1e-6)
        relative = sign * activations / usual
        own = relative[np.arange(len(numbers)), list(numbers)]
        return [int(rank) for rank in 1 + (relative > own[:, None]).sum(1)]

    def crop(self, group: str, number: int) -> Picture:
        """Return the crop of the sample with the largest activation (smallest, for negative)."""
        own = self._units.values[number]
        at = int(own.argmin() if group == unit_group(NEGATIVE) else own.argmax())
        sample = int(self._units.numbers[at])
        return Picture(self._samples.thumbnails.get(sample), State.CROP)
