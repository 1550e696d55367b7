"""What a position of a picture, or a cell of an atlas, argues for among the classes.

For the activation h of a layer at one position, the value for a class is h · ∂score/∂h: how much
that position contributes to the class's score (before a softmax), to first order.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtr, stdtrit
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, AttributionError
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


@dataclass(frozen=True)
class ClassValue:
    """What a cell argues for a class: the mean over its samples, with a 95 % interval.

    With a single sample there is no interval: `low` and `high` are NaN.

    Attributes
    ----------
    index : int
        Of the class.
    value, low, high : float
    clear : bool
        Whether the mean differs from zero by more than chance explains, given how many classes
        there were to pick it from (false discovery rate of 10 %). The interval alone does not say
        so: among a thousand classes of pure noise, some intervals always lie above zero.
    """

    index: int
    value: float
    low: float
    high: float
    clear: bool = False


def attribution_interval(
    values: ArrayLike, seed: int = 0, *, resamples: int = 1000, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Return the mean over samples and its bootstrap interval, for every class.

    Parameters
    ----------
    values : array_like, (samples, classes)
    seed : int
        Of the resampling.
    resamples : int
    level : float
        Share of the resampled means that lie within.

    Returns
    -------
    mean, low, high : ndarray, (classes,)
        The interval is that of the percentiles, widened for few samples as Student's t is wider
        than the normal distribution. `low` and `high` are NaN for a single sample.
    """
    samples = np.asarray(values, dtype=np.float64)
    if samples.ndim != 2 or len(samples) == 0:
        raise AttributionError(
            f"Class values are (samples, classes) with at least one sample, not {samples.shape}."
        )
    count = len(samples)
    mean = samples.mean(0)
    if count == 1:
        unknown = np.full(mean.shape, np.nan, np.float32)
        return mean.astype(np.float32), unknown, unknown.copy()
    drawn = np.random.default_rng(seed).multinomial(
        count, np.full(count, 1 / count), size=resamples
    )
    edge = (1 - level) / 2
    # Resampling a few values understates how far their mean may be off; this makes up for it.
    widened = math.sqrt(count / (count - 1)) * stdtrit(count - 1, edge) / ndtri(edge)
    means = drawn @ (samples - mean) / count * widened
    low, high = np.quantile(means, [edge, 1 - edge], axis=0)
    return (
        mean.astype(np.float32),
        (mean + low).astype(np.float32),
        (mean + high).astype(np.float32),
    )


def top_classes(
    values: ArrayLike, *, count: int = 5, seed: int = 0
) -> tuple[list[ClassValue], list[ClassValue]]:
    """Return the classes that samples argue for most, and those they argue against most.

    Parameters
    ----------
    values : array_like, (samples, classes)
    count : int
        At most so many of each; only positive means are *for*, only negative ones *against*.
    seed : int

    Returns
    -------
    in_favour, against : list of ClassValue
        Strongest first.
    """
    samples = np.asarray(values, dtype=np.float64)
    if samples.ndim != 2 or len(samples) == 0:
        raise AttributionError(
            f"Class values are (samples, classes) with at least one sample, not {samples.shape}."
        )
    means = samples.mean(0)
    order = np.argsort(-means, kind="stable")
    highest = [index for index in order[:count] if means[index] > 0]
    lowest = [index for index in order[::-1][:count] if means[index] < 0]
    picked = [*highest, *lowest]
    # Only what is shown needs an interval; a thousand of them would take a tenth of a second.
    mean, low, high = attribution_interval(samples[:, picked], seed)
    clear = _discoveries(samples)
    found = [
        ClassValue(int(index), float(mean[k]), float(low[k]), float(high[k]), bool(clear[index]))
        for k, index in enumerate(picked)
    ]
    return found[: len(highest)], found[len(highest) :]


def label_of(in_favour: Sequence[ClassValue], labels: Sequence[str] | None = None) -> str | None:
    """Return a cell's label: a class only where the samples leave little doubt.

    Parameters
    ----------
    in_favour : sequence of ClassValue
        From `top_classes`, strongest first.
    labels : sequence of str, optional
        Names by index; classes beyond them are called by number.

    Returns
    -------
    str or None
        The top class if its interval lies above zero and above the runner-up's mean;
        ``"mixed: a, b"`` if the two strongest are both clear; else None.
    """
    if not in_favour or not in_favour[0].low > 0:
        return None
    top, *others = in_favour
    if not others or top.low > others[0].value:
        return _name(top.index, labels)
    if top.clear and others[0].clear:
        return f"mixed: {_name(top.index, labels)}, {_name(others[0].index, labels)}"
    return None


def _discoveries(samples: NDArray[np.float64], rate: float = 0.1) -> NDArray[np.bool_]:
    """Say for which columns the mean is not zero: t-test, Benjamini and Hochberg's correction."""
    count, classes = samples.shape
    if count < 2:
        return np.zeros(classes, np.bool_)
    error = samples.std(0, ddof=1) / math.sqrt(count)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.nan_to_num(np.abs(samples.mean(0)) / error, posinf=np.inf)
    chance = 2 * stdtr(count - 1, -distance)
    order = np.argsort(chance)
    passing = np.flatnonzero(chance[order] <= rate * np.arange(1, classes + 1) / classes)
    found = np.zeros(classes, np.bool_)
    if len(passing):
        found[order[: passing[-1] + 1]] = True
    return found


def _name(index: int, labels: Sequence[str] | None) -> str:
    return str(labels[index]) if labels is not None and index < len(labels) else f"class {index}"


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
