"""A figure of a unit's tuning: a map for each set of stimuli, and curves over directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from atlas_widget.units.stimuli import parameter_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from atlas_widget.units.stimuli import Stimuli

__all__ = ["tuning_figure"]

_WIDTH = 3.1  # inches of a panel
_HEIGHT = 2.9
_TICKS = 6


class Answers(Protocol):
    """Part of :class:`~atlas_widget.units.Tuning` that a figure shows."""

    @property
    def layer(self) -> str:
        """The layer."""

    @property
    def grey(self) -> npt.NDArray[np.float32]:
        """The answer to plain grey of each unit."""

    @property
    def sets(self) -> Mapping[str, Stimuli]:
        """The stimuli of each set."""

    @property
    def responses(self) -> Mapping[str, npt.NDArray[np.float32]]:
        """The responses to each set."""

    def map(self, name: str, unit: int) -> pd.DataFrame:
        """Return the responses over the two axes of a set."""

    def best(self, unit: int, name: str | None = None) -> dict[str, Any]:
        """Return the stimulus that a unit answers most to."""


def tuning_figure(found: Answers, unit: int) -> Figure:
    """Return a figure of the maps of all sets, with the best stimulus in each.

    Parameters
    ----------
    found
        The tuning of a layer.
    unit
        The unit.
    """
    from matplotlib.figure import Figure

    names = list(found.responses)
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(_WIDTH * columns, _HEIGHT * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flat
    grey = float(found.grey[unit])
    reach = max(float(np.abs(found.responses[name][:, unit] - grey).max()) for name in names)
    image = None
    for panel, name in zip(panels, names, strict=False):
        table = found.map(name, unit)
        image = panel.imshow(
            table.to_numpy(float) - grey,
            cmap="RdBu",
            vmin=-reach or -1,
            vmax=reach or 1,
            aspect="auto",
            interpolation="nearest",
        )
        summary = found.best(unit, name)
        z = float(summary["z"])
        told = f"z = {z:.1f}" if np.isfinite(z) else f"{float(summary['response']):.3g}"
        panel.set_title(f"{name}: best {told}", fontsize=9)
        for axis, index in (("y", table.index), ("x", table.columns)):
            _ticks(panel, axis, [parameter_text(value) for value in index])
        panel.set_ylabel(table.index.name, fontsize=8)
        panel.set_xlabel(table.columns.name, fontsize=8)
        inset = panel.inset_axes((0.76, 0.72, 0.24, 0.28))
        picture = found.sets[name].pictures[summary["number"]]
        inset.imshow(picture.permute(1, 2, 0).numpy(), vmin=0, vmax=1)
        inset.set(xticks=[], yticks=[])
    for panel in list(panels):
        panel.set_axis_off()
    if image is not None:
        bar = figure.colorbar(image, ax=figure.axes[: rows * columns], shrink=0.6, pad=0.01)
        bar.set_label("response above that to grey", fontsize=8)
    figure.suptitle(f"Unit {unit} of {found.layer}", fontsize=10)
    return figure


def _ticks(panel: object, axis: str, texts: list[str]) -> None:
    step = -(-len(texts) // _TICKS)
    places = list(range(0, len(texts), step))
    getattr(panel, f"set_{axis}ticks")(places, [texts[at] for at in places], fontsize=7)
