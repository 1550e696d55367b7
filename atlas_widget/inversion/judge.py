"""A second network that looks at pictures which were made without it.

A picture's cosine is what the picture was optimised for. Whether it shows the same to another
network, which took no part, is a question of its own: among the real crops of some cells, which
cell's are the most like the picture there? After the forced choices of Borowski et al. (ICLR 2021);
a real crop of the cell, judged in the same way, says how well that can be answered at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from atlas_widget.errors import AtlasError
from atlas_widget.inversion.inputs import as_pictures
from atlas_widget.inversion.likeness import unit
from atlas_widget.inversion.transforms import resize
from atlas_widget.probe.model_name import model_name
from atlas_widget.probe.private_model import PrivateModel

__all__ = ["Judge", "Judgement"]

Features = NDArray[np.float32]

_BATCH = 16


class Judge:
    """Another network's features of pictures: what its last weights are given, over all positions.

    In a classifier these are the features from which it computes the scores of its classes; so the
    number and the names of its classes do not matter.

    Parameters
    ----------
    model
        Any vision model, copied and left as it is.
    device
        Where to run it; CUDA where there is one.

    Attributes
    ----------
    name
        What the network is called.
    side
        Side of the pictures that it is shown, in pixels.
    notices
        What was assumed about it.

    Raises
    ------
    AtlasError
        It is no network, or does not run to its end on pictures of any usual size.
    """

    def __init__(self, model: nn.Module, *, device: Any = None) -> None:
        if not isinstance(model, nn.Module):
            raise AtlasError(
                f"judge={model!r:.60} must be a network, a torch.nn.Module, such as demo.judge(), "
                f"not {type(model).__name__}."
            )
        self.name = model_name(model)
        self._private = PrivateModel(model, device=device)
        if not self._private.complete:
            raise AtlasError(
                f"judge={self.name} does not run to its end on pictures of any usual size: "
                f"{self._private.no_classes or 'it raises an error'}"
            )
        self.side = self._private.input_size
        self.notices = [f"The judge, {self.name}: {line}" for line in self._private.notices]
        self._last = self._last_weights()
        with torch.inference_mode(False):
            self._features(torch.zeros(2, 3, self.side, self.side))

    @property
    def weights_hash(self) -> str:
        """Hash of its weights and architecture."""
        return self._private.weights_hash

    def features(self, pictures: NDArray[np.uint8]) -> Features:
        """Return the features (n, d) of uint8 (n, side, side, 3), all enlarged alike."""
        parts = []
        with torch.inference_mode(False):
            for chunk in torch.split(as_pictures(pictures)[:, :3], _BATCH):
                parts.append(self._features(resize(chunk, self.side).clamp(0, 1)))
        return torch.cat(parts).cpu().numpy()

    def close(self) -> None:
        """Free the copy."""
        self._private.close()

    def _features(self, rgb: Tensor) -> Tensor:
        given: list[Tensor] = []

        def note(_module: nn.Module, inputs: Any, _output: Any) -> None:
            if inputs and isinstance(inputs[0], Tensor):
                given.append(inputs[0])

        with self._private.network.hooked([(self._last, note)]):
            self._private.run(rgb)
        pooled = _over_positions(given[-1], len(rgb)) if given else None
        if pooled is None:
            raise AtlasError(
                f"judge={self.name} has no features that could be compared: its last layer with "
                "weights is not given one vector or map for each picture."
            )
        return pooled.float()

    def _last_weights(self) -> nn.Module:
        """Return the last module to run that has a matrix of weights: a classifier's classes."""
        ran: list[nn.Module] = []

        def note(module: nn.Module, _inputs: Any, _output: Any) -> None:
            ran.append(module)

        network = self._private.network
        weighted = [
            module
            for module in network.module.modules()
            if isinstance(weight := getattr(module, "weight", None), Tensor) and weight.ndim >= 2
        ]
        with network.hooked([(module, note) for module in weighted]):
            self._private.run(torch.zeros(2, 3, self.side, self.side))
        if not ran:
            raise AtlasError(
                f"judge={self.name} has no layer with weights whose input could be compared."
            )
        return ran[-1]


def _over_positions(features: Tensor, count: int) -> Tensor | None:
    """Average maps and tokens over their positions; None if there is not one for each picture."""
    if features.ndim < 2 or len(features) != count:
        return None
    if features.ndim == 3:  # tokens, their channels last
        return features.mean(1)
    return features.flatten(2).mean(2) if features.ndim > 3 else features


@dataclass(frozen=True)
class Judgement:
    """Judgement of a picture by a second network.

    Attributes
    ----------
    rank
        1 if no cell's real crops are more like the picture than its own cell's.
    among
        How many cells there were to choose from; by chance the mean rank is half as many.
    crop_rank
        Median rank of the cell's real crops, each judged like the picture, beside the others; None
        where there is one crop only.
    """

    rank: int
    among: int
    crop_rank: float | None

    @classmethod
    def of(
        cls, picture: Features, own: Features, others: Sequence[Features], centre: Features
    ) -> Self:
        """Choose among cells, by the features of their real crops, the one that a picture shows.

        Parameters
        ----------
        picture
            The picture's features, (d,).
        own
            Those of real crops of its own cell, (k, d), such as it was not made from.
        others
            The same of each of the other cells.
        centre
            Mean of all crops' features; likeness is the cosine after its subtraction.
        """
        means = unit(np.stack([each.mean(0) for each in others]) - centre)

        def rank(one: Features, crops: Features) -> int:
            seen, mine = unit((one - centre)[None])[0], unit((crops.mean(0) - centre)[None])[0]
            return 1 + int((means @ seen > mine @ seen).sum())

        alone = [rank(own[at], np.delete(own, at, 0)) for at in range(len(own)) if len(own) > 1]
        return cls(rank(picture, own), len(others) + 1, float(np.median(alone)) if alone else None)
