"""Scan the units of a network on a cluster, a shard of images at a time."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from atlas_widget.cluster.connection import connect, send_code
from atlas_widget.cluster.pool import run_jobs
from atlas_widget.cluster.worker import Opening
from atlas_widget.errors import ClusterError
from atlas_widget.images.source import ImageSource
from atlas_widget.probe.private_copy import unwrapped
from atlas_widget.progress import CancelledCallback
from atlas_widget.units.shards import ScanMissing, ScannedShard, ShardScanner

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.probe import LayerProbe

__all__ = ["cluster_scanner"]


def cluster_scanner(
    model: nn.Module,
    address: str,
    probes: Sequence[LayerProbe],
    source: ImageSource,
    batch: int,
    *,
    transform: Any = None,
    workers: int | None = None,
    cancelled: CancelledCallback | None = None,
) -> ScanMissing:
    """Return what lets a cluster scan the shards of `scan_units`.

    Parameters
    ----------
    model
        Sent to each worker, once.
    address
        See `connect`.
    probes, source, batch
        The layers as they are open here, the images, and how many of these at a time.
    transform
        The one that `scan_units` is given.
    workers
        At most so many; by default one for each GPU of the cluster, or each core.
    cancelled
        Asked now and then.
    """
    ray = connect(address)
    plain = unwrapped(model)
    send_code(plain, transform)
    device = probes[0].device.type
    # on a machine with several GPUs, Ray shows each worker one, which is its first
    threads = torch.get_num_threads() if device != "cpu" else 1
    opening = Opening(plain, transform, device, probes[0].input_size, threads)
    layers = [probe.layer for probe in probes]
    expected = _identity(probes)

    def make() -> Callable[[range], ScannedShard]:
        from atlas_widget.probe.several import open_layers

        torch.set_num_threads(opening.threads)
        own = open_layers(
            opening.model,
            layers,
            transform=opening.transform,
            device=opening.device,
            input_size=opening.input_size,
        )
        differing = [name for name, value in _identity(own).items() if value != expected[name]]
        if differing:
            raise ClusterError(
                f"On {platform.node()} {', '.join(differing)} are not those of this machine: the "
                "same versions of the model and of its packages have to be on all machines."
            )
        return ShardScanner(own, source, batch)

    def scan_missing(
        shards: Sequence[range], each: Callable[[int], None]
    ) -> Iterator[tuple[range, ScannedShard]]:
        gpu = device == "cuda"
        jobs = run_jobs(ray, make, shards, gpu=gpu, workers=workers, cancelled=cancelled)
        for shard, found in jobs:
            each(len(shard))
            yield shard, found

    return scan_missing


def _identity(probes: Sequence[LayerProbe]) -> dict[str, str]:
    return {
        "weights": probes[0].weights_hash,
        "preprocessing": probes[0].preprocessing.description,
    }
