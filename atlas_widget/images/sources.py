"""The former place of ``as_image_source``, which ``atlas_widget.images`` has now."""

from __future__ import annotations

import warnings
from typing import Any

from atlas_widget.images import opening, source

_PLACES = {"as_image_source": opening, "ImageSource": source}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        f"atlas_widget.images.sources.{name} is atlas_widget.images.{name} now",
        DeprecationWarning,
        stacklevel=2,
    )
    return getattr(_PLACES[name], name)
