"""What reading one image costs: each question against a bare forward pass, and against Captum.

    python benchmarks/reading.py [--repeats N] [--layers NAME …] [--no-pictures]

The median of N runs of each, for the demo's network at its own size. All are asked of new readings,
so that nothing is kept from an earlier run. The budget of each is what a view of it allows. Captum
is asked for the same attributions, layer by layer and class by class; where it is not installed
(`pip install captum`), its column is empty. The last table tells how long the pictures of all
positions of two layers take.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median

import torch
from torch import Tensor, nn

from atlas_widget import demo
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.several import open_layers
from atlas_widget.reading import ImageReading, read_with_probes
from atlas_widget.reading.one_image import as_one_image

LAYERS = ["blocks.1.1", "blocks.2.1", "blocks.4.2", "blocks.5.2", "bn2"]
PICTURED = {"blocks.5.2": 15.0, "blocks.4.2": 25.0}  # 49 and 196 positions: seconds
CLASSES = 5

Question = Callable[[ImageReading], object]


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--layers", nargs="*", default=LAYERS)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--photo", default="torque_screwdrivers")
    parser.add_argument("--no-pictures", action="store_true")
    options = parser.parse_args()
    model, photo = demo.model(), demo.images()[options.photo]
    probes = open_layers(model, options.layers)
    rgb = as_one_image(photo, probes[0].input_size).rgb
    with torch.no_grad():
        bare = timed(lambda: probes[0].run(rgb), options.repeats)
    print(f"{torch.get_num_threads()} threads, PyTorch {torch.__version__}")
    print(f"a bare forward pass: {1000 * bare:.0f} ms\n")
    questions(probes, rgb, bare, options.repeats)
    against_captum(model, probes, rgb, options.repeats)
    if not options.no_pictures:
        pictures(probes, rgb)
    for probe in probes:
        probe.close()


def timed(call: Callable[[], object], repeats: int) -> float:
    """Return the median of so many runs, in seconds, after one that does not count."""
    call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return median(times)


def asked(probes: list[LayerProbe], rgb: Tensor, ask: Question, repeats: int) -> float:
    """Return the median time of a question, asked of a new reading each time."""
    times = []
    for _ in range(repeats + 1):
        with read_with_probes(probes, rgb) as seen:
            started = time.perf_counter()
            ask(seen)
            times.append(time.perf_counter() - started)
    return median(times[1:])


def attributions(seen: ImageReading) -> None:
    """Attribute the five highest scores at all layers."""
    for number in seen.classes(CLASSES).index:
        for layer in seen.layers:
            seen.spatial(layer, int(number))


def questions(probes: list[LayerProbe], rgb: Tensor, bare: float, repeats: int) -> None:
    """Print the time of each question beside its budget, and as a ratio to a forward pass."""
    first, middle, last = probes[0].layer, probes[len(probes) // 2].layer, probes[-1].layer
    rows, columns = probes[len(probes) // 2].map_size_at(*rgb.shape[2:])
    place = rows // 2, columns // 2

    def opened() -> None:
        with read_with_probes(probes, rgb) as seen:
            for layer in seen.layers:
                seen.grid(layer)

    questions: list[tuple[str, float, Question]] = [
        (f"{CLASSES} classes at {len(probes)} layers", 1.0, attributions),
        ("12 groups", 0.2, lambda seen: seen.groups(middle, 12)),
        ("6 groups, attributed", 0.2, lambda seen: seen.groups(middle, 6).attribution(0)),
        ("what feeds a position", 0.3, lambda seen: seen.fed_by(middle, position=place)),
        ("what a position feeds", 0.3, lambda seen: seen.feeds(middle, position=place)),
        ("an ablation", 0.3, lambda seen: seen.ablate(middle, channel=0)),
        ("an ablation, 20 controls", 2.0, lambda seen: seen.ablate(middle, channel=0, controls=20)),
        ("deletion, 10 random orders", 5.0, lambda seen: seen.deletion(middle, 0)),
        (
            "flow, 4 groups to 4",
            0.5,
            lambda seen: seen.flow(seen.groups(first, 4), seen.groups(last, 4)),
        ),
    ]
    print(f"{'':32}{'ms':>8}{'budget':>8}{'forward passes':>16}")
    opening = timed(opened, repeats)
    print_row(f"open, with {len(probes)} grids", opening, 0.3, bare)
    for name, budget, ask in questions:
        print_row(name, asked(probes, rgb, ask, repeats), budget, bare)


def print_row(name: str, seconds: float, budget: float, bare: float) -> None:
    """Print one time, a mark where it is over its budget, and what it is of a forward pass."""
    over = " " if seconds <= budget else "!"
    print(f"{name:32}{1000 * seconds:8.0f}{1000 * budget:7.0f}{over}{seconds / bare:16.1f}")


def against_captum(model: nn.Module, probes: list[LayerProbe], rgb: Tensor, repeats: int) -> None:
    """Print the time of the same attributions by Captum, if it is there, as a ratio to ours."""
    if find_spec("captum") is None:
        print("\nCaptum is not installed: no comparison")
        return
    from captum.attr import LayerGradientXActivation, LayerIntegratedGradients

    inputs = probes[0].plain.prepared(rgb)
    with torch.no_grad():
        best = model(inputs)[0].topk(CLASSES).indices.tolist()
    modules = [model.get_submodule(probe.layer) for probe in probes]
    middle = probes[len(probes) // 2].layer

    def by_captum() -> None:
        for module in modules:
            for number in best:
                LayerGradientXActivation(model, module).attribute(inputs, target=number)

    def read_and_attribute() -> None:
        with read_with_probes(probes, rgb) as seen:
            attributions(seen)

    path = LayerIntegratedGradients(model, modules[len(modules) // 2])
    comparisons: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        (
            f"{CLASSES} classes at {len(probes)} layers, pass included",
            read_and_attribute,
            by_captum,
        ),
        (
            f"integrated gradients at {middle}, 32 steps",
            lambda: integrated(probes, rgb, middle, best[0]),
            lambda: path.attribute(inputs, target=best[0], n_steps=32, internal_batch_size=8),
        ),
    ]
    print(f"\n{'':48}{'ms':>8}{'Captum':>8}{'ratio':>8}")
    for name, ours, theirs in comparisons:
        own, other = timed(ours, repeats), timed(theirs, repeats)
        print(f"{name:48}{1000 * own:8.0f}{1000 * other:8.0f}{other / own:8.1f}")


def integrated(probes: list[LayerProbe], rgb: Tensor, layer: str, class_: int) -> None:
    """Attribute one score by integrated gradients, the pass included."""
    with read_with_probes(probes, rgb) as seen:
        seen.spatial(layer, class_, steps=32)


def pictures(probes: list[LayerProbe], rgb: Tensor) -> None:
    """Print how long pictures of all positions take."""
    from atlas_widget.inversion import InversionSettings

    print(f"\n{'pictures of':20}{'positions':>10}{'s':>8}{'budget':>8}")
    known = [probe.layer for probe in probes]
    for layer, budget in PICTURED.items():
        if layer not in known:
            continue
        with read_with_probes(probes, rgb) as seen:
            started = time.perf_counter()
            made = seen.pictures(layer, settings=InversionSettings.positions())
            seconds = time.perf_counter() - started
        over = " " if seconds <= budget else "!"
        print(f"{layer:20}{len(made):10}{seconds:8.1f}{budget:7.0f}{over}")


if __name__ == "__main__":
    main()
