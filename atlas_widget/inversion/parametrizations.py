"""Parametrizations: how a picture is written as numbers while it is optimised.

A parametrization maps one tensor of numbers per picture to RGB in [0, 1]. Which one is chosen
decides what gradient ascent finds easy: in Fourier space with decorrelated colour every scale and
every hue is equally near, in plain pixels only the finest grain is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from atlas_widget.errors import AtlasError, ImagesError
from atlas_widget.inversion.inputs import as_pictures

__all__ = ["Fourier", "Maco", "Parametrization", "Pixels", "decorrelation_matrix"]

# Square root of the covariance of ImageNet's colours (Lucid), rows and columns as RGB; its columns
# are lightness, blue against yellow, green against magenta.
_COLOUR_SQRT = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
_FAINT = 1e-3  # least weight of a frequency: numbers_of divides by it
_LOW, _HIGH = 0.02, 0.98  # pictures are clipped to this before the inverse of the sigmoid


def decorrelation_matrix() -> Tensor:
    """Matrix (3, 3) from decorrelated to RGB colour, scaled so that its longest column is one."""
    matrix = torch.tensor(_COLOUR_SQRT, device="cpu", dtype=torch.float32)
    scaled: Tensor = matrix / matrix.norm(dim=0).max()
    return scaled


class Parametrization(ABC):
    """Numbers per picture → RGB in [0, 1].

    Parameters
    ----------
    size
        Side of the square picture in pixels.

    Attributes
    ----------
    planes
        3, or 4 where pictures have opacity.
    """

    planes = 3

    def __init__(self, size: int) -> None:
        if not isinstance(size, int | np.integer) or size < 2:
            raise AtlasError(f"size={size!r}: expected the side of the picture in whole pixels")
        self.size = int(size)

    @abstractmethod
    def start(self, generator: torch.Generator) -> Tensor:
        """Numbers of one fresh picture, drawn from its own generator; no batch dimension."""

    @abstractmethod
    def __call__(self, numbers: Tensor) -> Tensor:
        """Return the pictures, shape (n, 3, size, size), of numbers with n in front."""

    @abstractmethod
    def numbers_of(self, pictures: Tensor) -> Tensor:
        """Numbers whose pictures are as near to `pictures` (n, 3, size, size) as can be."""

    def noise(self, generator: torch.Generator, amount: float) -> Tensor:
        """Return noise to start one picture's numbers from."""
        return self.start(generator) * amount

    def to(self, device: torch.device) -> Parametrization:
        """Move the constants to `device`; returns itself."""
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(self, name, value.to(device))
        return self

    def resized(self, pictures: Tensor) -> Tensor:
        """Bring pictures of any size to this one's."""
        if pictures.shape[-1] == self.size and pictures.shape[-2] == self.size:
            return pictures
        shape = (self.size, self.size)
        return F.interpolate(pictures, shape, mode="bicubic", antialias=True).clamp(0, 1)


class _Coloured(Parametrization):
    """Decorrelated colour before a sigmoid; `chroma` scales the two colour axes."""

    def __init__(self, size: int, *, chroma: float = 1.0) -> None:
        super().__init__(size)
        self.chroma = chroma
        axes = torch.tensor([1.0, chroma, chroma], device="cpu", dtype=torch.float32)
        self._to_rgb = decorrelation_matrix() * axes
        self._from_rgb = torch.linalg.inv(self._to_rgb)

    def _colour(self, planes: Tensor) -> Tensor:
        n, _, height, width = planes.shape
        mixed = torch.matmul(self._to_rgb, planes.reshape(n, 3, height * width))
        return torch.sigmoid(mixed).reshape(n, 3, height, width)

    def _planes(self, pictures: Tensor) -> Tensor:
        logits = torch.logit(self.resized(pictures.float()).clamp(_LOW, _HIGH))
        return torch.einsum("cd,ndhw->nchw", self._from_rgb, logits)


class Pixels(_Coloured):
    """Plain pixels in decorrelated colour; grainy, for comparison.

    Parameters
    ----------
    size
        Side of the square picture in pixels.
    deviation
        Standard deviation of the first noise.
    """

    def __init__(self, size: int, *, deviation: float = 0.01, chroma: float = 1.0) -> None:
        super().__init__(size, chroma=chroma)
        self.deviation = deviation

    def start(self, generator: torch.Generator) -> Tensor:  # noqa: D102
        return (
            torch.randn(
                3, self.size, self.size, generator=generator, device="cpu", dtype=torch.float32
            )
            * self.deviation
        )

    def __call__(self, numbers: Tensor) -> Tensor:  # noqa: D102
        return self._colour(numbers)

    def numbers_of(self, pictures: Tensor) -> Tensor:  # noqa: D102
        return self._planes(pictures)


class Fourier(_Coloured):
    """Fourier coefficients under a falling spectrum, in decorrelated colour.

    Parameters
    ----------
    size
        Side of the square picture in pixels.
    falloff
        The spectrum falls as 1 / frequency^falloff; steeper is calmer and more colourful.
    deviation
        Standard deviation of the first coefficients.
    cutoff
        Cycles per pixel about which the spectrum ends, at most 0.7; grain finer than a pixel or two
        excites a network without meaning anything to an eye.
    chroma
        Scale of the two colour axes against lightness.
    """

    def __init__(
        self,
        size: int,
        *,
        falloff: float = 1.0,
        deviation: float = 0.01,
        chroma: float = 1.0,
        cutoff: float | None = None,
    ) -> None:
        super().__init__(size, chroma=chroma)
        self.falloff, self.deviation = falloff, deviation
        cycles = _cycles(size).clamp_min(1.0)
        # Lucid's scale at 64 px and falloff 1 is (size / cycles) / 4. Written in cycles per picture
        # the same numbers give the same picture at every size and steepness.
        self._spectrum = (size / 4) * 64.0 ** (falloff - 1) / cycles**falloff
        if cutoff is not None:
            fade = torch.exp(-((cycles / (cutoff * size)) ** 4))
            self._spectrum = self._spectrum * fade.clamp_min(_FAINT)

    def start(self, generator: torch.Generator) -> Tensor:  # noqa: D102
        shape = (3, self.size, self.size // 2 + 1, 2)
        return (
            torch.randn(shape, generator=generator, device="cpu", dtype=torch.float32)
            * self.deviation
        )

    def __call__(self, numbers: Tensor) -> Tensor:  # noqa: D102
        spectrum = torch.view_as_complex(numbers) * self._spectrum
        return self._colour(torch.fft.irfft2(spectrum, s=(self.size, self.size), norm="ortho"))

    def numbers_of(self, pictures: Tensor) -> Tensor:  # noqa: D102
        spectrum = torch.fft.rfft2(self._planes(pictures), norm="ortho") / self._spectrum
        return torch.view_as_real(spectrum).contiguous()


class Maco(_Coloured):
    """Optimise phases alone, with the magnitudes of the user's own images.

    After "Unlocking Feature Visualization for Deeper Networks with MAgnitude Constrained
    Optimization" (Fel et al. 2023), without the download: the spectrum is measured.

    Parameters
    ----------
    size
        Side of the square picture in pixels.
    images
        Whose mean magnitude spectrum to keep: RGB in [0, 1] of shape (n, 3, height, width), or
        uint8 (n, height, width, 3); arrays or tensors.
    """

    def __init__(self, size: int, images: Any) -> None:
        super().__init__(size)
        shape = np.shape(images)
        if len(shape) != 4 or not shape[0]:
            raise ImagesError(
                f"images of shape {shape}: expected (n, 3, height, width), "
                "some dozens whose spectrum the pictures shall have"
            )
        rgb = as_pictures(images)[:, :3]
        spectrum = torch.fft.rfft2(self._planes(rgb.cpu()), norm="ortho")
        self._magnitude = spectrum.abs().mean(0)
        self._magnitude[:, 0, 0] = spectrum[:, :, 0, 0].real.mean(0)

    def start(self, generator: torch.Generator) -> Tensor:  # noqa: D102
        phase = torch.rand(
            3, self.size, self.size // 2 + 1, generator=generator, device="cpu", dtype=torch.float32
        ) * (2 * torch.pi)
        phase[:, 0, 0] = 0.0
        return phase

    def noise(self, generator: torch.Generator, amount: float) -> Tensor:  # noqa: D102
        return self.start(generator) * min(amount, 1.0)

    def __call__(self, numbers: Tensor) -> Tensor:  # noqa: D102
        spectrum = torch.polar(self._magnitude.expand_as(numbers), numbers)
        return self._colour(torch.fft.irfft2(spectrum, s=(self.size, self.size), norm="ortho"))

    def numbers_of(self, pictures: Tensor) -> Tensor:  # noqa: D102
        phases: Tensor = torch.fft.rfft2(self._planes(pictures), norm="ortho").angle()
        return phases


def _cycles(size: int) -> Tensor:
    """Cycles per picture of each coefficient of a real FFT, shape (size, size // 2 + 1)."""
    vertical = torch.fft.fftfreq(size, 1 / size, device="cpu", dtype=torch.float32)
    horizontal = torch.fft.rfftfreq(size, 1 / size, device="cpu", dtype=torch.float32)
    return torch.hypot(vertical[:, None], horizontal[None])
