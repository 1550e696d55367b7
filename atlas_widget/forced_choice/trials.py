"""The trials of a check: a reference, and two real crops of which one belongs to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import AtlasError, did_you_mean
from atlas_widget.session.cells.held_out import NEAREST
from atlas_widget.session.cells.scene import EXAMPLES

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene

__all__ = ["DIFFICULTIES", "KINDS", "Check", "Plan", "Trial", "assemble", "plan_trials"]

KINDS = ("picture", "crop", "catch")
"""The kinds of references: the cell's picture; a real crop of it; the right crop itself."""

DIFFICULTIES = ("random", "near")
"""The cells that the wrong crop may be of: any, or one of the eight most like it in the layer."""

MAX_TRIALS = 400

_CROP_PART, _CATCH_PART = 0.25, 0.1
_TYPICAL = 16  # crops of a cell, nearest first, from which queries are drawn
_NEAR = 8

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Plan:
    """A trial to be: the samples it is made of.

    Attributes
    ----------
    kind
        One of `KINDS`.
    cell, other
        The cell that the reference is of, and the other one.
    reference, right, wrong
        Numbers of samples; of pictures the reference is -1.
    """

    kind: str
    cell: int
    other: int
    reference: int
    right: int
    wrong: int


@dataclass(frozen=True)
class Trial:
    """A trial with its pictures, each uint8 (side, side, 3)."""

    kind: str
    cell: int
    other: int
    reference: Pixels
    right: Pixels
    wrong: Pixels


@dataclass(frozen=True)
class Check:
    """All trials of a check.

    Attributes
    ----------
    trials
        In any order: the page shuffles them for each participant, and the sides.
    grid
        The grid that the cells are of.
    model, layer, weights_hash
        The model.
    difficulty, seed
        How they were drawn.
    """

    trials: Sequence[Trial]
    grid: int
    model: str
    layer: str
    weights_hash: str
    difficulty: str
    seed: int

    @property
    def id(self) -> str:
        """A hash of all of it, by which answers are known to be answers to it."""
        digest = hashlib.blake2b(digest_size=8)
        digest.update(f"{self.layer} {self.weights_hash} {self.difficulty} {self.seed}".encode())
        for trial in self.trials:
            digest.update(f"{trial.kind} {trial.cell} {trial.other}".encode())
            for pixels in (trial.reference, trial.right, trial.wrong):
                digest.update(np.ascontiguousarray(pixels).data)
        return digest.hexdigest()


def plan_trials(
    scene: Scene, grid: int, trials: int, *, difficulty: str = "random", seed: int = 0
) -> list[Plan]:
    """Draw trials from the cells of a grid.

    Crops that are asked about come from other images than those that the cell's picture was made
    near to. A quarter of the trials has a real crop as reference, to compare with; a tenth, at
    least two, are catch trials.

    Parameters
    ----------
    scene, grid
        The cells.
    trials
        How many, in all.
    difficulty
        One of `DIFFICULTIES`.
    seed
        Seed of all choices.

    Raises
    ------
    AtlasError
        The number or difficulty is none, or too few cells have crops that could be asked about.
    """
    if isinstance(trials, bool) or not isinstance(trials, int) or not 8 <= trials <= MAX_TRIALS:
        raise AtlasError(f"trials={trials!r:.40}: a whole number from 8 to {MAX_TRIALS}, say 40.")
    if difficulty not in DIFFICULTIES:
        hint = did_you_mean(str(difficulty), DIFFICULTIES)
        raise AtlasError(f"difficulty={difficulty!r:.40}: 'random' or 'near'.{hint}")
    rng = np.random.default_rng(seed)
    queries = {cell: _queries(scene, grid, cell) for cell in scene.cells(grid)}
    cells = [cell for cell, crops in queries.items() if len(crops)]
    if len(cells) < 2:
        raise AtlasError(
            f"Only {len(cells)} of {len(queries)} cells of the {grid} × {grid} grid have real "
            "crops that their picture was not made from: a coarser grid, or an atlas of more "
            "samples, has more."
        )
    kinds = _kinds(trials)
    plans = []
    order: list[int] = []
    for kind in kinds:
        order = order or rng.permutation(cells).tolist()
        cell = int(order.pop())
        other = int(rng.choice(_others(scene, grid, cell, cells, difficulty)))
        right = int(rng.choice(queries[cell][:_TYPICAL]))
        wrong = int(rng.choice(queries[other][:_TYPICAL]))
        nearest = int(scene.nearest(grid, cell, 1)[0])
        reference = {"picture": -1, "crop": nearest, "catch": right}[kind]
        plans.append(Plan(kind, cell, other, reference, right, wrong))
    return plans


def assemble(scene: Scene, plans: Sequence[Plan], pictures: Mapping[int, Pixels]) -> list[Trial]:
    """Return the trials of a plan; `pictures` are those of the cells whose picture is asked for."""
    crop = scene.samples.thumbnails.get
    return [
        Trial(
            plan.kind,
            plan.cell,
            plan.other,
            pictures[plan.cell] if plan.kind == "picture" else crop(plan.reference),
            crop(plan.right),
            crop(plan.wrong),
        )
        for plan in plans
    ]


def _kinds(trials: int) -> list[str]:
    catch, crops = max(2, round(_CATCH_PART * trials)), round(_CROP_PART * trials)
    return ["picture"] * (trials - catch - crops) + ["crop"] * crops + ["catch"] * catch


def _queries(scene: Scene, grid: int, cell: int) -> npt.NDArray[np.int64]:
    """Return the samples of a cell that may be asked about, the nearest to its mean first."""
    nearest = scene.nearest(grid, cell, NEAREST)
    images = np.asarray(scene.samples.image_ids)
    rest = nearest[EXAMPLES:]
    found: npt.NDArray[np.int64] = rest[~np.isin(images[rest], images[nearest[:EXAMPLES]])]
    return found


def _others(
    scene: Scene, grid: int, cell: int, cells: Sequence[int], difficulty: str
) -> Sequence[int]:
    rest = [other for other in cells if other != cell]
    if difficulty == "random" or len(rest) <= _NEAR:
        return rest
    places = scene.cells(grid)
    units = scene.unit_means(grid)
    likeness = units[[places[other] for other in rest]] @ units[places[cell]]
    return [rest[at] for at in np.argsort(-likeness)[:_NEAR]]
