"""Third question of a trial: a layer's positions look where its map says they are.

Four units are asked. The top right and the bottom left tell rows from columns and from heads,
windows and blocks; the middle of the right and of the lower edge tell the order of rows from others
that keep the corners, such as Hiera's.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from atlas_widget.probe.outputs import Layout

__all__ = ["Verdict", "judge_places"]

Verdict = Literal["right", "wrong", "undecided", "unreached"]

_GRID = 16
_PEAK_RADIUS = 3  # cells of that grid around the peak: a sixth of the side each way
_LOCAL = 0.5
_REACH = 0.2
_THERE = 0.3
_MORE = 1.5  # than what lies there if all of the picture is seen alike
_ELSEWHERE = 0.1
_CLEAR = 0.03


def judge_places(rgb: Tensor, tensor: Tensor, layout: Layout) -> Verdict:
    """Say whether units at the edges of a layer's map look at these edges of the picture.

    Parameters
    ----------
    rgb : Tensor
        Two pictures, (2, 3, side, side), that `tensor` follows from.
    tensor : Tensor
        What the layer returned for them, with a graph that leads to `rgb`.
    layout : Layout
        How to take it.

    Returns
    -------
    {"right", "wrong", "undecided", "unreached"}
        Undecided where the units see all of the picture alike; unreached where no derivative gets
        to the picture.
    """
    seen = layout.as_map(tensor)
    rows, columns = seen.shape[2:]
    strict = layout.kind == "tokens"
    corners = _judge(rgb, seen, [(0, columns - 1), (rows - 1, 0)], strict)
    if corners == "right" and strict:
        edges = _judge(rgb, seen, [(rows // 2, columns - 1), (rows - 1, columns // 2)], strict)
        return "wrong" if edges == "wrong" else "right"
    return corners


def _judge(rgb: Tensor, seen: Tensor, units: list[tuple[int, int]], strict: bool) -> Verdict:
    """Judge by two units: one of the first picture, and one farther left and down of the second."""
    rows, columns = seen.shape[2:]
    generator = torch.Generator().manual_seed(0)
    # Random signs, so that no channel's answer cancels another's everywhere.
    signs = torch.randn(seen.shape[1], generator=generator, device="cpu", dtype=torch.float32)
    total = torch.stack(
        [
            (seen[number, :, row, column] * signs.to(seen)).sum()
            for number, (row, column) in enumerate(units)
        ]
    ).sum()
    (gradient,) = torch.autograd.grad(total, rgb, retain_graph=True, allow_unused=True)
    if gradient is None:
        return "unreached"
    if rows * columns == 1:
        return "right"
    energy = gradient.detach().float().square().sum(1)
    cells = F.adaptive_avg_pool2d(energy[:, None], min(_GRID, energy.shape[-1]))[:, 0].cpu()
    views = [_View.of(part) for part in cells]
    wanted = [((row + 0.5) / rows, (column + 0.5) / columns) for row, column in units]
    # padding puts the units of coarse maps half a cell off, and more
    reach = _REACH + 0.5 / min(rows, columns)
    there, elsewhere = [], []
    for view, place in zip(views, wanted, strict=True):
        if view is None:
            continue
        share, area = view.share(place, reach)
        elsewhere.append(view.local and share < _ELSEWHERE)
        there.append(share > max(_THERE, _MORE * area))
    if len(there) == 2 and all(there):
        return "right"
    # one of a map may be led astray alone, by attention that happens to be sharp
    if any(elsewhere) and (strict or (len(elsewhere) == 2 and all(elsewhere))):
        return "wrong"
    first, second = views
    if first is None or second is None:
        return "undecided"
    moved = []
    if rows > 1:
        moved.append(second.middle[0] - first.middle[0])
    if columns > 1:
        moved.append(first.middle[1] - second.middle[1])
    return "right" if min(moved) > _CLEAR else "undecided"


class _View:
    """Place in the picture that a unit looks at, in fractions of its side.

    Attributes
    ----------
    middle : tuple of float
        The mean of the gradient's energy: down, right.
    local : bool
        Whether most of it lies around one place.
    """

    def __init__(self, cells: Tensor) -> None:
        side = len(cells)
        share = self._shares = cells / cells.sum()
        line = self._line = (torch.arange(side, device="cpu") + 0.5) / side
        self.middle = float((share.sum(1) * line).sum()), float((share.sum(0) * line).sum())
        smooth = F.avg_pool2d(share[None], 3, 1, 1, count_include_pad=False)[0]
        top, left = divmod(int(smooth.argmax()), side)
        near = share[
            max(0, top - _PEAK_RADIUS) : top + _PEAK_RADIUS + 1,
            max(0, left - _PEAK_RADIUS) : left + _PEAK_RADIUS + 1,
        ]
        self.local = float(near.sum()) >= _LOCAL

    @classmethod
    def of(cls, cells: Tensor) -> _View | None:
        """Return where it looks; None if it sees nothing."""
        total = float(cells.sum())
        return cls(cells.double()) if 0 < total < float("inf") else None

    def share(self, place: tuple[float, float], reach: float) -> tuple[float, float]:
        """Return which share of what it sees, and of the picture, lies near a place."""
        down, right = ((self._line - place[axis]).abs() <= reach for axis in (0, 1))
        near = self._shares[down][:, right]
        return float(near.sum()), near.numel() / self._shares.numel()
