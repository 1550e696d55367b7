"""One contact sheet a layer: the real crop, ours after 16, 32, 64, 128 steps, Lucent after 512.

python benchmarks/gallery.py --lucent --out docs/gallery
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from peers import DEVICE, LUCENT_SIDE, ending_at, lucent
from PIL import Image, ImageDraw
from real_targets import LAYERS, cosine_at, real_crops

from atlas_widget import demo
from atlas_widget.inversion import InversionEngine, InversionSettings
from atlas_widget.inversion.invert import contact_sheet, run
from atlas_widget.probe import LayerProbe

TILE, MARGIN, LINE = 96, 84, 14


def neighbourhoods(
    probe: LayerProbe, count: int, crops: torch.Tensor, size: int = 40
) -> tuple[torch.Tensor, np.ndarray]:
    """Means of the `size` activations nearest to `count` unlike ones, and the photo at each."""
    maps = torch.cat([probe.activations(chunk) for chunk in crops.split(16)])
    inner = maps[:, :, 1:-1, 1:-1]
    _, channels, height, width = inner.shape
    vectors = inner.permute(0, 2, 3, 1).reshape(-1, channels)
    unit = torch.nn.functional.normalize(vectors - vectors.mean(0), dim=1)
    generator = torch.Generator().manual_seed(0)
    chosen = [int(torch.randint(len(unit), (1,), generator=generator))]
    pool = torch.randperm(len(unit), generator=generator)[:400]
    while len(chosen) < count:  # each as unlike those before as can be
        likeness = (unit[pool] @ unit[chosen].T).amax(1)
        chosen.append(int(pool[likeness.argmin()]))
    targets, photos = [], []
    for index in chosen:
        nearest = (unit @ unit[index]).topk(min(size, len(unit))).indices
        targets.append(vectors[nearest].mean(0))
        crop, place = divmod(index, height * width)
        row, column = divmod(place, width)
        box = probe.position_box(row + 1, column + 1, probe.input_size)
        rgb = (crops[crop] * 255).byte().permute(1, 2, 0).numpy()
        photo = Image.fromarray(rgb).crop(tuple(int(edge) for edge in box))
        photos.append(np.asarray(photo.resize((TILE, TILE), Image.Resampling.LANCZOS)))
    return torch.stack(targets), np.stack(photos)


def enlarged(images: np.ndarray) -> np.ndarray:
    tiles = [Image.fromarray(i).resize((TILE, TILE), Image.Resampling.LANCZOS) for i in images]
    return np.stack([np.asarray(tile) for tile in tiles])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="lite0")
    parser.add_argument("--layers", nargs="+", default=list(LAYERS.values()))
    parser.add_argument("--targets", type=int, default=10)
    parser.add_argument("--crops", type=int, default=180)
    parser.add_argument("--lucent", action="store_true", help="too; about twenty seconds a target")
    parser.add_argument("--out", type=Path, default=Path("gallery"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for layer in options.layers:
        model = demo.model(options.model).to(DEVICE)
        probe = LayerProbe(model, layer, device=DEVICE)
        targets, photos = neighbourhoods(
            probe, options.targets, real_crops(options.crops, probe.input_size)
        )
        rows = [("photo", photos)]
        for steps in (16, 32, 64, 128):
            settings = InversionSettings.icon().with_steps(steps)
            icons = run(InversionEngine(probe, settings=settings), targets, 0)
            rows.append((f"{steps} steps\n{np.median(icons.cosine):.2f}", enlarged(icons.images)))
        portrait = InversionEngine(probe, settings=InversionSettings.portrait())
        large = run(portrait, targets, 0, warm=icons.images)
        rows.append((f"portrait\n{np.median(large.cosine):.2f}", enlarged(large.images)))
        if options.lucent:
            short = ending_at(model, layer)
            pictures = torch.stack([lucent(short, probe, target)[-1] for target in targets])
            cosine = np.median(cosine_at(probe, LUCENT_SIDE, pictures, targets))
            array = (pictures.clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).numpy()
            rows.append((f"Lucent 512\n{cosine:.2f}", enlarged(array)))
        sheet = contact_sheet(np.concatenate([images for _, images in rows]), options.targets)
        page = Image.new("RGB", (sheet.width + MARGIN, sheet.height), "white")
        page.paste(sheet, (MARGIN, 0))
        draw = ImageDraw.Draw(page)
        for number, (name, _) in enumerate(rows):
            draw.text((4, number * (TILE + 1) + TILE // 2 - LINE), name, fill="black")
        path = options.out / f"{layer}.png"
        page.save(path)
        print(path, *(name.replace("\n", " ") for name, _ in rows), sep="  ", flush=True)


if __name__ == "__main__":
    main()
