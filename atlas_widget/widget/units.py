"""Validation of the order of a layer's units."""

from __future__ import annotations

from atlas_widget.errors import AtlasError, did_you_mean

__all__ = ["UNIT_ORDERS", "check_unit_order"]

UNIT_ORDERS = (
    "number", "max", "mean", "active", "sparseness", "kurtosis", "selectivity", "picture",
    "correlation", "match",
)  # fmt: skip
"""The orders in which units are listed.

By correlation they are arranged as a map, and by match they are beside those of another network.
"""


def check_unit_order(value: object) -> str:
    """Return the name of an order of units, or raise that there is no such order."""
    if not isinstance(value, str) or value not in UNIT_ORDERS:
        hint = did_you_mean(value, UNIT_ORDERS) if isinstance(value, str) else ""
        known = ", ".join(map(repr, UNIT_ORDERS))
        raise AtlasError(f"Units cannot be sorted by {value!r:.60}.{hint} There are {known}.")
    return value
