"""The crops that samples come from, cut out of the images again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from atlas_widget.atlas.samples import Samples
from atlas_widget.collect.batches import as_tensor
from atlas_widget.errors import ImagesError
from atlas_widget.images.crops import crop_image
from atlas_widget.images.source import ImageSource, open_image

__all__ = ["sample_images"]


def sample_images(
    samples: Samples,
    source: ImageSource,
    indices: Sequence[int] | NDArray[np.integer],
    size: int,
) -> torch.Tensor:
    """Return again the crops that samples come from, as the network was given them.

    Parameters
    ----------
    samples : Samples
        What was collected from `source`.
    source : ImageSource
        The images.
    indices : sequence of int
        Which samples.
    size : int
        `probe.input_size`.

    Returns
    -------
    Tensor, shape (len(indices), 3, size, size)
        RGB in [0, 1].
    """
    rows = np.asarray(indices, dtype=np.int64)
    pictures: list[Image.Image | None] = [None] * len(rows)
    last_index = -1
    # image by image, so that each is decoded once
    for at in np.argsort(samples.image_ids[rows], kind="stable"):
        image_id = int(samples.image_ids[rows[at]])
        index = int(samples.image_indices[image_id])
        if index >= len(source) or source.name(index) != samples.image_names[image_id]:
            raise ImagesError(
                f"{source.description} is not what the samples were collected from: "
                f"image {index} should be {samples.image_names[image_id]!r}."
            )
        if index != last_index:
            image, last_index = open_image(source, index), index
        pictures[at] = crop_image(image, samples.crop(rows[at]), size)
    return as_tensor([picture for picture in pictures if picture is not None])
