"""What several rooms' tests share: real weights and photos once a session, tiny ones otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from atlas_widget import demo
from atlas_widget.layout import umap_ready
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.several import open_layers


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Tiny networks are faster on one thread, and tests may share the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def one_umap_process() -> Iterator[None]:
    """Compile umap-learn once for all tests, when the first one needs it."""
    with umap_ready(start=False):
        yield


@pytest.fixture(scope="session")
def demo_model() -> torch.nn.Module:
    """The demo's network with its ImageNet weights. Tests must leave it as they found it."""
    return demo.model()


@pytest.fixture(scope="session")
def demo_images():
    """The photos that the package ships."""
    return demo.images()


class TinyNet(torch.nn.Module):
    """Three convolutions with batch norm, 10 outputs: 64×64 pixels become 16×16×12 at `middle`."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
            torch.nn.BatchNorm2d(8),
            torch.nn.ReLU(inplace=True),
        )
        self.middle = torch.nn.Sequential(
            torch.nn.Conv2d(8, 12, 3, stride=2, padding=1, bias=False),
            torch.nn.BatchNorm2d(12),
            torch.nn.ReLU(inplace=True),
        )
        self.last = torch.nn.Sequential(
            torch.nn.Conv2d(12, 16, 3, padding=1), torch.nn.BatchNorm2d(16), torch.nn.ReLU()
        )
        self.pool = torch.nn.AdaptiveAvgPool2d(1)
        self.head = torch.nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.last(self.middle(self.stem(x)))
        return self.head(self.pool(x).flatten(1))


def make_tiny_model() -> torch.nn.Module:
    """Make a tiny network, the same each time, whose batch norms have seen data."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = TinyNet()
        model.train()
        with torch.no_grad():
            for _ in range(20):
                model(torch.randn(8, 3, 32, 32))
    return model.eval()


@pytest.fixture
def tiny_model() -> torch.nn.Module:
    """A tiny network, fresh for each test."""
    return make_tiny_model()


@pytest.fixture
def probes(tiny_model: torch.nn.Module) -> Iterator[list[LayerProbe]]:
    """Two layers of it, for pictures of 32×32 pixels."""
    opened = open_layers(tiny_model, ["stem", "middle"], input_size=32, device="cpu")
    yield opened
    for probe in opened:
        probe.close()


def tiny_picture(number: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """A coloured gradient with a disc and some noise, different for each number."""
    rng = np.random.default_rng(number)
    width, height = size
    y, x = np.mgrid[0:height, 0:width] / max(size)
    waves = [np.sin(6.3 * (rng.uniform(-3, 3) * x + rng.uniform(-3, 3) * y)) for _ in range(3)]
    pixels = 128 + 70 * np.stack(waves, axis=-1) + rng.normal(0, 12, (height, width, 3))
    disc = (x - rng.uniform(0.2, 0.8)) ** 2 + (y - rng.uniform(0.2, 0.5)) ** 2 < 0.02
    pixels[disc] = rng.uniform(0, 255, 3)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def tiny_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of twelve small PNGs."""
    folder = tmp_path_factory.mktemp("tiny_images")
    for number in range(12):
        tiny_picture(number).save(folder / f"picture_{number:02d}.png")
    return folder
