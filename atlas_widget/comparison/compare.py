"""Two atlases over the same samples: one map kept, the other laid out beside it, and scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.atlas import Atlas
from atlas_widget.comparison.pairing import common_samples
from atlas_widget.comparison.placing import SPRING, place_beside, springs_of
from atlas_widget.comparison.resampling import permuted_by_image
from atlas_widget.comparison.result import AtlasComparison
from atlas_widget.comparison.scores import (
    Neighborhoods,
    activation_scores,
    cell_scores,
    map_scores,
    score_table,
)
from atlas_widget.errors import AtlasError, OtherCollectionError
from atlas_widget.probe.devices import usable_device
from atlas_widget.progress import CancelledCallback, ProgressCallback, progress_of_part

__all__ = [
    "CONTROLS",
    "MAX_SAMPLES",
    "NEIGHBORS",
    "check_enough",
    "check_numbers",
    "compare_atlases",
    "compare_restricted",
    "restricted",
    "tell_apart",
]

NEIGHBORS = 10
"""Number of neighbours of each sample that are compared."""

MAX_SAMPLES = 20_000
"""Largest number of samples, since each is compared with every other one."""

CONTROLS = 20
"""Number of permutations of the images."""

_PARTS = 3  # as long as one layout: two layouts, and the scores


def compare_atlases(
    a: Atlas,
    b: Atlas,
    *,
    names: Sequence[str] | None = None,
    neighbors: int = NEIGHBORS,
    spring: float = SPRING,
    controls: int = CONTROLS,
    max_samples: int = MAX_SAMPLES,
    seed: int = 0,
    device: str | torch.device | None = None,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> AtlasComparison:
    """Compare two atlases over the same images: two layers, two checkpoints or two models.

    The samples that both have are compared: the same position of the same crop of the same image.
    a's map stays as it is. b is laid out anew, beginning at a's places, each sample held there by a
    spring as strong as its neighbours are the same in both layers; then it is rotated, reflected,
    scaled and shifted to fit. What moved, moved because b's layer sees other things as alike. All
    neighbours are among samples of other images.

    Parameters
    ----------
    a, b : Atlas
        Build b at a's places, ``Atlas.build(model, layer, images, like=a)``, and all samples can be
        compared; of the same layer of two checkpoints they are the same anyway.
    names : sequence of str, optional
        What to call them in tables and figures; by default what tells them apart.
    neighbors : int
        How many neighbours of a sample its neighbourhood has.
    spring : float
        Strength of the springs; 0 for none. Beyond 3 they cost trustworthiness, which the scores
        tell.
    controls : int
        How often images are permuted to tell what scores are by chance; 0 for never.
    max_samples : int
        Of more common samples as many are chosen at random.
    seed : int
        Of the layout, intervals and permutations.
    device : str or torch.device, optional
        Where to compute; CUDA where there is one.
    progress : callable, optional
        Called with how much is done, and how much there is in all.
    cancelled : callable, optional
        Asked now and then; once it returns True, `Cancelled` is raised.

    Returns
    -------
    AtlasComparison

    Raises
    ------
    OtherCollectionError
        The atlases are of other images, were sampled differently, or have too few samples in
        common.
    AtlasError
        An argument is out of range.

    Examples
    --------
    >>> a = Atlas.build(before, "layer3", images)
    >>> b = Atlas.build(after, "layer3", images, like=a)
    >>> comparison = compare_atlases(a, b)
    >>> comparison.table()
    """
    check_numbers(neighbors, spring, controls)
    common = common_samples([a, b], ["a", "b"], most=max_samples, seed=seed)
    check_enough(common.images, neighbors)
    pair = [restricted(atlas, rows) for atlas, rows in zip([a, b], common.rows, strict=True)]
    return compare_restricted(
        pair[0],
        pair[1],
        common.images,
        names=tell_apart([a, b], names),
        neighbors=neighbors,
        spring=spring,
        controls=controls,
        seed=seed,
        device=usable_device(device),
        progress=progress,
        cancelled=cancelled,
        notices=(common.notice,) if common.notice else (),
    )


def compare_restricted(
    a: Atlas,
    b: Atlas,
    images: NDArray[np.int64],
    *,
    names: Sequence[str],
    neighbors: int,
    spring: float,
    controls: int,
    seed: int,
    device: torch.device,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
    notices: tuple[str, ...] = (),
) -> AtlasComparison:
    """Compare atlases whose row i is the same sample; see `compare_atlases`."""
    one, two = (np.asarray(atlas.activations, np.float32) for atlas in (a, b))

    def part(number: int) -> ProgressCallback | None:
        return None if progress is None else progress_of_part(progress, number, _PARTS)

    near = Neighborhoods.of(one, two, images, neighbors, device=device, cancelled=cancelled)

    def beside(
        values: NDArray[np.float32], kept: NDArray[np.float64], number: int
    ) -> NDArray[np.float32]:
        return place_beside(
            values,
            a.xy,
            springs_of(kept, near.chances, spring),
            seed=seed,
            device=device,
            progress=part(number),
            cancelled=cancelled,
        )

    aligned = beside(two, near.kept(), 0)
    control = None
    if controls:
        mixed = permuted_by_image(images, np.random.default_rng(seed))
        control = two[mixed], beside(two[mixed], near.kept(mixed), 1)
    moved = restricted(b, None, aligned)
    moved.provenance["layout"] = {
        "beside": a.provenance.get("key"),
        "spring": spring,
        "neighbors": neighbors,
        "seed": seed,
    }
    scores = {
        **activation_scores(one, two, near, controls=controls, seed=seed, cancelled=cancelled),
        **map_scores(
            two,
            a.xy,
            aligned,
            b.xy,
            control,
            images,
            neighbors,
            seed=seed,
            device=device,
            cancelled=cancelled,
        ),
        **cell_scores(a, moved, images, seed=seed, controls=controls),
    }
    if progress is not None:
        progress(_PARTS, _PARTS)
    return AtlasComparison(
        a=a,
        b=moved,
        names=(names[0], names[1]),
        images=images,
        agreement=near.agreement(),
        scores=score_table(scores),
        notices=notices,
        seed=seed,
    )


def restricted(
    atlas: Atlas, rows: NDArray[np.int64] | None, xy: NDArray[np.float32] | None = None
) -> Atlas:
    """Return an atlas of some of the samples, all of them for None, at other places if given."""
    every = rows is None or np.array_equal(rows, np.arange(len(atlas)))
    if every and xy is None:
        return atlas
    return Atlas(
        atlas.samples if rows is None or every else atlas.samples.take(rows),
        atlas.xy[rows] if xy is None else xy,
        layer=atlas.layer,
        grids=atlas.grids,
        labels=atlas.labels,
        provenance=atlas.provenance,
        notices=atlas.notices,
        min_count=atlas.min_count,
    )


def check_enough(images: NDArray[np.int64], neighbors: int) -> None:
    """Raise an error if samples have too few of other images to be their neighbours."""
    _, sizes = np.unique(images, return_counts=True)
    others = len(images) - int(sizes.max(initial=0))
    least = 2 * neighbors + 1  # below that, trustworthiness is not defined
    if others < least:
        raise OtherCollectionError(
            f"The atlases have {len(images):,} samples of {len(sizes):,} images in common. To "
            f"compare {neighbors} neighbours of each, among other images, {least} samples of other "
            f"images are needed, and there are {others}: take more samples or images, or "
            f"neighbors={max(1, (others - 1) // 2)}."
        )


def tell_apart(atlases: Sequence[Atlas], names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names given for atlases, or what they differ in: layer, model, or number.

    Raises
    ------
    AtlasError
        There are more or fewer names than atlases, or two are the same.
    """
    if names is not None:
        given = tuple(str(name) for name in names)
        if len(given) != len(atlases) or len(set(given)) < len(given):
            raise AtlasError(
                f"names={list(names)!r:.80}: {len(atlases)} different names, one for each atlas."
            )
        return given
    models = [str(atlas.provenance.get("model", "")) for atlas in atlases]
    layers = [atlas.layer for atlas in atlases]
    both = [f"{model} {layer}".strip() for model, layer in zip(models, layers, strict=True)]
    for told in (layers, models, both):
        if len(set(told)) == len(atlases):
            return tuple(told)
    return ("a", "b") if len(atlases) == 2 else tuple(str(at + 1) for at in range(len(atlases)))


def check_numbers(neighbors: int, spring: float, controls: int) -> None:
    """Raise an error for parameters that nothing can be compared with."""
    if isinstance(neighbors, bool) or not isinstance(neighbors, int) or neighbors < 1:
        raise AtlasError(f"neighbors={neighbors!r}: a whole number from 1 on; 10 by default.")
    if not (np.isfinite(spring) and spring >= 0):
        raise AtlasError(f"spring={spring!r}: a number from 0 (none) on; {SPRING} by default.")
    if isinstance(controls, bool) or not isinstance(controls, int) or controls < 0:
        raise AtlasError(f"controls={controls!r}: a whole number from 0 on; 20 by default.")
