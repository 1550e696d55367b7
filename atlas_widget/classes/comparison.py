"""Two classes side by side: across, which one a sample argues for; down, what it looks like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.atlas import Atlas
from atlas_widget.atlas.class_influence import Axis, Influence
from atlas_widget.attribution.class_names import class_name, class_number
from atlas_widget.classes.single import LayoutSettings, default_count, derived, select
from atlas_widget.collect import MIN_SAMPLES
from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.layout.line import umap_line
from atlas_widget.progress import CancelledCallback, ProgressCallback

if TYPE_CHECKING:
    from atlas_widget.classes.attributions import SampleAttributions

__all__ = ["compare_classes"]

_PERCENTILE = 99


def compare_classes(
    atlas: Atlas,
    first: int | str,
    second: int | str,
    attributions: SampleAttributions,
    *,
    count: int | None = None,
    grids: Sequence[int] | None = None,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> Atlas:
    """Lay out what argues for two classes by how much it argues for one rather than the other.

    As in the article (Carter et al., Distill 2019): the strongest samples of either class; from
    left to right the difference of their attributions, clipped at its 99th percentile; from top to
    bottom a layout on a line, in which similar activations lie close together. Lucid's notebook
    counts a sample that is strong for both classes twice; here it counts once.

    Parameters
    ----------
    atlas : Atlas
        Chosen from; left as it is.
    first, second : int or str
        The classes, by number or name. The first one is on the left.
    attributions : SampleAttributions
        From ``sample_attributions(atlas, …)``, with both classes.
    count : int, optional
        At most so many samples for each class; by default `default_count`.
    grids, seed, device, progress, cancelled : optional
        As for `class_atlas`.

    Returns
    -------
    Atlas
        Its `axes` say what lies where, its `influence` has both classes, and its ``signed`` values
        are positive where the first one gains.

    Raises
    ------
    AttributionError
        There is no such class, it was not computed, or too few samples argue for either.
    """
    pair = [class_number(each, atlas.labels, attributions.num_classes) for each in (first, second)]
    if pair[0] == pair[1]:
        raise AttributionError(f"{first!r} and {second!r} are the same class: give two.")
    names = [class_name(number, atlas.labels) for number in pair]
    most = default_count(len(attributions)) if count is None else int(count)
    if most < 1:
        raise AtlasError(f"count={count!r}: a comparison takes at least one sample of each class.")
    chosen = np.union1d(*(select(attributions, number, count=most) for number in pair))
    if len(chosen) < MIN_SAMPLES:
        raise AttributionError(
            f"Only {len(chosen)} of {len(attributions):,} samples argue for {names[0]!r} or "
            f"{names[1]!r}, and an atlas needs {MIN_SAMPLES}: take more samples, or a later "
            "layer."
        )
    rows = attributions.samples[chosen]
    influence = Influence(
        (pair[0], pair[1]),
        np.stack([attributions.of(number)[chosen] for number in pair], axis=1),
        rows,
    )
    settings = LayoutSettings(seed=seed)
    down = umap_line(
        np.asarray(atlas.activations[rows], np.float32),
        seed=seed,
        neighbors=settings.neighbors,
        min_dist=settings.min_dist,
        progress=progress,
        cancelled=cancelled,
        device=device,
    )
    across, reach = _across(influence.signed)
    axes = (
        Axis(f"influence on {names[0]} − influence on {names[1]}", reach, -reach, *names),
        Axis("similar activations lie close together"),
    )
    selection = {"kind": "comparison", "classes": pair, "labels": names, "at_most": most}
    xy = np.stack([across, down], axis=1)
    return derived(atlas, influence, xy, selection, grids, settings, axes=axes)


def _across(difference: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Return places in [0, 1], 0 where the first class gains most, and the difference there.

    The scale is the same on both sides, so that the middle is where neither gains.
    """
    reach = float(np.percentile(np.abs(difference), _PERCENTILE))
    if not reach > 0:
        return np.full(len(difference), 0.5, np.float32), 0.0
    places: NDArray[np.float32] = 0.5 - 0.5 * np.clip(difference / reach, -1, 1)
    return places.astype(np.float32), reach
