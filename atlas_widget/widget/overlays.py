"""Names of the overlays over the pictures of a view.

An overlay is identified by a text, so that it reads well as a trait: ``"density"`` or
``"influence: tabby cat"``. The same texts are read and written by
``js/src/store/overlay_choice.ts``.
"""

from __future__ import annotations

from collections.abc import Sequence

from atlas_widget.attribution.class_names import find_class
from atlas_widget.errors import AtlasError, did_you_mean

__all__ = ["INFLUENCE", "OVERLAYS", "check_overlay"]

OVERLAYS = ("pictures", "crops", "density", "top class", "fidelity", "doubt")
"""The overlays that need no class."""

INFLUENCE = "influence: "
"""Prefix of an influence overlay; the name of the class follows."""

_MAX_LENGTH = 1000  # characters


def check_overlay(value: object, names: Sequence[str]) -> str:
    """Return the name of an overlay in canonical form.

    Parameters
    ----------
    value
        The overlay from the user or the browser: one of `OVERLAYS`, or ``"influence: "`` and a
        class's name or number. Case is ignored unless it makes names ambiguous.
    names
        The classes' names, from `class_names`.

    Raises
    ------
    AtlasError
        There is no such overlay, or no such class.
    """
    kinds = ", ".join(repr(kind) for kind in OVERLAYS)
    accepted = f"{kinds}, or 'influence: ' and the name of a class"
    if not isinstance(value, str) or len(value) > _MAX_LENGTH:
        raise AtlasError(f"An overlay is {accepted}, not {value!r:.60}.")
    text = " ".join(value.split())
    kind, colon, named = value.partition(":")
    if colon and kind.strip().lower() == "influence":
        return INFLUENCE + names[find_class(named.strip(), names)]
    for known in OVERLAYS:
        if text.lower() == known:
            return known
    hint = did_you_mean(text.lower(), (*OVERLAYS, "influence"), count=1)
    raise AtlasError(f"There is no overlay {value!r:.60}.{hint} There are {accepted}.")
