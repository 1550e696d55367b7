"""Are the pictures worth more than noise? The controls, as a task on what a widget shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled
from atlas_widget.session.tasks.task import Material

if TYPE_CHECKING:
    from atlas_widget.inversion.sanity import SanityCheck

__all__ = ["Controls"]


@dataclass(frozen=True)
class Controls:
    """`sanity_check` on some cells of the coarsest grid, chosen by chance.

    Attributes
    ----------
    count
        So many cells, or all if there are fewer.
    seed
        Another one chooses other cells.
    """

    count: int = 24
    seed: int = 0

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> SanityCheck:
        """Do it."""
        from atlas_widget.inversion import sanity_check

        atlas = material.atlas
        grid = atlas.grid(min(atlas.grids))
        chosen = np.random.default_rng(self.seed).permutation(len(grid.ids))[: self.count]
        nearest = [int(grid.nearest(int(place), 1)[0]) for place in chosen]
        crops = np.stack([atlas.samples.thumbnails.get(sample) for sample in nearest])

        def told(done: int, total: int) -> None:
            check_cancelled(cancelled)
            progress(done, total)

        return sanity_check(
            material.probe,
            grid.means[chosen],
            images=torch.tensor(crops).permute(0, 3, 1, 2) / 255,
            means=grid.means,
            centre=np.average(grid.means, axis=0, weights=grid.counts),
            seed=self.seed,
            callback=told,
        )
