"""The source image of a real crop, with the model's input and the receptive field in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from atlas_widget.atlas.samples import Samples
from atlas_widget.errors import AtlasError
from atlas_widget.images.source import ImageSource, NamedImages
from atlas_widget.probe import LayerProbe
from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.pictures.gallery import CROPS, Gallery
from atlas_widget.session.pictures.sheets import encode

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene

__all__ = ["CropInImage", "SourceImagePanel", "locate"]

_MAX_SIDE = 480  # pixels
_QUALITY = 88

Box = tuple[float, float, float, float]


@panel
class SourceImagePanel(Panel):
    """Sends the image that one of a card's real crops comes from.

    Parameters
    ----------
    probe, source
        The layer, and the images or None if they are not available.
    gallery
        Sends the message.
    """

    kinds = ("crop_in_image",)

    def __init__(self, probe: LayerProbe, source: ImageSource | None, gallery: Gallery) -> None:
        self._probe = probe
        self._source = source
        self._gallery = gallery
        self._scene: Scene | None = None

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer.probe, layer.source, layer.gallery)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene."""
        self._scene = scene

    def handle(self, kind: str, fields: Fields) -> None:
        """Send the image of a crop."""
        scene, grid, cell, crop = self._scene, fields["grid"], fields["cell"], fields["crop"]
        if scene is None or not scene.has(grid, cell):
            return
        nearest = scene.nearest(grid, cell, CROPS)
        if not 0 <= crop < len(nearest):
            return
        found = locate(scene.samples, int(nearest[crop]), self._probe, self._source)
        content = messages.build(
            "crop_in_image",
            revision=scene.revision,
            grid=grid,
            cell=cell,
            crop=crop,
            name=found.name,
            crop_box=found.crop_box,
            seen_box=found.seen_box,
            seen=found.seen,
            input=found.given,
            note=found.note,
            credit=found.credit,
        )
        picture = b"" if found.pixels is None else encode(found.pixels, _QUALITY)
        self._gallery.send(content, [picture])


@dataclass(frozen=True)
class CropInImage:
    """A sample within its image.

    Attributes
    ----------
    name
        Name of the image.
    crop_box, seen_box
        The crop that the network received, and the effective receptive field of the layer at the
        sample's position: left, top, right, bottom in fractions of the image.
    seen, given
        Side of the receptive field and of the crop, in pixels of the network's input.
    pixels
        The image, uint8 (height, width, 3), no side longer than 480; None if it is not available.
    note
        The reason why it is not available; empty if it is.
    credit
        The image's author, licence and origin; empty if they are not known.
    """

    name: str
    crop_box: Box
    seen_box: Box
    seen: int
    given: int
    pixels: npt.NDArray[np.uint8] | None
    note: str
    credit: str


def locate(
    samples: Samples, sample: int, probe: LayerProbe, source: ImageSource | None
) -> CropInImage:
    """Find a sample in its image.

    Parameters
    ----------
    samples, sample
        The samples, and the index of one.
    probe
        The layer; determines the effective receptive field.
    source
        The images, or None if they are not available.
    """
    crop, given = samples.crop(sample), probe.input_size
    row, column = (int(value) for value in samples.positions[sample])
    x0, y0, x1, y1 = probe.position_box(row, column, given)
    if crop.flipped:  # the network received a mirrored crop
        x0, x1 = given - x1, given - x0
    left, top, right, bottom = crop.box
    width, height = (right - left) / given, (bottom - top) / given
    seen_box = (left + x0 * width, top + y0 * height, left + x1 * width, top + y1 * height)
    name = samples.name(sample)
    pixels, note, credit = _image(samples, sample, source)
    return CropInImage(name, crop.box, seen_box, x1 - x0, given, pixels, note, credit)


def _image(
    samples: Samples, sample: int, source: ImageSource | None
) -> tuple[npt.NDArray[np.uint8] | None, str, str]:
    name, index = samples.name(sample), int(samples.image_indices[samples.image_ids[sample]])
    if source is None:
        return None, "The images of this atlas are not available.", ""
    if index >= len(source) or source.name(index) != name:
        return None, f"{source.description} has no image {name!r} at that place any more.", ""
    try:
        image = source.open(index)
    except (AtlasError, OSError) as error:
        return None, str(error), ""
    image.thumbnail((_MAX_SIDE, _MAX_SIDE))
    credit = source.credit(index) if isinstance(source, NamedImages) else None
    return np.asarray(image.convert("RGB")), "", credit or ""
