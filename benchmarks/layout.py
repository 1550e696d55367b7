"""Our UMAP against umap-learn, on the same activations in one run.

    python benchmarks/layout.py [--samples 1000 4000] [--threads 1]

Needs the extras `demo` and `benchmark`. Prints wall-clock seconds, trustworthiness (are neighbours
on the map neighbours in the layer?) and the part of the nearest neighbours that are kept.
umap-learn is run twice: its first call compiles it.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from atlas_widget import LayerProbe, demo
from atlas_widget.collect import collect
from atlas_widget.images import as_image_source
from atlas_widget.layout import default_neighbors, umap_layout

_KEPT_AMONG = 15


def neighbors_kept(activations: NDArray[np.float32], xy: NDArray[np.float32]) -> float:
    """Part of each sample's nearest activations that are among its nearest places too."""

    def nearest(points: NDArray[np.float32], metric: str) -> NDArray[np.int64]:
        search = NearestNeighbors(n_neighbors=_KEPT_AMONG, metric=metric).fit(points)
        found: NDArray[np.int64] = search.kneighbors(return_distance=False)
        return found

    pairs = zip(nearest(activations, "cosine"), nearest(xy, "euclidean"), strict=True)
    return float(np.mean([len(np.intersect1d(a, b)) / _KEPT_AMONG for a, b in pairs]))


def report(name: str, seconds: float, activations: NDArray[np.float32], xy: NDArray) -> None:
    trusted = trustworthiness(activations, xy, n_neighbors=_KEPT_AMONG, metric="cosine")
    kept = neighbors_kept(activations, xy)
    print(
        f"| {len(activations):,} | {name} | {seconds:.1f} | {trusted:.3f} | {kept:.3f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[1000, 4000])
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch; umap-learn takes all")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)
    with LayerProbe(demo.model(), demo.LAYER) as probe:
        samples = collect(probe, as_image_source(None), num_samples=max(options.samples))
    shuffled = np.random.default_rng(0).permutation(samples.activations)
    print("| samples | layout | seconds | trustworthiness | neighbours kept |")
    print("| --- | --- | --- | --- | --- |")
    for count in options.samples:
        activations = shuffled[:count]
        neighbors = default_neighbors(count)
        started = time.perf_counter()
        xy = umap_layout(activations, neighbors=neighbors)
        report("ours, spread over the square", time.perf_counter() - started, activations, xy)
        started = time.perf_counter()
        import umap  # its import is part of what a person waits for

        for call in ("first", "second"):
            layout = umap.UMAP(
                n_neighbors=neighbors + 1, min_dist=0.05, metric="cosine", random_state=0
            )
            xy = layout.fit_transform(activations)
            seconds = time.perf_counter() - started
            report(f"umap-learn, {call} call in the process", seconds, activations, xy)
            started = time.perf_counter()


if __name__ == "__main__":
    main()
