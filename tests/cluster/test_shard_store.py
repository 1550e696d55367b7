"""Shards at a URL: kept by what they were made from, and found by whoever comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from atlas_widget.cluster import collecting
from atlas_widget.cluster.shard_store import ShardStore
from atlas_widget.cluster.worker import CollectingWorker, Opening
from atlas_widget.collect.plan import CollectionPlan, plan_collections
from atlas_widget.collect.shard_file import read_shard, shard_name
from atlas_widget.collect.to_disk import collect_here, collect_to_disk
from atlas_widget.errors import AtlasError, DiskError
from atlas_widget.images import as_image_source
from atlas_widget.images.source import ImageSource
from atlas_widget.probe import LayerProbe

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def source(tiny_images: Path) -> ImageSource:
    return as_image_source(tiny_images)


@pytest.fixture
def plan(probes: list[LayerProbe], source: ImageSource) -> CollectionPlan:
    (made,) = plan_collections(probes, source, num_samples=12, batch_size=4, samples_per_shard=4)
    assert len(made) == 3
    return made


@pytest.fixture
def url() -> Iterator[str]:
    yield "memory://shards/here"
    files = fsspec.filesystem("memory")
    if files.exists("/shards"):
        files.rm("/shards", recursive=True)


class Workers:
    """Does what a cluster's workers do, in this process, and remembers which shards."""

    def __init__(self, model: torch.nn.Module, plan: CollectionPlan, source: ImageSource) -> None:
        self._arguments = (Opening(model, None, "cpu", 32, 1), plan, source)
        self.collected: list[int] = []

    def __call__(self, storing: Any, numbers: Sequence[int]) -> Iterator[Any]:
        worker = CollectingWorker(*self._arguments, storing)
        for number in reversed(numbers):
            self.collected.append(number)
            yield worker(number)

    def by_store(self, url: str) -> Any:
        def collect_missing(plan: CollectionPlan, missing: Any, folders: Any) -> Any:
            return collecting._by_store(ShardStore(url), plan, missing, folders, self)

        return collect_missing

    def by_folders(self, plan: CollectionPlan, missing: Any, folders: Any) -> Any:
        return collecting._by_folders(plan, missing, folders, self)


def same(plan: CollectionPlan, one: Path, other: Path) -> bool:
    files = [Path(layer) / shard_name(n) for layer in plan.layers for n in range(len(plan))]
    return all((one / file).read_bytes() == (other / file).read_bytes() for file in files)


def test_found_by_the_next_driver(tiny_model, probes, plan, source, url, tmp_path: Path) -> None:
    collect_to_disk(plan, tmp_path / "here", source, collect_here(probes, source))
    first = Workers(tiny_model, plan, source)
    collect_to_disk(plan, tmp_path / "first", source, first.by_store(url))
    assert sorted(first.collected) == [0, 1, 2]
    assert same(plan, tmp_path / "here", tmp_path / "first")

    damaged = f"/shards/here/{plan.key('middle')}/{shard_name(1)}"
    fsspec.filesystem("memory").pipe(damaged, b"half")
    second = Workers(tiny_model, plan, source)
    collect_to_disk(plan, tmp_path / "second", source, second.by_store(url))
    assert second.collected == [1]
    assert same(plan, tmp_path / "here", tmp_path / "second")
    assert not list((tmp_path / "second").glob("*/.shard*"))


def test_folders_that_workers_see_and_do_not_see(
    tiny_model, probes, plan, source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect_to_disk(plan, tmp_path / "here", source, collect_here(probes, source))
    sees = Workers(tiny_model, plan, source)
    collect_to_disk(plan, tmp_path / "seen", source, sees.by_folders)
    assert same(plan, tmp_path / "here", tmp_path / "seen")
    monkeypatch.setattr("atlas_widget.cluster.worker._sees", lambda _: False)
    collect_to_disk(plan, tmp_path / "sent", source, sees.by_folders)
    assert same(plan, tmp_path / "here", tmp_path / "sent")
    assert not list(tmp_path.glob("*/*/.seen-*"))
    assert len(read_shard(tmp_path / "sent" / "stem", 2, plan.key("stem"))) == 4


def test_what_cannot_be_written_is_said(
    tiny_model, plan, source, url, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("quota exceeded")

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "put_file", full)
    workers = Workers(tiny_model, plan, source)
    with pytest.raises(DiskError, match="quota exceeded"):
        collect_to_disk(plan, tmp_path, source, workers.by_store(url))
    with pytest.raises(AtlasError, match="nosuch://bucket"):
        ShardStore("nosuch://bucket").check()


def test_another_model_on_a_worker_is_noticed(tiny_model, plan, source) -> None:
    with torch.no_grad():
        tiny_model.head.weight += 1
    with pytest.raises(AtlasError, match="weights are not those of the plan"):
        Workers(tiny_model, plan, source)(None, [0]).__next__()
