"""Wiring on small networks, against computations by hand."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from atlas_widget import unit_inputs, unit_outputs
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


def test_what_a_unit_gives_is_what_the_others_take_from_it(images):
    model = net()
    options = {"transform": identity, "device": "cpu", "input_size": 16}
    given = unit_outputs(model, "relu", "last", 2, images, **options)
    assert sorted(given.index) == [0, 1, 2, 3]
    for upper in range(4):
        taken = inputs(model, upper, images).loc[2]
        for column in ("contribution", "low", "high"):
            assert given.loc[upper, column] == pytest.approx(taken[column], rel=1e-4, abs=1e-6)
    assert given["share"].sum() == pytest.approx(1)
    assert (np.diff(given["contribution"].abs()) <= 0).all()


def test_an_operation_in_place_behind_a_layer_changes_nothing(images):
    model, in_place = net(), net()
    in_place.relu = nn.ReLU(inplace=True)
    options = {"transform": identity, "device": "cpu", "input_size": 16}
    for function, unit in ((unit_inputs, 1), (unit_outputs, 1)):
        plain = function(model, "first", "second", unit, images, **options)
        other = function(in_place, "first", "second", unit, images, **options)
        np.testing.assert_allclose(
            plain["contribution"].sort_index(), other["contribution"].sort_index(), rtol=1e-5
        )


def test_a_layer_that_gets_nothing_from_the_unit_says_so(images):
    options = {"transform": identity, "device": "cpu", "input_size": 16}
    with pytest.raises(AtlasError, match="do not depend on layer 'last'"):
        unit_outputs(net(), "last", "relu", 0, images, **options)
    with pytest.raises(AtlasError, match="units 0 to 4"):
        unit_outputs(net(), "relu", "last", 5, images, **options)


def test_the_users_model_stays_as_it_is(images):
    model = net().train()
    before = copy.deepcopy(model.state_dict())
    inputs(model, 0, images)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
