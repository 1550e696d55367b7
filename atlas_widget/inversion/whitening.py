"""Directions that stand out from what the layer does all the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import ActivationsError

__all__ = ["Whitening"]

_CHUNK = 65_536


@dataclass(frozen=True)
class Whitening:
    """S = (Σ + ridge · mean variance · I)⁻¹, with Σ the uncentred second moment of activations.

    A whitened target t = S v weighs down what every activation of the layer shares, so that
    pictures of neighbouring cells differ more, at the price of the true cosine to v (Carter et
    al., Activation Atlas, Distill 2019, have no ridge). Without the ridge directions that hardly
    ever vary would rule everything; a large one is no whitening at all.

    Attributes
    ----------
    matrix
        S, float64 (channels, channels).
    """

    matrix: NDArray[np.float64]

    @classmethod
    def of(cls, activations: Any, *, ridge: float = 1.0) -> Whitening:
        """Measure Σ.

        Parameters
        ----------
        activations
            Shape (n, channels), such as ``atlas.activations``; read in parts. Or ``atlas.moments``,
            which a large atlas has saved, so that nothing is read.
        ridge
            Added to Σ's diagonal, in parts of its mean; greater than 0.
        """
        if not ridge > 0:
            raise ActivationsError(f"ridge={ridge!r}: expected a number above 0, such as 1.0")
        known = getattr(activations, "second_moment", None)
        moment: NDArray[np.float64] = _second_moment(activations) if known is None else known
        channels = len(moment)
        scale = max(float(np.trace(moment)) / channels, 1e-12)
        return cls(np.linalg.inv(moment + ridge * scale * np.eye(channels)).astype(np.float64))

    def __call__(self, directions: Any) -> NDArray[np.float32]:
        """Whitened targets of `directions` (n, channels).

        Each is as long as the projection of its direction on it: an activation that equals the
        direction reaches the target's own strength.
        """
        v = np.atleast_2d(np.asarray(directions, np.float64))
        if v.shape[1] != len(self.matrix):
            raise ActivationsError(
                f"directions have {v.shape[1]} numbers, the whitening was measured on "
                f"{len(self.matrix)} channels"
            )
        t = v @ self.matrix
        square = np.maximum((t * t).sum(1, keepdims=True), 1e-30)
        return np.asarray(t * ((v * t).sum(1, keepdims=True) / square), np.float32)


def _second_moment(activations: Any) -> NDArray[np.float64]:
    rows = activations if hasattr(activations, "shape") else np.asarray(activations)
    if len(rows.shape) != 2 or not len(rows):
        raise ActivationsError(f"activations of shape {tuple(rows.shape)}: expected (n, channels)")
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for start in range(0, len(rows), _CHUNK):
        part = np.asarray(rows[start : start + _CHUNK], np.float64)
        total += part.T @ part
    moment: NDArray[np.float64] = total / len(rows)
    return moment
