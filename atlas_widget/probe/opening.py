"""A model, or a probe that is open already, for the length of one call."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from atlas_widget.errors import AtlasError
from atlas_widget.probe.layer_probe import LayerProbe

__all__ = ["opened"]


@contextmanager
def opened(
    model: nn.Module | LayerProbe,
    layer: str | None,
    transform: Any = None,
    device: str | torch.device | None = None,
) -> Iterator[LayerProbe]:
    """Give a probe of a layer: the one that is passed, which stays open, or one of the model.

    To be entered in the function that the user calls: what is to be said about their model is
    warned of at the line of that call.
    """
    if isinstance(model, LayerProbe):
        if layer is not None and layer != model.layer:
            raise AtlasError(
                f"The probe is of layer {model.layer!r}, not {layer!r}; pass a probe of that "
                "layer, layer=None where it can be left out, or the model itself."
            )
        yield model
        return
    if layer is None:
        raise AtlasError("Give the name of a layer; list_layers(model) lists all.")
    with LayerProbe(model, layer, transform=transform, device=device) as probe:
        yield probe
        for notice in probe.notices:
            warnings.warn(notice, stacklevel=4)
