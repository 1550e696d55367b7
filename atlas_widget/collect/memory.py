"""Collect the samples of one layer in memory, for a user who waits: fair at any time.

With more images than samples wanted, each chosen image gives one crop and each crop one position,
as in the article. With fewer, an image gives several crops, and a crop several positions, which
cost nothing further.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import torch

from atlas_widget.atlas.samples import Samples
from atlas_widget.collect.batches import SampledCrop, as_tensor, seen_at, take_samples
from atlas_widget.collect.checks import check_activations
from atlas_widget.collect.settings import (
    NUM_SAMPLES,
    POSITIONS_PER_CROP,
    check_parameters,
    default_batch_size,
    default_crop_scale,
    schedule,
)
from atlas_widget.errors import ImagesError
from atlas_widget.images.reading import CropReader, ReadCrop, read_ahead
from atlas_widget.images.source import ImageSource
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

if TYPE_CHECKING:
    from PIL import Image

    from atlas_widget.probe import LayerProbe

__all__ = ["collect", "iter_collect"]


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

    A batch that there is no memory for is run in halves, and so are those that follow.

    Parameters are those of `collect`. The parts, put together by `Samples.concatenate`, are what
    `collect` returns; a part is not checked by itself.
    """
    from atlas_widget.probe.memory import HalvedBatches

    crop_scale = crop_scale or default_crop_scale(source)
    check_parameters(source, num_samples, crop_scale, positions_per_crop)
    total = len(source)
    plan = schedule(total, num_samples, positions_per_crop, probe.map_size)
    reader = CropReader(source, seed, crop_scale, plan.per_crop, probe.map_size, probe.input_size)
    crops = islice(reader.crops(plan.rounds), plan.crops)
    encode, batches = probe.accelerated(), HalvedBatches()
    probe.position_box(0, 0)  # measured here, not in the thread that reads
    prepared = _prepared(probe, crops, num_samples)
    done = 0
    check_cancelled(cancelled)
    for batch in read_ahead(prepared, batch_size or default_batch_size(probe.device.type)):
        check_cancelled(cancelled)
        with torch.no_grad():
            parts = batches.run(encode, as_tensor([picture for picture, _ in batch]))
        maps = parts[0] if len(parts) == 1 else torch.cat(parts)
        part = take_samples(maps, [sampled for _, sampled in batch], tuple(source.unreadable))
        done += len(part)
        yield part
    if done == 0:
        raise ImagesError(
            f"None of the {total:,} images could be read ({source.description}). "
            f"The first: {reader.first_reason}"
        )


def _prepared(
    probe: LayerProbe, crops: Iterator[ReadCrop], most: int
) -> Iterator[tuple[Image.Image, SampledCrop]]:
    """Yield crops for the network with where samples of them are taken, `most` in all."""
    for crop in crops:
        positions = crop.positions[:most]
        most -= len(positions)
        jpegs = seen_at(probe, crop.picture, positions)
        yield crop.picture, SampledCrop(crop.index, crop.name, crop.crop, positions, jpegs)
