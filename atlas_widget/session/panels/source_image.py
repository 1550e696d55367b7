"""Where a real crop comes from: its image, what the network was given, what the layer saw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from atlas_widget.atlas.samples import Samples
from atlas_widget.errors import AtlasError
from atlas_widget.images.source import ImageSource
from atlas_widget.probe import LayerProbe

__all__ = ["CropInImage", "locate"]

_LONGEST_SIDE = 480  # pixels

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class CropInImage:
    """A sample within its image.

    Attributes
    ----------
    name
        Of the image.
    crop_box, seen_box
        What the network was given, and what of it the layer effectively sees at the sample's
        position: left, top, right, bottom in fractions of the image.
    seen, given
        Their sides in the network's pixels.
    pixels
        The image, uint8 (height, width, 3), no side longer than 480; None if it is not at hand.
    note
        Why it is not; empty if it is.
    """

    name: str
    crop_box: Box
    seen_box: Box
    seen: int
    given: int
    pixels: npt.NDArray[np.uint8] | None
    note: str


def locate(
    samples: Samples, sample: int, probe: LayerProbe, source: ImageSource | None
) -> CropInImage:
    """Find a sample in its image.

    Parameters
    ----------
    samples, sample
        Which one.
    probe
        The layer, whose effective receptive field is what it sees.
    source
        The images, or None if they are not at hand.
    """
    crop, given = samples.crop(sample), probe.input_size
    row, column = (int(value) for value in samples.positions[sample])
    x0, y0, x1, y1 = probe.position_box(row, column, given)
    if crop.flipped:  # the network was given a mirrored crop
        x0, x1 = given - x1, given - x0
    left, top, right, bottom = crop.box
    width, height = (right - left) / given, (bottom - top) / given
    seen_box = (left + x0 * width, top + y0 * height, left + x1 * width, top + y1 * height)
    pixels, note = _image(samples, sample, source)
    return CropInImage(samples.name(sample), crop.box, seen_box, x1 - x0, given, pixels, note)


def _image(
    samples: Samples, sample: int, source: ImageSource | None
) -> tuple[npt.NDArray[np.uint8] | None, str]:
    name, index = samples.name(sample), int(samples.image_indices[samples.image_ids[sample]])
    if source is None:
        return None, "The images of this atlas are not at hand."
    if index >= len(source) or source.name(index) != name:
        return None, f"{source.description} has no image {name!r} at that place any more."
    try:
        image = source.open(index)
    except (AtlasError, OSError) as error:
        return None, str(error)
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    return np.asarray(image.convert("RGB")), ""
