"""Any network: strange sizes, strides, precisions and kinds of layers; random weights do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import timm
import torch
import torchvision.models as zoo
from torch import nn

from atlas_widget.inversion import InversionEngine, InversionSettings, invert
from atlas_widget.inversion.invert import run
from atlas_widget.probe import LayerProbe

BRIEF = InversionSettings.icon(size=48, steps=4)

NETWORKS: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "googlenet": (lambda: zoo.googlenet(weights=None, init_weights=False), "inception4a"),
    "resnet18": (lambda: zoo.resnet18(weights=None), "layer2"),
    "mobilenet_v3": (lambda: zoo.mobilenet_v3_small(weights=None), "features.6"),
    "efficientnet_b0": (lambda: zoo.efficientnet_b0(weights=None), "features.4"),
    "convnext_tiny": (lambda: zoo.convnext_tiny(weights=None), "features.3"),
    "densenet121": (lambda: zoo.densenet121(weights=None), "features.transition2"),
    "vit_b_16": (lambda: zoo.vit_b_16(weights=None), "encoder.layers.encoder_layer_1"),
    "swin_t": (lambda: zoo.swin_t(weights=None), "features.3"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_torchvision(name: str) -> None:
    torch.manual_seed(0)
    make, layer = NETWORKS[name]
    probe = LayerProbe(make(), layer, device="cpu")
    engine = InversionEngine(probe, settings=BRIEF)
    if name == "vit_b_16":
        assert engine.network_view.view == 224  # its position embeddings fit no other size
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(2, probe.channels, generator=generator).abs()
    icons = run(engine, directions, 0)
    assert icons.images.shape == (2, 48, 48, 3)
    assert np.isfinite(icons.cosine).all()
    assert icons.images.std() > 1


def timm_vit() -> nn.Module:
    sizes = {"img_size": 64, "patch_size": 16, "embed_dim": 48, "depth": 2, "num_heads": 3}
    model: nn.Module = timm.create_model("vit_tiny_patch16_224", **sizes)
    return model


def transformers_resnet() -> nn.Module:
    transformers = pytest.importorskip("transformers")
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic", num_labels=4
    )
    model: nn.Module = transformers.ResNetForImageClassification(config)
    return model


@pytest.mark.parametrize(
    ("make", "layer"),
    [
        (timm_vit, "blocks.1"),
        (transformers_resnet, "resnet.encoder.stages.1"),
        (lambda: nn.DataParallel(zoo.resnet18(weights=None)), "layer1"),
        (lambda: torch.compile(zoo.resnet18(weights=None)), "layer1"),
    ],
    ids=["timm", "transformers", "DataParallel", "compiled"],
)
def test_networks_of_others_and_wrapped_ones(make: Callable[[], nn.Module], layer: str) -> None:
    torch.manual_seed(0)
    with LayerProbe(make(), layer, device="cpu") as probe:
        directions = torch.randn(2, probe.channels).abs()
        icons = run(InversionEngine(probe, settings=BRIEF), directions, 0)
    assert np.isfinite(icons.cosine).all()
    assert icons.images.std() > 1


class Small(nn.Module):
    """One channel, 32×32, no batch norm, a fixed number of inputs to the last layer."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 5, 2, 2), nn.Tanh(), nn.Conv2d(8, 12, 5, 2, 2), nn.ReLU()
        )
        self.head = nn.Linear(12 * 8 * 8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x).flatten(1))


@pytest.mark.parametrize(("layer", "channels"), [("body.2", 12), ("head", 10)])
def test_one_channel_and_vectors(layer: str, channels: int) -> None:
    torch.manual_seed(0)
    probe = LayerProbe(Small(), layer, input_size=32, device="cpu")
    directions = torch.randn(3, channels, generator=torch.Generator().manual_seed(0))
    icons = run(InversionEngine(probe, settings=BRIEF.replace(steps=24)), directions, 0)
    assert icons.images.shape == (3, 48, 48, 3)
    assert np.median(icons.cosine) > 0.2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 5, 2, 2), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1)).to(dtype)
    directions = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    full = invert(net.float(), "2", directions, size=32, steps=32, device="cpu")
    half = invert(net.to(dtype), "2", directions, size=32, steps=32, device="cpu")
    assert np.median(half.cosine) > np.median(full.cosine) - 0.1


def test_a_layer_that_sees_little_gets_a_small_canvas() -> None:
    net = nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1), nn.ReLU())
    probe = LayerProbe(net, "1", input_size=64, device="cpu")
    engine = InversionEngine(probe, settings=BRIEF)
    assert engine.canvas == engine.network_view.view == 24
    icons = run(engine, np.eye(8), 0)
    assert icons.images.shape[1:3] == (48, 48)
