"""Attribution of class scores, or other targets, to positions of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.derivatives import MaxPool
from atlas_widget.probe.opening import opened
from atlas_widget.probe.pictures import as_rgb
from atlas_widget.probe.targets import Target, as_target

__all__ = [
    "attribute",
    "attribution_map",
    "channel_attribution",
    "class_values",
    "scores_that_matter",
]

Floats = NDArray[np.float32]


_MATTERING = 32
"""Maximum number of scores where each costs a pass of its own: a thousand take minutes."""


def attribute(
    model: nn.Module | LayerProbe,
    layer: str | None,
    images: Any,
    positions: ArrayLike,
    *,
    target: Any = None,
    max_pool: MaxPool = "plain",
    transform: Any = None,
    device: str | torch.device | None = None,
    batch_size: int = 16,
) -> Floats:
    """Return what one position of each picture contributes to the score of every class.

    All classes at once, by forward-mode differentiation of the rest of the network.

    Parameters
    ----------
    model : nn.Module or LayerProbe
        A model, left exactly as it is; or a probe, which is faster for several calls.
    layer : str
        A name from ``list_layers(model)``; None where `model` is a probe.
    images : Tensor, array or list of PIL images
        RGB: a tensor (n, 3, h, w) with values in [0, 1], before normalisation.
    positions : array_like of int, (n, 2)
        Row and column on the layer's map, one position per picture.
    target : int, callable, sequence or mapping of these, Target, optional
        What else than all classes, or the probe's own target, to attribute to: ``3``, ``[3, 5]``,
        ``lambda output: output[:, 3] - output[:, 5]``, ``{"boat": boat, "water": water}`` or
        `similarity_to`. A function is given the model's output as it is and returns one value a
        picture.
    max_pool : {"plain", "relaxed"}
        How max pooling is differentiated: exactly, where the greatest value of a window gets all
        the credit, or shared among its values in proportion to their size, as in *The Building
        Blocks of Interpretability*. It hides chance, and part of what the model does.
    transform, device
        As for `LayerProbe`.
    batch_size : int
        Pictures at a time.

    Returns
    -------
    ndarray, (n, classes)
        h · ∂score/∂h. At a last convolution followed by global average pooling and a linear
        layer, its sum over all positions is the score without the bias. With a `target`, as many
        columns as it has values.

    Notes
    -----
    Layer normalisation does not see the length of its input. Where all that follows reads a
    position through one (patch tokens before a transformer's last block), the values are zero.

    Where an operation of the model knows no forward mode, reverse mode is used and a warning says
    so. Where it cannot be differentiated twice either, each class costs a pass of its own: of more
    than 32 then only those are computed which the pictures score highest, and the others are NaN.
    """
    with opened(model, layer, transform, device) as probe:
        return class_values(
            probe, images, positions, batch_size=batch_size, target=target, max_pool=max_pool
        )


def attribution_map(
    model: nn.Module | LayerProbe,
    layer: str | None,
    images: Any,
    classes: int | Sequence[int] | None = None,
    *,
    target: Any = None,
    max_pool: MaxPool = "plain",
    transform: Any = None,
    device: str | torch.device | None = None,
    batch_size: int = 8,
) -> Floats:
    """Return what every position of each picture contributes to the scores of some classes.

    Parameters
    ----------
    model, layer, images, max_pool, transform, device, batch_size
        As for `attribute`.
    classes : int or sequence of int
        Indices of the classes.
    target : optional
        Anything else that `attribute` takes, in place of `classes`.

    Returns
    -------
    ndarray, (n, classes, rows, columns)
        On the layer's map; tokens that are no part of the picture are left out.
    """
    with opened(model, layer, transform, device) as probe:
        return _summed(probe, images, classes, target, (1,), max_pool, batch_size)


def channel_attribution(
    model: nn.Module | LayerProbe,
    layer: str | None,
    images: Any,
    classes: int | Sequence[int] | None = None,
    *,
    target: Any = None,
    max_pool: MaxPool = "plain",
    transform: Any = None,
    device: str | torch.device | None = None,
    batch_size: int = 8,
) -> Floats:
    """Return what every channel contributes, over all positions, to the scores of some classes.

    The contributions of a picture's channels and those of its positions (`attribution_map`) have
    the same sum.

    Parameters
    ----------
    model, layer, images, classes, target, max_pool, transform, device, batch_size
        As for `attribution_map`.

    Returns
    -------
    ndarray, (n, classes, channels)
    """
    with opened(model, layer, transform, device) as probe:
        return _summed(probe, images, classes, target, (2, 3), max_pool, batch_size)


def _summed(
    probe: LayerProbe,
    images: Any,
    classes: int | Sequence[int] | None,
    target: Any,
    over: tuple[int, ...],
    max_pool: MaxPool,
    batch_size: int,
) -> Floats:
    """Return activation times gradient, summed over dimensions of the layer's map."""
    if (classes is None) == (target is None):
        raise AttributionError("Give either classes or target: what the maps are to be about.")
    about = _about(probe, target if classes is None else classes)
    rgb = as_rgb(images, probe.input_size)
    parts = []
    for start in range(0, len(rgb), _positive(batch_size)):
        batch = rgb[start : start + batch_size]
        activations, gradients = probe.derivatives.gradients(
            batch, about.scores, max_pool=_checked(max_pool)
        )
        values = [(activations * gradient).sum(over) for gradient in gradients]
        parts.append(torch.stack(values, 1).float().cpu())
    _pass_on_notices(probe)
    return torch.cat(parts).numpy()


def class_values(
    probe: LayerProbe,
    images: Any,
    positions: ArrayLike,
    *,
    batch_size: int = 16,
    target: Any = None,
    max_pool: MaxPool = "plain",
    only: Sequence[int] | None = None,
) -> Floats:
    """Do what `attribute` does with a probe that is open already.

    Parameters
    ----------
    probe, images, positions, batch_size, target, max_pool
        As for `attribute`.
    only : sequence of int, optional
        Which columns to compute where each costs a pass of its own
        (``probe.derivatives.one_by_one``); by default `scores_that_matter` of these pictures.
    """
    about = _about(probe, target)
    rgb = as_rgb(images, probe.input_size)
    where = _positions(positions, probe, rgb)
    derivatives = probe.derivatives
    derivatives.try_modes(rgb, about.scores)
    if derivatives.one_by_one and only is None:
        only = scores_that_matter(probe, rgb, target=about)
    values = []
    for start in range(0, len(rgb), _positive(batch_size)):
        here = slice(start, start + batch_size)
        rows, columns = where[here].T
        found = derivatives.along_positions(
            rgb[here], rows, columns, about.scores, max_pool=_checked(max_pool), only=only
        )
        values.append(found.cpu())
    _pass_on_notices(probe)
    return torch.cat(values).numpy()


def scores_that_matter(
    probe: LayerProbe, images: Any, *, target: Any = None, count: int = _MATTERING
) -> list[int]:
    """Return which scores some pictures have the highest values of, on average; ascending.

    Parameters
    ----------
    probe : LayerProbe
    images
        As for `attribute`.
    target : optional
        As for `attribute`.
    count : int
        How many; all if there are no more.
    """
    about = _about(probe, target)
    rgb = as_rgb(images, probe.input_size)
    batches = (rgb[start : start + 16] for start in range(0, len(rgb), 16))
    parts = [about.scores(probe.run(batch), len(batch)) for batch in batches]
    scores = torch.cat(parts).float().cpu()
    # each picture's own strongest come first, so that none is drowned by the average
    rank = scores.argsort(dim=1, descending=True).argsort(dim=1).amin(0)
    order = np.lexsort((-scores.mean(0).numpy(), rank.numpy()))
    return sorted(int(index) for index in order[:count])


def _positions(positions: ArrayLike, probe: LayerProbe, rgb: Tensor) -> Tensor:
    given = np.asarray(positions)
    if given.ndim == 1 and given.shape == (2,):
        given = given[None]
    if given.shape != (len(rgb), 2) or not np.issubdtype(given.dtype, np.integer):
        raise AttributionError(
            f"positions must be integers of shape ({len(rgb)}, 2), a row and a column for each "
            f"picture, not {given.dtype} of shape {given.shape}."
        )
    rows, columns = probe.map_size_at(rgb.shape[2], rgb.shape[3])
    outside = (given < 0).any(1) | (given[:, 0] >= rows) | (given[:, 1] >= columns)
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        raise AttributionError(
            f"Position {tuple(int(value) for value in given[first])} of picture {first} is not on "
            f"the layer's map of {rows} rows and {columns} columns."
        )
    return torch.from_numpy(given.astype(np.int64))


def _positive(batch_size: int) -> int:
    if batch_size < 1:
        raise AtlasError(f"batch_size must be at least 1, not {batch_size}.")
    return batch_size


def _about(probe: LayerProbe, target: Any) -> Target:
    """Return what to attribute to: by default what the probe is about."""
    if target is not None:
        return as_target(target).for_probe(probe)
    if probe.num_classes is None or probe.no_classes is not None:
        raise AttributionError(probe.no_classes or "The model has no classes.")
    return probe.target


def _checked(max_pool: str) -> MaxPool:
    if max_pool not in ("plain", "relaxed"):
        raise AttributionError(f"max_pool is 'plain' or 'relaxed', not {max_pool!r}.")
    return max_pool  # type: ignore[return-value]


def _pass_on_notices(probe: LayerProbe) -> None:
    probe.notices.extend(n for n in probe.derivatives.notices if n not in probe.notices)
