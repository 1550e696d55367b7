"""Libraries that lay samples out, each with the parameters that our own UMAP has."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.errors import MissingExtraError

__all__ = ["LIBRARIES", "Embedding", "Library", "undisturbed_generators"]

_EXACT = 20_000  # samples; without faiss torchdr makes a matrix of all distances


@runtime_checkable
class Embedding(Protocol):
    """What lays out rows as scikit-learn's estimators do."""

    def fit_transform(self, rows: NDArray[np.float32], /) -> Any:
        """Return places, (n, 2), for rows of length 1, (n, channels + 1).

        The last channel is 1 for activations that are zero throughout, and otherwise 0.
        """


@dataclass(frozen=True)
class Library:
    """How a library is had.

    Attributes
    ----------
    module : str
        What is imported.
    packages : tuple of str
        Under which names it is installed.
    make : callable
        Of number of samples, neighbours, minimum distance, seed and device.
    """

    module: str
    packages: tuple[str, ...]
    make: Callable[[int, int, float, int, torch.device | str], Embedding]


@contextlib.contextmanager
def undisturbed_generators(device: torch.device | str) -> Iterator[None]:
    """Leave the person's random generators as they are: torchdr seeds all that there are."""
    gpus = [device] if torch.device(device).type == "cuda" else []
    python, numpy_state = random.getstate(), np.random.get_state()
    hashing = os.environ.get("PYTHONHASHSEED")
    cudnn = torch.backends.cudnn
    flags = cudnn.deterministic, cudnn.benchmark
    try:
        with torch.random.fork_rng(devices=gpus):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)
        cudnn.deterministic, cudnn.benchmark = flags
        if hashing is None:
            os.environ.pop("PYTHONHASHSEED", None)
        else:
            os.environ["PYTHONHASHSEED"] = hashing


def _umap_learn(
    count: int, neighbors: int, min_dist: float, seed: int, device: torch.device | str
) -> Embedding:
    del count, device
    import umap

    made: Embedding = umap.UMAP(
        n_neighbors=neighbors + 1,  # all three count the sample itself
        min_dist=min_dist,
        metric="cosine",
        random_state=seed,
        n_jobs=1,  # as a seed has it; it warns otherwise
    )
    return made


def _cuml(
    count: int, neighbors: int, min_dist: float, seed: int, device: torch.device | str
) -> Embedding:
    del count, device
    from cuml.manifold import UMAP

    made: Embedding = UMAP(
        n_neighbors=neighbors + 1,
        min_dist=min_dist,
        metric="cosine",
        random_state=seed,
        output_type="numpy",
    )
    return made


def _torchdr(
    count: int, neighbors: int, min_dist: float, seed: int, device: torch.device | str
) -> Embedding:
    faiss = importlib.util.find_spec("faiss") is not None
    if count > _EXACT and not faiss:
        raise MissingExtraError(
            f"To lay out more than {_EXACT:,} samples torchdr needs faiss: "
            "`pip install 'atlas-widget[torchdr]'`."
        )
    from torchdr import UMAP

    made: Embedding = UMAP(
        n_neighbors=min(neighbors + 1, max(2, count - 2)),  # more than that it refuses
        min_dist=min_dist,
        metric="sqeuclidean",  # of unit vectors that is twice the cosine distance
        random_state=seed,
        device=str(device),
        backend="faiss" if faiss else None,
    )
    return made


LIBRARIES = {
    "umap-learn": Library("umap", ("umap-learn",), _umap_learn),
    "cuml": Library("cuml", ("cuml-cu12", "cuml-cu13"), _cuml),
    "torchdr": Library("torchdr", ("torchdr",), _torchdr),
}
"""By the name that a person gives, which is that of the extra, too."""
