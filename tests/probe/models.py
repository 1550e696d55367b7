"""Small models with the shapes of outputs that the probe has to cope with."""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SmallNet(nn.Module):
    """Convolutions with batch norm and in-place ReLUs, a global average, seven classes."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 6, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.relu = nn.ReLU(inplace=True)  # shared: runs twice
        self.conv2 = nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.bn2 = nn.BatchNorm2d(8)
        self.unused = nn.Conv2d(8, 8, 1)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(8, 7)
        for bn in (self.bn1, self.bn2):
            randomise(bn)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.fc(self.dropout(x.mean((2, 3))))


class Digits(nn.Module):
    """A hand-written network for 32 × 32 pictures of one channel, without batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 5)
        self.second = nn.Conv2d(4, 8, 5)
        self.hidden = nn.Linear(8 * 5 * 5, 12)
        self.last = nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(torch.relu(self.first(x)), 2)
        x = F.max_pool2d(torch.relu(self.second(x)), 2)
        return self.last(torch.relu(self.hidden(x.flatten(1))))


class Returns(nn.Module):
    """A network whose `layer` returns whatever `make` turns its map into."""

    def __init__(self, make) -> None:
        super().__init__()

        class Layer(nn.Module):
            def forward(self, x: Tensor):
                return make(x)

        self.conv = nn.Conv2d(3, 4, 4, stride=4)
        self.layer = Layer()
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        self.layer(x)
        return self.fc(x.mean((2, 3)))


class ChannelsLast(nn.Module):
    """A block that works on (n, h, w, c), as in ConvNeXt and Swin."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 4, stride=4)
        self.norm = nn.LayerNorm(6)
        self.mix = nn.Linear(6, 6)
        self.fc = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x).permute(0, 2, 3, 1))
        return self.fc(torch.relu(self.mix(x)).square().mean((1, 2)))


class Folded(nn.Module):
    """Convolutions and norms in all the relations that folding has to tell apart."""

    def __init__(self) -> None:
        super().__init__()
        self.plain, self.plain_bn = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.twice, self.twice_bn = nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.shared, self.shared_bn = nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.relu_bn, self.after_relu = nn.BatchNorm2d(6), nn.Conv2d(6, 6, 1)
        self.target, self.target_bn = nn.Conv2d(6, 6, 1), nn.BatchNorm2d(6)
        self.fc = nn.Linear(6, 4)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                randomise(module)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.plain_bn(self.plain(x)), inplace=True)
        y = self.twice(x)
        x = self.twice_bn(y) + y  # the convolution's output is used twice
        x = self.shared_bn(self.shared(self.shared_bn(self.shared(x))))
        x = self.after_relu(torch.relu(self.relu_bn(x)))
        return self.fc(self.target_bn(self.target(x)).mean((2, 3)))


class Wrapped(nn.Module):
    """Catches everything that goes wrong inside, as some serving wrappers do."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        try:
            return self.inner(x)
        except Exception:
            return torch.zeros(len(x), 7)


def randomise(norm: nn.Module) -> None:
    """Give a batch norm statistics that matter."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, low, high in (
            ("running_mean", -0.5, 0.5),
            ("running_var", 0.5, 2.0),
            ("weight", 0.5, 1.5),
            ("bias", -0.5, 0.5),
        ):
            tensor = getattr(norm, name)
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)


def named_maps(x: Tensor) -> OrderedDict[str, Tensor]:
    return OrderedDict(fine=x, coarse=F.avg_pool2d(x, 2))


def to_signed(x: Tensor) -> Tensor:
    return x * 2 - 1
