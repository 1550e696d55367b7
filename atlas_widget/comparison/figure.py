"""Figures of compared atlases: two maps side by side, or a filmstrip of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas_widget.atlas import Atlas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from atlas_widget.atlas.grid import Grid

__all__ = ["comparison_figure", "series_figure"]

_WIDTH = 5.6  # inches of a map
_MAP_COLOURS = "RdYlBu"  # red where they differ; told apart by the colour-blind
_TINT = 0.5  # of a colour over a crop
_FRAME = "#111111"
_GREY = np.array([0.6, 0.6, 0.6])
_FILM_WIDTH = 2.6  # inches of a map in a filmstrip
_FILM_COLUMNS = 5
_LEGEND_WIDTH = 1.1  # inches of a name
_MAX_CLASSES = 20  # with colours of their own


class Compared(Protocol):
    """Part of `AtlasComparison` that a figure shows."""

    @property
    def a(self) -> Atlas:
        """The atlas whose map stayed."""

    @property
    def b(self) -> Atlas:
        """The atlas beside it."""

    @property
    def names(self) -> tuple[str, str]:
        """Names of both."""

    @property
    def scores(self) -> pd.DataFrame:
        """Scores with their intervals."""

    def cells(self, grid: int | None = None, of: Any = "a") -> pd.DataFrame:
        """Return the cells of one map."""


def comparison_figure(compared: Compared, size: int, overlay: str) -> Figure:
    """Draw two maps side by side, cells as real crops under a colour.

    Parameters
    ----------
    compared
        The comparison.
    size
        Size of the grid.
    overlay
        "agreement" or "places"; see `AtlasComparison.to_figure`.
    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    tables = [compared.cells(size, side) for side in ("a", "b")]
    atlases = [compared.a, compared.b]
    grids = [atlas.grid(size) for atlas in atlases]
    top = min((int(grid.rows.min(initial=size)) for grid in grids), default=0)
    bottom = max(int(grid.rows.max(initial=0)) for grid in grids) + 1
    height = _WIDTH * (bottom - top) / size
    figure = Figure(figsize=(2 * _WIDTH + 0.7, height + 1.0), layout="constrained")
    panels = figure.subplots(1, 2, squeeze=False)[0]
    scale = Normalize(0.0, 1.0)
    colours = colormaps[_MAP_COLOURS]
    frames = ("gone", "new")
    for at, (panel, atlas, grid, table) in enumerate(
        zip(panels, atlases, grids, tables, strict=True)
    ):
        if overlay == "agreement":
            tints = colours(scale(table["agreement"].to_numpy(float)))[:, :3]
        else:
            tints = _mean_colours(grid, _place_colours(compared.a.xy))
        panel.imshow(
            _mosaic(atlas, grid, tints), extent=(0, size, size, 0), interpolation="nearest"
        )
        title = f"{compared.names[at]}" + (", laid out beside it" if at else "")
        if overlay == "agreement":
            unmatched = ~table["matched"].fillna(True).astype(bool)
            for row, column in zip(table["row"][unmatched], table["col"][unmatched], strict=True):
                panel.add_patch(
                    Rectangle((column, row), 1, 1, fill=False, edgecolor=_FRAME, linewidth=1.2)
                )
            title += f"; framed: {int(unmatched.sum())} {frames[at]}"
        panel.set_title(title, fontsize=9, parse_math=False)
        panel.set(xlim=(0, size), ylim=(bottom, top), xticks=[], yticks=[])
        for spine in panel.spines.values():
            spine.set_visible(False)
    if overlay == "agreement":
        bar = figure.colorbar(
            ScalarMappable(scale, colours), ax=panels, shrink=0.8, pad=0.01, aspect=30
        )
        bar.set_label("agreement: neighbours kept, above chance", fontsize=8)
        bar.ax.tick_params(labelsize=7)
    figure.suptitle(_told(compared.scores), fontsize=8, parse_math=False)
    return figure


def series_figure(
    places: NDArray[np.floating],
    names: Sequence[str],
    kinds: Sequence[str] | None,
    notes: Sequence[str],
) -> Figure:
    """Draw the maps of a series as a filmstrip, a dot a sample.

    Parameters
    ----------
    places
        Places of the same samples in each map, (steps, n, 2).
    names, notes
        Of each map: its title, and a line below it.
    kinds
        Class of each sample, which gives its colour; by default its place on the first map does.
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_hex
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    columns = min(_FILM_COLUMNS, len(places))
    rows = -(-len(places) // columns)
    low, high = places[..., 1].min(), places[..., 1].max()
    tall = max(float(high - low), 0.1)
    legend = 0.5 if kinds is not None else 0.0
    size = (_FILM_WIDTH * columns, (_FILM_WIDTH * tall + 0.55) * rows + legend)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flat
    if kinds is None:
        colours, order = _place_colours(places[0]), []
    else:
        # the most frequent classes have colours of their own
        order = list(pd.Series(list(kinds)).value_counts().index[:_MAX_CLASSES])
        order.sort(key=str)
        table = colormaps["tab10" if len(order) <= 10 else "tab20"].colors  # type: ignore[attr-defined]
        shades = {kind: np.asarray(table[at]) for at, kind in enumerate(order)}
        colours = np.stack([shades.get(kind, _GREY) for kind in kinds])
    dot = float(np.clip(4000 / len(colours), 0.4, 9))
    shown = np.random.default_rng(0).permutation(len(colours))  # no class lies on top of others
    for panel, xy, name, note in zip(panels, places, names, notes, strict=False):
        panel.scatter(*xy[shown].T, s=dot, c=colours[shown], linewidths=0, rasterized=True)
        panel.set_title(name, fontsize=9, parse_math=False)
        panel.set_xlabel(note, fontsize=7, parse_math=False)
        panel.set(xlim=(0, 1), ylim=(high + 0.01, low - 0.01), xticks=[], yticks=[], aspect="equal")
    for panel in list(panels)[len(places) :]:
        panel.set_axis_off()
    if order:
        handles = [
            Line2D(
                [], [], linestyle="", marker="o", markersize=4, color=to_hex(tuple(shades[kind]))
            )
            for kind in order
        ]
        figure.legend(
            handles,
            [str(kind) for kind in order],
            loc="outside lower center",
            ncols=max(1, min(len(order), int(size[0] / _LEGEND_WIDTH))),
            fontsize=7,
            frameon=False,
        )
    return figure


def _mosaic(atlas: Atlas, grid: Grid, tints: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return all cells as one RGBA picture: a real crop each, tinted."""
    crops = [atlas.samples.thumbnails.get(int(sample)) for sample in grid.representatives()]
    side = crops[0].shape[0] if crops else 1
    picture = np.zeros((grid.size * side, grid.size * side, 4), np.uint8)
    for row, column, crop, tint in zip(grid.rows, grid.cols, crops, tints, strict=True):
        there = slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side)
        picture[there][..., :3] = (1 - _TINT) * crop + _TINT * 255 * tint
        picture[there][..., 3] = 255
    return picture


def _place_colours(xy: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return a colour for each place of a map, such that near places have like colours, (n, 3)."""
    low, high = xy.min(0), xy.max(0)
    x, y = ((np.asarray(xy, np.float64) - low) / np.maximum(high - low, 1e-9)).T
    corners = np.array([[0.85, 0.2, 0.2], [0.2, 0.45, 0.9], [0.95, 0.8, 0.2], [0.2, 0.7, 0.4]])
    shares = np.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], axis=1)
    colours: NDArray[np.float64] = shares @ corners
    return colours


def _mean_colours(grid: Grid, colours: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([colours[grid.members(number)].mean(0) for number in range(len(grid))])


def _told(scores: pd.DataFrame) -> str:
    """Say the scores in one line."""
    parts = []
    for name, title in (("agreement", "agreement"), ("cka", "CKA"), ("trust", "trust")):
        row = scores.loc[name]
        control = "" if np.isnan(row["control"]) else f", shuffled {row['control']:.2f}"
        parts.append(f"{title} {row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]{control}")
    free = scores["value"]["trust_free"]
    return " · ".join(parts) + f", free {free:.2f}"
