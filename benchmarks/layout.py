"""The default layout (umap-learn, given our neighbours) against our own and umap-learn alone.

    python benchmarks/layout.py [--samples 1000 4000 10000 30000 100000] [--threads 1]
    python benchmarks/layout.py --device cuda --others cuml torchdr

Needs the extras `demo` and `benchmark`. Prints seconds (wall clock, and of the processor),
trustworthiness (are neighbours on the map neighbours in the layer?) and the part of the nearest
neighbours that are kept, both judged at 1,500 random samples among all. umap-learn compiles itself
at its first call, which is measured by itself, on 1,000 samples. Processor seconds are of this
process and of the one beside it.

With `--alone` umap-learn finds its own neighbours, too. From 10,000 samples on, our own is
measured a second time with a third of them laid out by UMAP and the others placed among them, as
happens by itself beyond 100,000 samples.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

from atlas_widget import LayerProbe, demo
from atlas_widget.collect import collect
from atlas_widget.images import as_image_source
from atlas_widget.layout import (
    default_neighbors,
    other_layout,
    quick_layout,
    umap_layout,
    umap_ready,
)
from atlas_widget.layout.neighbor_index import unit_directions

_NEAREST = 15
_JUDGED = 1500
_PLACED_FROM = 10_000


def judged(activations: NDArray[np.float32], xy: NDArray[np.float32]) -> tuple[float, float]:
    """Trustworthiness (Venna and Kaski 2001) and the part of neighbours kept, at random samples."""
    count = len(activations)
    units, places = unit_directions(activations), torch.as_tensor(np.asarray(xy, np.float32))
    chosen = np.random.default_rng(1).choice(count, min(_JUDGED, count), replace=False)
    beyond, kept = 0.0, 0.0
    for rows in torch.split(torch.from_numpy(chosen), 100):
        own = torch.arange(len(rows))
        cosine = units[rows] @ units.T
        cosine[own, rows] = torch.inf
        distance = torch.cdist(places[rows], places)
        distance[own, rows] = torch.inf
        near = cosine.gather(1, distance.topk(_NEAREST, largest=False).indices)
        # how many are nearer in the layer than each neighbour on the map; itself counts as one
        ranks = torch.stack([(cosine > value[:, None]).sum(dim=1) for value in near.T], dim=1)
        beyond += float((ranks - _NEAREST).clamp_min(0).sum())
        kept += float((ranks <= _NEAREST).float().mean(dim=1).sum())
    worst = len(chosen) * _NEAREST * (2 * count - 3 * _NEAREST - 1) / 2
    return 1.0 - beyond / worst, kept / len(chosen)


def processor_seconds() -> float:
    """Return what this process and those it started have used."""
    this = psutil.Process()
    times = [process.cpu_times() for process in (this, *this.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def measure(
    name: str, activations: NDArray[np.float32], lay_out: Callable[[], NDArray[np.float32]]
) -> None:
    wall, processor = time.perf_counter(), processor_seconds()
    xy = lay_out()
    wall, processor = time.perf_counter() - wall, processor_seconds() - processor
    trusted, kept = judged(activations, xy)
    count = len(activations)
    print(
        f"| {count:,} | {name} | {wall:.1f} | {processor:.1f} | {processor / count * 1e6:,.0f} "
        f"| {trusted:.3f} | {kept:.3f} |",
        flush=True,
    )


def umap_learn(activations: NDArray[np.float32]) -> NDArray[np.float32]:
    import umap  # its import is part of what a user waits for

    found: NDArray[np.float32] = umap.UMAP(
        n_neighbors=default_neighbors(len(activations)) + 1,
        min_dist=0.05,
        metric="cosine",
        random_state=0,
    ).fit_transform(activations)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[1000, 4000])
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch and numba")
    parser.add_argument("--device", default="cpu", help="where ours and torchdr's run")
    parser.add_argument(
        "--others",
        nargs="*",
        default=[],
        metavar="METHOD",
        help="further libraries that lay out (layout_method): cuml, torchdr",
    )
    parser.add_argument(
        "--alone", action="store_true", help="also umap-learn with neighbours of its own"
    )
    parser.add_argument("--activations", help="a .npy file instead of the demo's")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)
    if options.activations:
        collected = np.load(options.activations)
    else:
        with LayerProbe(demo.model(), demo.LAYER) as probe:
            samples = collect(probe, as_image_source(None), num_samples=max(options.samples))
        collected = samples.activations
    shuffled = np.random.default_rng(0).permutation(collected)
    print(
        "| samples | layout | seconds | processor seconds | µs a sample | trustworthiness "
        "| neighbours kept |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: |"
    )
    ours = partial(umap_layout, device=options.device)
    others = {name: other_layout(name) for name in options.others}
    default = partial(ours, other=other_layout("umap"))
    few = shuffled[:1000]
    measure("umap, first call", few, lambda: default(few))
    if options.alone:
        import numba

        numba.set_num_threads(options.threads)
        measure("umap-learn alone, first call", few, lambda: umap_learn(few))
    for count in options.samples:
        activations = shuffled[:count]
        measure("two principal components", activations, lambda a=activations: quick_layout(a))
        measure("umap-torch", activations, lambda a=activations: ours(a))
        measure("umap", activations, lambda a=activations: default(a))
        if count >= _PLACED_FROM:
            measure(
                f"umap-torch, {count // 3:,} by UMAP, the others among them",
                activations,
                lambda a=activations: ours(a, fit_samples=len(a) // 3),
            )
        if options.alone:
            measure("umap-learn alone", activations, lambda a=activations: umap_learn(a))
        for name, other in others.items():
            measure(name, activations, lambda a=activations, o=other: ours(a, other=o))


if __name__ == "__main__":
    with umap_ready():
        main()
