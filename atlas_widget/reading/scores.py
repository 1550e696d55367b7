"""Attribution of one image's class scores to a layer's positions and channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch

from atlas_widget.errors import AttributionError
from atlas_widget.reading.attributions import Attribution, Completeness
from atlas_widget.reading.classes import Class
from atlas_widget.reading.image_in_layers import ImageInLayers
from atlas_widget.reading.integrated import integrate, score_at_zero
from atlas_widget.reading.recording import Contributions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Parts", "attribution", "best_classes", "completeness", "split"]

Parts = Literal["positions", "channels"]


def best_classes(seen: ImageInLayers, count: int) -> pd.DataFrame:
    """Return the classes with the highest scores: ``label`` and ``score``, by ``class``."""
    import pandas as pd

    best = seen.best(count)
    return pd.DataFrame(
        {"label": [seen.names.name(k) for k in best], "score": seen.scores()[best]},
        index=pd.Index(best, name="class"),
    )


def attribution(
    seen: ImageInLayers,
    layer: str,
    parts: Parts,
    a: Class,
    b: Class | None = None,
    steps: int | None = None,
) -> Attribution:
    """Split a score over a layer's positions or channels.

    Parameters
    ----------
    seen
        The image.
    layer
        Name of the layer.
    parts
        Over what.
    a, b
        A class; or two, for the difference of their scores.
    steps
        None: activation times gradient. Else integrated gradients from a layer of zeros, with so
        many steps; see :func:`integrate`.

    Raises
    ------
    AttributionError
        Of an image read with relaxed max pooling, whose derivatives are no gradients to integrate.
    """
    if steps is None:
        return split(seen, layer, parts, seen.contributions(layer, a, b), seen.names.about(a, b))
    return _integrated(seen, layer, parts, a, b, steps)


def split(
    seen: ImageInLayers, layer: str, parts: Parts, contributions: Contributions, about: str
) -> Attribution:
    """Sum a layer's contributions to the number that `about` names over channels or positions."""
    recording = seen.recording
    values = contributions.products.sum(0 if parts == "positions" else (1, 2)).numpy()
    remainders = recording.remainders(contributions, seen.index(layer))
    return Attribution(
        layer, about, parts, values, remainders, contributions.score, recording.max_pool
    )


def _integrated(
    seen: ImageInLayers, layer: str, parts: Parts, a: Class, b: Class | None, steps: int
) -> Attribution:
    if seen.recording.max_pool != "plain":
        raise AttributionError("steps= integrates plain gradients; read with max_pool='plain'.")
    probe = seen.probe(layer)
    classes = [seen.names.number(each) for each in (a, b) if each is not None]
    path = integrate(probe, seen.rgb, classes, steps)
    signs = torch.tensor([1.0, -1.0][: len(classes)], dtype=torch.float64)
    products = torch.einsum("k,kcij->cij", signs, path.products)
    tokens, score, at_zero = (
        float((torch.tensor(each, dtype=torch.float64) * signs).sum())
        for each in (path.prefix_tokens, path.scores, path.at_zero)
    )
    gap = score - at_zero - float(products.sum()) - tokens
    layout = probe.plain.layout
    others = {"prefix tokens": tokens} if layout.prefix or layout.suffix else {}
    values = products.sum(0 if parts == "positions" else (1, 2)).numpy()
    remainders = others | {"at zero": at_zero, "gap": gap}
    return Attribution(layer, seen.names.about(a, b), parts, values, remainders, score)


def completeness(seen: ImageInLayers, layer: str, a: Class, b: Class | None = None) -> Completeness:
    """Return how much of a score a layer's attribution accounts for; arguments as `attribution`."""
    found = seen.contributions(layer, a, b)
    zero = score_at_zero(seen.probe(layer), seen.rgb)
    at_zero = float(zero[seen.names.number(a)])
    if b is not None:
        at_zero -= float(zero[seen.names.number(b)])
    return Completeness(
        layer,
        seen.names.about(a, b),
        found.score,
        float(found.products.sum()),
        found.prefix_tokens,
        found.biases,
        found.rest,
        at_zero,
        float(found.products.sum(0).abs().sum()),
        seen.recording.max_pool,
    )
