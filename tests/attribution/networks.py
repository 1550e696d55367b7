"""Pictures, positions and networks with operations that cannot be differentiated in every way."""

import numpy as np
import torch
from torch import nn

from atlas_widget import LayerProbe

pictures = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(3))
positions = np.array([[1, 2], [3, 0], [2, 3]])


def probed(model, layer, size=32, target=None):
    return LayerProbe(model, layer, input_size=size, device="cpu", target=target)


class Double(torch.autograd.Function):
    """An operation without forward mode."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient * ctx.saved_tensors[0]


class OnceDouble(Double):
    """An operation without forward mode that cannot be differentiated twice either."""

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        return 2 * gradient * ctx.saved_tensors[0]


class Custom(nn.Module):
    def __init__(self, function, classes=5):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 8, stride=8)
        self.fc = nn.Linear(4, classes)
        self.function = function

    def forward(self, x):
        return self.fc(self.function.apply(self.conv(x)).mean((2, 3)))
