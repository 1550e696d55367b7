"""What a position of a picture, or a cell of an atlas, argues for among the classes.

For the activation h of a layer at one position, the value for a class is h · ∂score/∂h: how much
that position contributes to the class's score (before a softmax), to first order.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.evidence import ClassValue, attribution_interval, label_of, top_classes
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.pictures import as_rgb

__all__ = [
    "ClassValue",
    "attribute",
    "attribution_interval",
    "attribution_map",
    "class_values",
    "label_of",
    "top_classes",
]

Floats = NDArray[np.float32]


def attribute(
    model: nn.Module | LayerProbe,
    layer: str | None,
    images: Any,
    positions: ArrayLike,
    *,
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
    transform, device
        As for `LayerProbe`.
    batch_size : int
        Pictures at a time.

    Returns
    -------
    ndarray, (n, classes)
        h · ∂score/∂h. At a last convolution followed by global average pooling and a linear
        layer, its sum over all positions is the score without the bias.

    Notes
    -----
    Layer normalisation does not see the length of its input. Where all that follows reads a
    position through one (patch tokens before a transformer's last block), the values are zero.
    """
    with _probe(model, layer, transform, device) as probe:
        return class_values(probe, images, positions, batch_size=batch_size)


def attribution_map(
    model: nn.Module | LayerProbe,
    layer: str | None,
    images: Any,
    classes: int | Sequence[int],
    *,
    transform: Any = None,
    device: str | torch.device | None = None,
    batch_size: int = 8,
) -> Floats:
    """Return what every position of each picture contributes to the scores of some classes.

    Parameters
    ----------
    model, layer, images, transform, device, batch_size
        As for `attribute`.
    classes : int or sequence of int
        Indices of the classes.

    Returns
    -------
    ndarray, (n, classes, rows, columns)
        On the layer's map; tokens that are no part of the picture are left out.
    """
    with _probe(model, layer, transform, device) as probe:
        count = _count_of_classes(probe)
        wanted = [int(index) for index in np.atleast_1d(np.asarray(classes, dtype=np.int64))]
        for index in wanted:
            if not 0 <= index < count:
                raise AttributionError(f"Class {index} is not among 0 to {count - 1}.")
        rgb = as_rgb(images, probe.input_size)
        maps = []
        for start in range(0, len(rgb), _positive(batch_size)):
            batch = rgb[start : start + batch_size]
            activations, gradients = probe.derivatives.gradients(batch, wanted)
            values = [(activations * gradient).sum(1) for gradient in gradients]
            maps.append(torch.stack(values, 1).float().cpu())
        return torch.cat(maps).numpy()


def class_values(
    probe: LayerProbe, images: Any, positions: ArrayLike, *, batch_size: int = 16
) -> Floats:
    """Do what `attribute` does with a probe that is open already."""
    _count_of_classes(probe)
    rgb = as_rgb(images, probe.input_size)
    where = _positions(positions, probe, rgb)
    values = []
    for start in range(0, len(rgb), _positive(batch_size)):
        here = slice(start, start + batch_size)
        rows, columns = where[here].T
        values.append(probe.derivatives.along_positions(rgb[here], rows, columns).cpu())
    notice = probe.derivatives.notice
    if notice and notice not in probe.notices:
        probe.notices.append(notice)
    return torch.cat(values).numpy()


@contextmanager
def _probe(
    model: nn.Module | LayerProbe,
    layer: str | None,
    transform: Any,
    device: str | torch.device | None,
) -> Iterator[LayerProbe]:
    if isinstance(model, LayerProbe):
        if layer is not None and layer != model.layer:
            raise AtlasError(
                f"The probe is of layer {model.layer!r}, not {layer!r}; pass layer=None or the "
                "model itself."
            )
        yield model
        return
    if layer is None:
        raise AtlasError("Give the name of a layer; list_layers(model) lists all.")
    with LayerProbe(model, layer, transform=transform, device=device) as probe:
        yield probe
        for notice in probe.notices:
            warnings.warn(notice, stacklevel=4)  # the line that called attribute


def _count_of_classes(probe: LayerProbe) -> int:
    if probe.num_classes is None or probe.no_classes is not None:
        raise AttributionError(probe.no_classes or "The model has no classes.")
    return probe.num_classes


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
