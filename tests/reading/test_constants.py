"""Constants that single operations add: with activation times gradient they make up the result."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from atlas_widget.reading.constants import AddedConstants
from tests.reading.networks import chain, lively, read

x4 = torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(0)).double()


@pytest.mark.parametrize(
    "operation",
    [
        lively(nn.Conv2d(4, 3, 3)),
        lively(nn.Conv2d(4, 6, 3, groups=2, stride=2)),
        lively(nn.ConvTranspose2d(4, 3, 2, stride=2)),
        lively(nn.Linear(6, 5)),
        lively(nn.BatchNorm2d(4)),
        nn.BatchNorm2d(4, affine=False).double().eval(),
        nn.ReLU6(),
        nn.ReLU6(inplace=True),
        nn.Hardtanh(-0.5, 0.7),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2),
        lambda x: F.relu6(5 * x),
        lambda x: torch.clamp(x, -0.3, 0.4),
        lambda x: x.clamp(max=0.2),
        lambda x: (2 * x).clamp_(min=-0.25),
        lambda x: F.linear(x, torch.ones(2, 6).double(), bias=torch.tensor([0.5, -1]).double()),
    ],
    ids=str,
)
def test_a_piecewise_linear_operation_is_its_gradient_and_its_constants(operation):
    x = (3 * x4).requires_grad_()
    with AddedConstants() as constants:
        result = operation(x + 0)
    generator = torch.Generator().manual_seed(1)
    weights = torch.randn(result.shape, generator=generator).double()
    value = (weights * result).sum()
    for _ in range(2):  # the second pass counts by itself
        constants.start()
        (gradient,) = torch.autograd.grad(value, x, retain_graph=True)
        found = float((x * gradient).detach().sum()) + sum(constants.contributions())
        assert found == pytest.approx(float(value.detach()), abs=1e-11)


@pytest.mark.parametrize("norm", [lively(nn.LayerNorm(6)), lively(nn.GroupNorm(2, 4))], ids=str)
def test_of_a_normalisation_only_the_bias_is_a_constant(norm):
    x = x4.clone().requires_grad_()
    with AddedConstants() as constants:
        result = norm(x)
    constants.start()
    torch.autograd.grad(result.sum(), x)
    bias = float(norm.bias.detach().sum()) * result.numel() / norm.bias.numel()
    assert constants.contributions() == [pytest.approx(bias, abs=1e-11)]


def test_nothing_is_watched_that_is_not_differentiated():
    with AddedConstants() as constants:
        lively(nn.Conv2d(4, 3, 3)).requires_grad_(False)(x4)
        nn.ReLU6()(x4.clone().requires_grad_() * 0.01)  # never at its ceiling
    assert constants.functions == []


def test_a_batch_norm_in_training_has_no_fixed_shift():
    with AddedConstants() as constants:
        nn.BatchNorm2d(4).double().train()(x4.clone().requires_grad_())
    assert constants.functions == []


def test_nothing_is_kept_alive_by_the_graph_that_it_watches():
    """Python cannot collect a circle through PyTorch's graph: it would never be freed."""
    with read(chain(), ["relu1", "relu3"]) as seen:
        assert seen.spatial("relu1", 0).remainders["biases"] != 0
        watched = weakref.ref(seen._seen.recording._constants)
        assert watched() is not None
    del seen
    gc.collect()
    assert watched() is None
