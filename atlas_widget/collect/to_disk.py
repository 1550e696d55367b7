"""Collect to shards on disk: memory stays flat, and what was interrupted goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from atlas_widget.atlas.defaults import MAX_UNREADABLE
from atlas_widget.atlas.storage import layer_folder
from atlas_widget.collect.checks import check_readable
from atlas_widget.collect.manifest import ShardFolder
from atlas_widget.collect.plan import CollectionPlan
from atlas_widget.collect.shard import CollectedShard, collect_shard
from atlas_widget.collect.shard_file import ShardRecord, write_shard
from atlas_widget.errors import ImagesError
from atlas_widget.images.source import ImageSource
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe

__all__ = ["CollectMissing", "collect_here", "collect_to_disk", "store_shard"]

Records = Mapping[str, ShardRecord]

CollectMissing = Callable[[CollectionPlan, Sequence[int], Mapping[str, Path]], Iterator[Records]]
"""Collects some shards of a plan, by number, into a folder for each layer, in any order, and yields
for each shard what was written of each layer."""


def collect_to_disk(
    plan: CollectionPlan,
    folder: Path,
    source: ImageSource,
    collect_missing: CollectMissing,
    *,
    max_unreadable: float = MAX_UNREADABLE,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> list[ShardFolder]:
    """Collect the shards of a plan that are not in their folders yet.

    Parameters
    ----------
    plan : CollectionPlan
        From `plan_collections`.
    folder : Path
        Each layer's shards lie in a folder in it.
    source : ImageSource
        The images. Those that cannot be read are added to its `unreadable`.
    collect_missing : callable
        Who does it: `collect_here`, or a cluster.
    max_unreadable : float
        Which part of the images may be unreadable.
    progress, cancelled : callable, optional
        Called with (crops done, crops), among them those of earlier runs; asked in between.

    Raises
    ------
    UnreadableImagesError
        More than `max_unreadable` of the images cannot be read.
    ImagesError
        The images changed meanwhile.
    OtherCollectionError, DiskError, Cancelled
    """
    folders = {
        layer: ShardFolder.open(folder / layer_folder(layer), plan, layer) for layer in plan.layers
    }
    missing = sorted({number for shards in folders.values() for number in shards.missing})
    crops = [len(plan.crops(number)) for number in range(len(plan))]
    done = sum(crops) - sum(crops[number] for number in missing)
    if progress is not None:
        progress(done, sum(crops))
    first = next(iter(folders.values()))
    if missing:
        paths = {layer: shards.folder for layer, shards in folders.items()}
        for records in collect_missing(plan, missing, paths):
            for layer, record in records.items():
                folders[layer].add(record)
            done += crops[next(iter(records.values())).number]
            if progress is not None:
                progress(done, sum(crops))
            check_readable(first.unreadable, plan.images, max_unreadable, source)
            check_cancelled(cancelled)
        if source.fingerprint() != plan.made_from["images"]:
            raise ImagesError(
                f"{source.description} changed while activations were collected, so it is not "
                "known what they are of. Start over when the images are at rest (--restart, or "
                "restart=True)."
            )
    unreadable = first.unreadable
    check_readable(unreadable, plan.images, max_unreadable, source)
    source.unreadable[:] = sorted({*source.unreadable, *unreadable})
    return list(folders.values())


def collect_here(
    probes: Sequence[LayerProbe],
    source: ImageSource,
    *,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    cancelled: CancelledCallback | None = None,
    say: Callable[[str], None] | None = None,
) -> CollectMissing:
    """Return what collects shards in this process, one after the other.

    Parameters
    ----------
    probes : sequence of LayerProbe
        Among them those of the plan's layers.
    source : ImageSource
        The images.
    threads : int, optional
        See `collect_shard`.
    progress : callable, optional
        Called with how many crops of the shard in work are done.
    cancelled : callable, optional
        Asked before each batch.
    say : callable, optional
        Told once if memory did not suffice for a whole batch.
    """
    from atlas_widget.probe.several import LayersReader

    def collect_missing(
        plan: CollectionPlan, missing: Sequence[int], folders: Mapping[str, Path]
    ) -> Iterator[Records]:
        by_name = {probe.layer: probe for probe in probes}
        mine = [by_name[layer] for layer in plan.layers]
        read = LayersReader(mine)
        for number in missing:
            most = read.most
            shard = collect_shard(
                plan,
                number,
                mine,
                read,
                source,
                threads=threads,
                progress=None if progress is None else lambda done, _: progress(done),
                cancelled=cancelled,
            )
            if read.most != most and say is not None:
                say(
                    f"There is memory for {read.most} crops at once, not for {plan.batch_size}; "
                    "the last bits of activations may differ from those of whole batches."
                )
            yield {
                layer: store_shard(plan, shard, layer, folders[layer], most=read.most)
                for layer in shard.layers
            }

    return collect_missing


def store_shard(
    plan: CollectionPlan,
    shard: CollectedShard,
    layer: str,
    folder: Path,
    *,
    most: int | None = None,
) -> ShardRecord:
    """Write what a shard holds of one layer into that layer's folder; see `write_shard`."""
    return write_shard(
        folder,
        shard.number,
        shard.layers[layer],
        key=plan.key(layer),
        layer=layer,
        dtype=plan.dtype,
        unreadable=shard.unreadable,
        most=most,
    )
