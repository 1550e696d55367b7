"""Activations at the places of another atlas's samples: the same crops of the same images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from atlas_widget.atlas.samples import Samples
from atlas_widget.collect.again import sample_images
from atlas_widget.collect.batches import seen_at
from atlas_widget.collect.checks import check_activations
from atlas_widget.collect.settings import default_batch_size
from atlas_widget.images.source import ImageSource
from atlas_widget.images.thumbnails import Thumbnails
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe

__all__ = ["area_shares", "collect_at_places"]


def collect_at_places(
    samples: Samples,
    map_size: tuple[int, int],
    probe: LayerProbe,
    source: ImageSource,
    *,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
    batch_size: int | None = None,
) -> Samples:
    """Collect a layer's activations where the samples of another layer or model were taken.

    Maps of another size are averaged over the part of the crop that the other layer's unit stands
    for, weighted by area: a unit of a 7×7 map is compared with the mean of four units of a 14×14
    map.

    Parameters
    ----------
    samples : Samples
        Samples of the other layer.
    map_size : tuple of int
        Rows and columns of the other layer's map.
    probe : LayerProbe
        The layer to read.
    source : ImageSource
        The images that `samples` were collected from.
    progress, cancelled : callable, optional
        Called with (crops done, crops) after each batch; asked before each batch.
    batch_size : int, optional
        Crops per forward pass.

    Returns
    -------
    Samples
        Row i belongs to row i of `samples`. A position is the unit in the middle of what was
        averaged.

    Raises
    ------
    ImagesError
        These are other images, or one of them can no longer be read.
    ActivationsError
        The activations are not finite, or all the same.
    Cancelled
        `cancelled` returned True.
    """
    from atlas_widget.probe.memory import HalvedBatches

    boxes = np.column_stack([samples.image_ids, samples.crops, samples.flipped])
    _, first, crop_of = np.unique(boxes, axis=0, return_index=True, return_inverse=True)
    crop_of = crop_of.reshape(-1)
    down, across = (
        area_shares(theirs, ours) for theirs, ours in zip(map_size, probe.map_size, strict=True)
    )
    rows, columns = samples.positions.astype(np.int64).T
    centres = [
        ((places + 0.5) / theirs * ours).astype(np.int64)
        for places, theirs, ours in zip((rows, columns), map_size, probe.map_size, strict=True)
    ]
    positions = np.stack(centres, axis=1).astype(np.int16)
    order = np.argsort(crop_of, kind="stable")
    starts = np.searchsorted(crop_of[order], np.arange(len(first) + 1))
    activations = np.empty((len(samples), probe.channels), np.float32)
    jpegs: list[bytes] = [b""] * len(samples)
    encode, batches = probe.accelerated(), HalvedBatches()
    size = batch_size or default_batch_size(probe.device.type)
    for begin in range(0, len(first), size):
        check_cancelled(cancelled)
        chosen = first[begin : begin + size]
        pictures = sample_images(samples, source, chosen, probe.input_size)
        with torch.no_grad():
            maps = torch.cat(batches.run(encode, pictures)).float().cpu().numpy()
        for number, (picture, layer_map) in enumerate(zip(pictures, maps, strict=True)):
            members = order[starts[begin + number] : starts[begin + number + 1]]
            activations[members] = np.einsum(
                "crk,nr,nk->nc", layer_map, down[rows[members]], across[columns[members]]
            )
            pixels = picture.mul(255).round().byte().permute(1, 2, 0).numpy()
            seen = seen_at(probe, Image.fromarray(pixels), positions[members])
            for member, jpeg in zip(members, seen, strict=True):
                jpegs[member] = jpeg
        if progress is not None:
            progress(min(begin + size, len(first)), len(first))
    found = Samples(
        activations=activations,
        positions=positions,
        crops=samples.crops,
        flipped=samples.flipped,
        image_ids=samples.image_ids,
        image_names=samples.image_names,
        image_indices=samples.image_indices,
        thumbnails=Thumbnails.from_jpegs(jpegs),
        unreadable=samples.unreadable,
    )
    check_activations(found)
    return found


def area_shares(theirs: int, ours: int) -> NDArray[np.float32]:
    """Return which part of each of `theirs` equal intervals each of `ours` intervals covers.

    Returns
    -------
    ndarray of float32, shape (theirs, ours)
        Each row adds up to 1.
    """
    low = np.arange(theirs)[:, None] / theirs
    high = np.arange(1, theirs + 1)[:, None] / theirs
    left = np.arange(ours)[None] / ours
    right = np.arange(1, ours + 1)[None] / ours
    overlap = np.clip(np.minimum(high, right) - np.maximum(low, left), 0.0, None)
    shares: NDArray[np.float32] = (overlap / overlap.sum(1, keepdims=True)).astype(np.float32)
    return shares
