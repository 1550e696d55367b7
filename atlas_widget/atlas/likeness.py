"""Cosines between an atlas's samples that say what is unlike all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from atlas_widget.atlas.atlas import Atlas

__all__ = ["usual_cosine"]

_REFERENCES = 256  # samples that say which cosine to a sample of another image is usual


def usual_cosine(atlas: Atlas, share: float = 0.05) -> float | None:
    """Return the cosine that nearly all samples have to some sample of another image.

    Parameters
    ----------
    atlas
        The atlas; up to 2,048 of its samples are looked at.
    share
        Part of the samples that are less like any.

    Returns
    -------
    float or None
        None if all samples are of one image.
    """
    rng = np.random.default_rng(0)
    some = np.sort(rng.permutation(len(atlas))[: 8 * _REFERENCES])
    vectors = np.asarray(atlas.activations[some], np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    images = np.asarray(atlas.samples.image_ids)[some]
    asked = rng.permutation(len(some))[:_REFERENCES]
    likeness = np.where(images[asked][:, None] == images, -1.0, vectors[asked] @ vectors.T)
    best = likeness.max(1)
    best = best[best > -1.0]
    return float(np.quantile(best, share)) if len(best) else None
