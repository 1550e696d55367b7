"""From RGB to a layer's map, as one differentiable function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from atlas_widget.errors import AtlasError
from atlas_widget.probe.outputs import Layout
from atlas_widget.probe.preprocessing import Preprocessing
from atlas_widget.probe.running import LayerRunner

__all__ = ["Encoder"]


@dataclass(frozen=True)
class Encoder:
    """RGB in [0, 1], (n, 3, h, w) → the layer's activations, (n, c, h, w).

    Differentiable with respect to the pictures. Computes nothing after the layer and no gradients
    of weights.

    Attributes
    ----------
    runner, layout, preprocessing, device, dtype
        What it is made of.
    memory_format : torch.memory_format
        How the model's input is laid out.
    folded : int
        How many batch norms have become part of the convolution before them.
    """

    runner: LayerRunner
    layout: Layout
    preprocessing: Preprocessing
    device: torch.device
    dtype: torch.dtype
    memory_format: torch.memory_format = torch.contiguous_format
    folded: int = 0

    def __call__(self, rgb: Tensor) -> Tensor:
        """Encode a batch of pictures."""
        tensor = self.runner.up_to(self.prepared(rgb))
        return self.layout.as_map(tensor, rgb.shape[2] / rgb.shape[3])

    def intervene(self, rgb: Tensor, change: Callable[[Tensor], Tensor]) -> Any:
        """Run the whole model with the layer's map exchanged for ``change(map)``.

        Parameters
        ----------
        rgb : Tensor
            RGB in [0, 1], (n, 3, h, w).
        change : callable
            From the layer's map (n, c, rows, columns), a copy, to one of the same shape. Tokens
            that are no part of the picture are not in it and stay as they are.

        Returns
        -------
        object
            What the model returns then.
        """

        def exchanged(tensor: Tensor) -> Tensor:
            ours = tensor.clone()
            # as_map is a view: writing into the map writes into the layer's own tensor
            place = self.layout.as_map(ours, rgb.shape[2] / rgb.shape[3])
            new = change(place.clone())
            if new.shape != place.shape:
                raise AtlasError(
                    f"The changed map has the shape {tuple(new.shape)}, not {tuple(place.shape)}."
                )
            place.copy_(new)
            return ours

        with torch.no_grad():
            output, _ = self.runner.through(self.prepared(rgb), exchanged)
        return output

    def run(self, rgb: Tensor) -> Any:
        """Return what the whole model returns for a batch of pictures."""
        return self.runner.network(self.prepared(rgb))

    def prepared(self, rgb: Tensor) -> Tensor:
        """Return the model's input for a batch of pictures."""
        inputs = self.preprocessing(rgb.to(self.device, torch.float32))
        return inputs.to(self.dtype).contiguous(memory_format=self.memory_format)
