"""Attribution of one image's class scores to a layer's positions and channels."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from atlas_widget.errors import AttributionError
from atlas_widget.probe import LayerProbe
from atlas_widget.reading.attributions import Attribution, Completeness
from atlas_widget.reading.classes import Class, ClassNames
from atlas_widget.reading.integrated import integrate, score_at_zero
from atlas_widget.reading.recording import Contributions, Recording

__all__ = ["LayerScores", "split"]

Parts = Literal["positions", "channels"]


def split(
    contributions: Contributions,
    parts: Parts,
    recording: Recording,
    layer: int,
    name: str,
    about: str,
) -> Attribution:
    """Return contributions of a layer, summed over channels or over positions."""
    values = contributions.products.sum(0 if parts == "positions" else (1, 2)).numpy()
    remainders = recording.remainders(contributions, layer)
    return Attribution(
        name, about, parts, values, remainders, contributions.score, recording.max_pool
    )


class LayerScores:
    """Contributions of one layer to the scores of one image.

    Parameters
    ----------
    recording : Recording
        The pass.
    layer : int
        The layer's number in it.
    probe : LayerProbe
        The layer.
    rgb : Tensor
        The image, RGB in [0, 1], (1, 3, h, w).
    names : ClassNames
        The scores' names.

    Attributes
    ----------
    probe, rgb, names
        As given.
    """

    def __init__(
        self, recording: Recording, layer: int, probe: LayerProbe, rgb: Tensor, names: ClassNames
    ) -> None:
        self._recording = recording
        self._layer = layer
        self.probe = probe
        self.rgb = rgb
        self.names = names

    def contributions(self, a: Class, b: Class | None = None) -> Contributions:
        """Return the contributions to the score of a class, or to `a`'s less `b`'s."""
        found = self._to_one(self.names.number(a))
        return found if b is None else found.minus(self._to_one(self.names.number(b)))

    def about(self, a: Class, b: Class | None = None) -> str:
        """Return the name of a class, or ``"a − b"``."""
        one = self.names.name(self.names.number(a))
        return one if b is None else f"{one} − {self.names.name(self.names.number(b))}"

    def attribution(
        self, parts: Parts, a: Class, b: Class | None = None, steps: int | None = None
    ) -> Attribution:
        """Return the score split over positions or channels; integrated over `steps` if given."""
        about = self.about(a, b)
        if steps is None:
            found = self.contributions(a, b)
            return split(found, parts, self._recording, self._layer, self.probe.layer, about)
        if self._recording.max_pool != "plain":
            raise AttributionError("steps= integrates plain gradients; read with max_pool='plain'.")
        classes = [self.names.number(a)] + ([] if b is None else [self.names.number(b)])
        path = integrate(self.probe, self.rgb, classes, steps)
        signs = torch.tensor([1.0, -1.0][: len(classes)], dtype=torch.float64)
        products = torch.einsum("k,kcij->cij", signs, path.products)
        tokens, score, at_zero = (
            float((torch.tensor(each, dtype=torch.float64) * signs).sum())
            for each in (path.prefix_tokens, path.scores, path.at_zero)
        )
        gap = score - at_zero - float(products.sum()) - tokens
        layout = self.probe.plain.layout
        others = {"prefix tokens": tokens} if layout.prefix or layout.suffix else {}
        values = products.sum(0 if parts == "positions" else (1, 2)).numpy()
        remainders = others | {"at zero": at_zero, "gap": gap}
        return Attribution(self.probe.layer, about, parts, values, remainders, score)

    def completeness(self, a: Class, b: Class | None = None) -> Completeness:
        """Return how much of a score is accounted for."""
        found = self.contributions(a, b)
        zero = score_at_zero(self.probe, self.rgb)
        at_zero = float(zero[self.names.number(a)])
        if b is not None:
            at_zero -= float(zero[self.names.number(b)])
        return Completeness(
            self.probe.layer,
            self.about(a, b),
            found.score,
            float(found.products.sum()),
            found.prefix_tokens,
            found.biases,
            found.rest,
            at_zero,
            float(found.products.sum(0).abs().sum()),
            self._recording.max_pool,
        )

    def _to_one(self, index: int) -> Contributions:
        found = self._recording.contributions_to_score(index)[self._layer]
        if found is None:
            raise AttributionError(
                f"The scores do not depend on layer {self.probe.layer!r}: nothing flows from it "
                "to them (a detached or auxiliary branch)."
            )
        return found
