"""Collect activations of a layer at random positions in random crops of images.

With more images than samples wanted, each chosen image gives one crop and each crop one position,
as in the article. With fewer, an image gives several crops, and a crop several positions, which
cost nothing further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from atlas_widget.errors import ActivationsError, AtlasError, ImagesError
from atlas_widget.images.crops import crop_image
from atlas_widget.images.reading import CropReader, ReadCrop, read_ahead
from atlas_widget.images.sources import ImageSource
from atlas_widget.images.thumbnails import Thumbnails, encode_thumbnail
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled
from atlas_widget.samples import Samples

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe

__all__ = [
    "CROP_SCALE",
    "FEWEST_SAMPLES",
    "NUM_SAMPLES",
    "POSITIONS_PER_CROP",
    "check_activations",
    "collect",
    "default_crop_scale",
    "iter_collect",
    "sample_images",
]

NUM_SAMPLES = 4000
"""How many samples an atlas stands on by default."""

CROP_SCALE = (0.2, 1.0)
"""Crops' sides as fractions of the image's shorter side, unless the source has its own
`crop_scale`. Small crops show a layer's units the same things at many sizes, which joins the
islands that single photos would make."""

POSITIONS_PER_CROP = 16
"""At most so many positions of one crop, where there are fewer images than samples wanted."""

FEWEST_SAMPLES = 10
"""A layout of fewer samples has no neighbourhoods to show."""


def collect(
    probe: LayerProbe,
    source: ImageSource,
    *,
    num_samples: int = NUM_SAMPLES,
    seed: int = 0,
    crop_scale: tuple[float, float] | None = None,
    positions_per_crop: int = POSITIONS_PER_CROP,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
    batch_size: int | None = None,
) -> Samples:
    """Collect samples.

    Parameters
    ----------
    probe : LayerProbe
        The layer.
    source : ImageSource
        The images.
    num_samples : int
        How many samples.
    seed : int
        With the images' names it determines crops and positions.
    crop_scale : tuple of float
        Least and greatest side of the crops, as fractions of the image's shorter side; by default
        the source's own `crop_scale`, if it has one, else `CROP_SCALE`.
    positions_per_crop : int
        At most so many positions of one crop. Only one while there are images enough.
    progress, cancelled : callable, optional
        Called with (done, total) after each batch; asked before each batch.
    batch_size : int, optional
        Crops per forward pass.

    Raises
    ------
    ImagesError
        No image could be read.
    ActivationsError
        The activations are too few, not finite, or all the same.
    Cancelled
        `cancelled` returned True.
    """
    parts = []
    done = 0
    if progress is not None:
        progress(0, num_samples)
    for part in iter_collect(
        probe,
        source,
        num_samples=num_samples,
        seed=seed,
        crop_scale=crop_scale,
        positions_per_crop=positions_per_crop,
        cancelled=cancelled,
        batch_size=batch_size,
    ):
        parts.append(part)
        done += len(part)
        if progress is not None:
            progress(done, num_samples)
    samples = Samples.concatenate(parts)
    check_activations(samples)
    return samples


def iter_collect(
    probe: LayerProbe,
    source: ImageSource,
    *,
    num_samples: int = NUM_SAMPLES,
    seed: int = 0,
    crop_scale: tuple[float, float] | None = None,
    positions_per_crop: int = POSITIONS_PER_CROP,
    cancelled: CancelledCallback | None = None,
    batch_size: int | None = None,
) -> Iterator[Samples]:
    """Yield the samples of `collect` batch by batch, each a fair part of the images.

    Parameters are those of `collect`. The parts, put together by `Samples.concatenate`, are what
    `collect` returns; a part is not checked by itself.
    """
    crop_scale = crop_scale or default_crop_scale(source)
    _check_parameters(num_samples, crop_scale, positions_per_crop)
    total = len(source)
    if total == 0:
        raise ImagesError(f"There are no images in {source.description}.")
    wanted = -(-num_samples // total)
    per_crop = min(wanted, positions_per_crop, _inner_positions(probe.map_size))
    reader = CropReader(source, seed, crop_scale, per_crop, probe.map_size, probe.input_size)
    crops = islice(reader.crops(rounds=-(-wanted // per_crop)), -(-num_samples // per_crop))
    size = batch_size or (16 if probe.device.type == "cpu" else 64)
    encode = probe.accelerated()
    done = 0
    check_cancelled(cancelled)
    for batch in read_ahead(crops, size):
        check_cancelled(cancelled)
        part = _activations(probe, encode, batch, num_samples - done, tuple(source.unreadable))
        done += len(part)
        yield part
    if done == 0:
        raise ImagesError(
            f"None of the {total:,} images could be read ({source.description}). "
            f"The first: {reader.first_reason}"
        )


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
            image, last_index = source.open(index), index
        pictures[at] = crop_image(image, samples.crop(rows[at]), size)
    return _tensor([picture for picture in pictures if picture is not None])


def check_activations(samples: Samples) -> None:
    """Raise `ActivationsError` for activations of which no atlas can be made."""
    activations = samples.activations
    if len(activations) < FEWEST_SAMPLES:
        raise ActivationsError(
            f"{len(activations)} samples are too few for an atlas, which needs {FEWEST_SAMPLES} at "
            "the very least and looks well from a thousand on: give more images or num_samples."
        )
    bad: NDArray[np.bool_] = np.logical_not(np.isfinite(activations).all(axis=1))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise ActivationsError(
            f"{int(bad.sum()):,} of {len(bad):,} activations are not finite (NaN or infinite), the "
            f"first in image {samples.name(first)!r}. Half precision or the transform may be why."
        )
    if not activations.any():
        raise ActivationsError(
            f"All {len(activations):,} activations are zero: the layer is dead, or the transform "
            "does not feed the network what it was trained on."
        )
    if np.ptp(activations, axis=0).max() <= 1e-6 * np.abs(activations).max():
        raise ActivationsError(
            f"All {len(activations):,} activations are the same: the layer does not depend on the "
            "image, or all images are the same."
        )


def _activations(
    probe: LayerProbe,
    encode: Callable[[torch.Tensor], torch.Tensor],
    batch: list[ReadCrop],
    most: int,
    unreadable: tuple[str, ...],
) -> Samples:
    """Run a batch of crops and take the activations at their positions."""
    with torch.no_grad():
        maps = encode(_tensor([crop.picture for crop in batch])).float()
    rows = [
        (number, crop, position) for number, crop in enumerate(batch) for position in crop.positions
    ][:most]
    positions = np.stack([position for _, _, position in rows]).astype(np.int16)
    numbers = [number for number, _, _ in rows]
    activations = maps[numbers, :, positions[:, 0].tolist(), positions[:, 1].tolist()]
    images = {crop.index: crop.name for _, crop, _ in rows}
    ids = {index: number for number, index in enumerate(images)}
    return Samples(
        activations=activations.cpu().numpy(),
        positions=positions,
        crops=np.array([crop.crop.box for _, crop, _ in rows], np.float32),
        flipped=np.array([crop.crop.flipped for _, crop, _ in rows], np.bool_),
        image_ids=np.array([ids[crop.index] for _, crop, _ in rows], np.int32),
        image_names=list(images.values()),
        image_indices=np.fromiter(images, np.int32, len(images)),
        thumbnails=Thumbnails.from_jpegs(
            encode_thumbnail(
                crop.picture,
                probe.position_box(int(position[0]), int(position[1]), probe.input_size),
            )
            for _, crop, position in rows
        ),
        unreadable=unreadable,
    )


def _tensor(pictures: list[Image.Image]) -> torch.Tensor:
    pixels = np.stack([np.asarray(picture) for picture in pictures])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(255.0)


def _inner_positions(map_size: tuple[int, int]) -> int:
    rows, columns = map_size
    return (rows - 2) * (columns - 2) if min(rows, columns) > 3 else rows * columns


def default_crop_scale(source: ImageSource) -> tuple[float, float]:
    """Return the sizes of crops that suit a source."""
    scale: tuple[float, float] | None = getattr(source, "crop_scale", None)
    return scale or CROP_SCALE


def _check_parameters(
    num_samples: int, crop_scale: tuple[float, float], positions_per_crop: int
) -> None:
    if num_samples < FEWEST_SAMPLES:
        raise ActivationsError(
            f"num_samples={num_samples} is too few: an atlas needs {FEWEST_SAMPLES} at the very "
            "least and looks well from a thousand on."
        )
    low, high = crop_scale
    if not 0.0 < low <= high <= 1.0:
        raise AtlasError(
            f"crop_scale={crop_scale!r}: the least and the greatest side of a crop, as fractions "
            "of the image's shorter side, so 0 < least <= greatest <= 1."
        )
    if positions_per_crop < 1:
        raise AtlasError(f"positions_per_crop={positions_per_crop}: at least 1.")
