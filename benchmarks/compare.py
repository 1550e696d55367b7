"""What springs cost and what they bring, when an atlas is laid out beside another one.

    python benchmarks/compare.py [--samples N] [--seeds N] [--strengths S …]

Needs the extra `demo`. Over the demo's photos: a layer and a later layer, a layer and an earlier
one of a finer map, the same layer of a second network, and of a network with random weights. For
each pair the scores; then for each strength of the springs the median displacement and the
trustworthiness of the map, mean and standard deviation over seeds, and the same for samples whose
images were permuted, which no honest map makes look alike. The last rows hold all samples by the
same spring, whatever their neighbours.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from atlas_widget import Atlas, compare_atlases, demo
from atlas_widget.comparison.compare import NEIGHBORS
from atlas_widget.comparison.neighborhoods import map_neighbors, rank_penalties
from atlas_widget.comparison.placing import displacement, fit_onto, place_beside, springs_of
from atlas_widget.comparison.resampling import permuted_by_image
from atlas_widget.comparison.scores import Neighborhoods
from atlas_widget.probe.untrained import untrained_copy

STRENGTHS = [0.0, 0.1, 0.3, 1.0, 3.0, 10.0]
UNIFORM = [0.1, 0.3, 1.0]
SCORES = ["agreement", "cka", "map_agreement", "displacement", "trust", "trust_free", "cells"]


def pairs(samples: int) -> tuple[Atlas, dict[str, Atlas]]:
    """Build the atlases: one, and at its places the others."""
    model = demo.model()
    first = Atlas.build(model, demo.LAYER, num_samples=samples, progress=False)
    others = {
        "later layer": (model, "blocks.6.0"),
        "earlier layer": (model, "blocks.4.2"),
        "second network": (demo.judge(), demo.LAYER),
        "random weights": (untrained_copy(model), demo.LAYER),
    }
    return first, {
        name: Atlas.build(network, layer, like=first, progress=False)
        for name, (network, layer) in others.items()
    }


def judge(
    activations: NDArray[np.float32],
    start: NDArray[np.float32],
    images: NDArray[np.int64],
    springs: NDArray[np.float64],
    seeds: int,
) -> NDArray[np.float64]:
    """Return displacement and trustworthiness of maps of several seeds, (seeds, 2)."""
    found = []
    for seed in range(seeds):
        xy = place_beside(activations, start, springs, seed=seed)
        near = map_neighbors(xy, images, NEIGHBORS)
        trust = 1 - rank_penalties(activations, near, images).mean()
        found.append((np.median(displacement(xy, start)), trust))
    return np.array(found)


def told(found: NDArray[np.float64]) -> str:
    """Say mean and deviation of displacement and trustworthiness."""
    (moved, trust), (_, spread) = found.mean(0), found.std(0)
    return f"{moved:8.2f}{trust:9.3f} ±{spread:.3f}"


def strengths(first: Atlas, other: Atlas, values: list[float], seeds: int) -> None:
    """Print what each strength of the springs costs and brings."""
    images = first.samples.image_ids.astype(np.int64)
    activations = np.asarray(other.activations)
    near = Neighborhoods.of(np.asarray(first.activations), activations, images, NEIGHBORS)
    mixed = permuted_by_image(images, np.random.default_rng(0))
    fitted = displacement(fit_onto(other.xy, first.xy), first.xy)
    free = (
        1 - rank_penalties(activations, map_neighbors(other.xy, images, NEIGHBORS), images).mean()
    )
    print(f"    {'spring':16}{'moved':>8}{'trust':>9}{'shuffled: moved':>24}{'trust':>9}")
    print(f"    {'free, fitted':16}{np.median(fitted):8.2f}{free:9.3f}")

    def row(name: str, springs: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> None:
        real = judge(activations, first.xy, images, springs(near.kept()), seeds)
        control = judge(activations[mixed], first.xy, images, springs(near.kept(mixed)), seeds)
        print(f"    {name:16}{told(real)}        {told(control)}", flush=True)

    for value in values:
        row(f"{value:g} × Jaccard", lambda kept, s=value: springs_of(kept, near.chances, s))
    for value in UNIFORM:
        row(f"{value:g}, same for all", lambda kept, s=value: np.full(len(kept), s))


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--strengths", type=float, nargs="*", default=STRENGTHS)
    options = parser.parse_args()
    first, others = pairs(options.samples)
    print(f"{len(first):,} samples of {len(first.samples.image_names)} photos, {first.layer}\n")
    for name, other in others.items():
        started = time.perf_counter()
        comparison = compare_atlases(first, other)
        seconds = time.perf_counter() - started
        print(f"{name}: {other.layer} of {other.provenance['model']}, compared in {seconds:.1f} s")
        print(comparison.table().loc[SCORES].round(3).to_string(na_rep=""), "\n")
        strengths(first, other, options.strengths, options.seeds)
        print()


if __name__ == "__main__":
    main()
