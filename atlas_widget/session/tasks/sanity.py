"""The sanity check of pictures against noise, an untrained network and statistics alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled
from atlas_widget.session.cells.held_out import NEAREST, held_out_crops
from atlas_widget.session.cells.scene import EXAMPLES
from atlas_widget.session.tasks.task import Material

if TYPE_CHECKING:
    from atlas_widget.inversion.sanity import SanityCheck

__all__ = ["SanityControls"]


@dataclass(frozen=True)
class SanityControls:
    """Run `sanity_check` on random cells of the coarsest grid.

    Attributes
    ----------
    count
        Number of cells; all if there are fewer.
    seed
        Seed of the choice of cells.
    """

    count: int = 24
    seed: int = 0

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> SanityCheck:
        """Run the check."""
        from atlas_widget.inversion import sanity_check

        atlas = material.atlas
        grid = atlas.grid(min(atlas.grids))
        chosen = np.random.default_rng(self.seed).permutation(len(grid.ids))[: self.count]
        nearest = [int(grid.nearest(int(place), 1)[0]) for place in chosen]
        thumbnails = atlas.samples.thumbnails
        crops = np.stack([thumbnails.get(sample) for sample in nearest])
        examples = [
            np.stack([thumbnails.get(int(each)) for each in grid.nearest(int(place), EXAMPLES)])
            for place in chosen
        ]

        held_out = None
        if material.judge is not None:
            held_out = [
                held_out_crops(atlas.samples, np.asarray(grid.nearest(int(place), NEAREST)))[0]
                for place in chosen
            ]

        def told(done: int, total: int) -> None:
            check_cancelled(cancelled)
            progress(done, total)

        return sanity_check(
            material.probe,
            grid.means[chosen],
            images=torch.tensor(crops).permute(0, 3, 1, 2) / 255,
            examples=examples,
            means=grid.means,
            centre=np.average(grid.means, axis=0, weights=grid.counts),
            seed=self.seed,
            judge=material.judge,
            held_out=held_out,
            callback=told,
        )
