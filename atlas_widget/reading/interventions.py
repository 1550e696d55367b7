"""Changes of one image's activations at a layer, and their effect on the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas_widget.errors import AtlasError
from atlas_widget.probe import LayerProbe
from atlas_widget.progress import (
    CancelledCallback,
    ProgressCallback,
    check_cancelled,
)
from atlas_widget.reading.classes import Class
from atlas_widget.reading.image_in_layers import ImageInLayers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Deletion", "deletion", "scores_of_maps"]

Floats = NDArray[np.float64]

_BATCH = 16


@dataclass(frozen=True)
class Deletion:
    """A score while positions of a layer are set to zero one after the other, or put back.

    After "RISE" (Petsiuk et al., BMVC 2018), with a layer's positions in place of pixels and zero
    in place of a blur. A control that removes positions in random order says what to expect of an
    order that knows nothing.

    Attributes
    ----------
    layer, about
        Name of the layer and of the class.
    counts
        Numbers of positions removed, or put back, at the points of the curves, (points,).
    deletion
        The score with that many positions removed, those that argue for the class most first.
    insertion
        The score with that many positions in place and all others zero, in the same order.
    random_deletion, random_insertion
        The same in random orders, (orders, points); put back in the reverse of each.
    """

    layer: str
    about: str
    counts: NDArray[np.int64]
    deletion: Floats
    insertion: Floats
    random_deletion: Floats
    random_insertion: Floats

    @property
    def area_deleted(self) -> float:
        """Mean height of the random curves over the deletion curve, in units of the score.

        Positive where the order finds what the score depends on sooner than chance.
        """
        return self._area(self.random_deletion.mean(0) - self.deletion)

    @property
    def area_inserted(self) -> float:
        """Mean height of the insertion curve over the random curves, in units of the score."""
        return self._area(self.insertion - self.random_insertion.mean(0))

    def _area(self, heights: Floats) -> float:
        steps = np.diff(self.counts)
        return float((steps * (heights[1:] + heights[:-1]) / 2).sum() / self.counts[-1])

    def table(self) -> pd.DataFrame:
        """Return the curves, a row a point; the control's mean, minimum and maximum over orders."""
        import pandas as pd

        columns: dict[str, Floats] = {"deletion": self.deletion, "insertion": self.insertion}
        for name, curves in (
            ("random deletion", self.random_deletion),
            ("random insertion", self.random_insertion),
        ):
            columns |= {
                name: curves.mean(0),
                f"{name} min": curves.min(0),
                f"{name} max": curves.max(0),
            }
        return pd.DataFrame(columns, index=pd.Index(self.counts, name="positions"))


def deletion(
    seen: ImageInLayers,
    layer: str,
    class_: Class,
    *,
    points: int = 11,
    orders: int = 10,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> Deletion:
    """Measure how a score falls and rises as positions are removed and put back.

    Parameters
    ----------
    seen
        The image.
    layer, class_, points, orders, seed, progress, cancelled
        See `ImageReading.deletion`.
    """
    number = seen.names.number(class_)
    values = seen.contributions(layer, class_).products.sum(0).numpy()
    probe, rgb = seen.probe(layer), seen.rgb
    count = values.size
    if points < 2:
        raise AtlasError(f"points={points!r}: 2 or more, both ends of the curve included.")
    if orders < 1:
        raise AtlasError(f"orders={orders!r}: 1 or more random orders as a control.")
    half = np.linspace(0, count, points).round().astype(np.int64)[: (points + 1) // 2]
    counts = np.unique(np.concatenate([half, count - half]))
    rng = np.random.default_rng(seed)
    own = np.argsort(-values.ravel(), kind="stable")
    orders_of_removal = [own, own[::-1], *(rng.permutation(count) for _ in range(orders))]
    inner = counts[1:-1]
    kept = [np.ones((1, count), np.bool_), np.zeros((1, count), np.bool_)]
    for order in orders_of_removal:
        rank = np.empty(count, np.int64)
        rank[order] = np.arange(count)
        kept.append(rank[None] >= inner[:, None])
    masks = torch.from_numpy(np.concatenate(kept).reshape(-1, 1, *values.shape))
    scores = []
    for start in range(0, len(masks), _BATCH):
        check_cancelled(cancelled)
        some = masks[start : start + _BATCH]
        scores.append(_masked_scores(probe, rgb, some)[:, number])
        if progress is not None:
            progress(min(start + _BATCH, len(masks)), len(masks))
    found = torch.cat(scores).numpy()
    curves = np.empty((len(orders_of_removal), len(counts)))
    curves[:, 0], curves[:, -1] = found[0], found[1]
    curves[:, 1:-1] = found[2:].reshape(len(curves), -1)
    # what is put back in one order is what remains of a removal in the reversed one
    about = seen.names.name(number)
    return Deletion(layer, about, counts, curves[0], curves[1, ::-1], curves[2:], curves[2:, ::-1])


def _masked_scores(probe: LayerProbe, rgb: Tensor, masks: Tensor) -> Tensor:
    batch = rgb.expand(len(masks), -1, -1, -1)
    output = probe.intervene(batch, lambda maps: maps * masks.to(maps))
    return probe.target.scores(output, len(masks)).cpu().double()


def scores_of_maps(probe: LayerProbe, rgb: Tensor, maps: Sequence[Tensor | None]) -> Tensor:
    """Return the scores with a layer's map exchanged for each of several, float64 (maps, classes).

    Parameters
    ----------
    probe
        The layer.
    rgb
        RGB in [0, 1], (1, 3, h, w).
    maps
        Each (channels, rows, columns), or None for the image's own.
    """
    found = []
    for start in range(0, len(maps), _BATCH):
        some = maps[start : start + _BATCH]

        def exchanged(own: Tensor, some: Sequence[Tensor | None] = some) -> Tensor:
            rows = [
                mine if new is None else new.to(mine)
                for mine, new in zip(own.unbind(), some, strict=True)
            ]
            return torch.stack(rows)

        output = probe.plain.intervene(rgb.expand(len(some), -1, -1, -1), exchanged)
        found.append(probe.target.scores(output, len(some)).cpu().double())
    return torch.cat(found)
