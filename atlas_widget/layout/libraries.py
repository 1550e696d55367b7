"""Libraries that lay samples out, each with the parameters that our own UMAP has."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.errors import MissingExtraError

__all__ = ["LIBRARIES", "Embedding", "Library"]

_EXACT = 20_000  # samples; without faiss torchdr makes a matrix of all distances


@runtime_checkable
class Embedding(Protocol):
    """Interface of scikit-learn's estimators that lay out rows."""

    def fit_transform(self, rows: NDArray[np.float32], /) -> Any:
        """Return places, (n, 2), for rows of length 1, (n, channels + 1).

        The last channel is 1 for activations that are zero throughout, and otherwise 0.
        """


@dataclass(frozen=True)
class Library:
    """Location of a library's class ``UMAP``, and its arguments.

    Attributes
    ----------
    module : str
        Where the class is imported from.
    packages : tuple of str
        Under which names it is installed.
    parameters : callable
        Returns the class's parameters, of JSON's types, for a number of samples, neighbours,
        minimum distance, seed and device.
    """

    module: str
    packages: tuple[str, ...]
    parameters: Callable[[int, int, float, int, torch.device | str], dict[str, Any]]

    @property
    def package(self) -> str:
        """Package that is imported first."""
        return self.module.partition(".")[0]


def _cuml(
    count: int, neighbors: int, min_dist: float, seed: int, device: torch.device | str
) -> dict[str, Any]:
    del count, device
    return {
        "n_neighbors": neighbors + 1,  # both libraries count the sample itself
        "min_dist": min_dist,
        "metric": "cosine",
        "random_state": seed,
        "output_type": "numpy",
    }


def _torchdr(
    count: int, neighbors: int, min_dist: float, seed: int, device: torch.device | str
) -> dict[str, Any]:
    faiss = importlib.util.find_spec("faiss") is not None
    if count > _EXACT and not faiss:
        raise MissingExtraError(
            f"To lay out more than {_EXACT:,} samples torchdr needs faiss: "
            "`pip install 'atlas-widget[torchdr]'`."
        )
    return {
        "n_neighbors": min(neighbors + 1, max(2, count - 2)),  # more than that it refuses
        "min_dist": min_dist,
        "metric": "sqeuclidean",  # of unit vectors that is twice the cosine distance
        "random_state": seed,
        "device": str(device),
        "backend": "faiss" if faiss else None,
    }


LIBRARIES = {
    "cuml": Library("cuml.manifold", ("cuml-cu12", "cuml-cu13"), _cuml),
    "torchdr": Library("torchdr", ("torchdr",), _torchdr),
}
"""By the name that a user gives, which is that of the extra, too."""
