"""What the benchmarks of feature inversion aim at: activations of real photos."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from atlas_widget import demo
from atlas_widget.probe import LayerProbe

# 28×28, 14×14 and 7×7 maps of the EfficientNets (33, 17 and 9 in Lite2); the last before the head.
LAYERS = {"shallow": "blocks.2.1", "middle": "blocks.4.2", "last": "blocks.6.0"}


def real_crops(count: int, side: int, seed: int = 0) -> torch.Tensor:
    """Random crops of 15–80 % of the demo photos' shorter side, RGB in [0, 1]."""
    rng = np.random.default_rng(seed)
    photos = [photo.convert("RGB") for photo in demo.images()]
    crops = []
    for number in range(count):
        photo = photos[number % len(photos)]
        edge = min(photo.size) * rng.uniform(0.15, 0.8)
        x, y = (rng.uniform(0, length - edge) for length in photo.size)
        crop = photo.resize((side, side), Image.Resampling.BICUBIC, box=(x, y, x + edge, y + edge))
        crops.append(np.asarray(crop))
    return torch.tensor(np.stack(crops)).permute(0, 3, 1, 2).float() / 255


def real_targets(probe: LayerProbe, count: int, seed: int = 0) -> torch.Tensor:
    """Activations of real crops (count, channels), one random position each, no border."""
    crops = real_crops(count, probe.input_size, seed)
    maps = torch.cat([probe.activations(chunk) for chunk in torch.split(crops, 16)])
    rng = np.random.default_rng(seed)
    rows = rng.integers(1, maps.shape[2] - 1, count)
    columns = rng.integers(1, maps.shape[3] - 1, count)
    return maps[np.arange(count), :, rows, columns]


def cosine_at(
    probe: LayerProbe, side: int, pictures: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Cosine (n,) of the middle unit to its target, pictures (n, 3, h, w) shown at `side` px."""
    shown = torch.nn.functional.interpolate(
        pictures.float(), (side, side), mode="bilinear", align_corners=True
    )
    maps = probe.activations(shown)
    h = maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2]
    return torch.cosine_similarity(h, targets, dim=1)
