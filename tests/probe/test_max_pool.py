"""Max pooling with relaxed derivatives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from atlas_widget import LayerProbe, attribute, attribution_map
from atlas_widget.errors import AttributionError
from atlas_widget.probe.max_pool import RelaxedMaxPool

where = np.array([[1, 2], [6, 5], [7, 7]])
pictures = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(3))


class Pooled(nn.Module):
    """Pools in every way before and after `layer`."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 2, stride=2)
        self.before = nn.MaxPool2d(2)
        self.layer = nn.Conv2d(4, 5, 3, padding=1)
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        self.last = nn.AdaptiveMaxPool2d(2)
        self.fc = nn.Linear(20, 6)

    def forward(self, x):
        x = self.layer(self.before(self.first(x)))
        return self.fc(self.last(self.pool(x)).flatten(1))


@pytest.fixture
def probe():
    torch.manual_seed(2)
    with LayerProbe(Pooled(), "layer", input_size=32, device="cpu") as probe:
        yield probe


def smooth(x, pool):
    return pool(x * x) / (1e-2 + pool(x.abs()))


@pytest.mark.parametrize(
    ("kernel", "options"),
    [
        (3, {"stride": 2, "padding": 1}),
        (2, {}),
        ((2, 3), {"stride": (1, 2), "padding": (1, 0)}),
        (3, {"stride": 2, "ceil_mode": True}),
    ],
)
def test_values_of_max_pooling_derivatives_of_the_relaxation(kernel, options) -> None:
    x = torch.randn(2, 3, 11, 12, generator=torch.Generator().manual_seed(0), requires_grad=True)
    with RelaxedMaxPool() as relaxed:
        pooled = F.max_pool2d(x, kernel, **options)
    assert relaxed.count == 1
    assert torch.equal(pooled, F.max_pool2d(x, kernel, **options))
    weights = torch.randn(pooled.shape, generator=torch.Generator().manual_seed(1))
    average = lambda y: F.avg_pool2d(y, kernel, count_include_pad=False, **options)  # noqa: E731
    (wanted,) = torch.autograd.grad((smooth(x, average) * weights).sum(), x)
    (found,) = torch.autograd.grad((pooled * weights).sum(), x)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)


def test_windows_with_gaps_padding_done_before_and_indices() -> None:
    x = torch.rand(1, 2, 9, 9, requires_grad=True)
    padded = F.pad(x, (1, 1, 1, 1), value=-torch.inf)  # as timm does for "same" padding
    with RelaxedMaxPool():
        apart, indices = F.max_pool2d(x, 3, 1, dilation=2, return_indices=True)
        (by_hand,) = torch.autograd.grad(F.max_pool2d(padded, 3, 2).sum(), x)
        (by_pool,) = torch.autograd.grad(F.max_pool2d(x, 3, 2, padding=1).sum(), x)
        module = nn.AdaptiveMaxPool2d(3, return_indices=True)
        adaptive, places = module(x)
    torch.testing.assert_close(by_hand, by_pool)
    assert torch.equal(indices, F.max_pool2d(x, 3, 1, dilation=2, return_indices=True)[1])
    (gradient,) = torch.autograd.grad(apart[0, 0, 0, 0], x)
    assert set(zip(*np.nonzero(gradient[0, 0].numpy()), strict=True)) == {
        (row, column) for row in (0, 2, 4) for column in (0, 2, 4)
    }
    assert torch.equal(adaptive, module(x)[0])
    assert torch.equal(places, module(x)[1])


def test_nothing_changes_where_nothing_is_differentiated() -> None:
    x = torch.rand(1, 2, 8, 8)
    with RelaxedMaxPool() as relaxed:
        assert torch.equal(F.max_pool2d(x, 2), nn.MaxPool2d(2)(x))
    assert relaxed.count == 0


def test_forward_and_reverse_mode_agree(probe) -> None:
    values = attribute(probe, None, pictures, where, max_pool="relaxed")
    assert probe.derivatives.mode == "forward"
    maps = attribution_map(probe, None, pictures, range(6), max_pool="relaxed")
    at_positions = np.stack([maps[i, :, row, column] for i, (row, column) in enumerate(where)])
    np.testing.assert_allclose(values, at_positions, atol=1e-5)
    plain = attribution_map(probe, None, pictures, range(6))
    assert (plain == 0).mean() > 2 * (maps == 0).mean()  # plain credits the winners alone
    probe.derivatives.mode = "twice reverse"
    twice = attribute(probe, None, pictures, where, max_pool="relaxed")
    np.testing.assert_allclose(twice, values, atol=1e-5)


def test_is_that_of_a_network_which_pools_smoothly(probe) -> None:
    maps = attribution_map(probe, None, pictures, [4], max_pool="relaxed")
    h = probe.activations(pictures).requires_grad_()
    network = probe.model
    # the values that the second pooling sees are still those of max pooling
    pooled = smooth(h, lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False))
    pooled = network.pool(h).detach() + pooled - pooled.detach()
    last = smooth(pooled, lambda x: F.adaptive_avg_pool2d(x, 2))
    (gradient,) = torch.autograd.grad((last.flatten(1) @ network.fc.weight[4]).sum(), h)
    np.testing.assert_allclose(maps[:, 0], (h * gradient).sum(1).detach(), atol=1e-5)


def test_says_where_there_is_nothing_to_relax(probe) -> None:
    with LayerProbe(probe.model, "last", input_size=32, device="cpu") as after:
        relaxed = attribute(after, None, pictures, [[0, 1]] * 3, max_pool="relaxed")
        assert any("changes nothing" in notice for notice in after.notices)
        np.testing.assert_array_equal(relaxed, attribute(after, None, pictures, [[0, 1]] * 3))
    assert not any("changes nothing" in notice for notice in probe.notices)
    with pytest.raises(AttributionError, match="'plain' or 'relaxed', not 'soft'"):
        attribute(probe, None, pictures, where, max_pool="soft")
