"""Likeness to a picture as a target: for networks that have no head, such as self-supervised ones.

The value of a position then says how much it makes the network take the picture for something like
the prompt: h · ∂cos(embedding, prompt's embedding)/∂h.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from atlas_widget.errors import AttributionError
from atlas_widget.probe.outputs import entries, listing
from atlas_widget.probe.pictures import as_rgb
from atlas_widget.probe.targets import RunnableModel, Target, code_of

__all__ = ["pooled_embedding", "similarity_to"]

Embedding = Callable[[Any], Tensor]

# What transformers and others call the vector of a whole picture, before anything of its parts.
_EMBEDDINGS = ("image_embeds", "pooler_output", "embedding", "embeddings", "features")


def similarity_to(
    images: Any, *, names: Sequence[str] | None = None, embedding: Embedding | None = None
) -> Target:
    """Attribute to the likeness to a picture, rather than to a class.

    Parameters
    ----------
    images : Tensor, array, PIL image or a sequence of these
        One prompt or several, RGB in [0, 1]; each gives a value.
    names : sequence of str, optional
        What the prompts show.
    embedding : callable, optional
        From the model's output to one vector a picture, (n, d). By default that which the output
        names as such (``pooler_output`` and the like), else its first tensor, averaged over
        positions or tokens.

    Returns
    -------
    Target
        For `attribute`'s and `attribution_map`'s `target`: the cosine of a picture's embedding and
        the prompt's, from -1 to 1.

    Examples
    --------
    >>> values = attribute(dino, "blocks.8", images, positions, target=similarity_to(photo))
    """
    return _Prompts(images, None if names is None else tuple(names), embedding)


@dataclass(frozen=True)
class _Prompts(Target):
    """Prompts whose embeddings are not known before there is a model."""

    images: Any
    names: tuple[str, ...] | None
    embedding: Embedding | None
    key: str = ""

    def scores(self, output: Any, count: int) -> Tensor:  # noqa: ARG002
        raise AttributionError("similarity_to(…) has to be made ready by for_probe(probe) first.")

    def for_probe(self, probe: RunnableModel) -> Target:
        probe.example_output()  # which says why, where there is none
        rgb = as_rgb(self.images, probe.input_size)
        names = self.names or (
            ("similarity",)
            if len(rgb) == 1
            else tuple(f"similarity to {number + 1}" for number in range(len(rgb)))
        )
        if len(names) != len(rgb):
            raise AttributionError(f"There are {len(rgb)} prompts but {len(names)} names.")
        vectors = [
            _vectors(self.embedding, probe.run(one[None]), 1).detach().float() for one in rgb
        ]
        prompts = F.normalize(torch.cat(vectors))
        if not bool(prompts.isfinite().all() and prompts.any(1).all()):
            raise AttributionError("A prompt's embedding is zero or not finite.")
        digest = hashlib.blake2b(rgb.cpu().numpy().tobytes(), digest_size=16).hexdigest()
        how = "" if self.embedding is None else code_of(self.embedding)
        return _Similarity(prompts, names, self.embedding, f"similarity {digest} {how}")


@dataclass(frozen=True)
class _Similarity(Target):
    """Cosines with embeddings that are known."""

    prompts: Tensor
    names: tuple[str, ...]
    embedding: Embedding | None
    key: str

    def scores(self, output: Any, count: int) -> Tensor:
        vectors = _vectors(self.embedding, output, count)
        prompts = self.prompts.to(vectors.device, vectors.dtype)
        if vectors.shape[1] != prompts.shape[1]:
            raise AttributionError(
                f"The embeddings have {vectors.shape[1]} values, those of the prompts "
                f"{prompts.shape[1]}."
            )
        return F.normalize(vectors) @ prompts.T

    def for_probe(self, probe: RunnableModel) -> Target:  # noqa: ARG002
        return self


def pooled_embedding(output: Any, count: int) -> Tensor:
    """Return a vector for each picture, (n, d), from a model's output.

    Parameters
    ----------
    output : object
        What the model returned.
    count : int
        The number of pictures that went in.
    """
    leaves = [
        (path, leaf)
        for path, leaf in entries(output)
        if isinstance(leaf, Tensor)
        and leaf.is_floating_point()
        and 2 <= leaf.ndim <= 4
        and len(leaf) == count
    ]
    if not leaves:
        raise AttributionError(
            "The model's output has no vector for each picture; say which it is by "
            f"similarity_to(…, embedding=lambda output: …). {listing(output, 'output', count)}"
        )
    named = [leaf for name in _EMBEDDINGS for path, leaf in leaves if path == (name,)]
    tensor = named[0] if named else leaves[0][1]
    if tensor.ndim == 4:
        return tensor.mean((2, 3))
    return tensor.mean(1) if tensor.ndim == 3 else tensor


def _vectors(embedding: Embedding | None, output: Any, count: int) -> Tensor:
    if embedding is None:
        return pooled_embedding(output, count)
    found = embedding(output)
    if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != count:
        shape = f"of the shape {tuple(found.shape)}" if isinstance(found, Tensor) else ""
        raise AttributionError(
            f"embedding must give a tensor (n, d), not {type(found).__name__} {shape}".rstrip()
            + "."
        )
    return found
