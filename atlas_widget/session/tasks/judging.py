"""Judgements of the pictures of a figure by a second network, for its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled
from atlas_widget.session.cells.held_out import NEAREST, held_out_crops
from atlas_widget.session.pictures.picture import State

if TYPE_CHECKING:
    from atlas_widget.inversion.judge import Judge
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.picture import Picture
    from atlas_widget.session.tasks.shown import Shown
    from atlas_widget.session.tasks.task import Material

__all__ = ["OTHERS", "CellJudgements", "JudgeCells", "judge_cells", "judge_pictures", "other_cells"]

OTHERS = 40  # cells to choose among, the picture's own included


@dataclass(frozen=True)
class CellJudgements:
    """Judgements of the pictures of some cells by a second network.

    Attributes
    ----------
    name, weights_hash
        The network.
    among
        How many cells it chooses among.
    ranks
        For each cell, 1 if its picture is most like its own real crops there; None without a
        finished picture.
    crop_ranks
        The median of the same for these crops themselves.
    """

    name: str
    weights_hash: str
    among: int
    ranks: tuple[int | None, ...]
    crop_ranks: tuple[float | None, ...]

    def record(self) -> dict[str, Any]:
        """Return it in JSON's types."""
        return {
            "name": self.name,
            "weights_hash": self.weights_hash,
            "among": self.among,
            "rank": list(self.ranks),
            "crop_rank": list(self.crop_ranks),
        }


@dataclass(frozen=True)
class JudgeCells:
    """A task that has the second network look at the pictures of some cells.

    Attributes
    ----------
    shown
        The cells shown and their pictures.
    grid, cells
        The cells.
    """

    shown: Shown
    grid: int
    cells: tuple[int, ...]

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> CellJudgements | None:
        """Return the judgements; None if there is no judge."""
        return judge_cells(material, self.shown, self.grid, self.cells, progress, cancelled)


def judge_cells(
    material: Material,
    shown: Shown,
    grid: int,
    cells: Sequence[int],
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> CellJudgements | None:
    """Have the judge look at the current pictures of some cells; None without one."""
    if material.judge is None:
        return None
    known = shown.snapshot(grid)[0]
    return judge_pictures(
        material.judge, shown.scene, grid, cells, known, shown.seed, progress, cancelled
    )


def judge_pictures(
    judge: Judge,
    scene: Scene,
    grid: int,
    cells: Sequence[int],
    pictures: Mapping[int, Picture],
    seed: int,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> CellJudgements:
    """Have a network choose, for each finished picture, the cell whose real crops are most like it.

    Parameters
    ----------
    judge
        The network.
    scene, grid, cells
        The cells.
    pictures
        Their pictures, as far as there are any; only finished ones are judged.
    seed
        Seed of the choice of the other cells, all of the coarsest grid.
    progress, cancelled
        Called with the number of cells done and in total; called to learn whether to stop.
    """
    from atlas_widget.inversion.judge import Judgement

    others = other_cells(scene, seed)
    total = len(cells) + len(others)
    features: dict[int, npt.NDArray[np.float32]] = {}

    def told(done: int) -> None:
        check_cancelled(cancelled)
        if progress is not None:
            progress(done, total)

    for done, cell in enumerate(others):
        told(done)
        crops, _ = held_out_crops(scene.samples, scene.nearest(scene.base, cell, NEAREST))
        features[cell] = judge.features(crops)
    ranks: list[int | None] = []
    crop_ranks: list[float | None] = []
    among = 0
    for done, cell in enumerate(cells, len(others)):
        told(done)
        picture = pictures.get(cell)
        same = set(scene.same_region([cell], grid, scene.base))
        beside = [features[other] for other in others if other not in same][: OTHERS - 1]
        if picture is None or picture.state is not State.FINAL or not beside:
            ranks.append(None)
            crop_ranks.append(None)
            continue
        own = judge.features(held_out_crops(scene.samples, scene.nearest(grid, cell, NEAREST))[0])
        centre = np.concatenate([own, *beside]).mean(0)
        found = Judgement.of(judge.features(picture.pixels[None])[0], own, beside, centre)
        ranks.append(found.rank)
        crop_ranks.append(found.crop_rank)
        among = found.among
    return CellJudgements(judge.name, judge.weights_hash, among, tuple(ranks), tuple(crop_ranks))


def other_cells(scene: Scene, seed: int) -> list[int]:
    """Return the cells of the coarsest grid that pictures are told from, drawn by chance."""
    cells = np.array(list(scene.cells(scene.base)))
    return [int(cell) for cell in np.random.default_rng(seed).permutation(cells)[:OTHERS]]
