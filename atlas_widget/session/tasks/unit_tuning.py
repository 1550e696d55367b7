"""Tuning of the units of the layer, as tasks: synthetic pictures, turned examples, controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled
from atlas_widget.session.tasks.task import Material
from atlas_widget.session.tasks.units import sampled_crops

if TYPE_CHECKING:
    from atlas_widget.units import Band, Tuning, UnitScan
    from atlas_widget.units.turned import Seen

__all__ = ["LayerTuning", "ScrambledStimulus", "Turned", "TurnedExamples"]


@dataclass(frozen=True)
class LayerTuning:
    """Show the layer synthetic pictures.

    Attributes
    ----------
    mean, std
        Mean and standard deviation of each unit over real images, (units,).
    """

    mean: npt.NDArray[np.float32]
    std: npt.NDArray[np.float32]

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Tuning:
        """Show the pictures."""
        from atlas_widget.units import tuning

        return tuning(
            material.probe,
            mean=self.mean,
            std=self.std,
            progress=progress,
            cancelled=cancelled,
        )


@dataclass(frozen=True)
class ScrambledStimulus:
    """Show a unit its best synthetic picture with random phases: a control of its tuning.

    Attributes
    ----------
    unit
        The unit.
    tuning
        The tuning of the layer.
    """

    unit: int
    tuning: Tuning

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Band:
        """Show the copies."""
        from atlas_widget.units import scrambled_band

        check_cancelled(cancelled)
        band = scrambled_band(material.probe, self.tuning, self.unit)
        progress(1, 1)
        return band


@dataclass(frozen=True)
class Turned:
    """The answers of a unit to its strongest examples, turned.

    Attributes
    ----------
    unit
        The unit.
    tuning
        The answers: its one set is "turned".
    band
        Those to the best of these pictures with random phases: a control.
    exact
        True if the examples are the strongest of all positions of all images, not of samples.
    """

    unit: int
    tuning: Tuning
    band: Band
    exact: bool


@dataclass(frozen=True)
class TurnedExamples:
    """Show a unit what it sees in its strongest examples, in all rotations.

    Attributes
    ----------
    unit
        The unit.
    examples, activations
        Numbers of its strongest samples, and its activations for them.
    scan
        The scan of the layer, whose examples are taken instead where it is known.
    mean, std
        Mean and standard deviation of each unit over real images, (units,).
    """

    unit: int
    examples: npt.NDArray[np.int64]
    activations: tuple[float, ...]
    scan: UnitScan | None
    mean: npt.NDArray[np.float32]
    std: npt.NDArray[np.float32]

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Turned:
        """Show the pictures, and the control."""
        from atlas_widget.units import scrambled_band
        from atlas_widget.units.field import Field
        from atlas_widget.units.tuning_curves import show
        from atlas_widget.units.turned import TURNED, turned_examples

        probe = material.probe
        field = Field.of(probe)
        stimuli = turned_examples(probe, field.side, self._seen(material))
        found = show(
            field,
            {TURNED: stimuli},
            mean=self.mean,
            std=self.std,
            progress=progress,
            cancelled=cancelled,
        )
        band = scrambled_band(probe, found, self.unit)
        return Turned(self.unit, found, band, self.scan is not None)

    def _seen(self, material: Material) -> Seen:
        from atlas_widget.units.turned import Seen

        probe = material.probe
        if self.scan is not None:
            table = self.scan.examples(probe.layer, self.unit, count=len(self.examples))
            return Seen.of(probe, material.images, table)
        positions = np.asarray(material.atlas.samples.positions[self.examples], np.int64)
        rows, columns = positions.T.tolist()
        pictures = sampled_crops(material, self.examples)
        return Seen(pictures, tuple(zip(rows, columns, strict=True)), self.activations)
