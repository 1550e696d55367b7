"""Default parameters of an atlas, shared by what collects, builds and shows it."""

from __future__ import annotations

__all__ = ["MAX_PAGE_MB", "MAX_UNREADABLE", "NUM_SAMPLES", "POSITIONS_PER_CROP"]

NUM_SAMPLES = 4000
"""Number of samples that an atlas stands on."""

POSITIONS_PER_CROP = 16
"""Largest number of positions of one crop, where there are fewer images than samples wanted."""

MAX_UNREADABLE = 0.1
"""Fraction of the images that may be unreadable before that is an error."""

MAX_PAGE_MB = 40.0
"""Megabytes (of a million bytes) that an atlas's HTML page may have."""
