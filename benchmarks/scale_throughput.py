"""Crops a second of the collection to disk, of a plain loop and of Ray workers, by turns."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from atlas_widget import demo
from atlas_widget.collect.plan import plan_collections
from atlas_widget.collect.to_disk import collect_here, collect_to_disk
from atlas_widget.images import as_image_source
from atlas_widget.probe import LayerProbe

__all__ = ["throughput"]

ROUNDS = 3


def jpeg_folder(folder: Path, count: int) -> None:
    """Write photos of ImageNet's usual size: parts of the demo's."""
    source = as_image_source(None)
    random = np.random.default_rng(0)
    for number in range(count):
        photo = source.open(number % len(source))
        scale = 500 / max(photo.size) * random.uniform(1.0, 1.3)
        photo = photo.resize((round(photo.width * scale), round(photo.height * scale)))
        photo.crop((0, 0, 500, min(375, photo.height))).save(
            folder / f"{number:05d}.jpg", quality=90
        )


class PlainLoop:
    """What one would write by hand: a DataLoader, and the network up to the layer."""

    def __init__(self, folder: Path, probe: LayerProbe, processes: int) -> None:
        from torch.utils.data import DataLoader, Dataset
        from torchvision import transforms

        side = probe.input_size
        cut = transforms.Compose(
            [transforms.RandomResizedCrop(side, scale=(0.2, 1.0)), transforms.ToTensor()]
        )
        paths = sorted(folder.glob("*.jpg"))

        class Photos(Dataset[torch.Tensor]):
            def __len__(self) -> int:
                return len(paths)

            def __getitem__(self, index: int) -> torch.Tensor:
                with Image.open(paths[index]) as image:
                    picture: torch.Tensor = cut(image.convert("RGB"))
                return picture

        self._loader = DataLoader(Photos(), batch_size=16, num_workers=processes)
        self._encode = probe.plain

    def __call__(self) -> None:
        with torch.no_grad():
            for batch in self._loader:
                maps = self._encode(batch)
                maps[:, :, 5, 5].numpy().copy()


def throughput(crops: int, workers: list[int]) -> dict[str, tuple[float, float | None]]:
    """Crops a second and processor milliseconds a crop, of each way; the best of several turns."""
    model = demo.model()
    best: dict[str, tuple[float, float | None]] = {}
    with (
        tempfile.TemporaryDirectory() as name,
        LayerProbe(model, demo.LAYER, device="cpu") as probe,
    ):
        folder = Path(name)
        (folder / "photos").mkdir()
        jpeg_folder(folder / "photos", crops)
        source = as_image_source(folder / "photos")
        (plan,) = plan_collections(
            [probe], source, num_samples=crops, samples_per_shard=max(16, crops // 8)
        )
        loops = {
            f"plain loop{extra}": PlainLoop(folder / "photos", probe, count)
            for count, extra in (
                (0, ""),
                (os.cpu_count() or 1, f", {os.cpu_count()} DataLoader processes"),
            )
        }

        def ours(collect: Any) -> Callable[[], None]:
            def run() -> None:
                with tempfile.TemporaryDirectory(dir=folder) as shards:
                    collect_to_disk(plan, Path(shards), source, collect)

            return run

        ways: dict[str, Callable[[], None]] = {
            "collected to shards": ours(collect_here([probe], source)),
            **loops,
        }
        for _ in range(ROUNDS):
            for way, run in ways.items():
                wall, cpu = time.perf_counter(), time.process_time()
                run()
                rate = crops / (time.perf_counter() - wall)
                each = (time.process_time() - cpu) / crops * 1000
                before = best.get(way, (0.0, np.inf))
                # what a DataLoader's own processes take is not in this process's time
                here = None if "processes" in way else min(each, before[1] or np.inf)
                best[way] = max(rate, before[0]), here
        for count in workers:
            rates = ray_throughput(count, model, probe, source, plan, folder)
            best |= {way: (rate, None) for way, rate in rates.items()}
    return best


def ray_throughput(
    count: int, model: Any, probe: LayerProbe, source: Any, plan: Any, folder: Path
) -> dict[str, float]:
    """Crops a second of Ray workers, with their start and without."""
    from atlas_widget.cluster import cluster_collector

    collect = cluster_collector(model, "local", workers=count)([probe], source)
    times = [time.perf_counter()]

    def timed(*arguments: Any) -> Iterator[Any]:
        for records in collect(*arguments):
            times.append(time.perf_counter())
            yield records

    with tempfile.TemporaryDirectory(dir=folder) as shards:
        collect_to_disk(plan, Path(shards), source, timed)
    each = plan.crops_per_shard
    # the first shards of all workers tell when they had begun
    steady = (len(plan) - count) * each / (times[-1] - times[count])
    name = f"Ray, {count} worker{'s' * (count > 1)}"
    return {
        f"{name}, once begun": steady,
        f"{name}, with its start": len(plan) * each / (times[-1] - times[0]),
    }
