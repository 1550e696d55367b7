"""What the units of a network cost, each beside its budget on two cores.

    python benchmarks/units.py [--images N] [--layers NAME …]

A scan of all units of several layers is timed against a PyTorch DataLoader and a forward pass over
the same images, both in one run. Then what a unit's page needs: its data, as the kernel sends them,
from an atlas's samples; pictures, the first one and all of a layer; tuning, wiring and classes; and
the graph with a DeepDream picture of each layer.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from atlas_widget import (
    Atlas,
    LayerProbe,
    demo,
    expanded_weights,
    layer_graph,
    scan_units,
    tuning,
    unit_inputs,
    unit_outputs,
)
from atlas_widget.images.labels import image_labels
from atlas_widget.images.opening import as_image_source
from atlas_widget.inversion import InversionEngine, InversionSettings
from atlas_widget.probe.pictures import as_rgb

LAYERS = ["blocks.2.1", "blocks.4.2", "blocks.5.2", "blocks.6.0"]


class Photos(Dataset):  # type: ignore[type-arg]
    """The demo's photos, as the model is given them."""

    def __init__(self, count: int, size: int) -> None:
        self.source, self.count, self.size = as_image_source(None), count, size

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> torch.Tensor:
        return as_rgb([self.source.open(index)], self.size)[0]


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=267, help="number of photos")
    parser.add_argument("--layers", nargs="*", default=LAYERS)
    parser.add_argument("--pictures", default="blocks.4.2", help="layer whose pictures are timed")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    model = demo.model()
    scans(model, min(options.images, len(demo.images())), options.layers, options.repeats)
    print(f"\n{'':44}{'s':>8}{'budget':>8}")
    pictures(model, options.pictures)
    page(model, options.pictures)
    blocks(model, options.pictures)
    graph(model)


@contextmanager
def timed(words: str, budget: float | None = None) -> Iterator[None]:
    """Print how long something took, beside its budget."""
    started = time.perf_counter()
    yield
    seconds = time.perf_counter() - started
    print(f"{words:44}{seconds:8.3f}{'' if budget is None else f'{budget:8.2f}'}")


def scans(model: torch.nn.Module, count: int, layers: list[str], repeats: int) -> None:
    """Print the time of a scan as a ratio to that of a bare pass."""
    with LayerProbe(model, layers[-1]) as probe:
        photos = Photos(count, probe.input_size)
        bare, scanned = [], []
        for _ in range(repeats):
            started = time.perf_counter()
            with torch.no_grad():
                for batch in DataLoader(photos, batch_size=16):
                    probe.model(probe.preprocessing(batch.to(probe.device)))
            bare.append(time.perf_counter() - started)
            started = time.perf_counter()
            scan = scan_units(model, layers, None, part=slice(count), progress=False)
            scanned.append(time.perf_counter() - started)
    units = sum(layer.units for layer in scan.layers.values())
    print(f"{count} images, {units} units of {len(layers)} layers, best of {repeats}\n")
    print(f"{'':36}{'s':>8}{'ratio':>8}")
    print(f"{'DataLoader and forward pass, bare':36}{min(bare):8.2f}{1:8.2f}")
    print(f"{'scan of all units':36}{min(scanned):8.2f}{min(scanned) / min(bare):8.2f}")


def pictures(model: torch.nn.Module, layer: str) -> None:
    """Print the time until the first picture of a unit, and until all of the layer are there."""
    with LayerProbe(model, layer) as probe:
        engine = InversionEngine(probe, settings=InversionSettings.unit())
        directions = np.eye(probe.channels, dtype=np.float32)
        steps = engine.settings.steps
        engine.advance(engine.start(directions[:1]), 1)  # the network is folded
        with timed(f"{layer}: first picture", 2):
            state = engine.start(directions[:1])
            engine.advance(state, steps)
            engine.pictures(state)
        with timed(f"{layer}: pictures of all {probe.channels} units", 15):
            for begin in range(0, len(directions), engine.batch_size):
                state = engine.start(directions[begin : begin + engine.batch_size])
                engine.advance(state, steps)
                engine.pictures(state)


def page(model: torch.nn.Module, layer: str) -> None:
    """Print the time of a unit's page from the samples of an atlas: the first one, and another."""
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.units import page as pages
    from atlas_widget.session.units.sampled_units import SampledUnits

    atlas = Atlas.build(model, layer, num_samples=12_000, progress=False)
    grids = {size: atlas.grid(size) for size in atlas.grids}
    scene = Scene(0, layer, grids, atlas.samples, atlas)
    labels = image_labels(as_image_source(None))
    with timed("page from 12,000 samples, the first one", 0.15):
        units = SampledUnits(scene.samples, labels)
        pages.overview(units, scene)
        pages.page(units, scene, 0)
    with timed("page from 12,000 samples, the next one", 0.15):
        pages.page(units, scene, 1)


def blocks(model: torch.nn.Module, layer: str) -> None:
    """Print the time of tuning, which serves all units, and of the wiring of one."""
    with timed(f"{layer}: tuning of all units", 20):
        tuning(model, layer)
    source = as_image_source(None)
    images = [source.open(image) for image in range(16)]
    before, after = layer_graph(model).before(layer)[0], layer_graph(model).after(layer)[0]
    with timed(f"{before} → a unit, on 16 images"):
        unit_inputs(model, before, layer, 0, images)
    with timed(f"a unit → {after}, on 16 images"):
        unit_outputs(model, layer, after, 0, images)
    with timed(f"{before} → a unit, expanded weights"):
        expanded_weights(model, before, layer, 0)


def graph(model: torch.nn.Module) -> None:
    """Print the time of the graph, of its pictures, and of both from the cache."""
    from atlas_widget.probe.blocks import block_names
    from atlas_widget.probe.graph import graph_of
    from atlas_widget.session.pictures.cache import PictureCache
    from atlas_widget.session.pictures.layer_dreams import LayerDreams

    with LayerProbe(model, LAYERS[0]) as probe, tempfile.TemporaryDirectory() as folder:
        private = probe.private_model
        with timed("graph of the network"):
            found = graph_of(private, block_names(private.network.module))
        cache = PictureCache(Path(folder))
        names = [node.name for node in found.nodes]
        shown: list[Any] = []
        for words, budget in (("optimised", None), ("from the cache", 0.3)):
            dreams = LayerDreams(private, cache, 0, lambda *one: shown.append(one), print)
            with timed(f"pictures of its {len(names)} layers, {words}", budget):
                dreams.look(names)
                while dreams.advance(1):
                    pass
            dreams.close()
            assert len(shown) == len(names)
            shown.clear()


if __name__ == "__main__":
    main()
