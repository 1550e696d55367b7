"""A scan of all images for the units of the layer, and their tuning, as tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from atlas_widget.progress import CancelledCallback, ProgressCallback
from atlas_widget.session.tasks.task import Material

if TYPE_CHECKING:
    from atlas_widget.units import Tuning, UnitScan

__all__ = ["LayerScanning", "LayerTuning"]


@dataclass(frozen=True)
class LayerScanning:
    """Find the exact examples of all units of the layer, over all positions of all images."""

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> UnitScan:
        """Scan the images."""
        from atlas_widget.units.scan import scan_probes

        return scan_probes(
            [material.probe], material.images, progress=progress, cancelled=cancelled
        )


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
