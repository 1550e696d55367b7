"""Effective receptive field of a unit, from the gradients of its activation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["ReceptiveField", "box_around", "measure_receptive_field"]

_MIN_SIDE = 8
_ENERGY = 0.9
_PICTURES = 4


@dataclass(frozen=True)
class ReceptiveField:
    """The effective receptive field of a layer's units.

    Attributes
    ----------
    side : int
        Side of the square that holds nine tenths of the gradient's energy, in pixels.
    shift : tuple of float
        How far down and right of its cell's middle a unit looks, in pixels. Padding puts the
        units of many networks half a stride off.
    """

    side: int
    shift: tuple[float, float]


def measure_receptive_field(
    encode: Callable[[Tensor], Tensor],
    size: tuple[int, int],
    device: torch.device,
    *,
    shifted: bool,
) -> ReceptiveField:
    """Measure the receptive field of the centre unit on pictures of noise.

    Parameters
    ----------
    encode : callable
        RGB (n, 3, height, width) → activations (n, c, rows, columns), differentiable.
    size : tuple of int
        Height and width of the pictures.
    device : torch.device
    shifted : bool
        Whether to look for a shift too; patches of tokens have none.

    Returns
    -------
    ReceptiveField
        The whole picture where the gradient says nothing.
    """
    energy, cell, cells = _energy(encode, size, device)
    total = float(energy.sum())
    if not 0 < total < float("inf"):
        return ReceptiveField(max(size), (0.0, 0.0))
    lines = [torch.arange(side, device="cpu", dtype=torch.float64) + 0.5 for side in size]
    middle, shift = [], []
    for axis in (0, 1):
        stride = size[axis] / cells[axis]
        nominal = (cell[axis] + 0.5) * stride
        seen = float((energy.sum(1 - axis) * lines[axis]).sum()) / total
        moved = max(-stride, min(stride, seen - nominal)) if shifted else 0.0
        shift.append(moved)
        middle.append(nominal + moved)
    down, along = ((line - at).abs() for line, at in zip(lines, middle, strict=True))
    distance = torch.maximum(down[:, None], along[None, :])
    order = distance.flatten().argsort()
    held = energy.flatten()[order].cumsum(0)
    reached = min(int((held < _ENERGY * total).sum()), len(order) - 1)
    side = round(2 * float(distance.flatten()[order[reached]]) + 1)
    return ReceptiveField(min(max(side, _MIN_SIDE), max(size)), (shift[0], shift[1]))


def _energy(
    encode: Callable[[Tensor], Tensor], size: tuple[int, int], device: torch.device
) -> tuple[Tensor, tuple[int, int], tuple[int, int]]:
    """Return the gradient's energy per pixel, the unit it is of, and the size of its map."""
    generator = torch.Generator().manual_seed(0)
    energy = torch.zeros(size, device="cpu", dtype=torch.float64)
    cells = (1, 1)
    for _ in range(_PICTURES):  # one at a time: a large model's graph for several may not fit
        rgb = (
            torch.rand(1, 3, *size, generator=generator, device="cpu", dtype=torch.float32)
            .to(device)
            .requires_grad_()
        )
        with torch.enable_grad():
            seen = encode(rgb)
            cells = int(seen.shape[2]), int(seen.shape[3])
            unit = seen[0, :, cells[0] // 2, cells[1] // 2]
            if not unit.requires_grad:
                break
            # Random signs, so that no channel's answer cancels another's everywhere.
            line = torch.randn(
                unit.shape, generator=generator, device="cpu", dtype=torch.float32
            ).to(unit)
            (gradient,) = torch.autograd.grad((unit * line).sum(), rgb, allow_unused=True)
        if gradient is not None:
            energy += gradient[0].cpu().double().square().sum(0)  # not every device has float64
    return energy, (cells[0] // 2, cells[1] // 2), cells


def box_around(
    field: ReceptiveField, cell: tuple[int, int], cells: tuple[int, int], size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return what the unit at `cell` of a map of `cells` sees, as (x0, y0, x1, y1) in pixels.

    The box keeps its size: at the rim of the picture, of `size` (height, width), it is moved
    inwards.
    """
    starts, ends = [], []
    for axis in (0, 1):
        side = min(field.side, size[axis])
        middle = (cell[axis] + 0.5) * size[axis] / cells[axis] + field.shift[axis]
        starts.append(min(max(round(middle - side / 2), 0), size[axis] - side))
        ends.append(starts[axis] + side)
    return starts[1], starts[0], ends[1], ends[0]
