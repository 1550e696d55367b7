"""An atlas of only what argues for one class, laid out by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.atlas import Atlas
from atlas_widget.atlas.class_influence import Influence
from atlas_widget.attribution.class_names import class_name, class_number
from atlas_widget.collect import MIN_SAMPLES
from atlas_widget.errors import AtlasError, AttributionError, did_you_mean
from atlas_widget.layout import umap_layout
from atlas_widget.progress import CancelledCallback, ProgressCallback

if TYPE_CHECKING:
    from atlas_widget.classes.attributions import SampleAttributions

__all__ = ["LayoutSettings", "class_atlas", "default_count", "derived", "grids_for", "select"]

By = Literal["influence", "winning"]

_KINDS = ("influence", "winning")
_MAX_SAMPLES = 2000  # samples: the article has 2,000 to 3,000, of a million
_SHARE = 4  # a class takes at most this part of an atlas, so that a small one is chosen from too
_PER_CELL = 8  # samples that a cell of the coarsest grid has on average


@dataclass(frozen=True)
class LayoutSettings:
    """Settings of a class atlas's layout, as in Lucid's notebook of class activation atlases.

    Attributes
    ----------
    neighbors, min_dist, seed
        See `umap_layout`.
    """

    neighbors: int = 20
    min_dist: float = 0.01
    seed: int = 0


def class_atlas(
    atlas: Atlas,
    class_: int | str,
    attributions: SampleAttributions,
    *,
    by: By = "influence",
    count: int | None = None,
    grids: Sequence[int] | None = None,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> Atlas:
    """Make an atlas of the samples that argue for a class (Carter et al., Distill 2019).

    Parameters
    ----------
    atlas : Atlas
        Chosen from; left as it is.
    class_ : int or str
        The class, by number or name.
    attributions : SampleAttributions
        From ``sample_attributions(atlas, …)``, with this class.
    by : {"influence", "winning"}
        ``"influence"`` takes the samples that argue most for the class, also those that argue still
        more for another; ``"winning"`` those that argue for no class as much as for this one, and
        needs the attributions of all classes. The article calls the filters magnitude and rank.
    count : int, optional
        At most so many samples; by default `default_count`.
    grids : sequence of int, optional
        Cells along a side; by default as fine as the number of samples allows.
    seed : int
        Of the layout.
    device, progress, cancelled : optional
        See `umap_layout`.

    Returns
    -------
    Atlas
        Its `influence` says what each sample argues for, its provenance what it was chosen from.

    Raises
    ------
    AttributionError
        There is no such class, it was not computed, or too few samples argue for it.
    """
    number = class_number(class_, atlas.labels, attributions.num_classes)
    name = class_name(number, atlas.labels)
    most = default_count(len(attributions)) if count is None else _at_least_one(count)
    chosen = select(attributions, number, by=by, count=most)
    if len(chosen) < MIN_SAMPLES:
        raise AttributionError(
            f"Only {len(chosen)} of {len(attributions):,} samples argue for {name!r}"
            f"{' more than for any other class' if by == 'winning' else ''}, and an atlas needs "
            f"{MIN_SAMPLES}: take more samples, a later layer, or another class."
        )
    settings = LayoutSettings(seed=seed)
    rows = attributions.samples[chosen]
    xy = umap_layout(
        np.asarray(atlas.activations[rows], np.float32),
        seed=seed,
        neighbors=settings.neighbors,
        min_dist=settings.min_dist,
        progress=progress,
        cancelled=cancelled,
        device=device,
    )
    values = attributions.of(number)[chosen][:, None]
    return derived(
        atlas,
        Influence((number,), values, rows),
        xy,
        {"kind": "class atlas", "class": number, "label": name, "by": by, "at_most": most},
        grids,
        settings,
    )


def default_count(samples: int) -> int:
    """Return how many samples a class atlas takes at most: 2,000, or a quarter of a small atlas."""
    return min(_MAX_SAMPLES, max(samples // _SHARE, MIN_SAMPLES))


def select(
    attributions: SampleAttributions, class_: int, *, by: By = "influence", count: int | None = None
) -> NDArray[np.int64]:
    """Choose the samples that argue for a class; never one that argues against it, none twice.

    Returns
    -------
    ndarray
        Rows of `attributions`, the strongest first.
    """
    if by not in _KINDS:
        hint = did_you_mean(str(by), _KINDS)
        raise AtlasError(f"by={by!r} is neither 'influence' nor 'winning'.{hint}")
    values = attributions.of(class_)
    order = np.argsort(-values, kind="stable")
    fits = values > 0
    if by == "winning":
        if attributions.winning is None:
            raise AttributionError(
                "Which class a sample argues for most follows from all of them: leave out classes= "
                "in sample_attributions."
            )
        fits &= attributions.winning == class_
    chosen: NDArray[np.int64] = order[fits[order]][:count]
    return chosen


def derived(
    atlas: Atlas,
    influence: Influence,
    xy: NDArray[np.floating],
    selection: Mapping[str, Any],
    grids: Sequence[int] | None,
    settings: LayoutSettings,
    **options: Any,
) -> Atlas:
    """Make an atlas of some samples of another, with a record of what it was chosen from."""
    known = dict(atlas.provenance)
    key = known.pop("key", None)  # of the atlas it is chosen from
    provenance = {
        **known,
        "settings": {**known.get("settings", {}), **asdict(settings), "num_samples": len(xy)},
        "selected": {
            **selection,
            "from_key": key,
            "from_samples": len(atlas),
            "samples": len(xy),
        },
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Atlas(
        atlas.samples.take(influence.origin),
        xy,
        layer=atlas.layer,
        grids=grids_for(len(xy)) if grids is None else grids,
        labels=atlas.labels,
        provenance=provenance,
        notices=atlas.notices,
        min_count=atlas.min_count,
        influence=influence,
        **options,
    )


def grids_for(samples: int) -> tuple[int, int, int]:
    """Return grids such that the cells of the coarsest hold eight samples on average."""
    coarsest = int(np.clip(round((samples / _PER_CELL) ** 0.5), 4, 20))
    return coarsest, 2 * coarsest, 4 * coarsest


def _at_least_one(count: int) -> int:
    if isinstance(count, bool) or int(count) < 1:
        raise AtlasError(f"count={count!r}: a class atlas takes at least one sample.")
    return int(count)
