"""A series of atlases over the same samples: checkpoints of a training run, or layers in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from atlas_widget.atlas import Atlas
from atlas_widget.comparison.compare import (
    CONTROLS,
    MAX_SAMPLES,
    NEIGHBORS,
    check_enough,
    check_numbers,
    compare_restricted,
    restricted,
    tell_apart,
)
from atlas_widget.comparison.neighborhoods import nearest_elsewhere
from atlas_widget.comparison.pairing import common_samples
from atlas_widget.comparison.placing import SPRING
from atlas_widget.comparison.resampling import image_interval
from atlas_widget.comparison.result import AtlasComparison
from atlas_widget.errors import AtlasError
from atlas_widget.probe.devices import usable_device
from atlas_widget.progress import CancelledCallback, ProgressCallback, progress_of_part

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["AtlasSeries", "compare_series"]

_SHOWN = ("agreement", "cka", "displacement", "trust", "trust_free")


@dataclass(frozen=True, eq=False)
class AtlasSeries:
    """Atlases over the same samples, each laid out beside the one before; from `compare_series`.

    Attributes
    ----------
    atlases : list of Atlas
        Row i of all is the same position of the same crop.
    names : tuple of str
        What to call them.
    images : ndarray of int64, shape (n,)
        A number for each sample's image.
    comparisons : list of AtlasComparison
        One for each but the first: the one before as a, it as b.
    neighbors : int
        How many neighbours a neighbourhood has.
    notices : tuple of str
        What was left out.
    """

    atlases: list[Atlas]
    names: tuple[str, ...]
    images: NDArray[np.int64]
    comparisons: list[AtlasComparison]
    neighbors: int = NEIGHBORS
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.atlases)

    def __repr__(self) -> str:
        return (
            f"<AtlasSeries of {len(self)} atlases over {len(self.images):,} samples: "
            f"{', '.join(self.names)}>"
        )

    @property
    def places(self) -> NDArray[np.float32]:
        """Places of each sample in each map, (atlases, n, 2), in [0, 1]."""
        return np.stack([atlas.xy for atlas in self.atlases])

    def table(self, classes: Sequence[Any] | None = None) -> pd.DataFrame:
        """Return what changes from each atlas to the next, a row an atlas.

        Parameters
        ----------
        classes : sequence, optional
            The class of each image of the source, or of each sample.

        Returns
        -------
        DataFrame
            Indexed by ``name``: scores of the comparison with the atlas before, missing for the
            first, as `AtlasComparison.table` has them; with classes also ``same_class``, the share
            of a sample's neighbours that are of its class, corrected for chance (0 if classes are
            mixed, 1 if they are apart), with ``same_class_low`` and ``same_class_high``, a 95 %
            interval by image.
        """
        rows: list[dict[str, float]] = [dict.fromkeys(_SHOWN, float("nan"))]
        rows += [
            {name: float(comparison.scores["value"][name]) for name in _SHOWN}
            for comparison in self.comparisons
        ]
        table = pd.DataFrame(rows, index=pd.Index(self.names, name="name"))
        if classes is not None:
            kinds = self._kinds(classes)
            apart = [self._same_class(atlas, kinds) for atlas in self.atlases]
            names = ["same_class", "same_class_low", "same_class_high"]
            table[names] = np.asarray(apart)
        return table

    def to_figure(self, classes: Sequence[Any] | None = None) -> Figure:
        """Draw the maps as a filmstrip, a dot a sample.

        Parameters
        ----------
        classes : sequence, optional
            The class of each image of the source, or of each sample, which gives its colour; by
            default its place on the first map does.

        Returns
        -------
        matplotlib.figure.Figure
            Made without pyplot: it is shown by returning it from a notebook's cell.
        """
        from atlas_widget.comparison.figure import series_figure

        kinds = None
        if classes is None:
            notes = [""] + [
                f"agreement {comparison.scores['value']['agreement']:.2f}"
                for comparison in self.comparisons
            ]
        else:
            kinds = self._kinds(classes)
            notes = [
                f"same class {self._same_class(atlas, kinds)[0]:.2f}" for atlas in self.atlases
            ]
        return series_figure(self.places, self.names, None if kinds is None else list(kinds), notes)

    def _kinds(self, classes: Sequence[Any]) -> NDArray[Any]:
        """Return the class of each sample."""
        given = np.asarray(classes)
        samples = self.atlases[0].samples
        of_images = np.asarray(samples.image_indices)[samples.image_ids]
        if given.ndim == 1 and len(given) == len(samples) and len(given) <= of_images.max():
            return given
        if given.ndim == 1 and len(given) > of_images.max():
            return given[of_images]
        raise AtlasError(
            f"classes has the shape {given.shape}: one for each image of the source (there are "
            f"{int(of_images.max()) + 1:,} at least) or for each of {len(samples):,} samples."
        )

    def _same_class(self, atlas: Atlas, kinds: NDArray[Any]) -> tuple[float, float, float]:
        _, number, sizes = np.unique(kinds, return_inverse=True, return_counts=True)
        number = number.reshape(-1)
        near = nearest_elsewhere(
            np.asarray(atlas.activations, np.float32), self.images, self.neighbors
        )
        same = (number[near] == number[:, None]).mean(1)
        # samples of other images, and those among them of the sample's class
        pairs = pd.DataFrame({"image": self.images, "kind": number})
        own = pairs.groupby("image")["kind"].transform("size").to_numpy()
        own_kind = pairs.groupby(["image", "kind"])["kind"].transform("size").to_numpy()
        chance = (sizes[number] - own_kind) / (len(number) - own)
        beyond = (same - chance) / np.maximum(1 - chance, 1e-9)
        return image_interval(beyond, self.images)


def compare_series(
    atlases: Sequence[Atlas],
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
) -> AtlasSeries:
    """Compare atlases over the same images in turn: checkpoints, or layers from first to last.

    The samples that all have are used. The first map stays as it is; each further atlas is laid out
    beside the one before it as `compare_atlases` does.

    Parameters
    ----------
    atlases : sequence of Atlas
        Two or more, in order. Build them at the places of one, ``Atlas.build(…, like=first)``;
        checkpoints of one layer have the same places anyway.
    names : sequence of str, optional
        What to call them, such as the epochs.
    neighbors, spring, controls, max_samples, seed, device, cancelled
        See `compare_atlases`.
    progress : callable, optional
        Called with how much is done, and how much there is in all.

    Returns
    -------
    AtlasSeries

    Raises
    ------
    OtherCollectionError
        The atlases are of other images, were sampled differently, or have too few samples in
        common.
    AtlasError
        There are fewer than two, or an argument is out of range.

    Examples
    --------
    >>> atlases = [Atlas.build(load(epoch), "features", images) for epoch in range(10)]
    >>> series = compare_series(atlases, names=[f"epoch {epoch}" for epoch in range(10)])
    >>> series.to_figure(classes=labels)
    """
    check_numbers(neighbors, spring, controls)
    given = [atlases] if isinstance(atlases, Atlas) else list(atlases)
    if len(given) < 2:
        raise AtlasError(f"A series has two atlases or more, in order, not {len(given)}.")
    told = [f"atlases[{at}]" for at in range(len(given))]
    common = common_samples(given, told, most=max_samples, seed=seed)
    check_enough(common.images, neighbors)
    called = tell_apart(given, names)
    chosen = [restricted(atlas, rows) for atlas, rows in zip(given, common.rows, strict=True)]
    where, steps = usable_device(device), len(chosen) - 1
    placed, comparisons = [chosen[0]], []
    for at, atlas in enumerate(chosen[1:], 1):
        found = compare_restricted(
            placed[-1],
            atlas,
            common.images,
            names=called[at - 1 : at + 1],
            neighbors=neighbors,
            spring=spring,
            controls=controls,
            seed=seed,
            device=where,
            progress=None if progress is None else progress_of_part(progress, at - 1, steps),
            cancelled=cancelled,
        )
        comparisons.append(found)
        placed.append(found.b)
    notices = (common.notice,) if common.notice else ()
    return AtlasSeries(placed, called, common.images, comparisons, neighbors, notices)
