"""What each stage from images to an atlas in a widget costs: time, and memory at its peak."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget import Atlas, AtlasWidget, demo
from atlas_widget.atlas.files import write_contents
from atlas_widget.atlas.samples import Samples
from atlas_widget.collect.assemble import assemble
from atlas_widget.collect.plan import plan_collections
from atlas_widget.collect.to_disk import collect_here, collect_to_disk
from atlas_widget.images import as_image_source
from atlas_widget.images.thumbnails import Thumbnails, encode_thumbnail
from atlas_widget.layout import umap_layout
from atlas_widget.probe import LayerProbe

__all__ = ["measure"]

GRIDS = (20, 40, 80, 160)
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
            with stages.stage("assembly"):
                assembled = assemble(collected[0])
            samples, files = assembled.samples, assembled.files
        with stages.stage("layout"):
            xy = umap_layout(samples.activations)
        atlas = Atlas(samples, xy, layer=probe.layer, grids=GRIDS, labels=demo.labels())
        with stages.stage("grids"):
            for size in GRIDS:
                atlas.grid(size)
        with stages.stage("save"):
            write_contents(atlas.contents(), folder / "atlas", files)
        del atlas, samples, xy
    with stages.stage("open"):
        widget = AtlasWidget(model, demo.LAYER, grids=GRIDS, atlas=folder / "atlas")
        widget.wait()
    widget.close()
    return stages.found
