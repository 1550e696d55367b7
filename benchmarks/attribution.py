"""Attribution to all classes at once, against the ways one would take without it; and is it true?

    python benchmarks/attribution.py                       # about ten minutes on two cores
    python benchmarks/attribution.py --samples 1000 --cpu-time --threads 1   # on a busy machine

Speed: h · ∂score/∂h of one position of each picture, for all of the demo network's 1,000 classes,
against a plain forward pass of the same pictures through the network as it is, against the loop of
one backward pass per class, and against Captum's `LayerGradientXActivation`. All take turns on the
same batches; the last two do a few classes, from which 1,000 are extrapolated.

Truth: does the class score change as predicted when a cell's direction is taken away where it was
found? And how undecided are cells about their classes, at an early layer and at a late one?

Needs the extras `demo` and `benchmark`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from captum.attr import LayerGradientXActivation
from numpy.typing import NDArray
from torch import Tensor, nn

from atlas_widget import Atlas, LayerProbe, demo
from atlas_widget.attribution import class_values, label_of, top_classes
from atlas_widget.causes import ablate
from atlas_widget.collect import collect, sample_images
from atlas_widget.images import as_image_source

EARLY, MIDDLE, LATE = "blocks.1.1", demo.LAYER, "blocks.5.3"
_PER_CELL = 16  # samples that speak for a cell, as in the widget

_clock = time.perf_counter


@dataclass
class Contender:
    """One way to the values, and what it costs for each batch.

    `run` returns when it began with the classes where it does only some of them: what comes after
    is `factor` times as much for all.
    """

    name: str
    run: Callable[[Tensor, NDArray[np.int64]], float | None]
    factor: float = 1.0
    seconds: list[float] = field(default_factory=list)

    def take_turn(self, rgb: Tensor, positions: NDArray[np.int64]) -> None:
        start = _clock()
        began = self.run(rgb, positions)
        end = _clock()
        began = start if began is None else began
        self.seconds.append(began - start + (end - began) * self.factor)


def contenders(model: nn.Module, probe: LayerProbe, classes: int, some: int) -> list[Contender]:
    """Return the ways in the order of their turns; the first is the measure of all."""
    model.requires_grad_(False)  # nobody shall compute gradients of weights
    prepare, layer = probe.preprocessing, model.get_submodule(probe.layer)
    fast = probe.accelerated()

    def plain(rgb: Tensor, positions: NDArray[np.int64]) -> None:  # noqa: ARG001
        with torch.no_grad():
            model(prepare(rgb))

    def folded(rgb: Tensor, positions: NDArray[np.int64]) -> None:  # noqa: ARG001
        with torch.no_grad():
            fast.runner.model(fast.prepared(rgb))

    def ours(rgb: Tensor, positions: NDArray[np.int64]) -> None:
        class_values(probe, rgb, positions, batch_size=len(rgb))

    def loop(rgb: Tensor, positions: NDArray[np.int64]) -> float:
        kept: list[Tensor] = []

        def keep(module: nn.Module, args: object, output: Tensor) -> Tensor:  # noqa: ARG001
            kept.append(output.detach().requires_grad_())
            return kept[0]

        handle = layer.register_forward_hook(keep)
        scores = model(prepare(rgb))
        handle.remove()
        rows, columns = positions.T
        began = _clock()
        for index in range(some):
            (gradient,) = torch.autograd.grad(scores[:, index].sum(), kept[0], retain_graph=True)
            (kept[0] * gradient)[range(len(rgb)), :, rows, columns].sum(1)
        return began

    captum = LayerGradientXActivation(model, layer)

    def by_captum(rgb: Tensor, positions: NDArray[np.int64]) -> float:
        inputs, (rows, columns) = prepare(rgb), positions.T
        began = _clock()
        for index in range(some):
            captum.attribute(inputs, target=index)[range(len(rgb)), :, rows, columns].sum(1)
        return began

    return [
        Contender("one plain forward pass of the model", plain),
        Contender("the same, batch norms folded", folded),
        Contender("ours, all classes", ours),
        Contender("a backward pass per class", loop, classes / some),
        Contender("Captum, class by class", by_captum, classes / some),
    ]


def measure_speed(layer: str, samples: int, batch_size: int, some: int, rounds: int) -> None:
    """Print what attribution costs."""
    model = demo.model()
    probe = LayerProbe(model, layer, device="cpu")
    source = as_image_source(None)
    collected = collect(probe, source, num_samples=samples, positions_per_crop=1)
    rivals = contenders(model, probe, 1000, some)
    batches = -(-samples // batch_size)
    dear = set(np.linspace(0, batches - 1, min(batches, rounds)).astype(int).tolist())
    for batch in range(-1, batches):  # the first one is for warming up
        here = np.arange(samples)[max(batch, 0) * batch_size :][:batch_size]
        rgb = sample_images(collected, source, here, probe.input_size)
        positions = np.asarray(collected.positions[here], np.int64)
        for rival in rivals:
            if rival.factor == 1.0 or batch in dear:
                rival.take_turn(rgb, positions)
        if batch == -1:
            for rival in rivals:
                rival.seconds.clear()
    reference = np.array(rivals[0].seconds)
    own = np.array(rivals[2].seconds)
    print(f"\n{layer}, {samples:,} samples, 1,000 classes, batches of {batch_size}")
    print("| | seconds | plain forward passes | times ours |")
    print("| --- | --- | --- | --- |")
    chosen = sorted(dear)
    for rival in rivals:
        cost = np.array(rival.seconds)
        same = slice(None) if len(cost) == batches else chosen
        passes, times = (np.median(cost / other[same]) for other in (reference, own))
        total = cost.mean() * batches
        note = "" if rival.factor == 1.0 else f", from {some} classes of {len(cost)} batches"
        print(f"| {rival.name}{note} | {total:.1f} | {passes:.2f} | {times:.2f} |", flush=True)


def cells_of(
    layer: str, samples: int, most: int
) -> tuple[Atlas, LayerProbe, list[tuple[NDArray[np.float32], NDArray[np.int64]]]]:
    """Build the demo's atlas of a layer; return cells' means and samples that speak for them."""
    atlas = Atlas.build(
        demo.model(), layer, num_samples=samples, grids=(20,), progress=False, device="cpu"
    )
    grid = atlas.grid(20)
    rng = np.random.default_rng(0)
    chosen = np.sort(rng.permutation(len(grid))[:most])
    cells = []
    for cell in chosen:
        members = grid.members(cell)
        if len(members) > _PER_CELL:
            members = np.sort(rng.choice(members, _PER_CELL, replace=False))
        cells.append((grid.means[cell], members))
    return atlas, LayerProbe(demo.model(), layer, device="cpu"), cells


def entropy(weights: NDArray[np.floating] | NDArray[np.integer]) -> float:
    """Return the entropy, in bits, of shares in proportion to some weights."""
    share = weights[weights > 0] / weights.sum()
    return float(-(share * np.log2(share)).sum())


def measure_labels(layers: list[str], samples: int, most: int) -> None:
    """Print how undecided cells are about their classes."""
    source = as_image_source(None)
    print(
        "\n| layer | cells | entropy of a cell's classes, bits | of its samples' strongest, bits | "
        "if all differed | one label | mixed | none |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for layer in layers:
        atlas, probe, cells = cells_of(layer, samples, most)
        entropies, labels = [], []
        for _, members in cells:
            rgb = sample_images(atlas.samples, source, members, probe.input_size)
            positions = np.asarray(atlas.samples.positions[members], np.int64)
            values = class_values(probe, rgb, positions)
            _, winners = np.unique(values.argmax(1), return_counts=True)
            of_classes = entropy(np.maximum(values.mean(0, dtype=np.float64), 0))
            entropies.append((of_classes, entropy(winners), np.log2(len(values))))
            labels.append(label_of(top_classes(values)[0], atlas.labels))
        mixed = np.mean([str(label).startswith("mixed: ") for label in labels])
        none = np.mean([label is None for label in labels])
        bits = " | ".join(f"{value:.2f}" for value in np.mean(entropies, axis=0))
        print(
            f"| {layer} | {len(cells)} | {bits} | {1 - mixed - none:.0%} | {mixed:.0%} | "
            f"{none:.0%} |",
            flush=True,
        )


def measure_truth(layers: list[str], samples: int, most: int) -> None:
    """Print how well attribution predicts what ablation does."""
    source = as_image_source(None)
    print("\n| layer | cells | changes | correlation, each | correlation, cells' means | slope |")
    print("| --- | --- | --- | --- | --- | --- |")
    for layer in layers:
        atlas, probe, cells = cells_of(layer, samples, most)
        predicted, actual, means = [], [], []
        for mean, members in cells:
            rgb = sample_images(atlas.samples, source, members, probe.input_size)
            positions = np.asarray(atlas.samples.positions[members], np.int64)
            test = ablate(probe, None, rgb, positions, mean)
            predicted.append(test.predicted.ravel())
            actual.append(test.actual.ravel())
            means.append((test.predicted.mean(0), test.actual.mean(0)))
        each = np.concatenate(predicted), np.concatenate(actual)
        by_cell = [np.concatenate(side) for side in zip(*means, strict=True)]
        slope = (each[0] @ each[1]) / (each[0] @ each[0])
        print(
            f"| {layer} | {len(cells)} | {len(each[0]):,} | {np.corrcoef(*each)[0, 1]:.3f} | "
            f"{np.corrcoef(*by_cell)[0, 1]:.3f} | {slope:.2f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", nargs="+", default=[EARLY, MIDDLE, LATE])
    parser.add_argument("--samples", type=int, default=1000, help="to attribute")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--classes", type=int, default=8, help="of which 1,000 are extrapolated")
    parser.add_argument("--batches", type=int, default=4, help="that the dear ones do")
    parser.add_argument("--atlas", type=int, default=4000, help="samples of the atlases")
    parser.add_argument("--cells", type=int, default=100, help="of each atlas, drawn at random")
    parser.add_argument("--only", choices=["speed", "labels", "truth"], help="one of the three")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="count processor seconds, on a machine with other work; sensible with --threads 1",
    )
    options = parser.parse_args()
    if options.cpu_time:
        global _clock
        _clock = time.process_time
    if options.threads:
        torch.set_num_threads(options.threads)
    kind = "processor" if options.cpu_time else "wall-clock"
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {kind} seconds")
    if options.only in (None, "speed"):
        for layer in options.layers:
            measure_speed(layer, options.samples, options.batch, options.classes, options.batches)
    if options.only in (None, "truth"):
        measure_truth(options.layers, options.atlas, options.cells)
    if options.only in (None, "labels"):
        measure_labels(options.layers, options.atlas, options.cells)


if __name__ == "__main__":
    main()
