"""Small networks in float64, an image, and readings of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from atlas_widget import read_image

image = torch.rand(3, 12, 12, generator=torch.Generator().manual_seed(4))


def identity(rgb: Tensor) -> Tensor:
    return rgb


class Chain(nn.Module):
    """Three convolutions with ReLUs, a pooling between, and a linear head after a global mean."""

    def __init__(self, *, bias: bool = True, pool: str = "max", act=nn.ReLU, norm: bool = False):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 5, 3, padding=1, bias=bias)
        self.relu1 = act()
        self.conv2 = nn.Conv2d(5, 6, 3, padding=1, bias=bias)
        self.relu2 = act()
        self.pool = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}[pool](2)
        self.conv3 = nn.Conv2d(6, 7, 3, padding=1, bias=bias)
        self.norm = nn.BatchNorm2d(7) if norm else nn.Identity()
        self.relu3 = act()
        self.head = nn.Linear(7, 4, bias=bias)

    def before_head(self, x: Tensor) -> Tensor:
        x = self.pool(self.relu2(self.conv2(self.relu1(self.conv1(x)))))
        return self.relu3(self.norm(self.conv3(x)))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.before_head(x).mean((2, 3)))


def lively(model: nn.Module, seed: int = 0) -> nn.Module:
    """Give a network weights and statistics that matter, in float64."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        scale = 1 / parameter[0].numel() ** 0.5 if parameter.ndim > 1 else 0.3
        values = torch.randn(parameter.shape, generator=generator) * 1.5 * scale
        parameter.data = 1 + values if parameter.ndim == 1 and "weight" in name else values
    for name, buffer in model.named_buffers():
        if buffer.is_floating_point():
            values = torch.rand(buffer.shape, generator=generator)
            buffer.data = values + 0.5 if "var" in name else values
    return model.double().eval()


def chain(seed: int = 0, **options) -> Chain:
    return lively(Chain(**options), seed)


def read(model, layers, picture=image, **options):
    given = {"transform": identity, "device": "cpu"} | options
    if "input_size" not in given:
        given["input_size"] = picture.shape[-1]
    return read_image(model, layers, picture, **given)


def scores_of(model, picture=image) -> Tensor:
    with torch.no_grad():
        return model(picture[None].double())[0]
