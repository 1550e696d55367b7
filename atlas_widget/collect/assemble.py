"""From shards to the two large files of an atlas: one pass, every byte checked, memory flat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.atlas.moments import Moments
from atlas_widget.atlas.safetensors_stream import Streamed, Written, read_tensors, write_tensors
from atlas_widget.atlas.samples import Samples
from atlas_widget.collect.manifest import ShardFolder
from atlas_widget.collect.shard_file import disk_error, read_shard, shard_name
from atlas_widget.images.thumbnails import Thumbnails
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

__all__ = ["Assembled", "assemble"]


@dataclass(frozen=True)
class Assembled:
    """Samples of a layer from all shards.

    Attributes
    ----------
    samples : Samples
        Activations and thumbnails are memory-mapped.
    moments : Moments
        Of the activations.
    files : dict of str to (Path, Written)
        The files that they are mapped from, to become part of an atlas.
    """

    samples: Samples
    moments: Moments
    files: dict[str, tuple[Path, Written]]


def assemble(
    shards: ShardFolder,
    *,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> Assembled:
    """Put the shards of a layer together, in the files that a saved atlas has.

    Parameters
    ----------
    shards : ShardFolder
        With none missing.
    progress, cancelled : callable, optional
        Called with (shards done, shards); asked before each.

    Raises
    ------
    DamagedShardError
        A shard is not what was written.
    DiskError
        The disk is full.
    """
    folder = shards.folder
    records = [shards.whole[number] for number in range(len(shards.plan))]
    total = sum(record.samples for record in records)
    plan, key = shards.plan, records[0].key
    channels, dtype = plan.channels[plan.layers.index(shards.layer)], np.dtype(plan.dtype)
    gathered = _Gathered(total, len(plan.order), tuple(shards.unreadable))
    moments = Moments(channels)

    def activations() -> Iterator[NDArray[Any]]:
        for record in records:
            check_cancelled(cancelled)
            part = read_shard(folder, record.number, key)
            gathered.add(part)
            moments.add(part.activations)
            yield part.activations
            if progress is not None:
                progress(record.number + 1, len(records))

    def thumbnails() -> Iterator[NDArray[np.uint8]]:
        for record in records:
            check_cancelled(cancelled)
            yield read_tensors(folder / shard_name(record.number), mapped=True)["thumbnails"]

    names = ("activations.safetensors", "thumbnails.safetensors")
    try:
        first_file = write_tensors(
            folder / names[0], {"activations": Streamed(dtype, (total, channels), activations())}
        )
        offsets = gathered.offsets
        blob = Streamed(np.dtype(np.uint8), (int(offsets[-1]),), thumbnails())
        second_file = write_tensors(folder / names[1], {"offsets": offsets, "blob": blob})
    except OSError as error:
        for name in names:
            (folder / name).unlink(missing_ok=True)
        raise disk_error(folder / names[0], error) from error
    mapped = {name: read_tensors(folder / name, mapped=True) for name in names}
    samples = gathered.samples(
        mapped[names[0]]["activations"],
        Thumbnails(mapped[names[1]]["blob"], mapped[names[1]]["offsets"]),
    )
    written = zip(names, (first_file, second_file), strict=True)
    return Assembled(samples, moments, {name: (folder / name, file) for name, file in written})


class _Gathered:
    """The small parts of all samples: about 40 bytes each."""

    def __init__(self, total: int, images: int, unreadable: tuple[str, ...]) -> None:
        self.offsets = np.zeros(total + 1, np.int64)
        self._positions = np.empty((total, 2), np.int16)
        self._crops = np.empty((total, 4), np.float32)
        self._flipped = np.empty(total, np.bool_)
        self._image_ids = np.empty(total, np.int32)
        self._names: list[str] = []
        self._indices: list[int] = []
        self._numbers = np.full(images, -1, np.int32)  # of images, by their place in the source
        self._unreadable = unreadable
        self._done = 0

    def add(self, part: Samples) -> None:
        rows = slice(self._done, self._done + len(part))
        for index, name in zip(part.image_indices.tolist(), part.image_names, strict=True):
            if self._numbers[index] < 0:
                self._numbers[index] = len(self._names)
                self._names.append(name)
                self._indices.append(index)
        self._positions[rows] = part.positions
        self._crops[rows] = part.crops
        self._flipped[rows] = part.flipped
        self._image_ids[rows] = self._numbers[part.image_indices[part.image_ids]]
        start = self.offsets[self._done]
        self.offsets[rows.start + 1 : rows.stop + 1] = start + part.thumbnails.offsets[1:]
        self._done = rows.stop

    def samples(self, activations: NDArray[Any], thumbnails: Thumbnails) -> Samples:
        return Samples(
            activations=activations,
            positions=self._positions,
            crops=self._crops,
            flipped=self._flipped,
            image_ids=self._image_ids,
            image_names=self._names,
            image_indices=np.array(self._indices, np.int32),
            thumbnails=thumbnails,
            unreadable=self._unreadable,
        )
