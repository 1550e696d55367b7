"""Worker of a cluster: opens the layers, and collects the shards that it is told to."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from atlas_widget.cluster.shard_store import ShardStore
from atlas_widget.collect.plan import CollectionPlan
from atlas_widget.collect.shard import CollectedShard, collect_shard
from atlas_widget.collect.shard_file import ShardRecord
from atlas_widget.collect.to_disk import store_shard
from atlas_widget.errors import ClusterError
from atlas_widget.images.source import ImageSource

if TYPE_CHECKING:
    from torch import nn

__all__ = ["CollectingWorker", "CommonFolders", "Opening"]


@dataclass(frozen=True)
class Opening:
    """Arguments with which a worker opens its own probes."""

    model: nn.Module
    transform: Any
    device: str
    input_size: int
    threads: int


@dataclass(frozen=True)
class CommonFolders:
    """Storage of shards, and the check that a worker sees the same place."""

    folders: Mapping[str, Path]
    token: str


class CollectingWorker:
    """Collects shards in a worker. Called with a shard's number.

    What it returns is what it wrote, or the shard itself where it could write nothing.
    """

    def __init__(
        self,
        opening: Opening,
        plan: CollectionPlan,
        source: ImageSource,
        storing: CommonFolders | ShardStore | None,
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
        # a worker on a core leaves the other cores to others; one on a GPU is waiting for images
        self._threads = 2 if opening.device == "cpu" else None
        self._storing = (
            None if isinstance(storing, CommonFolders) and not _sees(storing) else storing
        )

    def __call__(self, number: int) -> dict[str, ShardRecord] | tuple[CollectedShard, int | None]:
        """Collect a shard, and store it where this machine sees that folder, else send it."""
        plan = self._plan
        shard = collect_shard(
            plan, number, self._probes, self._read, self._source, threads=self._threads
        )
        if self._storing is None:
            return shard, self._read.most
        if isinstance(self._storing, ShardStore):
            return self._storing.add(plan, shard, most=self._read.most)
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
                f"On {platform.node()} {', '.join(differing)} are not those of the plan: the "
                "same versions of the model and of its packages have to be on all machines."
            )


def _sees(storing: CommonFolders) -> bool:
    return all((folder / storing.token).is_file() for folder in storing.folders.values())
