"""Wiring on small networks, against computations by hand."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atlas_widget import unit_inputs, unit_kernel
from atlas_widget.errors import AtlasError, AttributionError


class Net(nn.Module):
    """Two convolutions with a ReLU behind each, the second without a bias."""

    def __init__(self, kernel: int = 3, *, bias: bool = False) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 5, 3, padding=1)
        self.relu = nn.ReLU()
        self.second = nn.Conv2d(5, 4, kernel, padding=kernel // 2, bias=bias)
        self.last = nn.ReLU()
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.last(self.second(self.relu(self.first(x))))
        return self.head(h.mean((2, 3)))


def identity(rgb: Tensor) -> Tensor:
    return rgb


@pytest.fixture
def images() -> Tensor:
    return torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def net(**options) -> Net:
    torch.manual_seed(1)
    return Net(**options).eval()


def inputs(model, unit, images, **options):
    options = {"transform": identity, "device": "cpu", "input_size": 16} | options
    return unit_inputs(model, "relu", "last", unit, images, **options)


@pytest.mark.parametrize("unit", range(4))
def test_without_biases_the_inputs_are_all_there_is(images, unit):
    model = net()
    table = inputs(model, unit, images)
    with torch.no_grad():
        total = model.last(model.second(model.relu(model.first(images))))[:, unit].sum((1, 2))
    assert table["contribution"].sum() == pytest.approx(float(total.mean()), rel=1e-4, abs=1e-6)
    assert table.loc[-1, "contribution"] == pytest.approx(0, abs=1e-4)


def test_of_a_convolution_by_one_it_is_the_weight_times_what_comes_in(images):
    model = net(kernel=1)
    unit = 2
    table = inputs(model, unit, images)
    with torch.no_grad():
        lower = model.relu(model.first(images))
        on = model.second(lower)[:, unit] > 0
        expected = [
            float((model.second.weight[unit, c, 0, 0] * (lower[:, c] * on).sum((1, 2))).mean())
            for c in range(5)
        ]
    for c, value in enumerate(expected):
        assert table.loc[c, "contribution"] == pytest.approx(value, rel=1e-4, abs=1e-6)
    sizes = table["contribution"].iloc[:-1].abs().to_numpy()
    assert (np.diff(sizes) <= 0).all()
    assert table["share"].sum() == pytest.approx(1)


def test_the_rest_is_the_biases(images):
    model = net(bias=True)
    with torch.no_grad():
        model.second.bias[1] = 0.7
        on = model.second(model.relu(model.first(images)))[:, 1] > 0
    table = inputs(model, 1, images)
    assert table.loc[-1, "contribution"] == pytest.approx(
        float(0.7 * on.sum((1, 2)).float().mean()), rel=1e-4
    )


def test_the_interval_is_by_image(images):
    table = inputs(net(), 0, images)
    inner = table.iloc[:-1]
    assert (inner["low"] <= inner["contribution"]).all()
    assert (inner["contribution"] <= inner["high"]).all()
    twice = inputs(net(), 0, torch.cat([images] * 4))
    assert (twice["high"] - twice["low"]).sum() < 0.7 * (table["high"] - table["low"]).sum()
    assert inputs(net(), 0, images[:1])["low"].isna().all()


def test_at_its_maximum_one_position_counts(images):
    model = net()
    table = inputs(model, 3, images, at="maximum")
    with torch.no_grad():
        best = model.last(model.second(model.relu(model.first(images))))[:, 3].amax((1, 2))
    assert table["contribution"].sum() == pytest.approx(float(best.mean()), rel=1e-4)


def test_what_cannot_be_is_refused(images):
    model = net()
    with pytest.raises(AtlasError, match="units 0 to 3"):
        inputs(model, 4, images)
    with pytest.raises(AtlasError, match="'everywhere' or 'maximum'"):
        inputs(model, 0, images, at="middle")
    options = {"transform": identity, "device": "cpu", "input_size": 16}
    with pytest.raises(AtlasError, match="does not run before"):
        unit_inputs(model, "last", "relu", 0, images, **options)


def test_layers_that_no_derivative_joins_are_named(images):
    class Apart(Net):
        def forward(self, x: Tensor) -> Tensor:
            h = self.relu(self.first(x))
            h = self.last(self.second(h.detach()))
            return self.head(h.mean((2, 3)))

    torch.manual_seed(1)
    with pytest.raises((AttributionError, AtlasError), match="last"):
        inputs(Apart().eval(), 0, images)


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


def test_the_users_model_stays_as_it_is(images):
    model = net().train()
    before = copy.deepcopy(model.state_dict())
    inputs(model, 0, images)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
