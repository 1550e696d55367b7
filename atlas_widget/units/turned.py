"""Natural stimuli: the strongest examples of a unit, turned about what it sees."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from atlas_widget.errors import AtlasError, ImagesError
from atlas_widget.images.unreadable import UnreadableImageError
from atlas_widget.probe.pictures import as_rgb
from atlas_widget.units.stimuli import GREY, Stimuli

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["TURNED", "Seen", "turned_examples"]

TURNED = "turned"
"""Name of the set."""

_STEP = 5  # degrees
_EDGE = 1 / 16  # of the field: where the window fades into grey
_COLUMNS = ("image", "name", "row", "column", "activation")


@dataclass(frozen=True)
class Seen:
    """Positions of images that a unit is active at.

    Attributes
    ----------
    pictures
        The images as the model was given them, RGB in [0, 1], (n, 3, size, size).
    positions
        Row and column of each on the layer's map.
    activations
        The unit's activation there.
    """

    pictures: Tensor
    positions: tuple[tuple[int, int], ...]
    activations: tuple[float, ...]

    @classmethod
    def of(cls, probe: LayerProbe, source: ImageSource, examples: pd.DataFrame) -> Self:
        """Open the images of rows of `UnitScan.examples`.

        Raises
        ------
        AtlasError
            Columns are missing, or there is no row.
        ImagesError
            The images are not those that were scanned, or one cannot be read.
        """
        missing = [name for name in _COLUMNS if name not in examples.columns]
        if missing or not len(examples):
            what = f"lack the columns {', '.join(missing)}" if missing else "have no rows"
            raise AtlasError(f"The examples {what}: pass scan.examples(layer, unit, count=5).")
        pictures = []
        for image, name in zip(examples["image"], examples["name"], strict=True):
            number = int(image)
            if not 0 <= number < len(source) or source.name(number) != name:
                raise ImagesError(
                    f"Image {number} of {source.description} is not {name!r}: pass the images that "
                    "were scanned."
                )
            try:
                pictures.append(as_rgb([source.open(number)], probe.input_size))
            except UnreadableImageError as error:
                raise ImagesError(f"{name!r} can no longer be read: {error}") from error
        rows, columns = (examples[name].astype(int).tolist() for name in ("row", "column"))
        return cls(
            torch.cat(pictures),
            tuple(zip(rows, columns, strict=True)),
            tuple(examples["activation"].astype(float)),
        )


def turned_examples(probe: LayerProbe, side: int, seen: Seen) -> Stimuli:
    """Return what a unit saw at these positions, in 72 rotations each.

    All rotations, that by 0° too, are seen through the same round window as wide as the field, grey
    outside: otherwise corners would come in with some rotations and go out with others.

    Parameters
    ----------
    probe
        The layer.
    side
        Side of its field in pixels.
    seen
        The positions.

    Returns
    -------
    Stimuli
        Parameters are the ``example``, the ``angle`` in degrees, counter-clockwise from how it is
        in the image, and the ``activation`` that the unit has there.
    """
    window = _window(side)
    rows, drawn = [], []
    angles = range(0, 360, _STEP)
    found = zip(seen.pictures.cpu().float(), seen.positions, seen.activations, strict=True)
    for number, (picture, position, activation) in enumerate(found):
        down, right = probe.geometry.position_middle(*position)
        # the pixels of the box, so that an angle of 0° needs no interpolation
        middle = (round(down - side / 2) + side / 2, round(right - side / 2) + side / 2)
        for angle in angles:
            rows.append((number, angle, activation))
            drawn.append(GREY + window * _turned(picture - GREY, middle, side, angle))
    table = pd.DataFrame(rows, columns=["example", "angle", "activation"])
    return Stimuli(TURNED, table, ("example", "angle"), torch.stack(drawn).clamp(0, 1))


def _turned(picture: Tensor, middle: tuple[float, float], side: int, angle: float) -> Tensor:
    """Return a square of a picture, turned counter-clockwise; 0 outside the picture."""
    line = torch.arange(side, dtype=torch.float32) + 0.5 - side / 2
    down, right = line[:, None].expand(side, side), line[None, :].expand(side, side)
    # exact for quarter turns, which then only move pixels
    cosine, sine = (round(float(f(math.radians(angle))), 12) for f in (math.cos, math.sin))
    x = middle[1] + cosine * right - sine * down
    y = middle[0] + sine * right + cosine * down
    height, width = picture.shape[1:]
    grid = torch.stack([2 * x / width - 1, 2 * y / height - 1], -1)
    return F.grid_sample(picture[None], grid[None], align_corners=False)[0]


def _window(side: int) -> Tensor:
    """Return 1 within the round window and 0 outside, with a soft edge, (side, side)."""
    line = np.arange(side) + 0.5 - side / 2
    distance = np.hypot(line[:, None], line[None, :])
    edge = max(_EDGE * side, 1.0)
    return torch.tensor(np.clip((side / 2 - distance) / edge, 0, 1), dtype=torch.float32)
