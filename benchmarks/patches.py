"""The article's attack with its controls: what argues for a class, pasted on pictures of others.

    python benchmarks/patches.py [--target CLASS] [--images FOLDER] [--source CLASS]
                                 [--patch FILE …] [--patches 5] [--pictures 36]

Needs the extra `demo`. By default the patches are what the layer saw in those samples of an atlas
that argue most for the target class, each from another image where there are enough; `--patch`
takes pictures of your own. They are pasted on crops of the demo's photos, or on the pictures of a
folder. The article (Carter et al., Distill 2019) reports ten patches on 1,000 pictures each, of
InceptionV1: one corner for all 37 %, best of four corners 58 %, noise 4 % and 11–18 %.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from atlas_widget import Atlas, LayerProbe, demo, patch_test, sample_attributions
from atlas_widget.attribution.class_names import class_number
from atlas_widget.attribution.statistics import wilson_interval
from atlas_widget.causes import PatchTest, random_patches
from atlas_widget.causes.pictures import pictures_of
from atlas_widget.images import as_image_source, crop_boxes, crop_image


def strongest_crops(
    atlas: Atlas, probe: LayerProbe, images: object, target: int, count: int
) -> list[NDArray[np.uint8]]:
    """What the layer saw in the samples that argue most for a class, of different images first."""
    values = sample_attributions(atlas, probe, images, target).of(target)
    order = np.argsort(-values)
    order = order[values[order] > 0]
    ids = atlas.samples.image_ids[order]
    again = np.array([(ids[:place] == image).sum() for place, image in enumerate(ids)])
    chosen = order[np.argsort(again, kind="stable")][:count]
    return [atlas.samples.thumbnails.get(int(sample)) for sample in chosen]


def demo_crops(count: int, size: int) -> NDArray[np.uint8]:
    """Square crops of the demo's photos, the same each time."""
    source = demo.images()
    cut = []
    for number in range(count):
        index = number % len(source)
        image = source.open(index)
        (crop,) = crop_boxes(
            source.name(index), image.size, seed=1, scale=(0.6, 1.0), start=number // len(source)
        )
        cut.append(np.asarray(crop_image(image, crop, size)))
    return np.stack(cut)


def pooled(tests: list[PatchTest], condition: str) -> str:
    """A table's row: flips over all patches, and what became of the target's probability."""
    cells = []
    for protocol in ("corner", "best corner"):
        judged = [test.under(protocol) for test in tests]
        found = [t.patch if condition == "patch" else t.controls[condition] for t in judged]
        flips, count = sum(f.flips for f in found), sum(f.count for f in found)
        low, high = wilson_interval(flips, count)
        change = np.mean([f.probability - f.probability_before for f in found])
        cells.append(f"{flips / count:.1%} ({low:.0%} to {high:.0%})")
        cells.append(f"{change:+.1%}")
    return f"| {condition} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="pick", help="a class, by name or number")
    parser.add_argument("--source", help="only pictures that the model takes for this class")
    parser.add_argument("--images", type=Path, help="a folder of pictures to paste on")
    parser.add_argument("--patch", type=Path, nargs="+", default=[], help="patches of your own")
    parser.add_argument("--patches", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=36)
    parser.add_argument("--samples", type=int, default=2000, help="of the atlas")
    parser.add_argument("--layer", default="blocks.6.0", help="late: crops show whole things")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)
    model, labels = demo.model(), demo.labels()
    named = options.target
    target = class_number(int(named) if named.isdigit() else named, labels)
    atlas = Atlas.build(model, options.layer, None, num_samples=options.samples)
    with LayerProbe(model, options.layer) as probe:
        patches = [np.asarray(Image.open(file).convert("RGB")) for file in options.patch]
        if not patches:
            source = as_image_source(None)
            patches = strongest_crops(atlas, probe, source, target, options.patches)
        if options.images is None:
            pictures = demo_crops(options.pictures, probe.input_size)
        else:
            pictures = pictures_of(options.images, probe)[: options.pictures]
        controls = random_patches(atlas, 32)
        tests = []
        for number, patch in enumerate(patches):
            test = patch_test(
                probe,
                pictures,
                patch,
                target,
                source=options.source,
                controls=controls,
                labels=labels,
                seed=number,
            )
            print(f"patch {number + 1} of {len(patches)}, {test}", flush=True)
            tests.append(test)
    counted = sum(test.patch.count for test in tests)
    print(f"\n{len(tests)} patches to {labels[target]!r}, {counted} pictures with a patch\n")
    print("| | one corner for all | probability | best of four corners | probability |")
    print("| --- | --- | --- | --- | --- |")
    for condition in ("patch", "random cells", "noise"):
        print(pooled(tests, condition))


if __name__ == "__main__":
    main()
