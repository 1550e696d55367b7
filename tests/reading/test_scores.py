"""Sums of attributions on small networks in float64, against computations by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import LayerGradientXActivation, LayerIntegratedGradients
from torch import Tensor, nn
from torch.nn import functional

from atlas_widget import channel_attribution
from atlas_widget.errors import AtlasError, AttributionError
from tests.reading.networks import Chain, chain, identity, image, lively, read, scores_of

ALL = ["relu1", "relu2", "relu3"]


def gradients(model, layer, class_):
    """Activation and gradient by plain autograd on the user's own model."""
    kept = []

    def hook(_module, _args, output):
        kept.append(output.detach().requires_grad_())
        return kept[0]

    handle = model.get_submodule(layer).register_forward_hook(hook)
    score = model(image[None].double())[0, class_]
    handle.remove()
    (gradient,) = torch.autograd.grad(score, kept[0])
    return kept[0].detach()[0], gradient[0]


@pytest.mark.parametrize("layer", ALL)
def test_values_are_activation_times_gradient(layer):
    model = chain()
    with read(model, ALL) as seen:
        h, g = gradients(model, layer, 2)
        np.testing.assert_allclose(seen.activations(layer), h, atol=1e-14)
        np.testing.assert_allclose(seen.spatial(layer, 2).values, (h * g).sum(0), atol=1e-14)
        np.testing.assert_allclose(seen.channels(layer, 2).values, (h * g).sum((1, 2)), atol=1e-14)
        _, other = gradients(model, layer, 1)
        np.testing.assert_allclose(
            seen.channels(layer, 2, 1).values, (h * (g - other)).sum((1, 2)), atol=1e-14
        )


@pytest.mark.parametrize("layer", ALL)
def test_positions_and_channels_have_one_sum(layer):
    with read(chain(act=nn.GELU, norm=True), ALL) as seen:
        by_position, by_channel = seen.spatial(layer, 0), seen.channels(layer, 0)
        assert by_position.total == pytest.approx(by_channel.total, abs=1e-13)
        assert by_position.remainders == by_channel.remainders


@pytest.mark.parametrize("layer", ["relu3", "conv3"])
def test_before_the_global_mean_the_sum_is_the_logit_without_its_bias(layer):
    model = chain()
    with read(model, ["conv3", "relu3"]) as seen:
        for k in range(4):
            found = seen.channels(layer, k)
            assert found.total == pytest.approx(
                float(scores_of(model)[k]) - float(model.head.bias.detach()[k]), abs=1e-13
            )
            assert found.remainders["biases"] == pytest.approx(
                float(model.head.bias.detach()[k]), abs=1e-13
            )


def test_before_a_linear_layer_of_all_positions_too():
    """Flattened, not averaged: each position has weights of its own."""

    class Flat(Chain):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(7 * 36, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.before_head(x).flatten(1))

    model = lively(Flat())
    with read(model, ["relu3"]) as seen:
        for k in range(4):
            bias = float(model.head.bias.detach()[k])
            wanted = float(scores_of(model)[k]) - bias
            found = seen.spatial("relu3", k)
            assert found.total == pytest.approx(wanted, abs=1e-13)
            by_hand = model.head.weight.detach()[k].view(7, 6, 6) * torch.from_numpy(
                seen.activations("relu3")
            )
            np.testing.assert_allclose(found.values, by_hand.sum(0), atol=1e-13)
            assert found.remainders["biases"] == pytest.approx(bias, abs=1e-13)
            positions = [(0, 0), (3, 5)]
            table = seen.ablate("relu3", positions=positions, classes=k)
            removed = sum(found.values[place] for place in positions)
            assert table["actual"].iloc[0] == pytest.approx(-removed, abs=1e-13)


@pytest.mark.parametrize("steps", [1, 5])
def test_integrated_gradients_are_exact_before_a_linear_end_with_a_bias(steps):
    model = chain()
    with read(model, ["relu3"]) as seen:
        found = seen.channels("relu3", 2, steps=steps)
        bias = float(model.head.bias.detach()[2])
        assert found.remainders["at zero"] == pytest.approx(bias, abs=1e-13)
        assert found.remainders["gap"] == pytest.approx(0, abs=1e-13)
        np.testing.assert_allclose(found.values, seen.channels("relu3", 2).values, atol=1e-13)


@pytest.mark.parametrize("layer", ALL)
@pytest.mark.parametrize("pool", ["max", "avg"])
def test_without_biases_the_sum_is_the_logit(layer, pool):
    model = chain(bias=False, pool=pool)
    with read(model, ALL) as seen:
        found = seen.spatial(layer, 1)
        assert found.total == pytest.approx(float(scores_of(model)[1]), abs=1e-13)
        assert found.remainders == pytest.approx({"biases": 0, "rest": 0}, abs=1e-13)


def biases_by_hand(model, after):
    """Σ b · ∂y/∂b over the parameters of some modules, by autograd on the parameters."""
    score = model(image[None].double())[0, 3]
    total = 0.0
    for name in after:
        module = model.get_submodule(name)
        (gradient,) = torch.autograd.grad(score, module.bias, retain_graph=True)
        constant = module.bias
        if isinstance(module, nn.BatchNorm2d):
            constant = constant - module.running_mean * module.weight / torch.sqrt(
                module.running_var + module.eps
            )
        total += float((constant * gradient).detach().sum())
    return total


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize(
    ("layer", "after"),
    [
        ("relu1", ["conv2", "conv3", "head"]),
        ("conv2", ["conv3", "head"]),  # its own bias is part of its activation
        ("relu3", ["head"]),
    ],
)
def test_with_biases_the_sum_closes_with_their_row(layer, after, norm):
    model = chain(norm=norm)
    with read(model, ["relu1", "conv2", "relu3"]) as seen:
        found = seen.spatial(layer, 3)
        after = [*after, "norm"] if norm and layer != "relu3" else after
        assert found.remainders["biases"] == pytest.approx(biases_by_hand(model, after), abs=1e-13)
        assert found.remainders["rest"] == pytest.approx(0, abs=1e-13)
        closed = found.total + sum(found.remainders.values())
        assert closed == pytest.approx(float(scores_of(model)[3]), abs=1e-13)
        assert seen.completeness(layer, 3).closed


def test_the_shift_of_a_batch_norm_behind_the_layer_is_what_is_missing():
    class Normed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 5, 3)
            self.norm = nn.BatchNorm2d(5)
            self.head = nn.Linear(5, 2)

        def forward(self, x):
            return self.head(self.norm(self.conv(x)).mean((2, 3)))

    model = lively(Normed())
    norm, head = model.norm, model.head
    with torch.no_grad():
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        shift = norm.bias - norm.running_mean * scale
        wanted = scores_of(model) - head.bias - head.weight @ shift
    with read(model, "conv") as seen:
        assert seen.channels("conv", 1).total == pytest.approx(float(wanted[1]), abs=1e-13)


def test_the_ceiling_of_a_relu6_is_a_constant():
    model = chain(act=nn.ReLU6)
    for parameter in model.parameters():
        parameter.data *= 2.5
    with read(model, ALL) as seen:
        assert (seen.activations("relu2") == 6).any()
        for layer in ("relu1", "relu2"):
            found = seen.spatial(layer, 0)
            assert found.remainders["rest"] == pytest.approx(0, abs=1e-11)
            assert seen.completeness(layer, 0).closed


def test_an_in_place_operation_changes_nothing():
    class InPlace(Chain):
        def before_head(self, x):
            x = functional.relu_(self.conv1(x))
            x = self.pool(functional.relu_(self.conv2(x)))
            return functional.relu_(self.conv3(x))

    plain, in_place = chain(), lively(InPlace())
    with read(plain, ["conv1", "conv2"]) as one, read(in_place, ["conv1", "conv2"]) as other:
        for layer in ("conv1", "conv2"):
            found = other.spatial(layer, 1)
            np.testing.assert_array_equal(one.spatial(layer, 1).values, found.values)
            assert found.remainders["rest"] == pytest.approx(0, abs=1e-13)


def test_other_functions_leave_a_rest():
    with read(chain(act=nn.GELU), ALL) as seen:
        found = seen.completeness("relu1", 0)
        assert abs(found.rest) > 0.01 * found.sizes
        assert not found.closed
        total = found.attributed + found.biases + found.rest + found.prefix_tokens
        assert total == pytest.approx(found.score, abs=1e-13)


def test_what_bypasses_a_layer_is_in_the_rest():
    class Residual(Chain):
        def before_head(self, x):
            x = self.relu1(self.conv1(x))
            return x + self.relu3(self.norm(self.conv3(self.relu2(self.conv2(x)))))

    model = Residual(bias=False)
    model.conv3, model.head = nn.Conv2d(6, 5, 1, bias=False), nn.Linear(5, 4, bias=False)
    lively(model)
    with torch.no_grad():
        x = model.relu1(model.conv1(image[None].double()))
        beside = float(model.head(x.mean((2, 3)))[0, 2])
    with read(model, ["relu1", "relu2"]) as seen:
        assert seen.spatial("relu2", 2).remainders["rest"] == pytest.approx(beside, abs=1e-13)
        assert seen.spatial("relu1", 2).remainders["rest"] == pytest.approx(0, abs=1e-13)


def test_a_layer_norm_over_channels_does_not_see_the_length_of_its_input():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 6, 3)
            self.norm = nn.LayerNorm(6, eps=0)
            self.head = nn.Linear(6, 3)

        def forward(self, x):
            return self.head(self.norm(self.conv(x).permute(0, 2, 3, 1)).mean((1, 2)))

    model = lively(Last())
    with read(model, "conv") as seen:
        found = seen.spatial("conv", 0)
        np.testing.assert_allclose(found.values, 0, atol=1e-13)
        assert seen.completeness("conv", 0).blank
    with read(chain(), ALL) as seen:
        assert not seen.completeness("relu2", 0).blank


def integrated_by_hand(model, layer, class_, steps):
    h, _ = gradients(model, layer, class_)
    total = torch.zeros_like(h)
    for n in range(steps):
        scaled = []

        def hook(_module, _args, _output, n=n, scaled=scaled):
            scaled.append((h[None] * (n + 0.5) / steps).requires_grad_())
            return scaled[0]

        handle = model.get_submodule(layer).register_forward_hook(hook)
        score = model(image[None].double())[0, class_]
        handle.remove()
        total += torch.autograd.grad(score, scaled[0])[0][0]
    return h * total / steps


def test_integrated_gradients_are_those_of_the_midpoints():
    model = chain()
    wanted = integrated_by_hand(model, "relu1", 2, 10)
    with read(model, ALL) as seen:
        found = seen.channels("relu1", 2, steps=10)
        np.testing.assert_allclose(found.values, wanted.sum((1, 2)), atol=1e-13)
        both = seen.spatial("relu1", 2, 0, steps=10)
        other = integrated_by_hand(model, "relu1", 0, 10)
        np.testing.assert_allclose(both.values, (wanted - other).sum(0), atol=1e-13)


@pytest.mark.parametrize("steps", [1, 3, 9])
def test_integrated_gradients_are_exact_without_biases_at_any_number_of_steps(steps):
    with read(chain(bias=False), ALL) as seen:
        found = seen.spatial("relu1", 1, steps=steps)
        assert found.remainders == pytest.approx({"at zero": 0, "gap": 0}, abs=1e-13)
        np.testing.assert_allclose(found.values, seen.spatial("relu1", 1).values, atol=1e-13)


def test_with_biases_more_steps_leave_a_smaller_gap():
    model = chain()
    with read(model, ALL) as seen:
        gaps = [abs(seen.spatial("relu1", 1, steps=n).remainders["gap"]) for n in (2, 128)]
        found = seen.spatial("relu1", 1, steps=8)
        assert gaps[1] < 0.2 * gaps[0]
        whole = found.total + sum(found.remainders.values())
        assert whole == pytest.approx(float(scores_of(model)[1]), abs=1e-13)
        assert found.remainders["at zero"] == pytest.approx(
            seen.completeness("relu1", 1).at_zero, abs=1e-13
        )


def test_at_zero_is_the_score_for_a_layer_of_zeros():
    model = chain()
    with torch.no_grad():
        x = model.pool(model.relu2(model.conv2(torch.zeros(1, 5, 12, 12).double())))
        zero = model.head(model.relu3(model.conv3(x)).mean((2, 3)))[0]
    with read(model, ALL) as seen:
        found = seen.completeness("relu1", 3, 0)
        assert found.at_zero == pytest.approx(float(zero[3] - zero[0]), abs=1e-13)
        assert found.gap == pytest.approx(
            found.attributed - (found.score - found.at_zero), abs=1e-13
        )


def test_relaxed_max_pooling_leaves_the_values_and_breaks_the_sums():
    model = chain(bias=False)
    with read(model, ALL) as plain, read(model, ALL, max_pool="relaxed") as relaxed:
        for layer in ALL:
            np.testing.assert_array_equal(plain.activations(layer), relaxed.activations(layer))
        pd_scores = plain.classes(4)["score"], relaxed.classes(4)["score"]
        np.testing.assert_allclose(*pd_scores, atol=1e-14)
        assert relaxed.completeness("relu3", 0).closed  # no pooling behind it
        found = relaxed.completeness("relu2", 0)
        assert found.max_pool == "relaxed"
        assert abs(found.rest) > 1e-3
        with pytest.raises(AttributionError, match="integrates plain gradients"):
            relaxed.spatial("relu2", 0, steps=4)


def test_the_plain_function_gives_the_same_channels():
    model = chain()
    model.image_size = 12
    with read(model, "relu2") as seen:
        found = channel_attribution(
            model, "relu2", image[None], [0, 3], transform=identity, device="cpu"
        )
        np.testing.assert_allclose(found[0, 0], seen.channels("relu2", 0).values, atol=1e-5)
        np.testing.assert_allclose(found[0, 1], seen.channels("relu2", 3).values, atol=1e-5)


def test_captum_says_the_same():
    model, rgb = chain(), image[None].double()
    activation = LayerGradientXActivation(model, model.relu2).attribute(rgb, target=1)
    path = LayerIntegratedGradients(model, model.relu2, multiply_by_inputs=True)
    with read(model, ALL) as seen:
        found = seen.spatial("relu2", 1)
        np.testing.assert_allclose(found.values, activation[0].sum(0).detach(), atol=1e-13)
        # its baseline is the layer for a black image: a network whose layer is zero there
        for conv in (model.conv1, model.conv2):
            nn.init.zeros_(conv.bias)
    with read(model, ALL) as seen:
        wanted = path.attribute(
            rgb, torch.zeros_like(rgb), target=1, n_steps=512, method="gausslegendre"
        )
        found = seen.spatial("relu2", 1, steps=512)
        np.testing.assert_allclose(found.values, wanted[0].sum(0).detach(), atol=2e-3)


def test_a_table_has_the_strongest_the_others_the_remainders_and_the_sum():
    with read(chain(), ALL) as seen:
        found = seen.channels("relu3", 0)
        table = found.table(2)
        order = np.argsort(-found.values, kind="stable")
        listed = [*order[:2], "all others", *order[-2:], "biases", "rest", "sum"]
        assert table.index.tolist() == listed
        assert table["contribution"].iloc[:-1].sum() == pytest.approx(table.loc["sum"].iloc[0])
        assert table.loc["sum", "contribution"] == pytest.approx(found.score)
        whole = found.table()
        assert len(whole) == 7 + 3
        assert whole["share"].abs().sum() == pytest.approx(1)
        spatial = seen.spatial("relu3", 0).table(1)
        first = np.unravel_index(seen.spatial("relu3", 0).values.argmax(), (6, 6))
        assert spatial.index[0] == first
        with pytest.raises(AtlasError, match="count=0"):
            found.table(0)


def test_classes_are_given_by_name_and_what_is_unknown_is_refused():
    labels = ["cat", "dog", "cow", "crow"]
    model = chain()
    with read(model, ALL, labels=labels) as seen:
        assert seen.channels("relu2", "dog", "crow").about == "dog − crow"
        np.testing.assert_array_equal(
            seen.channels("relu2", "dog").values, seen.channels("relu2", 1).values
        )
        best = int(scores_of(model).argmax())
        assert seen.classes().iloc[0]["label"] == labels[best]
        with pytest.raises(AttributionError, match="Did you mean 'crow'"):
            seen.spatial("relu2", "crown")
        with pytest.raises(AttributionError, match="no class 4"):
            seen.spatial("relu2", 4)
        with pytest.raises(AtlasError, match=r"'relu4' was not read.*Did you mean"):
            seen.spatial("relu4", 0)
        with pytest.raises(AtlasError, match="steps=0"):
            seen.spatial("relu2", 0, steps=0)


def test_a_layer_that_no_score_depends_on_says_so():
    class Aside(Chain):
        def __init__(self):
            super().__init__()
            self.aside = nn.Conv2d(5, 2, 1)

        def before_head(self, x: Tensor) -> Tensor:
            self.aside(self.relu1(self.conv1(x)))
            return super().before_head(x)

    with pytest.warns(UserWarning, match="no class values"):
        seen = read(lively(Aside()), ["aside", "relu3"])
    with seen:
        assert seen.spatial("relu3", 0).total != 0
        with pytest.raises(AttributionError, match="do not depend on layer 'aside'"):
            seen.spatial("aside", 0)


def test_other_targets_are_the_classes_then():
    model = chain()
    target = {"first less second": lambda output: output[:, 0] - output[:, 1], "third": 2}
    with read(model, ALL, target=target) as seen, read(model, ALL) as plain:
        np.testing.assert_allclose(
            seen.spatial("relu2", "first less second").values,
            plain.spatial("relu2", 0, 1).values,
            atol=1e-13,
        )
        assert set(seen.classes()["label"]) == {"first less second", "third"}


def test_rounding_is_no_rest_where_next_to_nothing_is_attributed():
    model = chain()
    model.head.weight.data *= 1e-9
    with read(model.float(), ALL) as seen:
        found = seen.completeness("relu2", 0)
        assert abs(found.rest) < 1e-7
        assert found.closed
