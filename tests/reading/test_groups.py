"""Groups of channels: known factors, sums that close, signed layers, flow between layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget import activation_groups
from atlas_widget.errors import ActivationsError, AtlasError, AttributionError
from atlas_widget.reading import explained_shares, find_groups
from atlas_widget.reading import groups as groups_module
from tests.reading.networks import chain, identity, image, lively, read

ALL = ["conv2", "relu1", "relu2", "relu3"]
rng = np.random.default_rng(2)


def lively_map(channels=8, side=6, *, signed=False):
    values = rng.normal(size=(channels, 3)) @ rng.normal(size=(3, side * side))
    values = values.reshape(channels, side, side) + 0.3 * rng.normal(size=(channels, side, side))
    return values if signed else np.maximum(values, 0)


def test_one_group_reproduces_a_product_of_a_map_and_a_direction():
    direction, strength = rng.random(5) + 0.1, rng.random((4, 6))
    found = find_groups(direction[:, None, None] * strength, 1)
    assert found.explained == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(
        found.directions[0], direction / np.linalg.norm(direction), atol=1e-7
    )
    np.testing.assert_allclose(found.maps[0], strength * np.linalg.norm(direction), atol=1e-6)


def test_groups_of_disjoint_channels_and_positions_are_found():
    values = np.zeros((6, 3, 4))
    truth = []
    for group in range(3):  # two channels and one row each
        direction, strength = rng.random(2) + 0.5, (3 - group) * (rng.random(4) + 0.5)
        values[2 * group : 2 * group + 2, group] = direction[:, None] * strength
        truth.append((direction / np.linalg.norm(direction), strength, np.linalg.norm(direction)))
    found = find_groups(values, 3)
    assert found.explained == pytest.approx(1, abs=1e-10)
    order = np.argsort([-np.linalg.norm(strength) * norm for _, strength, norm in truth])
    for got, group in enumerate(order):
        direction, strength, norm = truth[group]
        np.testing.assert_allclose(
            found.directions[got, 2 * group : 2 * group + 2], direction, atol=1e-4
        )
        np.testing.assert_allclose(found.maps[got, group], strength * norm, atol=1e-3)


def test_the_error_of_one_group_is_that_of_the_first_singular_value():
    values = lively_map()
    flat = values.reshape(8, -1)
    powers = np.linalg.svd(flat, compute_uv=False) ** 2
    assert find_groups(values, 1).explained == pytest.approx(powers[0] / powers.sum(), abs=1e-6)
    for n in range(1, 7):
        assert find_groups(values, n).explained <= powers[:n].sum() / powers.sum() + 1e-12


def test_more_iterations_never_explain_less(monkeypatch):
    values, shares = lively_map(), []
    for iterations in (1, 2, 3, 5, 8, 20, 60):
        monkeypatch.setattr(groups_module, "_ITERATIONS", iterations)
        shares.append(find_groups(values, 4).explained)
    assert (np.diff(shares) >= -1e-12).all()
    assert shares[-1] > shares[0] + 1e-6


def test_of_more_groups_more_is_explained():
    for signed in (False, True):
        values = lively_map(signed=signed)
        shares = explained_shares(values, 8)
        assert (np.diff(shares) >= -1e-12).all()
        assert shares[0] > 0.2
        assert shares[-1] > shares[0] + 0.1
    values = lively_map()
    for n, share in enumerate(explained_shares(values, 6), 1):
        assert share >= find_groups(values, n).explained - 1e-12


def test_more_is_explained_even_where_fits_from_scratch_are_poor(monkeypatch):
    real = groups_module._factorise

    def poor(values, n, seed, start=None):
        if start is None and n > 1:
            return np.ones((len(values), n)), np.full((n, values.shape[1]), 1e-3)
        return real(values, n, seed, start)

    monkeypatch.setattr(groups_module, "_factorise", poor)
    for signed in (False, True):
        shares = explained_shares(lively_map(signed=signed), 6)
        assert (np.diff(shares) > 1e-4).all()


def test_of_signed_maps_the_parts_bound_the_whole():
    values = lively_map(signed=True)
    found = find_groups(values, 4)
    assert found.signed
    assert (found.maps >= 0).all()
    assert (found.directions < 0).any()
    flat = values.reshape(8, -1).T
    strengths = found.maps.reshape(4, -1).T
    error = np.linalg.norm(flat - strengths @ found.directions)
    assert found.explained == pytest.approx(1 - error**2 / np.linalg.norm(flat) ** 2, abs=1e-12)
    halves = np.hstack([np.maximum(flat, 0), np.maximum(-flat, 0)])
    strengths, factors = groups_module._factorise(halves, 4, 0)
    joined = factors[:, :8] - factors[:, 8:]
    whole = np.linalg.norm(flat - strengths @ joined)
    assert whole == pytest.approx(error, abs=1e-9)
    assert whole <= np.sqrt(2) * np.linalg.norm(halves - strengths @ factors)


def test_groups_are_sorted_by_strength_or_from_left_to_right():
    values = lively_map()
    strong = find_groups(values, 4)
    lengths = np.linalg.norm(strong.maps.reshape(4, -1), axis=1)
    assert (np.diff(lengths) <= 0).all()
    left = find_groups(values, 4, order="left to right")
    peaks = left.maps.reshape(4, -1).argmax(1) % 6
    assert (np.diff(peaks) >= 0).all()
    np.testing.assert_allclose(left.reconstruction, strong.reconstruction, atol=1e-12)
    np.testing.assert_allclose(
        sum(strong.part(g) for g in range(4)), strong.reconstruction, atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.norm(strong.directions, axis=1), 1)


@pytest.mark.parametrize("layer", ["relu2", "conv2"])
@pytest.mark.parametrize("n", [1, 3, 5])
def test_groups_and_what_is_in_none_add_up_to_the_score(layer, n):
    with read(chain(), ALL) as seen:
        groups = seen.groups(layer, n)
        assert groups.signed == (layer == "conv2")
        found, whole = groups.attribution(2), seen.spatial(layer, 2)
        assert list(found.remainders) == ["in no group", "biases", "rest"]
        grouped = found.total + found.remainders["in no group"]
        assert grouped == pytest.approx(whole.total, abs=1e-13)
        table = found.table()
        assert table["contribution"].iloc[:-1].sum() == pytest.approx(found.score, abs=1e-13)
        both = groups.attribution(2, 0).values
        np.testing.assert_allclose(both, found.values - groups.attribution(0).values, atol=1e-13)


def test_a_groups_attribution_is_its_part_times_the_gradient():
    model = chain()
    with read(model, ALL) as seen:
        groups = seen.groups("relu2", 3)
        h = torch.from_numpy(seen.activations("relu2")).requires_grad_()
        score = model.head(model.relu3(model.conv3(model.pool(h[None]))).mean((2, 3)))[0, 1]
        (gradient,) = torch.autograd.grad(score, h)
        for g, value in enumerate(groups.attribution(1).values):
            wanted = float((torch.from_numpy(groups.part(g)) * gradient).sum())
            assert value == pytest.approx(wanted, abs=1e-13)


@pytest.mark.parametrize("bias", [False, True])
def test_the_flow_into_a_group_adds_up_to_its_strength(bias):
    model = chain(bias=bias)
    with read(model, ALL) as seen:
        lower, upper = seen.groups("relu1", 3), seen.groups("relu3", 2)
        table = seen.flow(lower, upper)
        assert table.index.tolist() == [0, 1, 2, "in no group", "biases", "rest", "sum"]
        h = seen.activations("relu3")
        for g in range(2):
            unit = upper.directions[g] / np.linalg.norm(upper.directions[g])
            strength = np.einsum("ij,c,cij->", upper.maps[g], unit, h)
            assert table.loc["sum", g] == pytest.approx(strength, abs=1e-12)
            assert table[g].iloc[:-1].sum() == pytest.approx(strength, abs=1e-12)
            assert table.loc["rest", g] == pytest.approx(0, abs=1e-12)
            # one column by hand
            own = torch.from_numpy(seen.activations("relu1")).requires_grad_()
            after = model.pool(model.relu2(model.conv2(own[None])))
            after = model.relu3(model.conv3(after))[0]
            weights = torch.from_numpy(upper.maps[g][None] * unit[:, None, None])
            (gradient,) = torch.autograd.grad((after * weights).sum(), own)
            for k in range(3):
                wanted = float((torch.from_numpy(lower.part(k)) * gradient).sum())
                assert table.loc[k, g] == pytest.approx(wanted, abs=1e-12)
        if not bias:
            assert table.loc["biases"].abs().max() == pytest.approx(0, abs=1e-12)
        with pytest.raises(AttributionError, match="does not depend"):
            seen.flow(upper, lower)


def test_a_signed_groups_strength_is_along_its_direction_of_length_one():
    with read(chain(), ["relu1", "conv3"]) as seen:
        lower, upper = seen.groups("relu1", 2), seen.groups("conv3", 3)
        assert upper.signed
        table = seen.flow(lower, upper)
        for g in range(3):
            unit = upper.directions[g] / np.linalg.norm(upper.directions[g])
            wanted = np.einsum("ij,c,cij->", upper.maps[g], unit, seen.activations("conv3"))
            assert table.loc["sum", g] == pytest.approx(wanted, abs=1e-12)
            assert table[g].iloc[:-1].sum() == pytest.approx(wanted, abs=1e-12)
        longer = replace(upper, directions=2 * upper.directions)
        np.testing.assert_allclose(seen.flow(lower, longer), table, atol=1e-12)


@pytest.mark.parametrize("layer", ["relu1", "conv2"])
def test_groups_that_are_compatible_with_one_later_group_are_the_plain_ones(layer):
    with read(chain(), ALL) as seen:
        one = seen.groups("relu3", 1)
        plain, found = seen.groups(layer, 3), seen.groups(layer, 3, compatible_with=one)
        np.testing.assert_allclose(found.maps, plain.maps, atol=1e-12)
        np.testing.assert_allclose(found.directions, plain.directions, atol=1e-12)
        several = seen.groups(layer, 3, compatible_with=seen.groups("relu3", 2))
        assert 0 < several.explained <= 1
        attribution = several.attribution(1)
        closed = attribution.total + sum(attribution.remainders.values())
        assert closed == pytest.approx(attribution.score, abs=1e-13)
        with pytest.raises(AttributionError, match="does not depend"):
            seen.groups("relu3", 2, compatible_with=seen.groups("relu1", 2))


def test_compatible_groups_come_apart_by_what_they_feed():
    """One channel everywhere, which feeds one channel on the left and another on the right."""

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.lower = nn.Conv2d(3, 2, 1, bias=False)
            self.upper = nn.Conv2d(2, 2, 1, bias=False)
            self.after = nn.ReLU()
            self.head = nn.Linear(2, 2)

        def forward(self, x):
            left = (torch.arange(12) < 6).to(x)
            upper = self.upper(self.lower(x)) * torch.stack([left, 1 - left])[None, :, None]
            return self.head(self.after(upper).mean((2, 3)))

    model = lively(Two())
    model.lower.weight.data = torch.tensor([[1.0, 0, 0], [0, 0, 0]]).double()[..., None, None]
    model.upper.weight.data = torch.ones(2, 2).double()[..., None, None]
    with read(model, ["lower", "after"]) as seen:
        later = seen.groups("after", 2)
        assert seen.groups("lower", 1).explained == pytest.approx(1)
        found = seen.groups("lower", 2, order="left to right", compatible_with=later)
        own = seen.activations("lower")[0]
        np.testing.assert_allclose(found.maps[0, :, :6], own[:, :6], rtol=1e-2, atol=1e-2)
        np.testing.assert_allclose(found.maps[1, :, 6:], own[:, 6:], rtol=1e-2, atol=1e-2)
        assert found.maps[0, :, 6:].max() < 1e-2
        assert found.explained == pytest.approx(1, abs=1e-4)
        table = seen.flow(found, later).to_numpy()[:2]
        assert table.max(0) == pytest.approx(table.sum(0), rel=1e-2)


def test_the_plain_function_finds_the_same_groups():
    model = chain()
    model.image_size = 12
    with read(model, ALL) as seen:
        found = activation_groups(model, "relu2", image, 3, transform=identity, device="cpu")
        same = seen.groups("relu2", 3)
    np.testing.assert_allclose(found.maps, same.maps, atol=1e-10)
    with pytest.raises(AtlasError, match="know of no classes"):
        found.attribution(0)


def test_what_cannot_be_factorised_is_refused():
    values = lively_map()
    for n, words in [(0, "1 to 8"), (9, "1 to 8"), (2.5, "n=2.5"), (True, "n=True")]:
        with pytest.raises(AtlasError, match=words):
            find_groups(values, n)
    with pytest.raises(AtlasError, match="Did you mean 'left to right'"):
        find_groups(values, 2, order="left")
    with pytest.raises(ActivationsError, match="'dead' is zero everywhere"):
        find_groups(np.zeros((3, 2, 2)), 1, layer="dead")
    with pytest.raises(ActivationsError, match="not finite"):
        find_groups(np.full((3, 2, 2), np.nan), 1)
    with read(chain(act=nn.ReLU), ALL) as seen:
        groups = seen.groups("relu2", 2)
        with pytest.raises(AtlasError, match="no group 2: there are 2"):
            groups.part(2)
        with pytest.raises(AtlasError, match="was not read"):
            seen.groups("relu9", 2)
