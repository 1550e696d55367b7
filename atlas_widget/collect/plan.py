"""The plan of which crops of which images make which shard: the same on every machine.

A plan depends on the model, the images and the parameters alone. Each shard follows from the plan
and its own number, so that shards may be collected in any order, by anyone, and again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.collect.settings import (
    NUM_SAMPLES,
    POSITIONS_PER_CROP,
    Schedule,
    check_parameters,
    default_batch_size,
    default_crop_scale,
    schedule,
)
from atlas_widget.errors import AtlasError
from atlas_widget.images.reading import GROUP, image_order
from atlas_widget.images.source import ImageSource

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe

__all__ = ["DTYPES", "SAMPLES_PER_SHARD", "CollectionPlan", "PlannedCrop", "plan_collections"]

SAMPLES_PER_SHARD = 3072
"""About how many samples of a layer a shard holds: a minute or so of work on a few cores."""

DTYPES = ("float32", "float16")
"""Number formats in which activations can be kept on disk."""

PLAN_VERSION = 1
"""To be raised when the same input no longer gives the same shards."""

_WHOLE_BATCHES = 192  # a multiple of every default batch, so that batches never cross shards


@dataclass(frozen=True)
class PlannedCrop:
    """Crop `number` of image `index`, of which `positions` samples are taken."""

    index: int
    number: int
    positions: int


@dataclass(frozen=True)
class CollectionPlan:
    """The samples of layers that are read in one pass over the images, in shards.

    Made by `plan_collections`. It can be pickled, and holds neither model nor images.

    Attributes
    ----------
    layers : tuple of str
        The layers that are read together.
    channels : tuple of int
        Of each of them.
    made_from : dict
        What determines the samples of all of them, of JSON's types only.
    schedule : Schedule
        How often images and crops are used.
    crops_per_shard : int
    batch_size : int
        Crops that go through the network at once. Batches begin anew with each shard.
    num_samples, seed, crop_scale, dtype
        As in `plan_collections`.
    order : ndarray of int32, shape (images,)
        The images, shuffled by a hash of their names.
    """

    layers: tuple[str, ...]
    channels: tuple[int, ...]
    made_from: dict[str, Any]
    schedule: Schedule
    crops_per_shard: int
    batch_size: int
    num_samples: int
    seed: int
    crop_scale: tuple[float, float]
    dtype: str
    order: NDArray[np.int32] = field(repr=False, compare=False)

    def __len__(self) -> int:
        """Count the shards."""
        return -(-self.schedule.crops // self.crops_per_shard)

    @property
    def images(self) -> int:
        """Number of images that it takes crops of."""
        return min(len(self.order), self.schedule.crops)

    def crops(self, shard: int) -> list[PlannedCrop]:
        """Return what is cut out of which images for a shard, in order."""
        if not 0 <= shard < len(self):
            raise AtlasError(f"Shard {shard} of a plan that has {len(self)}, counted from 0.")
        start = shard * self.crops_per_shard
        stop = min(start + self.crops_per_shard, self.schedule.crops)
        return [self._crop(number) for number in range(start, stop)]

    def samples_in(self, shard: int) -> int:
        """Count a shard's samples of one layer, if all its images can be read."""
        return sum(crop.positions for crop in self.crops(shard))

    def key(self, layer: str) -> str:
        """Hash everything that determines the samples of one of the layers."""
        text = json.dumps({**self.made_from, "layer": layer}, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def _crop(self, number: int) -> PlannedCrop:
        # as `CropReader.crops` goes: in each group of images all first crops, then all second ones
        group, rest = divmod(number, GROUP * self.schedule.rounds)
        first = group * GROUP
        turn, at = divmod(rest, min(GROUP, len(self.order) - first))
        per_crop = self.schedule.per_crop
        left = self.num_samples - number * per_crop
        return PlannedCrop(int(self.order[first + at]), turn, min(per_crop, left))


def plan_collections(
    probes: Sequence[LayerProbe],
    source: ImageSource,
    *,
    num_samples: int = NUM_SAMPLES,
    seed: int = 0,
    crop_scale: tuple[float, float] | None = None,
    positions_per_crop: int = POSITIONS_PER_CROP,
    dtype: str = "float32",
    batch_size: int | None = None,
    samples_per_shard: int = SAMPLES_PER_SHARD,
) -> list[CollectionPlan]:
    """Plan the collection of samples of several layers.

    Layers are read in one pass where they use images alike, which they all do where there are more
    images than samples. Otherwise those with maps of few positions take more crops, in a pass of
    their own: what is collected of a layer does not depend on which others are.

    Parameters
    ----------
    probes : sequence of LayerProbe
        Layers of one model.
    source : ImageSource
        The images.
    num_samples, seed, crop_scale, positions_per_crop
        See `collect`, which collects the same samples.
    dtype : {"float32", "float16"}
        In what activations are kept on disk.
    batch_size : int, optional
        Crops that go through the network at once; by default 16 on a CPU and 64 elsewhere.
    samples_per_shard : int
        About how many samples of a layer a shard holds.
    """
    crop_scale = crop_scale or default_crop_scale(source)
    check_parameters(source, num_samples, crop_scale, positions_per_crop)
    if dtype not in DTYPES:
        raise AtlasError(f"dtype={dtype!r}: activations are kept as {' or '.join(DTYPES)}.")
    if samples_per_shard < 1 or (batch_size is not None and batch_size < 1):
        raise AtlasError("batch_size and samples_per_shard must be at least 1.")
    first = probes[0]
    size = batch_size or default_batch_size(first.device.type)
    order = image_order(source, seed)
    fingerprint = source.fingerprint()  # once: of a million files it takes its time
    together: dict[Schedule, list[LayerProbe]] = {}
    for probe in probes:
        alike = schedule(len(source), num_samples, positions_per_crop, probe.map_size)
        together.setdefault(alike, []).append(probe)
    return [
        CollectionPlan(
            layers=tuple(probe.layer for probe in members),
            channels=tuple(probe.channels for probe in members),
            made_from={
                "version": PLAN_VERSION,
                "weights": first.weights_hash,
                "input_size": first.input_size,
                "preprocessing": first.preprocessing.description,
                "images": fingerprint,
                "num_samples": num_samples,
                "seed": seed,
                "crop_scale": list(crop_scale),
                "positions_per_crop": positions_per_crop,
                "dtype": dtype,
                "batch_size": size,
                "crops_per_shard": (per_shard := _crops_per_shard(samples_per_shard, alike, size)),
                "device": first.device.type,
            },
            schedule=alike,
            crops_per_shard=per_shard,
            batch_size=size,
            num_samples=num_samples,
            seed=seed,
            crop_scale=crop_scale,
            dtype=dtype,
            order=order,
        )
        for alike, members in together.items()
    ]


def _crops_per_shard(samples: int, alike: Schedule, batch_size: int) -> int:
    crops = max(1, samples // alike.per_crop)
    unit = _WHOLE_BATCHES if crops >= _WHOLE_BATCHES else 1
    if unit % batch_size:
        unit = batch_size
    return max(unit, crops - crops % unit)
