"""Weights between units, against convolutions by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atlas_widget import expanded_weights, unit_kernel
from atlas_widget.errors import AtlasError
from tests.units.test_wiring import identity, net

OPTIONS = {"transform": identity, "device": "cpu", "input_size": 16}


def test_a_kernel_is_the_convolutions_own():
    model = net()
    np.testing.assert_array_equal(
        unit_kernel(model, "second", 2), model.second.weight[2].detach().numpy()
    )
    assert unit_kernel(model, "head", 1).shape == (4, 1, 1)


def test_a_kernels_batch_norm_is_folded_in():
    torch.manual_seed(0)
    block = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)).eval()
    block[1].running_var.uniform_(0.5, 2)
    block[1].weight.data.uniform_(0.5, 2)
    model = nn.Sequential(block, nn.ReLU())
    kernel = torch.tensor(unit_kernel(model, "0.1", 1))
    rgb = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        shift = block[1].bias[1] - block[1].running_mean[1] * block[1].weight[1] / torch.sqrt(
            block[1].running_var[1] + block[1].eps
        )
        torch.testing.assert_close(F.conv2d(rgb, kernel[None])[0, 0] + shift, block(rgb)[0, 1])
    np.testing.assert_array_equal(kernel, unit_kernel(model, "0.0", 1))


def test_a_grouped_kernel_has_zeros_for_other_groups():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(6, 4, 3, groups=2)).eval()
    kernel = unit_kernel(model, "0", 3)
    assert kernel.shape == (6, 3, 3)
    assert not kernel[:3].any()
    np.testing.assert_array_equal(kernel[3:], model[0].weight[3].detach().numpy())


def test_a_layer_without_weights_says_what_to_do():
    with pytest.raises(AtlasError, match="unit_inputs"):
        unit_kernel(net(), "last", 0)
    with pytest.raises(AtlasError, match="units 0 to 3"):
        unit_kernel(net(), "second", 4)


def test_over_one_layer_expanded_weights_are_the_weights():
    model = net(bias=True)
    found = expanded_weights(model, "relu", "second", 2, **OPTIONS)
    np.testing.assert_allclose(found, unit_kernel(model, "second", 2), rtol=1e-6)


def test_over_a_relu_they_are_the_product_of_weights():
    torch.manual_seed(3)
    model = nn.Sequential(
        nn.Conv2d(3, 5, 1), nn.ReLU(inplace=True), nn.Conv2d(5, 4, 3, padding=1), nn.GELU()
    ).eval()
    found = expanded_weights(model, "0", "3", 1, **OPTIONS)
    np.testing.assert_allclose(found, model[2].weight[1].detach(), rtol=1e-6)
    both = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), *model).eval()
    found = expanded_weights(both, "0", "4", 1, **OPTIONS)
    product = torch.einsum("chw,ci->ihw", model[2].weight[1], model[0].weight[:, :, 0, 0])
    np.testing.assert_allclose(found, product.detach(), rtol=1e-5, atol=1e-7)


def test_max_pooling_counts_as_the_mean():
    torch.manual_seed(3)
    model = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(5, 4, 1)).eval()
    found = expanded_weights(model, "0", "2", 1, **OPTIONS)
    expected = model[2].weight[1].detach()[:, :, 0].repeat(1, 4).reshape(5, 2, 2) / 4
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_they_sum_up_what_a_linear_network_does():
    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Conv2d(3, 5, 3, padding=1, bias=False)
            self.two = nn.Conv2d(5, 4, 3, padding=1, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            return self.two(F.relu(self.one(x)))

    torch.manual_seed(3)
    model = Linear().eval()
    weights = torch.tensor(expanded_weights(model, "one", "two", 0, **OPTIONS))
    h = torch.randn(1, 5, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(
            F.conv2d(h, weights[None], padding=1)[0, 0], model.two(h)[0, 0], rtol=1e-4, atol=1e-5
        )


def test_expanded_weights_refuse_what_cannot_be():
    with pytest.raises(AtlasError, match="units 0 to 3"):
        expanded_weights(net(), "relu", "second", 4, **OPTIONS)
    with pytest.raises(AtlasError, match="does not run before"):
        expanded_weights(net(), "last", "relu", 0, **OPTIONS)
