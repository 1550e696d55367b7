"""Titles of the axes around a figure of two classes compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from atlas_widget.atlas.class_influence import Axis

__all__ = ["ABOVE", "BESIDE", "draw_axes", "tick_values"]

ABOVE = 0.34
"""Inches that the axis above the cells takes."""

BESIDE = 0.16
"""Inches that the axis beside them takes."""

_SIZE = 6.0  # points
_INK = "#333333"
_TICK = 0.03  # inches
_TICKS = 6
_MIN_WIDTH = 5.0  # inches, from which on there is room between the ends for what is measured


def draw_axes(
    drawing: Figure,
    place: tuple[float, float, float, float],
    axes: tuple[Axis, Axis],
    across: tuple[float, float],
) -> None:
    """Write the axes of a layout above and beside its cells.

    Parameters
    ----------
    drawing
        The figure.
    place
        Where the cells are, in fractions of the figure: left, bottom, width, height.
    axes
        What x and y mean.
    across
        Which part of x the cells take, from 0 to 1.
    """
    from matplotlib.lines import Line2D

    left, bottom, width, height = place
    top = bottom + height
    inch_x, inch_y = 1 / drawing.get_figwidth(), 1 / drawing.get_figheight()
    text: dict[str, Any] = {"fontsize": _SIZE, "color": _INK, "parse_math": False}
    x, y = axes
    if x.measures:
        low, high = (x.low + part * (x.high - x.low) for part in across)
        for value in tick_values(low, high):
            at = left + width * (value - low) / (high - low)
            line = Line2D([at, at], [top + 0.01 * inch_y, top + (0.01 + _TICK) * inch_y])
            line.set(color=_INK, linewidth=0.5)
            drawing.add_artist(line)
            words = f"{value:+g}".replace("-", "−") if value else "0"
            drawing.text(at, top + 0.06 * inch_y, words, ha="center", va="bottom", **text)
    ends = top + 0.19 * inch_y
    drawing.text(left, ends, f"← {x.low_label}", ha="left", va="bottom", fontweight="bold", **text)
    drawing.text(
        left + width, ends, f"{x.high_label} →", ha="right", va="bottom", fontweight="bold", **text
    )
    if width / inch_x >= _MIN_WIDTH:
        beyond = f"; what is beyond ±{abs(x.low):.2g} is at the edge" * x.measures
        words = x.label + beyond
        drawing.text(left + width / 2, ends, words, ha="center", va="bottom", **text)
    drawing.text(
        left - 0.06 * inch_x,
        bottom + height / 2,
        f"← {y.label} →",
        ha="right",
        va="center",
        rotation=90,
        **text,
    )


def tick_values(low: float, high: float) -> list[float]:
    """Return round values between two, in either order: 1, 2 or 5 times a power of ten apart."""
    least, most = min(low, high), max(low, high)
    if not most > least:
        return []
    rough = (most - least) / _TICKS
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= rough)
    first, last = np.ceil(least / step - 1e-9), np.floor(most / step + 1e-9)
    return [round(float(count * step), 12) for count in np.arange(first, last + 1)]
