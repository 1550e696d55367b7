"""Validation of a unit's number, and of the order of a layer's units."""

from __future__ import annotations

from atlas_widget.errors import AtlasError, did_you_mean

__all__ = ["UNIT_ORDERS", "check_unit", "check_unit_order"]

UNIT_ORDERS = ("number", "max", "mean", "active", "sparseness")
"""The orders in which units are listed."""


def check_unit_order(value: object) -> str:
    """Return the name of an order of units, or raise that there is no such order."""
    if not isinstance(value, str) or value not in UNIT_ORDERS:
        hint = did_you_mean(value, UNIT_ORDERS) if isinstance(value, str) else ""
        known = ", ".join(map(repr, UNIT_ORDERS))
        raise AtlasError(f"Units cannot be sorted by {value!r:.60}.{hint} There are {known}.")
    return value


def check_unit(value: object, count: int, layer: str) -> int:
    """Return the number of a unit, or raise that the layer has no such unit.

    Parameters
    ----------
    value
        The number, from 0.
    count
        Number of units of the layer.
    layer
        The layer's name.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
        raise AtlasError(
            f"There is no unit {value!r:.60}: the layer {layer!r} has the units 0 to {count - 1}."
        )
    return value
