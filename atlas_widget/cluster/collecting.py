"""Collect the shards of a plan on a cluster."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from atlas_widget.atlas.samples import Samples
from atlas_widget.cluster.connection import connect, send_code
from atlas_widget.cluster.pool import run_jobs
from atlas_widget.cluster.shard_store import ShardStore
from atlas_widget.cluster.worker import CollectingWorker, CommonFolders, Opening
from atlas_widget.collect.plan import CollectionPlan, plan_collections
from atlas_widget.collect.shard import CollectedShard
from atlas_widget.collect.shard_file import ShardRecord
from atlas_widget.collect.to_disk import CollectMissing, store_shard
from atlas_widget.errors import DiskError, ImagesError
from atlas_widget.images.source import ImageSource
from atlas_widget.progress import CancelledCallback, ProgressCallback

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.probe import LayerProbe

__all__ = ["cluster_collector", "collect_on_cluster"]


def cluster_collector(
    model: nn.Module,
    address: str = "auto",
    *,
    transform: Any = None,
    workers: int | None = None,
    store: str | None = None,
    cancelled: CancelledCallback | None = None,
) -> Callable[[Sequence[LayerProbe], ImageSource], CollectMissing]:
    """Return what lets a cluster collect the shards of `build_atlases`.

    Workers that see the folder of shards (a mounted one) write there themselves; the others send
    what they collect to this process, which writes it. Images must be where each worker finds them:
    in a mounted folder, at a URL, or in the source itself.

    Parameters
    ----------
    model : nn.Module
        Sent to each worker, once.
    address : str
        See `connect`.
    transform : optional
        The one that `build_atlases` is given.
    workers : int, optional
        At most so many; by default one for each GPU of the cluster, or each core.
    store : str, optional
        A URL that fsspec writes to, such as ``s3://bucket/shards``: workers keep shards there, from
        where this process, or whichever takes its place, fetches them.
    cancelled : callable, optional
        Asked now and then.

    Examples
    --------
    >>> build_atlases(model, ["inception4c"], "/mnt/imagenet", "/mnt/atlases",
    ...               collector=cluster_collector(model, "auto"))
    """
    from atlas_widget.probe.private_copy import unwrapped

    def collector(probes: Sequence[LayerProbe], source: ImageSource) -> CollectMissing:
        if store is not None:
            ShardStore(store).check()
        ray = connect(address)
        opening = _opening(unwrapped(model), transform, probes[0])

        def collect_missing(
            plan: CollectionPlan, missing: Sequence[int], folders: Mapping[str, Path]
        ) -> Iterator[Mapping[str, ShardRecord]]:
            def run(storing: CommonFolders | ShardStore, numbers: Sequence[int]) -> Iterator[Any]:
                jobs = _run(ray, opening, plan, source, storing, numbers, workers, cancelled)
                return (result for _, result in jobs)

            if store is not None:
                yield from _by_store(ShardStore(store), plan, missing, folders, run)
            else:
                yield from _by_folders(plan, missing, folders, run)

        return collect_missing

    return collector


Run = Callable[[CommonFolders | ShardStore, Sequence[int]], Iterator[Any]]


def _by_folders(
    plan: CollectionPlan, missing: Sequence[int], folders: Mapping[str, Path], run: Run
) -> Iterator[Mapping[str, ShardRecord]]:
    """Have workers write shards where they see the folders, and write those that they send."""
    absolute = {layer: folder.resolve() for layer, folder in folders.items()}
    token = f".seen-{secrets.token_hex(8)}"
    try:
        for folder in absolute.values():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / token).touch()
        for result in run(CommonFolders(absolute, token), missing):
            if isinstance(result, dict):
                yield result
                continue
            shard, most = result
            yield {
                layer: store_shard(plan, shard, layer, folder, most=most)
                for layer, folder in absolute.items()
            }
    finally:
        for folder in absolute.values():
            (folder / token).unlink(missing_ok=True)


def _by_store(
    store: ShardStore,
    plan: CollectionPlan,
    missing: Sequence[int],
    folders: Mapping[str, Path],
    run: Run,
) -> Iterator[Mapping[str, ShardRecord]]:
    """Fetch what is in the store, and have workers put there what is not."""
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    there = store.numbers(plan)
    left = []
    for number in missing:
        records = store.fetch(plan, number, folders) if number in there else None
        if records is not None:
            yield records
        else:
            left.append(number)
    for written in run(store, left) if left else ():
        number = next(iter(written.values())).number
        records = store.fetch(plan, number, folders)
        if records is None:
            raise DiskError(f"Shard {number} was written to {store.url!r}, but is not there.")
        yield records


def collect_on_cluster(
    probe: LayerProbe,
    source: ImageSource,
    model: nn.Module,
    address: str = "auto",
    *,
    num_samples: int,
    seed: int = 0,
    crop_scale: tuple[float, float] | None = None,
    positions_per_crop: int,
    transform: Any = None,
    workers: int | None = None,
    samples_per_shard: int = 1024,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> Samples:
    """Collect the samples of `collect` on a cluster, into memory.

    Parameters
    ----------
    probe, source, num_samples, seed, crop_scale, positions_per_crop, progress, cancelled
        See `collect`.
    model, address, transform, workers
        See `cluster_collector`.
    samples_per_shard : int
        About how many samples a worker collects at a time.
    """
    from atlas_widget.collect import check_activations

    ray = connect(address)
    (plan,) = plan_collections(
        [probe],
        source,
        num_samples=num_samples,
        seed=seed,
        crop_scale=crop_scale,
        positions_per_crop=positions_per_crop,
        samples_per_shard=samples_per_shard,
    )
    shards: dict[int, CollectedShard] = {}
    done = 0
    if progress is not None:
        progress(0, num_samples)
    opening = _opening(model, transform, probe)
    numbers = range(len(plan))
    for number, (shard, _) in _run(ray, opening, plan, source, None, numbers, workers, cancelled):
        shards[number] = shard
        done += len(shard.layers[probe.layer])
        if progress is not None:
            progress(min(done, num_samples), num_samples)
    unreadable = {name: why for n in numbers for name, why in shards[n].unreadable.items()}
    if not done:
        first = next(iter(unreadable.values()), "")
        raise ImagesError(
            f"None of the {plan.images:,} images could be read ({source.description}). "
            f"The first: {first}"
        )
    source.unreadable[:] = sorted({*source.unreadable, *unreadable})
    samples = Samples.concatenate([shards[number].layers[probe.layer] for number in numbers])
    samples = replace(samples, unreadable=tuple(source.unreadable))
    check_activations(samples)
    return samples


def _opening(model: nn.Module, transform: Any, probe: LayerProbe) -> Opening:
    send_code(model, transform)
    # on a machine with several GPUs, Ray shows each worker one, which is its first
    device = probe.device.type
    threads = torch.get_num_threads() if device != "cpu" else 1
    return Opening(model, transform, device, probe.input_size, threads)


def _run(
    ray: Any,
    opening: Opening,
    plan: CollectionPlan,
    source: ImageSource,
    storing: CommonFolders | ShardStore | None,
    numbers: Sequence[int],
    workers: int | None,
    cancelled: CancelledCallback | None,
) -> Iterator[tuple[int, Any]]:
    def make() -> Callable[[int], Any]:
        return CollectingWorker(opening, plan, source, storing)

    gpu = opening.device == "cuda"
    return run_jobs(ray, make, numbers, gpu=gpu, workers=workers, cancelled=cancelled)
