"""Collect the shards of a plan on a cluster."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from atlas_widget.cluster.connection import connect, send_module
from atlas_widget.cluster.pool import run_jobs
from atlas_widget.collect.plan import CollectionPlan, plan_collections
from atlas_widget.collect.shard import CollectedShard, collect_shard
from atlas_widget.collect.shard_file import ShardRecord
from atlas_widget.collect.to_disk import CollectMissing, store_shard
from atlas_widget.errors import ClusterError, ImagesError
from atlas_widget.images.sources import ImageSource
from atlas_widget.progress import CancelledCallback, ProgressCallback
from atlas_widget.samples import Samples

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.probe import LayerProbe

__all__ = ["cluster_collector", "collect_on_cluster"]


@dataclass(frozen=True)
class _Opening:
    """What a worker opens its own probes with."""

    model: nn.Module
    transform: Any
    device: str
    input_size: int
    threads: int


@dataclass(frozen=True)
class _Storing:
    """Where shards are stored, and how a worker knows whether it sees that place."""

    folders: Mapping[str, Path]
    token: str


class _Collecting:
    """Collects shards in a worker. Called with a shard's number."""

    def __init__(
        self,
        opening: _Opening,
        plan: CollectionPlan,
        source: ImageSource,
        storing: _Storing | None,
    ) -> None:
        from atlas_widget.probe.several import LayersReader, open_layers

        torch.set_num_threads(opening.threads)
        self._plan = plan
        self._source = source
        self._probes = open_layers(
            opening.model,
            plan.layers,
            transform=opening.transform,
            device=opening.device,
            input_size=opening.input_size,
        )
        self._check()
        self._read = LayersReader(self._probes)
        self._storing = storing if storing is not None and _sees(storing) else None

    def __call__(self, number: int) -> dict[str, ShardRecord] | tuple[CollectedShard, int | None]:
        """Collect a shard, and store it where this machine sees that folder, else send it."""
        plan = self._plan
        shard = collect_shard(plan, number, self._probes, self._read, self._source, threads=2)
        if self._storing is None:
            return shard, self._read.most
        return {
            layer: store_shard(plan, shard, layer, folder, most=self._read.most)
            for layer, folder in self._storing.folders.items()
        }

    def _check(self) -> None:
        """Make sure that this machine does what the plan says."""
        mine = {
            "weights": self._probes[0].weights_hash,
            "input_size": self._probes[0].input_size,
            "preprocessing": self._probes[0].preprocessing.description,
            "device": self._probes[0].device.type,
        }
        differing = [name for name, value in mine.items() if self._plan.made_from[name] != value]
        if differing:
            raise ClusterError(
                f"On {os.uname().nodename} {', '.join(differing)} are not those of the plan: the "
                "same versions of the model and of its packages have to be on all machines."
            )


def cluster_collector(
    model: nn.Module,
    address: str = "auto",
    *,
    transform: Any = None,
    workers: int | None = None,
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
    cancelled : callable, optional
        Asked now and then.

    Examples
    --------
    >>> build_atlases(model, ["inception4c"], "/mnt/imagenet", "/mnt/atlases",
    ...               collector=cluster_collector(model, "auto"))
    """
    from atlas_widget.probe.private_copy import unwrapped

    def collector(probes: Sequence[LayerProbe], source: ImageSource) -> CollectMissing:
        ray = connect(address)
        opening = _opening(unwrapped(model), transform, probes[0])

        def collect_missing(
            plan: CollectionPlan, missing: Sequence[int], folders: Mapping[str, Path]
        ) -> Iterator[Mapping[str, ShardRecord]]:
            absolute = {layer: folder.resolve() for layer, folder in folders.items()}
            tokens = []
            token = f".seen-{secrets.token_hex(8)}"
            try:
                for folder in absolute.values():
                    folder.mkdir(parents=True, exist_ok=True)
                    (folder / token).touch()
                    tokens.append(folder / token)
                storing = _Storing(absolute, token)
                work = _run(ray, opening, plan, source, storing, missing, workers, cancelled)
                for _, result in work:
                    if isinstance(result, dict):
                        yield result
                    else:
                        shard, most = result
                        yield {
                            layer: store_shard(plan, shard, layer, folder, most=most)
                            for layer, folder in absolute.items()
                        }
            finally:
                for file in tokens:
                    file.unlink(missing_ok=True)

        return collect_missing

    return collector


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


def _opening(model: nn.Module, transform: Any, probe: LayerProbe) -> _Opening:
    for name in {type(part).__module__ for part in (*model.modules(), transform)}:
        send_module(name)
    # on a machine with several GPUs, Ray shows each worker one, which is its first
    device = probe.device.type
    threads = torch.get_num_threads() if device != "cpu" else 1
    return _Opening(model, transform, device, probe.input_size, threads)


def _run(
    ray: Any,
    opening: _Opening,
    plan: CollectionPlan,
    source: ImageSource,
    storing: _Storing | None,
    numbers: Sequence[int],
    workers: int | None,
    cancelled: CancelledCallback | None,
) -> Iterator[tuple[int, Any]]:
    def make() -> Callable[[int], Any]:
        return _Collecting(opening, plan, source, storing)

    gpu = opening.device == "cuda"
    return run_jobs(ray, make, numbers, gpu=gpu, workers=workers, cancelled=cancelled)


def _sees(storing: _Storing) -> bool:
    return all((folder / storing.token).is_file() for folder in storing.folders.values())
