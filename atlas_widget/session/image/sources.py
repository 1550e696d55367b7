"""Images to open: a file, an image of the atlas, or one of its real crops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError
from atlas_widget.session.image.opened import OpenedImage

if TYPE_CHECKING:
    from atlas_widget.atlas.samples import Samples
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = [
    "crop_of_sample",
    "given_image",
    "image_at_place",
    "image_of_sample",
    "image_of_source",
]


def given_image(image: Any, name: str, size: int) -> OpenedImage:
    """Open an image that was given: anything that `read_image` takes.

    Parameters
    ----------
    image
        A path, the contents of a file, a PIL image, an array or a tensor.
    name
        The name to show.
    size
        The side of the model's input.

    Raises
    ------
    ImagesError
        It is no single image that can be read.
    """
    from atlas_widget.reading.one_image import as_one_image

    one = as_one_image(image, size)
    return OpenedImage(one.rgb, name, tuple(one.notices))


def image_of_source(source: ImageSource | None, number: int, size: int) -> OpenedImage:
    """Open one of the atlas's images by its number."""
    if source is None:
        raise AtlasError("The images of this atlas are not available.")
    if not 0 <= number < len(source):
        raise AtlasError(
            f"There is no image {number}: they have the numbers 0 to {len(source) - 1}."
        )
    return given_image(source.open(number), source.name(number), size)


def image_at_place(
    source: ImageSource | None, number: int, size: int, place: tuple[float, float]
) -> OpenedImage:
    """Open one of the atlas's images, and look at a place of it first.

    Parameters
    ----------
    source, number, size
        See `image_of_source`.
    place
        Across and down, in fractions of the image as the model is given it.
    """
    from dataclasses import replace

    return replace(image_of_source(source, number, size), place=place)


def crop_of_sample(
    samples: Samples, sample: int, probe: LayerProbe, source: ImageSource | None
) -> OpenedImage:
    """Open the crop that a sample comes from, as the network was given it."""
    from atlas_widget.collect import sample_images

    if source is None:
        raise AtlasError("The images of this atlas are not available.")
    rgb = sample_images(samples, source, [sample], probe.input_size)
    row, column = (int(value) for value in samples.positions[sample])
    rows, columns = probe.map_size
    place = ((column + 0.5) / columns, (row + 0.5) / rows)
    note = "A random crop of the image, as the atlas has it."
    return OpenedImage(rgb, samples.name(sample), (note,), place)


def image_of_sample(
    samples: Samples, sample: int, probe: LayerProbe, source: ImageSource | None
) -> OpenedImage:
    """Open the whole image that a sample comes from, with the sample's place in it."""
    from dataclasses import replace

    number = int(samples.image_indices[samples.image_ids[sample]])
    opened = image_of_source(source, number, probe.input_size)
    assert source is not None
    crop = samples.crop(sample)
    row, column = (int(value) for value in samples.positions[sample])
    rows, columns = probe.map_size
    x, y = (column + 0.5) / columns, (row + 0.5) / rows
    left, top, right, bottom = crop.box
    x, y = left + (1 - x if crop.flipped else x) * (right - left), top + y * (bottom - top)
    width, height = source.open(number).size
    side = min(width, height)  # the model is given the middle of it
    x = (x * width - (width - side) / 2) / side
    y = (y * height - (height - side) / 2) / side
    return replace(opened, place=(x, y) if 0 <= x < 1 and 0 <= y < 1 else None)
