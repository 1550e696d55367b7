"""What atlases of 1,000 to 1,000,000 samples cost, stage by stage, on this machine.

    python benchmarks/scale.py [--samples 1000 10000 100000] [--generated 1000000]
                               [--crops 768] [--workers 1 2] [--threads 1]

Needs the extra `demo`, and `ray` for workers. Prints tables in Markdown:

1. Seconds (wall clock and processor) of each stage, and the peak of the process's own memory above
   what the stage began with: collection from the demo's photos to shards, putting shards together,
   layout, grids, saving, and opening in a widget. Each number of samples has a process of its own.
   Activations of the largest are generated: points on curved sheets in the space of channels.
2. Crops a second of the collection to disk, of a plain loop (a DataLoader of JPEG files and the
   network up to the layer) and of Ray workers, by turns in one run; the best of each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from atlas_widget import Atlas, AtlasWidget, demo
from atlas_widget.collect.assemble import assemble
from atlas_widget.collect.plan import plan_collections
from atlas_widget.collect.to_disk import collect_here, collect_to_disk
from atlas_widget.images import as_image_source
from atlas_widget.images.thumbnails import Thumbnails, encode_thumbnail
from atlas_widget.layout import umap_layout
from atlas_widget.probe import LayerProbe
from atlas_widget.samples import Samples
from atlas_widget.saved_atlas import write_atlas

GRIDS = (20, 40, 80, 160)
ROUNDS = 3
BLOCK = 50_000


def own_memory() -> int:
    """Bytes of this process's memory that are not files'."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    raise OSError("This benchmark reads memory from /proc, which Linux has.")


class Stages:
    """Measures stages, one after the other."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun, wall, cpu = own_memory(), time.perf_counter(), time.process_time()
        peak, over = begun, threading.Event()

        def watch() -> None:
            nonlocal peak
            while not over.wait(0.02):
                peak = max(peak, own_memory())

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            over.set()
            watcher.join()
        peak = max(peak, own_memory())
        self.found[name] = {"seconds": wall, "processor": cpu, "megabytes": (peak - begun) / 2**20}


def generated(count: int, channels: int, file: Path) -> NDArray[np.float32]:
    """Write activations on curved sheets (a random network of a few numbers), and map them."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(60, 8)).astype(np.float32) * 2
    first = random.normal(size=(8, 96)).astype(np.float32)
    second = random.normal(size=(96, channels)).astype(np.float32) / 96**0.5
    array = np.lib.format.open_memmap(file, "w+", np.float32, (count, channels))
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        hidden = centres[random.integers(60, size=size)]
        hidden = hidden + random.normal(size=hidden.shape).astype(np.float32)
        values = np.maximum(hidden @ first, 0) @ second
        noise = random.normal(size=values.shape).astype(np.float32) * 0.1
        array[start : start + size] = np.maximum(values + noise, 0)
    array.flush()
    del array
    mapped: NDArray[np.float32] = np.load(file, mmap_mode="r")
    return mapped


def generated_samples(count: int, folder: Path, probe: LayerProbe) -> Samples:
    """Samples whose activations are generated; all have the same thumbnail, of the usual size."""
    source = as_image_source(None)
    side = probe.input_size
    jpeg = encode_thumbnail(source.open(0).resize((side, side)), probe.position_box(5, 5, side))
    blob = np.lib.format.open_memmap(folder / "jpeg.npy", "w+", np.uint8, (count, len(jpeg)))
    for start in range(0, count, BLOCK):
        blob[start : start + BLOCK] = np.frombuffer(jpeg, np.uint8)
    names = [f"generated/{number:07d}.jpg" for number in range(count)]
    return Samples(
        activations=generated(count, probe.channels, folder / "activations.npy"),
        positions=np.full((count, 2), 5, np.int16),
        crops=np.tile(np.array([0, 0, 1, 1], np.float32), (count, 1)),
        flipped=np.zeros(count, np.bool_),
        image_ids=np.arange(count, dtype=np.int32),
        image_names=names,
        image_indices=np.arange(count, dtype=np.int32),
        thumbnails=Thumbnails(blob.reshape(-1), np.arange(count + 1, dtype=np.int64) * len(jpeg)),
    )


def measure(count: int, folder: Path, *, make: bool) -> dict[str, dict[str, float]]:
    """Go through all the stages for one number of samples."""
    stages = Stages()
    model = demo.model()
    with LayerProbe(model, demo.LAYER, device="cpu") as probe:
        files: dict[str, Any] = {}
        if make:
            samples = generated_samples(count, folder, probe)
        else:
            source = as_image_source(None)
            (plan,) = plan_collections([probe], source, num_samples=count)
            with stages.stage("collection"):
                collected = collect_to_disk(
                    plan, folder / "shards", source, collect_here([probe], source)
                )
            with stages.stage("putting together"):
                assembled = assemble(collected[0])
            samples, files = assembled.samples, assembled.files
        with stages.stage("layout"):
            xy = umap_layout(samples.activations)
        atlas = Atlas(samples, xy, layer=probe.layer, grids=GRIDS, labels=demo.labels())
        with stages.stage("grids"):
            for size in GRIDS:
                atlas.grid(size)
        with stages.stage("save"):
            write_atlas(atlas, folder / "atlas", files) if files else atlas.save(folder / "atlas")
        del atlas, samples, xy
    with stages.stage("open"):
        widget = AtlasWidget(model, demo.LAYER, grids=GRIDS, atlas=folder / "atlas")
        widget.wait()
    widget.close()
    return stages.found


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


def in_a_process(options: list[str], threads: int) -> dict[str, Any]:
    """Run a part of this in a process of its own, so that its memory is its own."""
    done = subprocess.run(
        [sys.executable, __file__, *options, "--threads", str(threads)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def print_stages(found: dict[int, dict[str, dict[str, float]]]) -> None:
    print("| samples | stage | seconds | processor seconds | µs a sample | MB at its peak |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for count, stages in found.items():
        for stage, cost in stages.items():
            print(
                f"| {count:,} | {stage} | {cost['seconds']:.1f} | {cost['processor']:.1f} | "
                f"{cost['processor'] / count * 1e6:,.0f} | {max(cost['megabytes'], 0):,.0f} |",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="*", default=[1000, 10_000, 100_000])
    parser.add_argument("--generated", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--crops", type=int, default=768, help="0 leaves out the second table")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="of Ray")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--throughput", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)
    if options.measure:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(options.measure, Path(folder), make=options.make)))
        return
    if options.throughput:
        print(json.dumps(throughput(options.crops, options.workers)))
        return
    print(f"{os.cpu_count()} cores, PyTorch on {options.threads} thread(s), no GPU\n")
    if options.samples or options.generated:
        print_stages(
            {
                count: in_a_process(["--measure", str(count), *extra], options.threads)
                for counts, extra in ((options.samples, []), (options.generated, ["--make"]))
                for count in counts
            }
        )
    if options.crops:
        workers = [str(count) for count in options.workers]
        found = in_a_process(
            ["--throughput", "--crops", str(options.crops), "--workers", *workers], options.threads
        )
        print("\n| way | crops a second | processor milliseconds a crop |\n| --- | ---: | ---: |")
        for way, (rate, each) in found.items():
            print(f"| {way} | {rate:.0f} | {'' if each is None else f'{each:.1f}'} |")


if __name__ == "__main__":
    main()
