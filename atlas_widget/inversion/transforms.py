"""Small random views of a picture, so that what is found is a thing and not a trick of the pixels.

Pad, jitter, scale and rotate are one affine warp of the whole batch. Every picture brings its own
random numbers, drawn when it starts, so that it never depends on its neighbours in the batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from atlas_widget.errors import AtlasError

__all__ = ["Transforms", "resize"]

_GREY = 0.5
_COVERED_SIDE = 56  # fine enough to say which positions look at grey


@dataclass(frozen=True)
class Transforms:
    """(picture, its random numbers, strength) → what the network sees.

    Parameters
    ----------
    jitter
        Largest shift, as a part of the picture's side, in each direction.
    scale
        Least and greatest magnification.
    rotate
        Largest angle in degrees, in each direction.
    padding
        What comes into view from outside of the picture: ``"border"``, its outermost pixels, or
        ``"grey"``. Crops of photos have no grey frame, and a network sees its edges.
    """

    jitter: float = 0.14
    scale: tuple[float, float] = (0.8, 1.3)
    rotate: float = 25.0
    padding: Literal["border", "grey"] = "border"

    NUMBERS = 4  # random numbers per picture and step

    def __post_init__(self) -> None:
        low, high = self.scale
        if not 0 < low <= high:
            raise AtlasError(
                f"scale={self.scale}: expected the least and the greatest magnification, above 0"
            )

        if self.padding not in ("border", "grey"):
            raise AtlasError(f'padding={self.padding!r}: expected "border" or "grey"')

    def draw(self, generator: torch.Generator, steps: int) -> Tensor:
        """Random numbers in [-1, 1] of one picture, shape (steps, 4)."""
        return (
            torch.rand(steps, self.NUMBERS, generator=generator, device="cpu", dtype=torch.float32)
            * 2
            - 1
        )

    @property
    def active(self) -> bool:
        """True if there is anything to do."""
        return bool(self.jitter or self.rotate or self.scale != (1.0, 1.0))

    def matrices(self, numbers: Tensor, strength: Tensor) -> Tensor:
        """Affine matrices (n, 2, 3) of `numbers` (n, 4) at `strength` (n,), 0 being none."""
        jitter_x, jitter_y, size, turn = (numbers[:, :4] * strength[:, None]).unbind(1)
        low, high = (math.log(value) for value in self.scale)
        middle, reach = (low + high) / 2, (high - low) / 2
        # at strength 0 the magnification is 1, at 1 it runs from low to high
        shrink = torch.exp(-(middle * strength + reach * size))
        angle = turn * math.radians(self.rotate)
        cosine, sine = shrink * angle.cos(), shrink * angle.sin()
        shift_x, shift_y = 2 * self.jitter * jitter_x, 2 * self.jitter * jitter_y
        rows = torch.stack([cosine, -sine, shift_x, sine, cosine, shift_y], 1)
        return rows.reshape(-1, 2, 3)

    def __call__(self, pictures: Tensor, numbers: Tensor, strength: Tensor, view: int) -> Tensor:
        """Views of `pictures`, shape (n, 3, view, view)."""
        if not self.active or not bool((strength > 0).any()):
            return resize(pictures, view)
        matrices = self.matrices(numbers, strength)
        grid = F.affine_grid(matrices, [len(pictures), 3, view, view], align_corners=False)
        if self.padding == "border":
            return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
        # grid_sample pads with zeros: shift so that zero is grey
        warped = F.grid_sample(pictures - _GREY, grid, align_corners=False)
        return warped + _GREY

    def covered(self, numbers: Tensor, strength: Tensor, view: int) -> Tensor | None:
        """Part of each view that the picture covers, (n, 1, side, side); None where it is all."""
        if not self.active or not bool((strength > 0).any()):
            return None
        side = min(view, _COVERED_SIDE)
        matrices = self.matrices(numbers, strength)
        grid = F.affine_grid(matrices, [len(matrices), 1, side, side], align_corners=False)
        return (grid.abs() <= 1).all(-1)[:, None].float()


def resize(pictures: Tensor, size: int) -> Tensor:
    """Bring (n, 3, h, w) to `size`; smaller ones are averaged, not skipped."""
    if pictures.shape[-1] == size and pictures.shape[-2] == size:
        return pictures
    smaller = size < pictures.shape[-1]
    mode = {"mode": "bilinear", "antialias": smaller, "align_corners": False}
    return F.interpolate(pictures, (size, size), **mode)  # type: ignore[arg-type]
