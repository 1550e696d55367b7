"""Blocks of a unit's page that need passes of the network: exact examples, and tuning."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from atlas_widget.images.unreadable import UnreadableImageError
from atlas_widget.protocol import messages
from atlas_widget.session.pictures.picture import Pixels
from atlas_widget.session.pictures.sheets import encode, pack

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.units import Tuning, UnitScan

__all__ = ["examples_block", "tuning_block"]

_EXAMPLES = 12
_PICTURE = 112  # pixels; side of an image as it is sent
_STIMULUS = 64
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
        row_labels=[_text(value) for table in maps for value in table.index],
        column_labels=[_text(value) for table in maps for value in table.columns],
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


def _text(value: object) -> str:
    """Return a parameter of a stimulus as a short text."""
    if isinstance(value, float):
        return "∞" if math.isinf(value) else f"{value:.2g}"
    return str(value)
