"""The receptive field of a layer's middle unit, and that unit's answers to pictures in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from atlas_widget.errors import AtlasError
from atlas_widget.probe import LayerProbe
from atlas_widget.units.stimuli import GREY

__all__ = ["Field"]

_FLOAT = npt.NDArray[np.float32]
_BATCH = {"cpu": 16, "cuda": 64}  # larger ones leave a CPU's caches, and take longer for each


@dataclass(frozen=True)
class Field:
    """The receptive field of the unit in the middle of the map.

    Attributes
    ----------
    probe
        The layer.
    side
        Side of the field in pixels.
    picture
        Side of the pictures that the model is given.
    left, top
        Where in these the field begins.
    row, column
        The unit's position on the map.
    """

    probe: LayerProbe
    side: int
    picture: int
    left: int
    top: int
    row: int
    column: int

    @classmethod
    def of(cls, probe: LayerProbe) -> Field:
        """Measure the field of a layer; raise `AtlasError` if the layer has no map."""
        if probe.kind == "vector" or min(probe.map_size) < 2:
            raise AtlasError(
                f"The layer {probe.layer!r} has no map: its units see the whole picture, so "
                "stimuli have no place. Choose an earlier layer."
            )
        native = probe.input_size
        side = min(max(probe.receptive_field(), 4), native)
        # a smaller picture where the model takes one and the field fits in: it is faster
        size = next((one for one in range(32, native, 32) if _holds(probe, one, side)), native)
        rows, columns = probe.map_size_at(size)
        row, column = rows // 2, columns // 2
        x0, y0, x1, y1 = probe.position_box(row, column, size)
        left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
        inside = size - side
        return cls(
            probe, side, size, min(max(left, 0), inside), min(max(top, 0), inside), row, column
        )

    def answers(
        self, pictures: Tensor, each: Callable[[int], None] = lambda _count: None
    ) -> _FLOAT:
        """Return the middle unit's activations for stimuli.

        Parameters
        ----------
        pictures
            RGB in [0, 1], (n, 3, side, side); around them is plain grey.
        each
            Called after some of them with how many these were; what it raises ends the work.

        Returns
        -------
        ndarray, float32 (n, units)
        """
        parts = []
        for some in torch.split(pictures, _BATCH.get(self.probe.device.type, 16)):
            parts.append(self._answers(some))
            each(len(some))
        return np.concatenate(parts)

    def _answers(self, pictures: Tensor) -> _FLOAT:
        canvas = torch.full((len(pictures), 3, self.picture, self.picture), GREY)
        bottom, right = self.top + self.side, self.left + self.side
        canvas[:, :, self.top : bottom, self.left : right] = pictures
        with torch.no_grad():
            maps = self.probe.accelerated()(canvas.to(self.probe.device))
        answers: _FLOAT = maps[:, :, self.row, self.column].float().cpu().numpy()
        return answers


def _holds(probe: LayerProbe, size: int, side: int) -> bool:
    """Return True if the model takes pictures of a size in which the field lies well inside."""
    return size >= 1.1 * side and probe.accepts_size(size) and min(probe.map_size_at(size)) > 2
