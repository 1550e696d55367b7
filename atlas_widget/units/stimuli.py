"""Synthetic pictures in families, such as gratings and curves: pure functions of their parameters.

Edges are antialiased by their exact distance to each pixel's centre, so nothing is random. All are
RGB in [0, 1] on a grey ground, drawn about the middle of a square of `side` pixels, the field.
Directions are in degrees, counter-clockwise from the right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from atlas_widget.errors import AtlasError, did_you_mean

__all__ = ["GREY", "SETS", "Stimuli", "parameter_text", "stimuli"]

GREY = 0.5
"""Lightness of the ground, and of everything outside the field."""

STIMULI_VERSION = 1
"""Version of the pictures, part of cache keys."""

_FINEST = 0.25  # cycles per pixel
_COARSEST_SIGMA = 2.0  # pixels; smaller fields still hold a Gabor's envelope
_LIGHTNESS = 0.65  # of colours, in OKLab
_MAX_CHROMA = 0.16


@dataclass(frozen=True)
class Stimuli:
    """The pictures of one family.

    Attributes
    ----------
    name
        The family.
    table
        The parameters, a row a picture.
    axes
        Names of the two parameters that a map is drawn over, rows first; the others are reduced.
    pictures
        RGB in [0, 1], (n, 3, side, side).
    """

    name: str
    table: pd.DataFrame
    axes: tuple[str, str]
    pictures: Tensor


def stimuli(name: str, side: int) -> Stimuli:
    """Return the pictures of a family.

    Parameters
    ----------
    name
        A key of `SETS`.
    side
        Side of the field in pixels, 4 at least: that of the receptive field.

    Raises
    ------
    AtlasError
        There is no such family, or the field is too small.
    """
    if name not in SETS:
        hint = did_you_mean(name, SETS) if isinstance(name, str) else ""
        raise AtlasError(
            f"There is no set of stimuli {name!r:.60}.{hint} There are {', '.join(SETS)}."
        )
    if side < 4:
        raise AtlasError(f"A field of {side} pixels is too small to draw in: 4 at least.")
    return SETS[name](side)


def _gratings(side: int) -> Stimuli:
    """Gabor patches: 12 orientations, frequencies by octaves, 4 phases, contrast 1."""
    frequencies = [f / side for f in (1, 2, 4, 8, 16, 32) if f / side <= _FINEST]
    if not frequencies or frequencies[-1] < _FINEST / 2:
        frequencies = sorted({*frequencies, _FINEST / 2, _FINEST})
    rows, drawn = [], []
    x, y = _grid(side)
    envelope = torch.exp(-(x**2 + y**2) / (2 * max(side / 4, _COARSEST_SIGMA) ** 2))
    for orientation in range(0, 180, 15):
        along = _along(x, y, orientation)
        for frequency in frequencies:
            for phase in (0, 90, 180, 270):
                wave = torch.cos(2 * math.pi * frequency * along + math.radians(phase))
                rows.append((orientation, frequency * side, phase))
                drawn.append(GREY + 0.5 * wave * envelope)
    table = pd.DataFrame(rows, columns=["orientation", "cycles", "phase"])
    return Stimuli("gratings", table, ("cycles", "orientation"), _grey(drawn))


def _edges(side: int) -> Stimuli:
    """Steps from dark to light towards 24 directions, sharp and blurred."""
    rows, drawn = [], []
    x, y = _grid(side)
    for direction in range(0, 360, 15):
        for blur in (0.0, 1 / 32, 1 / 16):
            sigma = max(blur * side, 0.5)
            rows.append((direction, blur))
            drawn.append(torch.special.ndtr(_along(x, y, direction) / sigma))
    table = pd.DataFrame(rows, columns=["direction", "blur"])
    return Stimuli("edges", table, ("blur", "direction"), _grey(drawn))


def _curves(side: int) -> Stimuli:
    """Arcs of equal length whose middle lies in the middle; `direction` points to their centre."""
    width = max(2.0, side / 16)
    rows, drawn = [], []
    x, y = _grid(side)
    for direction in range(0, 360, 10):
        for radius in (1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 1.0, 2.0, math.inf):
            distance = _arc(x, y, direction, radius * side, 0.8 * side)
            ink = _cover(distance - width / 2)
            for bright in (False, True):
                rows.append((direction, radius, bright))
                drawn.append(GREY + (0.5 if bright else -0.5) * ink)
    table = pd.DataFrame(rows, columns=["direction", "radius", "bright"])
    return Stimuli("curves", table, ("radius", "direction"), _grey(drawn))


def _angles(side: int) -> Stimuli:
    """Two dark lines that meet in the middle; `direction` is that of the line between them."""
    width = max(2.0, side / 16)
    rows, drawn = [], []
    x, y = _grid(side)
    for direction in range(0, 360, 10):
        for opening in (30, 60, 90, 120, 150):
            arms = [_segment(x, y, direction + sign * opening / 2, 0.4 * side) for sign in (-1, 1)]
            rows.append((direction, opening))
            drawn.append(GREY - 0.5 * _cover(torch.minimum(*arms) - width / 2))
    table = pd.DataFrame(rows, columns=["direction", "opening"])
    return Stimuli("angles", table, ("opening", "direction"), _grey(drawn))


def _colours(side: int) -> Stimuli:
    """Hues of equal lightness (OKLab) and greys, as a disc and all over the field.

    Colours that no screen shows are clipped; `clipped` says which.
    """
    rows, colours = [], []
    for hue in range(0, 360, 15):
        for chroma in np.linspace(_MAX_CHROMA / 5, _MAX_CHROMA, 5):
            rgb = _srgb(_LIGHTNESS, chroma, hue)
            rows.append((hue, chroma, _LIGHTNESS, bool(((rgb < 0) | (rgb > 1)).any())))
            colours.append(rgb.clip(0, 1))
    for lightness in np.linspace(0, 1, 8):
        rows.append((-1, 0.0, lightness, False))
        colours.append(np.full(3, lightness))
    x, y = _grid(side)
    disc = _cover(torch.hypot(x, y) - side / 4)
    pictures = []
    for ground in (disc, torch.ones_like(disc)):
        for rgb in colours:
            colour = torch.tensor(rgb, dtype=torch.float32)[:, None, None]
            pictures.append(GREY + (colour - GREY) * ground)
    table = pd.DataFrame(2 * rows, columns=["hue", "chroma", "lightness", "clipped"])
    table["shape"] = ["disc"] * len(rows) + ["field"] * len(rows)
    return Stimuli("colours", table, ("chroma", "hue"), torch.stack(pictures))


def _checkers(side: int) -> Stimuli:
    """Checkerboards of eight periods, three contrasts, upright and turned by 45°."""
    rows, drawn = [], []
    x, y = _grid(side)
    for period in np.geomspace(1 / 16, 1, 8):
        length = max(period * side, 2.0)
        for contrast in (0.25, 0.5, 1.0):
            for orientation in (0, 45):
                u = _along(x, y, orientation) * 2 / length
                v = _along(x, y, orientation + 90) * 2 / length
                # a product of two antialiased square waves
                waves = [(2 * length / 2 * _triangle(w)).clamp(-1, 1) for w in (u, v)]
                rows.append((period, contrast, orientation))
                drawn.append(GREY + 0.5 * contrast * waves[0] * waves[1])
    table = pd.DataFrame(rows, columns=["period", "contrast", "orientation"])
    return Stimuli("checkers", table, ("contrast", "period"), _grey(drawn))


def _spots(side: int) -> Stimuli:
    """Bright and dark discs at 9 × 9 places: a map of the receptive field."""
    rows, drawn = [], []
    x, y = _grid(side)
    places = (np.arange(9) - 4) / 9
    for down in places:
        for right in places:
            ink = _cover(torch.hypot(x - right * side, y + down * side) - side / 16)
            for bright in (False, True):
                rows.append((down, right, bright))
                drawn.append(GREY + (0.5 if bright else -0.5) * ink)
    table = pd.DataFrame(rows, columns=["down", "right", "bright"])
    return Stimuli("spots", table, ("down", "right"), _grey(drawn))


def _shapes(side: int) -> Stimuli:
    """Six dark shapes, filled and as outlines, of three sizes and four rotations."""
    width = max(2.0, side / 24)
    rows, drawn = [], []
    x, y = _grid(side)
    for shape, distance_of in _SHAPES.items():
        for size in (1 / 4, 1 / 2, 1.0):
            for rotation in (0, 45, 90, 135):
                u, v = _along(x, y, rotation), _along(x, y, rotation + 90)
                distance = distance_of(u, v, 0.4 * size * side)
                for outline in (False, True):
                    edge = distance.abs() - width / 2 if outline else distance
                    rows.append((shape, size, rotation, outline))
                    drawn.append(GREY - 0.5 * _cover(edge))
    table = pd.DataFrame(rows, columns=["shape", "size", "rotation", "outline"])
    return Stimuli("shapes", table, ("shape", "size"), _grey(drawn))


SETS: Mapping[str, Callable[[int], Stimuli]] = {
    "gratings": _gratings,
    "edges": _edges,
    "curves": _curves,
    "angles": _angles,
    "colours": _colours,
    "checkers": _checkers,
    "spots": _spots,
    "shapes": _shapes,
}
"""The families by name."""


# -- Geometry, in pixels about the middle; y points up


def _grid(side: int) -> tuple[Tensor, Tensor]:
    """Return x and y of each pixel's centre, (side, side)."""
    line = torch.arange(side, dtype=torch.float32) - (side - 1) / 2
    return line[None, :].expand(side, side), -line[:, None].expand(side, side)


def _along(x: Tensor, y: Tensor, direction: float) -> Tensor:
    """Return the coordinate along a direction."""
    angle = math.radians(direction)
    return x * math.cos(angle) + y * math.sin(angle)


def _cover(distance: Tensor) -> Tensor:
    """Return the share of each pixel within a shape, given its signed distance from the edge."""
    return (0.5 - distance).clamp(0, 1)


def _segment(x: Tensor, y: Tensor, direction: float, length: float) -> Tensor:
    """Return the distance from a segment that starts in the middle."""
    along, across = _along(x, y, direction), _along(x, y, direction + 90)
    return torch.hypot(along - along.clamp(0, length), across)


def _arc(x: Tensor, y: Tensor, direction: float, radius: float, length: float) -> Tensor:
    """Return the distance from an arc whose middle is in the middle."""
    # in a frame whose first axis points from the middle to the arc's centre
    u, v = _along(x, y, direction), _along(x, y, direction + 90)
    if math.isinf(radius):
        return torch.hypot(u, v - v.clamp(-length / 2, length / 2))
    half = min(length / radius, math.radians(300)) / 2
    angle = torch.atan2(v, radius - u)
    near = angle.clamp(-half, half)
    return torch.hypot(u - (radius - radius * near.cos()), v - radius * near.sin())


def _triangle(u: Tensor) -> Tensor:
    """Return the distance from the nearest whole number, positive in every second interval."""
    cell = u.floor()
    sign = 1 - 2 * (cell.remainder(2))
    return sign * torch.minimum(u - cell, cell + 1 - u)


def _polygon(corners: int, inner: float, start: float) -> Callable[[Tensor, Tensor, float], Tensor]:
    """Return the signed distance of a regular polygon or, with `inner` below 1, a star."""

    def distance(u: Tensor, v: Tensor, radius: float) -> Tensor:
        count = corners * (1 if inner == 1 else 2)
        angles = [math.radians(start) + 2 * math.pi * at / count for at in range(count)]
        lengths = [radius * (1 if at % 2 == 0 or inner == 1 else inner) for at in range(count)]
        px = [r * math.cos(a) for r, a in zip(lengths, angles, strict=True)]
        py = [r * math.sin(a) for r, a in zip(lengths, angles, strict=True)]
        nearest = torch.full_like(u, math.inf)
        inside = torch.ones_like(u)
        for at in range(count):
            ax, ay = px[at - 1], py[at - 1]
            bx, by = px[at], py[at]
            ex, ey = bx - ax, by - ay
            share = (((u - ax) * ex + (v - ay) * ey) / (ex * ex + ey * ey)).clamp(0, 1)
            nearest = torch.minimum(nearest, torch.hypot(u - ax - share * ex, v - ay - share * ey))
            crosses = ((ay > v) != (by > v)) & (u < ex * (v - ay) / (ey if ey else 1e-12) + ax)
            inside = torch.where(crosses, -inside, inside)
        return nearest * inside

    return distance


def _cross(u: Tensor, v: Tensor, radius: float) -> Tensor:
    bars = [torch.maximum(a.abs() - radius, b.abs() - radius / 3) for a, b in ((u, v), (v, u))]
    return torch.minimum(*bars)


_SHAPES: Mapping[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "disc": lambda u, v, radius: torch.hypot(u, v) - radius,
    "ring": lambda u, v, radius: (torch.hypot(u, v) - 0.8 * radius).abs() - 0.2 * radius,
    "square": _polygon(4, 1, 45),
    "triangle": _polygon(3, 1, 90),
    "star": _polygon(5, 0.4, 90),
    "cross": _cross,
}


def parameter_text(value: object) -> str:
    """Return a parameter of a stimulus as a short text."""
    if isinstance(value, float):
        return "∞" if math.isinf(value) else f"{value:.2g}"
    return str(value)


def _grey(drawn: list[Tensor]) -> Tensor:
    """Return pictures without colour, (n, 3, side, side)."""
    return torch.stack(drawn)[:, None].expand(-1, 3, -1, -1).contiguous().clamp(0, 1)


def _srgb(lightness: float, chroma: float, hue: float) -> np.ndarray:
    """Return a colour of OKLab (Björn Ottosson, 2020) as sRGB, beyond [0, 1] where none is."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    cone = np.array(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ]
    )
    linear = (
        np.array(
            [
                [4.0767416621, -3.3077115913, 0.2309699292],
                [-1.2684380046, 2.6097574011, -0.3413193965],
                [-0.0041960863, -0.7034186147, 1.7076147010],
            ]
        )
        @ cone**3
    )
    size = np.abs(linear)
    curved = np.where(size <= 0.0031308, 12.92 * size, 1.055 * size ** (1 / 2.4) - 0.055)
    result: np.ndarray = np.sign(linear) * curved
    return result
