"""Make the pictures of a figure again, in the ways in which rounding can have gone before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled
from atlas_widget.session.cells.scene import CellTargets, Scene
from atlas_widget.session.pictures.picture import Picture, State, cell_group
from atlas_widget.session.tasks.proof import hash_pixels

if TYPE_CHECKING:
    from atlas_widget.inversion import InversionEngine, InversionState
    from atlas_widget.probe import LayerProbe

__all__ = ["PictureMaker", "make_pictures"]

_ROUGH_PART = 0.125  # of the steps: as the widget shows a picture for the first time
_PAIR = 2


@dataclass(frozen=True)
class PictureMaker:
    """Makes the pictures of cells as a widget does, in batches of a given size.

    Attributes
    ----------
    engine
        The inversion.
    targets
        The cells.
    grid, seed
        Their grid, and the seed of the noise.
    """

    engine: InversionEngine
    targets: CellTargets
    grid: int
    seed: int

    def pixels(
        self,
        cells: Sequence[int],
        first: int,
        then: int,
        told: Callable[[int], None],
        *,
        filled: bool,
    ) -> dict[int, npt.NDArray[np.uint8]]:
        """Return pictures, made in batches of `first` at the beginning and `then` to the end.

        If `filled`, what is left over fills a batch up by repetition: a picture does not depend on
        the others in its batch, but its rounding depends on how many there are.
        """
        settings = self.engine.settings
        rough = max(1, round(_ROUGH_PART * settings.steps))
        found: dict[int, npt.NDArray[np.uint8]] = {}
        size = max(first, then)
        for start in range(0, len(cells), size):
            some = list(cells[start : start + size])
            rows = [some[at % len(some)] for at in range(size if filled else len(some))]
            parts = [self._begun(rows[at : at + first], rough) for at in range(0, len(rows), first)]
            state = parts[0].merge(*parts[1:])
            state = self._advanced(state, len(rows), then, settings.steps - rough)
            found |= dict(zip(some, self.engine.pictures(state), strict=False))
            told(len(found))
        return found

    def _begun(self, cells: Sequence[int], steps: int) -> InversionState:
        group = cell_group(self.grid)
        crops = [each.pixels() for each in self.targets.examples(group, cells)]
        state = self.engine.start(
            self.targets.directions(group, cells),
            np.full(len(cells), self.seed),
            examples=self.engine.statistics_of(crops),
        )
        self.engine.advance(state, steps)
        return state

    def _advanced(self, state: InversionState, size: int, batch: int, steps: int) -> InversionState:
        if batch >= size:
            self.engine.advance(state, steps)
            return state
        parts = []
        for start in range(0, size, batch):
            part = state.select(np.arange(start, min(start + batch, size)))
            self.engine.advance(part, steps)
            parts.append(part)
        return parts[0].merge(*parts[1:])

    def finished(self, pixels: Mapping[int, npt.NDArray[np.uint8]]) -> dict[int, Picture]:
        """Return pictures with what the network says to them."""
        if not pixels:
            return {}
        group, cells = cell_group(self.grid), list(pixels)
        directions = self.targets.directions(group, cells)
        stacked = np.stack([pixels[cell] for cell in cells])
        cosines, activations = self.engine.fidelity(stacked, directions)
        ranks = self.targets.ranks(group, cells, activations)
        return {
            cell: Picture(pixels[cell], State.FINAL, float(cosine), rank)
            for cell, cosine, rank in zip(cells, cosines, ranks, strict=True)
        }


def make_pictures(
    probe: LayerProbe,
    scene: Scene,
    grid: int,
    wanted: Mapping[int, str],
    seed: int,
    *,
    exact: bool,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> dict[int, Picture]:
    """Make the pictures of cells again.

    Which batch a picture was made in depends on what was in sight, and the size of a batch changes
    the last bits of what a network computes, which many steps enlarge. So a picture that does not
    come out the same is made again in batches of other sizes, if it can come out the same at all.

    Parameters
    ----------
    probe, scene, grid
        The layer, and the cells.
    wanted
        The hash of each cell's picture.
    seed
        Seed of the noise.
    exact
        Whether other batch sizes are tried: of use on the same kind of machine only.
    progress, cancelled
        Called with the number of cells done and in total; called to learn whether to stop.

    Returns
    -------
    dict of int to Picture
        Those of the first batch size for cells whose picture never came out the same.
    """
    from atlas_widget.inversion import InversionEngine, InversionSettings

    engine = InversionEngine(probe, settings=InversionSettings.icon())
    maker = PictureMaker(engine, CellTargets(scene), grid, seed)
    full = engine.batch_size
    sizes = [(full, full), (_PAIR, _PAIR), (1, 1)]
    sizes += [(full, _PAIR), (_PAIR, full), (1, full), (full, 1)]
    tries = [(*pair, True) for pair in dict.fromkeys(sizes)] if exact else []
    made: dict[int, npt.NDArray[np.uint8]] = {}
    left = list(wanted)
    for first, then, filled in [(full, full, False), *tries]:
        before = len(wanted) - len(left)

        def told(done: int, before: int = before) -> None:
            check_cancelled(cancelled)
            if progress is not None:
                progress(before + done, len(wanted))

        found = maker.pixels(left, first, then, told, filled=filled)
        same = {cell for cell in left if hash_pixels(found[cell]) == wanted[cell]}
        made |= {cell: found[cell] for cell in left if cell in same or cell not in made}
        left = [cell for cell in left if cell not in same]
        if not left:
            break
    return maker.finished({cell: made[cell] for cell in wanted})
