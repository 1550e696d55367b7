"""The name of a model, for titles and records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

__all__ = ["model_name"]


def model_name(model: nn.Module) -> str:
    """Name a model: timm's and torchvision's by their architecture, others by their class."""
    config = getattr(model, "pretrained_cfg", None) or getattr(model, "default_cfg", None)
    if isinstance(config, Mapping) and config.get("architecture"):
        return str(config["architecture"])
    return f"{type(model).__module__}.{type(model).__qualname__}"
