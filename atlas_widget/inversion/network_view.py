"""View of a picture that the network is shown: its size, and the unit at its centre."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from atlas_widget.errors import LayerOutputError
from atlas_widget.inversion.early_layers import EarlyLayers, early_layers
from atlas_widget.inversion.settings import InversionSettings
from atlas_widget.inversion.transforms import resize
from atlas_widget.probe.noise import same_noise
from atlas_widget.probe.obstacles import why_no_derivative

__all__ = ["NetworkView"]


class NetworkView:
    """The network up to the layer, looked through at pictures of one size.

    Attributes
    ----------
    view
        Side of what the network is shown, in pixels.
    enlarged
        Whether that is more than was asked for, since the layer's units see much.
    canvas
        Side of the picture that is drawn; less than asked for where the layer sees less.
    centre
        Row and column of the unit that looks at the picture's middle. Not always the middle one:
        with an even number of units, which of them it is depends on how the network pads.
    bytes_each
        Memory of the GPU that a picture's activations take until its gradient is known; 0 where
        that is not measured.
    """

    def __init__(self, probe: Any, settings: InversionSettings) -> None:
        accelerated = getattr(probe, "accelerated", None)
        self.network = probe.encode if accelerated is None else accelerated()
        self._probe = probe
        self._beside: Any = None
        self.device = torch.device(probe.device)
        dtype = getattr(probe, "dtype", torch.float32)
        # small gradients do not survive in half precision
        self.loss_scale = 1024.0 if dtype == torch.float16 else 1.0
        self.canvas = settings.size
        self.view = settings.view or settings.size
        if settings.fit_receptive_field:
            self.view = _fitted(probe, self.view)
        if settings.view is None:
            self.canvas = self.view
        least = _least_view(probe, settings.units)
        self.enlarged = least > self.view
        self.view = max(self.view, least)
        shape = self._try(self.view)
        if shape is None:  # attention over a fixed number of tokens, or too small for its strides
            native = int(probe.input_size)
            self.canvas = min(settings.size, native)
            self.view = native
            shape = self._try(native, last=True)
        assert shape is not None
        self.map_size = shape
        self.bytes_each = 0
        self.centre = self._find_centre(shape)

    @classmethod
    def coarse(
        cls, probe: Any, settings: InversionSettings, fine: NetworkView
    ) -> NetworkView | None:
        """Return the view of the first steps, which does not enlarge; None if it is the same."""
        if not settings.coarse or not fine.enlarged:
            return None
        coarse = cls(probe, settings.replace(units=1))
        return coarse if coarse.view < fine.view and coarse.canvas == fine.canvas else None

    def __call__(self, views: Tensor) -> Tensor:
        """Activations (n, channels, height, width), differentiable with respect to `views`."""
        return self.network(views).float()  # type: ignore[no-any-return]

    @cached_property
    def early(self) -> EarlyLayers:
        """The layers whose statistics can be read beside the layer's activations; maybe none."""
        found = EarlyLayers(early_layers(self._probe))
        if not found:
            return found
        views = resize(same_noise(1, 32), self.view).to(self.device).requires_grad_()
        try:
            with torch.enable_grad():
                _, statistics = self._read(found, views, None)
                torch.autograd.grad(statistics.sum(), views)
        except Exception:  # a network that works in place, say: its pictures go without
            return EarlyLayers()
        return found

    def with_early(self, views: Tensor, covered: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Activations as by calling it, and the statistics of :attr:`early` layers."""
        return self._read(self.early, views, covered)

    def statistics(self, views: Tensor, covered: Tensor | None = None) -> Tensor:
        """Return the statistics of :attr:`early` layers alone, (n, 2, their channels)."""
        return self.early.read(self._encoder_beside(self.early), views, covered)

    def _read(
        self, early: EarlyLayers, views: Tensor, covered: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        encoder = self._encoder_beside(early)
        with early.reading(encoder.runner.network, covered):
            activations = encoder(views).float()
        return activations, early.statistics()

    def _encoder_beside(self, early: EarlyLayers) -> Any:
        if self._beside is None:
            self._beside = self._probe.accelerated_beside(early.names)
        return self._beside

    def _try(self, side: int, last: bool = False) -> tuple[int, int] | None:
        picture = torch.full((1, 3, side, side), 0.5, device=self.device)
        try:
            with torch.no_grad():
                seen = self.network(picture)
        except Exception as error:
            if last:
                raise LayerOutputError(
                    f"the layer cannot be shown pictures of {side}×{side} pixels: {error}"
                ) from error
            return None
        if seen.ndim != 4 or 0 in seen.shape:
            return None
        return int(seen.shape[2]), int(seen.shape[3])

    def check_derivative(self, activations: Tensor) -> None:
        """Raise if activations do not depend on the picture in a way that can be differentiated."""
        if not activations.requires_grad:
            cause = why_no_derivative(self._probe.private_model.network.module)
            raise LayerOutputError(
                f"No derivative gets from layer {self._probe.layer!r} to the picture, so none can "
                f"be made for it: {cause}."
            )

    def _find_centre(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Return the unit whose gradients on the picture are centred best."""
        height, width = shape
        middle = height // 2, width // 2
        if height * width == 1:
            return middle
        generator = torch.Generator().manual_seed(0)
        coarse = (2, 3, self.view // 2, self.view // 2)
        noise = torch.rand(coarse, generator=generator, device="cpu", dtype=torch.float32)
        noise = resize(noise, self.view).to(self.device).requires_grad_()
        line = (torch.arange(self.view, device=self.device) + 0.5) / self.view - 0.5
        with torch.enable_grad():
            before = _allocated(self.device)
            seen = self.network(noise).float()
            self.check_derivative(seen)
            self.bytes_each = (_allocated(self.device) - before) // len(noise)
            weight = torch.randn(seen.shape[1], generator=generator, device="cpu").to(seen)

            def offset(row: int, column: int) -> tuple[float, float]:
                score = (seen[:, :, row, column] * weight).sum() * self.loss_scale
                (gradient,) = torch.autograd.grad(score, noise, retain_graph=True)
                energy = gradient.float().square().sum((0, 1))
                total = energy.sum().clamp_min(1e-30)
                y, x = (energy.sum(1) * line).sum() / total, (energy.sum(0) * line).sum() / total
                return abs(float(y)), abs(float(x))

            rows = sorted({max(0, middle[0] - 1), middle[0], min(height - 1, middle[0] + 1)})
            columns = sorted({max(0, middle[1] - 1), middle[1], min(width - 1, middle[1] + 1)})
            vertical = {row: offset(row, middle[1])[0] for row in rows}
            across = {column: offset(middle[0], column)[1] for column in columns}
        best_row = min(rows, key=lambda row: (round(vertical[row], 2), abs(row - middle[0])))
        best_column = min(
            columns, key=lambda column: (round(across[column], 2), abs(column - middle[1]))
        )
        return best_row, best_column


def _allocated(device: torch.device) -> int:
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else 0


def _least_view(probe: Any, units: float) -> int:
    """Return the side of a picture whose map has so many units, at most the network's own."""
    if getattr(probe, "kind", "map") != "map" or not hasattr(probe, "map_size"):
        return 0
    across, native = int(max(probe.map_size)), int(probe.input_size)
    if across <= units:  # hardly a map, even at the network's own size
        return 0
    return min(native, 8 * math.ceil(units * native / (8 * across)))


def _fitted(probe: Any, size: int) -> int:
    """Return the side of what a unit sees, a third larger for the transforms, at most `size`."""
    field = getattr(probe, "receptive_field", None)
    if field is None or getattr(probe, "kind", "map") != "map":
        return size
    side = int(field()) * 4 / 3
    return min(size, max(24, 8 * -(-int(side) // 8)))
