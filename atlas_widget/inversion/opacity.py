"""Pictures that are opaque only where it matters.

After "Differentiable Image Parameterizations" (Mordvintsev et al., Distill 2018): the picture is
laid over another random background at every step, so that what is not needed may as well be clear.
Nothing would become clear without a reason: multiply the objective by
:func:`~atlas_widget.inversion.objectives.transparency`.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from atlas_widget.errors import AtlasError
from atlas_widget.inversion.parametrizations import Parametrization

__all__ = ["BACKGROUND_NUMBERS", "WithOpacity", "background", "over"]

# Random numbers in [-1, 1] of one background: a colour, and two waves of (x, y, phase, strength).
BACKGROUND_NUMBERS = 3 + 2 * 4
_WAVES = 3.0  # most cycles per picture
_GREY = 0.5


class WithOpacity(Parametrization):
    """A parametrization and, as a fourth plane, how opaque each pixel is.

    Parameters
    ----------
    colours
        What the colours are written in, such as :class:`Fourier`.
    start
        Opacity of a fresh picture, within (0, 1).
    coarse
        Cells along a side of the opacity's own grid: smooth outlines, no dither.
    """

    planes = 4

    def __init__(self, colours: Parametrization, *, start: float = 0.6, coarse: int = 16) -> None:
        super().__init__(colours.size)
        if not 0 < start < 1:
            raise AtlasError(f"start={start}: opacity begins within (0, 1)")
        self.colours = colours
        self._first = math.log(start / (1 - start))
        self._coarse = min(coarse, colours.size)
        self._shape = colours.start(torch.Generator().manual_seed(0)).shape

    def start(self, generator: torch.Generator) -> Tensor:  # noqa: D102
        return self._opaque(self.colours.start(generator))

    def noise(self, generator: torch.Generator, amount: float) -> Tensor:  # noqa: D102
        return self._opaque(self.colours.noise(generator, amount))

    def __call__(self, numbers: Tensor) -> Tensor:
        """Pictures with opacity, shape (n, 4, size, size)."""
        rgb = self.colours(self._colours_of(numbers))
        side = self._coarse
        grid = numbers[:, -(side**2) :].reshape(-1, 1, side, side) * 20 + self._first
        opacity = torch.sigmoid(
            F.interpolate(grid, (self.size, self.size), mode="bicubic", align_corners=False)
        )
        return torch.cat([rgb, opacity], 1)

    def numbers_of(self, pictures: Tensor) -> Tensor:
        """Numbers of pictures (n, 3 or 4, size, size); without a fourth plane they are opaque."""
        colours = self.colours.numbers_of(pictures[:, :3])
        if pictures.shape[1] == 4:
            opacity = F.interpolate(pictures[:, 3:], (self._coarse, self._coarse), mode="area")
        else:
            shape = (len(pictures), 1, self._coarse, self._coarse)
            opacity = torch.full(shape, 0.98, device=colours.device)
        logits = torch.logit(opacity.clamp(0.02, 0.98)) - self._first
        return self._joined(colours, logits.flatten(1).to(colours.device) / 20)

    def to(self, device: torch.device) -> Parametrization:  # noqa: D102
        self.colours = self.colours.to(device)
        return self

    def _opaque(self, colours: Tensor) -> Tensor:
        return self._joined(colours[None], torch.zeros(1, self._coarse**2, device="cpu"))[0]

    def _joined(self, colours: Tensor, opacity: Tensor) -> Tensor:
        """Join the numbers of colours and of opacity into one row a picture."""
        return torch.cat([colours.flatten(1), opacity.to(colours.dtype)], 1)

    def _colours_of(self, numbers: Tensor) -> Tensor:
        return numbers[:, : -(self._coarse**2)].reshape(-1, *self._shape)


def background(numbers: Tensor, size: int) -> Tensor:
    """Random backgrounds (n, 3, size, size) of random numbers (n, `BACKGROUND_NUMBERS`)."""
    line = (torch.arange(size, device=numbers.device) + 0.5) / size
    colour = 0.35 * numbers[:, :3, None, None]
    pattern = torch.zeros_like(colour)
    for wave in (numbers[:, 3:7], numbers[:, 7:11]):
        x, y, phase, strength = (wave[:, at, None, None] for at in range(4))
        angle = 2 * math.pi * (_WAVES * (x * line[None, None] + y * line[None, :, None]) + phase)
        pattern = pattern + (0.2 * strength * torch.sin(angle))[:, None]
    return (_GREY + colour + pattern).clamp(0, 1)


def over(pictures: Tensor, ground: Tensor | float = _GREY) -> Tensor:
    """Lay (n, 4, h, w) over a background: (n, 3, h, w); without opacity they stay as they are."""
    if pictures.shape[1] == 3:
        return pictures
    return pictures[:, :3] * pictures[:, 3:] + ground * (1 - pictures[:, 3:])
