"""Removing or adding a direction at a layer, to see whether what attribution predicts happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from atlas_widget.attribution import Target, as_target, scores_that_matter
from atlas_widget.attribution.class_names import class_name
from atlas_widget.causes.causal_test import CausalTest
from atlas_widget.errors import AtlasError, did_you_mean
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.opening import opened
from atlas_widget.probe.pictures import as_rgb
from atlas_widget.probe.targets import Classes
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

__all__ = ["ablate", "steer"]

Where = Literal["present", "everywhere"]
Change = Callable[[Tensor, Tensor], Tensor]
"""From maps (n, c, rows, columns) and directions (n, c, 1, 1) to what is added to the maps."""

_PLACES = ("present", "everywhere")
_SCORES = 5  # by default, so many that the pictures score highest


def ablate(
    model: nn.Module | LayerProbe,
    layer: str | None,
    images: Any,
    positions: ArrayLike | Where,
    directions: ArrayLike,
    *,
    target: Any = None,
    presence: float = 0.5,
    labels: Sequence[str] | None = None,
    transform: Any = None,
    device: str | torch.device | None = None,
    batch_size: int = 8,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> CausalTest:
    """Remove a direction from a layer's activations on real pictures, and see what happens.

    An activation h loses its part along the direction, (h · v) v / (v · v), where that is positive:
    what is not there cannot be taken away.

    Parameters
    ----------
    model : nn.Module or LayerProbe
        A model, left exactly as it is; or a probe, which is faster for several calls.
    layer : str
        A name from ``list_layers(model)``; None where `model` is a probe.
    images : Tensor, array or list of PIL images
        RGB: a tensor (n, 3, h, w) with values in [0, 1], before normalisation.
    positions : array_like of int, (n, 2), or {"present", "everywhere"}
        Where: a row and a column on the layer's map for each picture; wherever the activation's
        cosine to the direction is at least `presence`; or at all positions.
    directions : array_like, (channels,) or (n, channels)
        Such as a cell's mean; one for all pictures or one for each.
    target : optional
        The scores that are looked at, as for `attribute`; by default the five classes that these
        pictures score highest.
    presence : float
        In (0, 1].
    labels : sequence of str, optional
        The classes' names.
    transform, device : optional
        As for `LayerProbe`.
    batch_size : int
        Pictures at a time.
    progress, cancelled : callable, optional
        Called with (pictures done, pictures); asked before each batch.

    Returns
    -------
    CausalTest
    """

    def change(maps: Tensor, directions: Tensor) -> Tensor:
        power = (directions * directions).sum(1, keepdim=True)
        part = (maps * directions).sum(1, keepdim=True) / power
        return -part.clamp_min(0) * directions

    where = _Where.of(positions, presence)
    with opened(model, layer, transform, device) as probe:
        return _run(
            probe,
            images,
            where,
            directions,
            change,
            f"direction removed {where.words}",
            target=target,
            labels=labels,
            batch_size=batch_size,
            progress=progress,
            cancelled=cancelled,
        )


def steer(
    model: nn.Module | LayerProbe,
    layer: str | None,
    images: Any,
    positions: ArrayLike | Where,
    directions: ArrayLike,
    alpha: float = 1.0,
    *,
    target: Any = None,
    presence: float = 0.5,
    labels: Sequence[str] | None = None,
    transform: Any = None,
    device: str | torch.device | None = None,
    batch_size: int = 8,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> CausalTest:
    """Add a direction, times `alpha`, to a layer's activations on real pictures.

    Parameters
    ----------
    alpha : float
        How much of it. With a cell's mean as the direction, 1 adds as much as the cell has.
    model, layer, images, positions, directions, target, presence, labels, transform, device, \
batch_size, progress, cancelled
        As for `ablate`.

    Returns
    -------
    CausalTest
    """
    if not np.isfinite(alpha) or alpha == 0:
        raise AtlasError(f"alpha={alpha!r}: how much of the direction to add, a number but not 0.")

    def change(maps: Tensor, directions: Tensor) -> Tensor:
        return (alpha * directions).expand_as(maps)

    where = _Where.of(positions, presence)
    with opened(model, layer, transform, device) as probe:
        return _run(
            probe,
            images,
            where,
            directions,
            change,
            f"{alpha:+g} × direction {where.words}",
            target=target,
            labels=labels,
            batch_size=batch_size,
            progress=progress,
            cancelled=cancelled,
        )


class _Where:
    """At which positions of the maps something changes."""

    def __init__(self, positions: NDArray[np.integer] | str, presence: float) -> None:
        self.positions = positions
        self.presence = presence

    @classmethod
    def of(cls, positions: ArrayLike | Where, presence: float) -> _Where:
        """Check the arguments."""
        if not 0 < presence <= 1:
            raise AtlasError(f"presence={presence!r}: a cosine above 0 and at most 1.")
        if isinstance(positions, str):
            if positions not in _PLACES:
                hint = did_you_mean(positions, _PLACES)
                raise AtlasError(
                    f"positions={positions!r}: a row and a column for each picture, 'present' or "
                    f"'everywhere'.{hint}"
                )
            return cls(positions, presence)
        return cls(np.asarray(positions), presence)

    @property
    def words(self) -> str:
        if not isinstance(self.positions, str):
            return "at one position"
        return "everywhere" if self.positions == "everywhere" else "where it is present"

    def check(self, count: int, map_size: tuple[int, int]) -> None:
        """Raise if the positions do not fit the pictures."""
        if isinstance(self.positions, str):
            return
        given = self.positions
        if given.shape != (count, 2) or not np.issubdtype(given.dtype, np.integer):
            raise AtlasError(
                f"positions must be integers of shape ({count}, 2), a row and a column for each "
                f"picture, not {given.dtype} of shape {given.shape}."
            )
        if (given < 0).any() or (given >= np.array(map_size)).any():
            rows, columns = map_size
            raise AtlasError(f"positions reach beyond the layer's {rows} × {columns} map.")

    def mask(self, maps: Tensor, directions: Tensor, here: slice) -> Tensor:
        """Return (n, 1, rows, columns): whether to change a position of these pictures' maps."""
        shape = (len(maps), 1, *maps.shape[2:])
        if isinstance(self.positions, str):
            if self.positions == "everywhere":
                return torch.ones(shape, dtype=torch.bool, device=maps.device)
            cosine = torch.cosine_similarity(maps, directions.expand_as(maps), dim=1)
            return cosine[:, None] >= self.presence
        chosen = torch.zeros(shape, dtype=torch.bool, device=maps.device)
        rows, columns = torch.as_tensor(self.positions[here].T.copy(), dtype=torch.int64)
        chosen[torch.arange(len(maps)), 0, rows, columns] = True
        return chosen


def _run(
    probe: LayerProbe,
    images: Any,
    where: _Where,
    directions: ArrayLike,
    change: Change,
    what: str,
    *,
    target: Any,
    labels: Sequence[str] | None,
    batch_size: int,
    progress: ProgressCallback | None,
    cancelled: CancelledCallback | None,
) -> CausalTest:
    rgb = as_rgb(images, probe.input_size)
    where.check(len(rgb), probe.map_size_at(rgb.shape[2], rgb.shape[3]))
    vectors = _directions(directions, len(rgb), probe)
    if batch_size < 1:
        raise AtlasError(f"batch_size must be at least 1, not {batch_size}.")
    if target is None:
        about: Target = Classes(scores_that_matter(probe, rgb, count=_SCORES))
    else:
        about = as_target(target).for_probe(probe)
    predicted, actual, changed = [], [], []
    for start in range(0, len(rgb), batch_size):
        check_cancelled(cancelled)
        here = slice(start, start + batch_size)
        batch, along = rgb[here], vectors[here]
        maps, gradients = probe.derivatives.gradients(batch, about.scores)
        added = change(maps, along) * where.mask(maps, along, here)
        predicted.append(torch.stack([(added * each).sum((1, 2, 3)) for each in gradients], 1))
        before = _scores(probe, about, batch, torch.zeros_like(added))
        actual.append(_scores(probe, about, batch, added) - before)
        changed.append((added != 0).any(1).sum((1, 2)))
        if progress is not None:
            progress(min(start + batch_size, len(rgb)), len(rgb))
    return CausalTest(
        torch.cat(predicted).float().cpu().numpy(),
        torch.cat(actual).float().cpu().numpy(),
        _names(about, labels, probe),
        torch.cat(changed).cpu().numpy(),
        what,
    )


def _scores(probe: LayerProbe, about: Target, batch: Tensor, added: Tensor) -> Tensor:
    output = probe.intervene(batch, lambda maps: maps + added.to(maps))
    return about.scores(output, len(batch))


def _directions(directions: ArrayLike, count: int, probe: LayerProbe) -> Tensor:
    vectors = torch.as_tensor(np.asarray(directions, np.float32), device=probe.device)
    if vectors.shape == (probe.channels,):
        vectors = vectors.expand(count, -1)
    if vectors.shape != (count, probe.channels):
        raise AtlasError(
            f"directions has the shape {tuple(vectors.shape)}: layer {probe.layer!r} takes "
            f"({probe.channels},), or ({count}, {probe.channels}) with one for each picture."
        )
    if not torch.isfinite(vectors).all() or not vectors.any(dim=1).all():
        raise AtlasError("A direction is zero or not finite.")
    return vectors[:, :, None, None]


def _names(about: Target, labels: Sequence[str] | None, probe: LayerProbe) -> tuple[str, ...]:
    if isinstance(about, Classes):
        return tuple(class_name(index, labels) for index in about.indices)
    if about.names is not None:
        return about.names
    return tuple(class_name(index, labels) for index in range(probe.num_classes or 0))
