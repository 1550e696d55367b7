"""Spread of samples over images: defaults, bounds, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass

from atlas_widget.atlas.defaults import NUM_SAMPLES, POSITIONS_PER_CROP
from atlas_widget.errors import ActivationsError, AtlasError, ImagesError
from atlas_widget.images.source import ImageSource

__all__ = [
    "CROP_SCALE",
    "MIN_SAMPLES",
    "NUM_SAMPLES",
    "POSITIONS_PER_CROP",
    "Schedule",
    "check_parameters",
    "default_batch_size",
    "default_crop_scale",
    "schedule",
]

CROP_SCALE = (0.2, 1.0)
"""Crops' sides as fractions of the image's shorter side, unless the source has its own
`crop_scale`. Small crops show a layer's units the same things at many sizes, which joins the
islands that single photos would make."""

MIN_SAMPLES = 10
"""A layout of fewer samples has no neighbourhoods to show."""


@dataclass(frozen=True)
class Schedule:
    """Use of images and crops: how often each.

    Attributes
    ----------
    crops : int
        Crops in all.
    rounds : int
        Crops of one image.
    per_crop : int
        Positions of one crop; the last one may give fewer.
    """

    crops: int
    rounds: int
    per_crop: int


def schedule(
    images: int, num_samples: int, positions_per_crop: int, map_size: tuple[int, int]
) -> Schedule:
    """Spread samples over images: one each where there are enough, else as few of each as will do.

    Parameters
    ----------
    images : int
        How many there are.
    num_samples, positions_per_crop : int
        See `collect`.
    map_size : tuple of int
        Rows and columns of the layer's map.
    """
    wanted = -(-num_samples // images)
    per_crop = min(wanted, positions_per_crop, _inner_positions(map_size))
    return Schedule(-(-num_samples // per_crop), -(-wanted // per_crop), per_crop)


def default_batch_size(device_type: str) -> int:
    """Return how many crops go through the network at once: 4 on a CPU, 64 elsewhere.

    On a CPU more are slower: what each layer writes no longer stays in the cache for the next one.
    With EfficientNet-Lite0 on one core, 16 at once take twice as long each.
    """
    return 4 if device_type == "cpu" else 64


def default_crop_scale(source: ImageSource) -> tuple[float, float]:
    """Return the sizes of crops that suit a source."""
    scale: tuple[float, float] | None = getattr(source, "crop_scale", None)
    return scale or CROP_SCALE


def check_parameters(
    source: ImageSource,
    num_samples: int,
    crop_scale: tuple[float, float],
    positions_per_crop: int,
) -> None:
    """Raise an `AtlasError` for arguments that no samples can be collected with."""
    if num_samples < MIN_SAMPLES:
        raise ActivationsError(
            f"num_samples={num_samples} is too few: an atlas needs {MIN_SAMPLES} at the very "
            "least and looks well from a thousand on."
        )
    low, high = crop_scale
    if not 0.0 < low <= high <= 1.0:
        raise AtlasError(
            f"crop_scale={crop_scale!r}: the least and the greatest side of a crop, as fractions "
            "of the image's shorter side, so 0 < least <= greatest <= 1."
        )
    if positions_per_crop < 1:
        raise AtlasError(f"positions_per_crop={positions_per_crop}: at least 1.")
    if len(source) == 0:
        raise ImagesError(f"There are no images in {source.description}.")


def _inner_positions(map_size: tuple[int, int]) -> int:
    rows, columns = map_size
    return (rows - 2) * (columns - 2) if min(rows, columns) > 3 else rows * columns
