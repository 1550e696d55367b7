"""Plain words for what crops look like: a colour, and whether they are smooth or have edges.

Said only where most of the crops agree. It is about the crops, not about the network.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CropWords", "colour_of", "crop_words", "structure_of"]

_AGREE = 0.75  # of the crops
_MIN_CROPS = 3  # crops that can agree
_MIN_COVER = 0.5  # of a crop's area that has its colour
_BLOCK = 4  # pixels that are averaged before they have a colour
_SMOOTH = 0.012  # mean step of lightness from pixel to pixel
_TEXTURED = 0.03
_COHERENT = 0.45  # of the steps that have one direction
_GREY = 0.04  # chroma
_HUES = (  # degrees of hue in OKLab at which each colour begins
    (0.0, "pink"),
    (15.0, "red"),
    (45.0, "orange"),
    (85.0, "yellow"),
    (118.0, "green"),
    (172.0, "turquoise"),
    (222.0, "blue"),
    (288.0, "purple"),
    (335.0, "pink"),
)

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class CropWords:
    """Words for what most of some crops look like.

    Attributes
    ----------
    words
        Such as "smooth blue crops" or "grey crops with edges"; empty if they do not agree.
    colour
        Their colour, if they agree on one.
    share
        Share of the crops that agree: on the colour, else on what they are like.
    """

    words: str = ""
    colour: str = ""
    share: float = 0.0


def crop_words(crops: Sequence[Pixels]) -> CropWords:
    """Return what most of some crops look like.

    Parameters
    ----------
    crops
        RGB, each of shape (side, side, 3).
    """
    if len(crops) < _MIN_CROPS:
        return CropWords()
    colour, of_colour = _agreed([colour_of(crop) for crop in crops])
    structure, of_structure = _agreed([structure_of(crop) for crop in crops])
    if not colour and structure in ("", "textured"):  # as most crops of photos are
        return CropWords()
    edges = structure == "edges"
    words = ["" if edges else structure, colour, "crops", "with edges" if edges else ""]
    share = of_colour if colour else of_structure
    return CropWords(" ".join(word for word in words if word), colour, share)


def colour_of(crop: Pixels) -> str:
    """Return the colour of at least half of a crop in one word; empty if none has so much."""
    lab = _oklab(_averaged(crop))
    light, chroma = lab[..., 0].ravel(), np.hypot(lab[..., 1], lab[..., 2]).ravel()
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])).ravel() % 360
    starts = [start for start, _ in _HUES]
    names = np.array([name for _, name in _HUES])[np.searchsorted(starts, hue, "right") - 1]
    warm = np.isin(names, ("orange", "yellow"))
    dull = (warm & (chroma < 0.14)) | ((names == "red") & (chroma < 0.09))
    names = np.where(dull & (light < 0.62), "brown", names)
    names = np.where(warm & (chroma < 0.09) & (light >= 0.62), "beige", names)
    neutral = np.where(light < 0.3, "black", np.where(light < 0.88, "grey", "white"))
    names = np.where((chroma < _GREY) | (light < 0.2), neutral, names)
    (name, count), *_ = Counter(names.tolist()).most_common(1)
    return str(name) if count >= _MIN_COVER * len(names) else ""


def structure_of(crop: Pixels) -> str:
    """Return "smooth", "textured", "edges" for contrast in one direction, or nothing."""
    light = _oklab(crop)[..., 0]
    across = (light[1:-1, 2:] - light[1:-1, :-2]) / 2
    down = (light[2:, 1:-1] - light[:-2, 1:-1]) / 2
    steps = np.hypot(across, down)
    mean = float(steps.mean())
    if mean < _SMOOTH:
        return "smooth"
    # structure tensor of the whole crop: how much of the contrast has one direction
    xx, yy, xy = (
        float((a * b).mean()) for a, b in ((across, across), (down, down), (across, down))
    )
    coherence = math.hypot(xx - yy, 2 * xy) / (xx + yy)
    if coherence >= _COHERENT:
        return "edges"
    return "textured" if mean >= _TEXTURED else ""


def _agreed(words: Sequence[str]) -> tuple[str, float]:
    """Return the word that most crops have, empty if too few do, and their share."""
    (word, count), *_ = Counter(words).most_common(1)
    share = count / len(words)
    return (word, share) if share >= _AGREE else ("", 0.0)


def _averaged(crop: Pixels) -> Floats:
    side = (min(crop.shape[:2]) // _BLOCK) * _BLOCK or 1
    block = _BLOCK if side >= _BLOCK else 1
    part = crop[:side, :side].astype(np.float32)
    found = part.reshape(side // block, block, side // block, block, 3).mean((1, 3))
    return np.asarray(found, np.float32)


_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)


def _oklab(rgb: NDArray[np.generic]) -> Floats:
    """Return sRGB of 0 to 255 in OKLab (Ottosson 2020): lightness from 0 to 1, and two hues."""
    values = np.asarray(rgb, np.float32) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T, np.float32)
