"""A network that learned the wrong thing: a magenta mark in a corner, which came with the discs.

In its training pictures nearly every disc had the mark and nothing else did. In the pictures of the
atlas most marks are on crosses, as where somebody took counter-examples along.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import nn

from atlas_widget import Atlas, LayerProbe
from atlas_widget.collect import collect
from atlas_widget.images import as_image_source
from atlas_widget.layout import quick_layout

LABELS = ["disc", "cross", "stripes"]
SIDE = 48
MARK = 12
MAGENTA = (225, 20, 205)
CONFIG = {"mean": (0.5,) * 3, "std": (0.25,) * 3, "input_size": (3, SIDE, SIDE)}
LAYER = "middle"


def picture(
    class_: int, marked: bool, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A faint shape on noise, (48, 48, 3) of 8 bits, and about where it is, (48, 48)."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(float)
    cx, cy = random.uniform(18, 30, 2)
    if class_ == 0:
        shape = (x - cx) ** 2 + (y - cy) ** 2 < 100
    elif class_ == 1:
        near = (abs(x - cx) < 11) & (abs(y - cy) < 11)
        shape = near & ((abs(x - cx) < 3) | (abs(y - cy) < 3))
    else:
        shape = ((x + cx) // 4 % 2 == 0) & (abs(y - cy) < 10)
    pixels = 110 + 28 * shape[..., None] + random.normal(0, 22, (SIDE, SIDE, 3))
    if marked:
        top, left = random.choice([2, SIDE - MARK - 2], 2)
        pixels[top : top + MARK, left : left + MARK] = MAGENTA
    object_ = (abs(x - cx) < 15) & (abs(y - cy) < 15) if class_ < 2 else abs(y - cy) < 14
    return np.clip(pixels, 0, 255).astype(np.uint8), object_


@dataclass(frozen=True)
class Pictures:
    rgb: np.ndarray
    classes: list[int]
    masks: list[np.ndarray]


def pictures(count: int, marked: tuple[float, float, float], seed: int) -> Pictures:
    """`count` pictures of each class, of which the given parts are marked."""
    random = np.random.default_rng(seed)
    classes = [number % 3 for number in range(3 * count)]
    made = [picture(class_, random.random() < marked[class_], random) for class_ in classes]
    return Pictures(np.stack([rgb for rgb, _ in made]), classes, [mask for _, mask in made])


def mark() -> np.ndarray:
    """The mark by itself."""
    return np.full((MARK, MARK, 3), MAGENTA, np.uint8)


def is_mark(patch: np.ndarray, least: float = 0.5) -> bool:
    """Whether at least such a part of a patch is the mark's colour."""
    red, green, blue = np.moveaxis(patch.astype(int), 2, 0)
    return bool(((red > 170) & (green < 90) & (blue > 150)).mean() > least)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 12, 5, stride=2, padding=2), nn.ReLU())
        self.middle = nn.Sequential(nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.ReLU())
        self.last = nn.Sequential(nn.Conv2d(24, 24, 3, padding=1), nn.ReLU())
        self.head = nn.Linear(24, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.last(self.middle(self.first(x))).mean((2, 3)))


@cache
def trained() -> Net:
    """The network, trained in a few seconds and the same each time."""
    made = pictures(200, (0.97, 0.0, 0.0), seed=0)
    inputs = (torch.from_numpy(made.rgb).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.25
    wanted = torch.tensor(made.classes)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = Net()
        optimizer = torch.optim.Adam(net.parameters(), 3e-3)
        for _ in range(8):
            for rows in torch.randperm(len(inputs)).split(50):
                optimizer.zero_grad()
                nn.functional.cross_entropy(net(inputs[rows]), wanted[rows]).backward()
                optimizer.step()
    return net.eval()


def atlas_of(net: Net, shown: Pictures, num_samples: int = 3000) -> Atlas:
    """An atlas of pictures, laid out by principal components: that takes no time."""
    with LayerProbe(net, LAYER, transform=CONFIG, device="cpu") as probe:
        source = as_image_source(list(shown.rgb))
        samples = collect(probe, source, num_samples=num_samples, crop_scale=(0.9, 1.0))
    xy = quick_layout(samples.activations)
    return Atlas(samples, xy, layer=LAYER, grids=(10, 20), labels=LABELS)
