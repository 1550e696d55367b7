"""Blocks of a unit's page that need passes of the network, as messages."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from atlas_widget.images.unreadable import UnreadableImageError
from atlas_widget.protocol import messages
from atlas_widget.session.pictures.picture import Pixels
from atlas_widget.session.pictures.sheets import encode, pack

if TYPE_CHECKING:
    from atlas_widget.attribution import ClassValue
    from atlas_widget.images.source import ImageSource
    from atlas_widget.session.tasks.unit_tuning import Turned
    from atlas_widget.session.tasks.units import Twin, Wiring
    from atlas_widget.units import Band, Tuning, UnitScan

__all__ = [
    "classes_block",
    "examples_block",
    "scrambled_block",
    "tuning_block",
    "turned_block",
    "twin_block",
    "wiring_block",
]

_EXAMPLES = 12
_PICTURE = 112  # pixels; side of an image as it is sent
_STIMULUS = 64
_TWIN_EXAMPLES = 5
_COLUMNS = 6


def examples_block(
    scan: UnitScan, layer: str, unit: int, source: ImageSource, revision: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Return the message about the images in which a unit is most active.

    Parameters
    ----------
    scan
        The scan of the layer.
    layer, unit
        The unit.
    source
        The images.
    revision
        Revision of the layout.
    """
    table = scan.examples(layer, unit, count=_EXAMPLES)
    boxes = table[["x0", "y0", "x1", "y1"]].to_numpy(float)
    content = messages.build(
        "unit_examples",
        revision=revision,
        unit=unit,
        images=scan.images,
        activations=table["activation"].tolist(),
        names=table["name"].tolist(),
        labels=[label if isinstance(label, str) else None for label in table["label"]],
        numbers=table["image"].tolist(),
        boxes=boxes.ravel().tolist(),
        rim=[int(rim) for rim in table["at_rim"]],
        tile=_PICTURE,
        columns=_COLUMNS,
    )
    pictures = [_square(source, int(image)) for image in table["image"]]
    return content, [encode(pack(pictures, _PICTURE, _COLUMNS))]


def tuning_block(found: Tuning, unit: int, revision: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return the message about a unit's tuning: a map for each set, and its best stimulus.

    Parameters
    ----------
    found
        The tuning of the layer.
    unit
        The unit.
    revision
        Revision of the layout.
    """
    from atlas_widget.units.stimuli import parameter_text

    names = list(found.responses)
    maps = [found.map(name, unit) for name in names]
    summary = found.summary(unit)
    grey = float(found.grey[unit])
    content = messages.build(
        "unit_tuning",
        revision=revision,
        unit=unit,
        side=found.side,
        sets=names,
        rows=[len(table.index) for table in maps],
        columns=[len(table.columns) for table in maps],
        row_names=[str(table.index.name) for table in maps],
        column_names=[str(table.columns.name) for table in maps],
        row_labels=[parameter_text(value) for table in maps for value in table.index],
        column_labels=[parameter_text(value) for table in maps for value in table.columns],
        values=[float(value) - grey for table in maps for value in table.to_numpy().ravel()],
        z=summary["z"].tolist(),
        preferred=summary["preferred"].tolist(),
        selectivity=summary["selectivity"].tolist(),
        tuned=[int(tuned) for tuned in summary["tuned"]],
        tile=_STIMULUS,
    )
    best = [found.sets[name].pictures[found.best(unit, name)["number"]] for name in names]
    tiles = [_pixels(picture) for picture in best]
    return content, [encode(pack(tiles, _STIMULUS, len(tiles)))]


def scrambled_block(
    band: Band, found: Tuning, unit: int, revision: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Return the message about the control of a unit's tuning.

    Parameters
    ----------
    band
        The unit's answers to its best stimulus with random phases.
    found
        The tuning of the layer.
    unit
        The unit.
    revision
        Revision of the layout.
    """
    content = messages.build(
        "unit_scrambled",
        revision=revision,
        unit=unit,
        set=str(found.best(unit)["set"]),
        best=band.best,
        low=band.low,
        high=band.high,
        grey=float(found.grey[unit]),
    )
    return content, []


def turned_block(found: Turned, revision: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return the message about a unit's answers to its strongest examples, turned.

    Parameters
    ----------
    found
        The answers of the unit.
    revision
        Revision of the layout.
    """
    from atlas_widget.units.turned import TURNED

    tuning, unit = found.tuning, found.unit
    answers = tuning.map(TURNED, unit)
    table = tuning.sets[TURNED].table
    summary = tuning.summary(unit)
    at_rest = table.index[table["angle"] == 0]
    pictures = tuning.sets[TURNED].pictures
    content = messages.build(
        "unit_turned",
        revision=revision,
        unit=unit,
        exact=found.exact,
        side=tuning.side,
        grey=float(tuning.grey[unit]),
        angles=[int(angle) for angle in answers.columns],
        values=[float(value) for value in answers.to_numpy().ravel()],
        activations=table["activation"][at_rest].tolist(),
        z=summary["z"].tolist()[0],
        preferred=summary["preferred"].tolist()[0],
        selectivity=summary["selectivity"].tolist()[0],
        best=found.band.best,
        low=found.band.low,
        high=found.band.high,
        tile=_STIMULUS,
    )
    tiles = [_pixels(pictures[number]) for number in at_rest]
    return content, [encode(pack(tiles, _STIMULUS, len(tiles)))]


def wiring_block(found: Wiring, revision: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return the message about the units that feed a unit, and those that it feeds.

    Parameters
    ----------
    found
        The connections of the unit.
    revision
        Revision of the layout.
    """
    connections = found.connections
    content = messages.build(
        "unit_wiring",
        revision=revision,
        unit=found.unit,
        images=found.images,
        graph=found.kind,
        layers=[each.layer for each in connections],
        units=[each.unit for each in connections],
        below=[int(each.below) for each in connections],
        contributions=[each.contribution for each in connections],
        lows=[each.low for each in connections],
        highs=[each.high for each in connections],
        shares=[each.share for each in connections],
        rows=[each.weights.shape[0] for each in connections],
        columns=[each.weights.shape[1] for each in connections],
        weights=[float(value) for each in connections for value in each.weights.ravel()],
        tile=_STIMULUS,
    )
    if not connections:
        return content, []
    return content, [encode(pack(list(found.pictures), _STIMULUS, len(connections)))]


def classes_block(
    found: tuple[list[ClassValue], list[ClassValue]],
    unit: int,
    name_of: Callable[[int], str],
    revision: int,
) -> tuple[dict[str, Any], list[bytes]]:
    """Return the message about the classes that a unit argues for and against.

    Parameters
    ----------
    found
        The classes for and against, strongest first.
    unit
        The unit.
    name_of
        Names a class.
    revision
        Revision of the layout.
    """
    classes = [*found[0], *reversed(found[1])]
    content = messages.build(
        "unit_classes",
        revision=revision,
        unit=unit,
        classes=[name_of(each.index) for each in classes],
        values=[each.value for each in classes],
        lows=[each.low for each in classes],
        highs=[each.high for each in classes],
    )
    return content, []


def twin_block(
    found: Twin, layer: str, source: ImageSource, revision: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Return the message about the same unit of an untrained network.

    Parameters
    ----------
    found
        The unit's counterpart.
    layer
        The layer.
    source
        The images.
    revision
        Revision of the layout.
    """
    table = found.scan.examples(layer, found.unit, count=_TWIN_EXAMPLES)
    content = messages.build(
        "unit_twin",
        revision=revision,
        unit=found.unit,
        r=None if math.isnan(found.r) else found.r,
        floor=None if math.isnan(found.floor) else found.floor,
        activations=table["activation"].tolist(),
        names=table["name"].tolist(),
        tile=_PICTURE,
    )
    pictures = [found.picture, *(_square(source, int(image)) for image in table["image"])]
    return content, [encode(pack(pictures, _PICTURE, len(pictures)))]


def _square(source: ImageSource, image: int) -> Pixels:
    """Return an image as the model is given it; grey if it cannot be read any more."""
    from atlas_widget.probe.pictures import as_rgb

    try:
        return _pixels(as_rgb([source.open(image)], _PICTURE)[0])
    except UnreadableImageError:
        return np.full((_PICTURE, _PICTURE, 3), 128, np.uint8)


def _pixels(picture: torch.Tensor) -> Pixels:
    pixels: Pixels = (picture.permute(1, 2, 0) * 255).round().byte().numpy()
    return pixels
