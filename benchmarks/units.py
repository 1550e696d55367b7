"""What the units of a network cost: a scan against a bare pass over the same images, and pictures.

    python benchmarks/units.py [--images N] [--layers NAME …]

A scan of all units of several layers is timed against a PyTorch DataLoader and a forward pass over
the same images, both in one run. Then the time of pictures: the first one, and all of a layer.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from atlas_widget import LayerProbe, demo, scan_units
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
    pictures(model, options.pictures)


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
        started = time.perf_counter()
        state = engine.start(directions[:1])
        engine.advance(state, steps)
        engine.pictures(state)
        first = time.perf_counter() - started
        started = time.perf_counter()
        for begin in range(0, len(directions), engine.batch_size):
            state = engine.start(directions[begin : begin + engine.batch_size])
            engine.advance(state, steps)
            engine.pictures(state)
        whole = time.perf_counter() - started
    print(f"\n{layer}: first picture {first:.2f} s, all {probe.channels} units {whole:.1f} s")


if __name__ == "__main__":
    main()
