"""Names of regions of the map: what the images, or else the crops, of neighbouring cells share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from atlas_widget.atlas.grid import Grid
    from atlas_widget.atlas.samples import Samples
    from atlas_widget.images.crop_words import CropWords
    from atlas_widget.images.source import ImageSource
    from atlas_widget.session.cells.scene import Scene

__all__ = [
    "Region",
    "crop_regions",
    "named_regions",
    "region_fields",
    "regions_of",
    "telling_labels",
]

_MIN_SHARE = 0.6  # of a cell's samples that are from images of one label; of cells that look alike
_MIN_LIFT = 1.4  # times the label's share among all samples
_MIN_IMAGES = 3  # of the label in a region
_MIN_CELLS = 3
_MAX_REGIONS = 24
_NEIGHBOURS = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Region:
    """Neighbouring cells whose images have the same label, or whose crops look alike.

    Attributes
    ----------
    name
        The label, or what the crops look like.
    x, y
        The middle of the cell deepest within the region, in units of the atlas.
    cells
        Ids of its cells.
    share
        Share of the samples of these cells that are from images of the label, or of the nearest
        crops that look so.
    """

    name: str
    x: float
    y: float
    cells: tuple[int, ...]
    share: float


def regions_of(scene: Scene, source: ImageSource | None) -> list[Region]:
    """Return the regions of a final scene that can be named.

    They are named after the labels of the images; where images have none, after what the crops
    look like.
    """
    if not scene.final:
        return []
    labels = telling_labels(source)
    grid = scene.grids[scene.base]
    if labels is not None:
        return named_regions(grid, scene.samples, labels)
    return crop_regions(grid, [scene.crop_words(scene.base, int(cell)) for cell in grid.ids])


def telling_labels(source: ImageSource | None) -> list[str | None] | None:
    """Return the labels of the images; None if there are none, or one that all share."""
    from atlas_widget.images.labels import image_labels

    labels = image_labels(source) if source is not None else None
    return labels if labels is not None and len(set(labels) - {None}) > 1 else None


def named_regions(grid: Grid, samples: Samples, labels: Sequence[str | None]) -> list[Region]:
    """Return the regions that can be named, those of most cells first.

    A region is three or more neighbouring cells (diagonals count) in each of which at least 60 % of
    the samples come from images of one label, from at least three such images in all. A label that
    most images have anyway names nothing: its share has to be 1.4 times that among all samples.

    Parameters
    ----------
    grid
        The cells.
    samples
        The samples of the atlas.
    labels
        The label of each image of the source, by its number there.
    """
    numbers = np.asarray(samples.image_indices)[np.asarray(samples.image_ids)]
    names = sorted({label for label in labels if label is not None})
    code = {name: at for at, name in enumerate(names)}
    codes = np.array([-1 if label is None else code[label] for label in labels], np.int64)
    of_sample = codes[numbers]
    usual = np.bincount(of_sample[of_sample >= 0], minlength=len(names)) / max(len(of_sample), 1)
    winners, shares = _winners(grid, of_sample, len(names))
    found: list[Region] = []
    for label in np.unique(winners[winners >= 0]).tolist():
        if _MIN_LIFT * usual[label] > 1:
            continue
        cells = (winners == label) & (shares >= max(_MIN_SHARE, _MIN_LIFT * usual[label]))
        mask = np.zeros((grid.size, grid.size), bool)
        mask[np.asarray(grid.rows)[cells], np.asarray(grid.cols)[cells]] = True
        for inside in _parts(mask):
            region = _region(grid, samples, of_sample, names[label], label, inside)
            if region is not None:
                found.append(region)
    return _largest(found)


def crop_regions(grid: Grid, words: Sequence[CropWords]) -> list[Region]:
    """Return regions of three or more neighbouring cells with crops of one colour, largest first.

    What 60 % of the cells' crops look like besides is in the name, too.

    Parameters
    ----------
    grid
        The cells.
    words
        What the crops of each cell look like; those without a common colour name nothing.
    """
    colours = np.array([each.colour for each in words])
    found: list[Region] = []
    for colour in sorted(set(colours.tolist()) - {""}):
        mask = np.zeros((grid.size, grid.size), bool)
        own = colours == colour
        mask[np.asarray(grid.rows)[own], np.asarray(grid.cols)[own]] = True
        for inside in _parts(mask):
            ids = np.flatnonzero(inside)
            alike = [words[place] for place in np.searchsorted(np.asarray(grid.ids), ids)]
            (name, count), *_ = Counter(each.words for each in alike).most_common(1)
            share = float(np.mean([each.share for each in alike]))
            name = name if count >= _MIN_SHARE * len(alike) else f"{colour} crops"
            found.append(Region(name, *_middle(inside), tuple(ids.tolist()), share))
    return _largest(found)


def region_fields(regions: Sequence[Region]) -> dict[str, Any]:
    """Return named regions as fields of the message `regions`, less its revision."""
    return {
        "names": [region.name for region in regions],
        "x": [region.x for region in regions],
        "y": [region.y for region in regions],
        "cells": [len(region.cells) for region in regions],
        "shares": [region.share for region in regions],
    }


def _winners(
    grid: Grid, of_sample: npt.NDArray[np.int64], count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return each cell's most frequent label, -1 for none, and its share of the samples."""
    winners = np.full(len(grid.ids), -1)
    shares = np.zeros(len(grid.ids))
    for place in range(len(grid.ids)):
        own = of_sample[np.asarray(grid.members(place))]
        votes = np.bincount(own[own >= 0], minlength=count)
        if votes.any():
            winners[place] = int(votes.argmax())
            shares[place] = votes.max() / len(own)
    return winners, shares


def _region(
    grid: Grid,
    samples: Samples,
    of_sample: npt.NDArray[np.int64],
    name: str,
    label: int,
    inside: npt.NDArray[np.bool_],
) -> Region | None:
    ids = np.flatnonzero(inside)
    places = np.searchsorted(np.asarray(grid.ids), ids)
    members = np.concatenate([np.asarray(grid.members(int(place))) for place in places])
    own = of_sample[members] == label
    images = Counter(np.asarray(samples.image_ids)[members[own]].tolist())
    if len(images) < _MIN_IMAGES:
        return None
    return Region(name, *_middle(inside), tuple(ids.tolist()), float(own.mean()))


def _parts(mask: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.bool_]]:
    """Return the connected parts of a mask that are large enough for a name."""
    from scipy import ndimage  # here and below: the widget is imported without it

    parts, count = ndimage.label(mask, _NEIGHBOURS)
    found = [parts == part for part in range(1, count + 1)]
    return [inside for inside in found if inside.sum() >= _MIN_CELLS]


def _middle(inside: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the middle of the cell farthest from the edge; of several the most central one."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    rows, columns = np.nonzero(inside)
    off = np.hypot(rows - rows.mean(), columns - columns.mean())
    best = int(np.lexsort((off, -depth[rows, columns]))[0])
    x, y = ((int(at) + 0.5) / len(inside) for at in (columns[best], rows[best]))
    return x, y


def _largest(found: list[Region]) -> list[Region]:
    found.sort(key=lambda region: (-len(region.cells), region.name, region.cells))
    return found[:_MAX_REGIONS]
