"""On a real Ray cluster: the atlas of one machine, whichever machines are lost meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from atlas_widget import Atlas, invert
from atlas_widget.cluster import cluster_collector, icons, invert_on_cluster
from atlas_widget.cluster.pool import run_jobs
from atlas_widget.collect.plan import CollectionPlan, plan_collections
from atlas_widget.collect.shard_file import shard_name
from atlas_widget.collect.to_disk import collect_here, collect_to_disk
from atlas_widget.errors import ActivationsError, ClusterError
from atlas_widget.images.source import NamedImages
from atlas_widget.probe import LayerProbe
from atlas_widget.progress import Cancelled
from tests.conftest import tiny_picture


class SlowImages(NamedImages):
    """Images that take a while to be read, so that a node can be lost in the middle of a shard."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def __len__(self) -> int:
        return self.count

    def name(self, index: int) -> str:
        return f"made {index}"

    def open(self, index: int) -> Image.Image:
        time.sleep(0.03)
        return tiny_picture(index % 7, (40, 32))

    def fingerprint(self) -> str:
        return f"{self.count} made"


def planned(probes: list[LayerProbe], source: NamedImages) -> CollectionPlan:
    (plan,) = plan_collections(
        probes, source, num_samples=len(source), batch_size=8, samples_per_shard=16
    )
    return plan


def test_the_atlas_is_that_of_one_machine(
    nodes: Any, tiny_model: torch.nn.Module, tiny_images: Path
) -> None:
    options: dict[str, Any] = {
        "images": tiny_images,
        "num_samples": 300,
        "seed": 3,
        "device": "cpu",
        "progress": False,
    }
    here = Atlas.build(tiny_model, "middle", **options)
    there = Atlas.build(tiny_model, "middle", cluster=nodes.address, **options)
    np.testing.assert_array_equal(there.activations, here.activations)
    np.testing.assert_array_equal(there.xy, here.xy)
    np.testing.assert_array_equal(there.samples.positions, here.samples.positions)
    np.testing.assert_array_equal(there.samples.thumbnails.blob, here.samples.thumbnails.blob)
    assert there.samples.image_names == here.samples.image_names
    assert [there.samples.name(i) for i in range(300)] == [here.samples.name(i) for i in range(300)]
    assert there.provenance["settings"] == here.provenance["settings"]


def test_pictures_are_those_of_one_machine(
    nodes: Any, tiny_model: torch.nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(icons, "_BATCH", 2)
    directions = np.random.default_rng(0).random((5, 12), np.float32)
    seeds = [1, 1, 2, 3, 5]
    options: dict[str, Any] = {"size": 32, "steps": 6, "seed": seeds, "device": "cpu"}
    told: list[tuple[int, int]] = []
    there = invert_on_cluster(
        tiny_model,
        "middle",
        directions,
        nodes.address,
        progress=lambda *now: told.append(now),
        **options,
    )
    here = invert(tiny_model, "middle", directions, **options)
    assert sorted(told)[-1] == (5, 5)
    np.testing.assert_array_equal(there.seeds, seeds)
    np.testing.assert_array_equal(there.directions, directions)
    # other batches, so the last bits differ
    np.testing.assert_allclose(there.cosine, here.cosine, atol=1e-3)
    assert np.abs(there.images.astype(int) - here.images).max() <= 2


def test_errors_of_workers_arrive_as_they_are(nodes: Any) -> None:
    import ray

    def make() -> Any:
        def fails(job: int) -> int:
            raise ActivationsError(f"job {job} has none")

        return fails

    with pytest.raises(ActivationsError, match="job 7 has none"):
        list(run_jobs(ray, make, [7]))
    with pytest.raises(ClusterError, match="no GPU"):
        list(run_jobs(ray, make, [1], gpu=True))
    with pytest.raises(Cancelled):
        list(run_jobs(ray, make, [1], cancelled=lambda: True))
    assert nodes.address


def test_a_node_killed_in_the_middle_loses_nothing(
    nodes: Any, tiny_model: torch.nn.Module, probes: list[LayerProbe], tmp_path: Path
) -> None:
    source = SlowImages(160)
    plan = planned(probes, source)
    assert len(plan) == 10
    collect_to_disk(plan, tmp_path / "here", source, collect_here(probes, source))

    collect = cluster_collector(tiny_model, nodes.address)(probes, source)
    yielded = []

    def with_a_loss(*arguments: Any) -> Iterator[Any]:
        for records in collect(*arguments):
            if not yielded:
                nodes.remove_node(next(iter(nodes.worker_nodes)), allow_graceful=False)
            yielded.extend({record.number for record in records.values()})
            yield records

    folders = collect_to_disk(plan, tmp_path / "cluster", source, with_a_loss)
    assert sorted(yielded) == list(range(10))
    for shards in folders:
        assert shards.missing == []
        for number in range(10):
            file = Path(shards.folder.name) / shard_name(number)
            one = load_file(tmp_path / "here" / file)
            other = load_file(tmp_path / "cluster" / file)
            assert one.keys() == other.keys()
            for name, array in one.items():
                np.testing.assert_array_equal(other[name], array, err_msg=name)
        assert not list(shards.folder.glob(".seen-*"))
