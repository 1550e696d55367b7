"""What is usual in a layer, channel by channel, against which a cell's mean stands out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Usual", "usual_activations"]

_MOST = 20_000  # samples; more would not change a mean or a deviation that anybody sees
_BLOCK = 4096


@dataclass(frozen=True)
class Usual:
    """Mean and standard deviation of every channel over all samples, each float32 (channels,)."""

    mean: npt.NDArray[np.float32]
    deviation: npt.NDArray[np.float32]


def usual_activations(activations: npt.NDArray[np.floating], most: int = _MOST) -> Usual:
    """Return the mean and the standard deviation of every channel over the samples.

    Parameters
    ----------
    activations
        Samples, (n, channels); read in blocks, so it may be memory-mapped.
    most
        Of more samples than these, evenly spaced ones are read.
    """
    count, channels = activations.shape
    step = max(1, -(-count // most))
    total, squares, read = np.zeros(channels), np.zeros(channels), 0
    # Shifted by the first sample, or a large mean would drown a small deviation in rounding.
    shift = np.asarray(activations[:1], np.float64).sum(0)
    for start in range(0, count, step * _BLOCK):
        part = np.asarray(activations[start : start + step * _BLOCK : step], np.float64) - shift
        total += part.sum(0)
        squares += np.square(part).sum(0)
        read += len(part)
    mean = total / max(read, 1)
    variance = np.maximum(squares / max(read, 1) - np.square(mean), 0.0)
    return Usual((mean + shift).astype(np.float32), np.sqrt(variance).astype(np.float32))
