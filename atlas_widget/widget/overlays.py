"""Names of the overlays over the pictures of a view.

An overlay is identified by a text, so that it reads well as a trait: ``"density"``,
``"influence: tabby cat"`` or ``"unit: 17"``. The same texts are read and written by
``js/src/store/overlay_choice.ts``.
"""

from __future__ import annotations

from collections.abc import Sequence

from atlas_widget.attribution.class_names import find_class
from atlas_widget.errors import AtlasError, check_unit, did_you_mean

__all__ = ["INFLUENCE", "OVERLAYS", "UNIT", "check_overlay"]

OVERLAYS = ("pictures", "crops", "density", "top class", "fidelity", "doubt")
"""The overlays that need no class."""

INFLUENCE = "influence: "
"""Prefix of an influence overlay; the name of the class follows."""

UNIT = "unit: "
"""Prefix of the overlay of one unit's mean activation; its number follows."""

_MAX_LENGTH = 1000  # characters


def check_overlay(value: object, names: Sequence[str], units: int = 0, layer: str = "") -> str:
    """Return the name of an overlay in canonical form.

    Parameters
    ----------
    value
        The overlay from the user or the browser: one of `OVERLAYS`, ``"influence: "`` and a
        class's name or number, or ``"unit: "`` and a number, before which the layer's name may
        stand: ``"unit: layer3:17"``. Case is ignored unless it makes names ambiguous.
    names
        The classes' names, from `class_names`.
    units, layer
        Number of units of the layer shown, and its name.

    Raises
    ------
    AtlasError
        There is no such overlay, class or unit.
    """
    kinds = ", ".join(repr(kind) for kind in OVERLAYS)
    accepted = f"{kinds}, 'influence: ' and the name of a class, or 'unit: ' and a number"
    if not isinstance(value, str) or len(value) > _MAX_LENGTH:
        raise AtlasError(f"An overlay is {accepted}, not {value!r:.60}.")
    text = " ".join(value.split())
    kind, colon, named = value.partition(":")
    if colon and kind.strip().lower() == "influence":
        return INFLUENCE + names[find_class(named.strip(), names)]
    if colon and kind.strip().lower() == "unit":
        of, _, number = named.strip().rpartition(":")
        if of.strip() not in ("", layer):
            raise AtlasError(
                f"The layer shown is {layer!r}, not {of.strip()!r:.60}: "
                f"w.open_layer({of.strip()!r:.60}) shows that one."
            )
        digits = number.strip()
        found = int(digits) if digits.isdecimal() and len(digits) < 10 else digits
        return f"{UNIT}{check_unit(found, units, layer)}"
    for known in OVERLAYS:
        if text.lower() == known:
            return known
    hint = did_you_mean(text.lower(), (*OVERLAYS, "influence", "unit"), count=1)
    raise AtlasError(f"There is no overlay {value!r:.60}.{hint} There are {accepted}.")
