"""A layer with directions behaves as a layer whose channels are the projections."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from atlas_widget import (
    LayerProbe,
    channel_attribution,
    invert,
    layer_graph,
    scan_units,
    tuning,
    unit_directions,
    unit_inputs,
    with_directions,
)
from atlas_widget.errors import ActivationsError, AtlasError
from atlas_widget.inversion import InversionSettings
from atlas_widget.probe.pictures import as_rgb
from tests.conftest import make_tiny_model, tiny_picture

SIZE = 32
OPTIONS = {"input_size": SIZE, "device": "cpu"}


class Tokens(nn.Module):
    """Patches with a class token before them, and a layer that mixes them."""

    num_prefix_tokens = 1

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 6, 8, 8)
        self.token = nn.Parameter(torch.randn(1, 1, 6))
        self.block = nn.Linear(6, 6)
        self.head = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        patches = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(x), -1, -1), patches], 1)
        return self.head(self.block(tokens).relu().mean(1))


class Last(nn.Module):
    """A convolution whose output has its channels last, and a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 4, 4)
        self.norm = nn.LayerNorm(5)
        self.vector = nn.Linear(5, 7)
        self.head = nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(self.conv(x).permute(0, 2, 3, 1))
        return self.head(self.vector(h.mean((1, 2))).relu())


def made(kind: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return kind().eval()


@pytest.fixture(scope="module")
def pictures():
    return [tiny_picture(number, (48, 48)) for number in range(12)]


@pytest.fixture(scope="module")
def model():
    return make_tiny_model()


@pytest.fixture(scope="module")
def matrix(model):
    with LayerProbe(model, "middle", **OPTIONS) as probe:
        channels = probe.channels
    return np.random.default_rng(0).normal(size=(4, channels)) * [[1], [5], [0.1], [2]]


@pytest.fixture(scope="module")
def seen(model, matrix):
    return with_directions(model, "middle", matrix, input_size=SIZE)


def unit_rows(matrix):
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


LAYERS = [(Tokens, "block"), (Last, "norm"), (Last, "vector"), (Last, "conv")]


@pytest.mark.parametrize(("kind", "layer"), LAYERS)
def test_activations_are_projections_whatever_the_layout(kind, layer, pictures):
    model, rgb = made(kind), as_rgb(pictures[:3], SIZE)
    with LayerProbe(model, layer, **OPTIONS) as own:
        maps = own.activations(rgb).numpy()
    matrix = np.random.default_rng(1).normal(size=(3, maps.shape[1]))
    seen = with_directions(model, layer, matrix, input_size=SIZE)
    with LayerProbe(seen, "directions", **OPTIONS) as probe:
        along = probe.activations(rgb).numpy()
    expected = np.einsum("kc,nchw->nkhw", unit_rows(matrix), maps)
    np.testing.assert_allclose(along, expected, atol=1e-5)


@pytest.mark.parametrize(("kind", "layer"), LAYERS)
def test_a_change_along_a_direction_is_one_of_the_layer(kind, layer, pictures):
    model, rgb = made(kind), as_rgb(pictures[:2], SIZE)
    with LayerProbe(model, layer, **OPTIONS) as own:
        matrix = np.random.default_rng(2).normal(size=(3, own.channels))
        rows = torch.tensor(unit_rows(matrix), dtype=torch.float32)
        expected = own.intervene(rgb, lambda h: h + 0.7 * rows[1][:, None, None])
    seen = with_directions(model, layer, matrix, input_size=SIZE)
    with LayerProbe(seen, "directions", **OPTIONS) as probe:

        def further(along: Tensor) -> Tensor:
            along = along.clone()
            along[:, 1] += 0.7
            return along

        torch.testing.assert_close(probe.intervene(rgb, further), expected, atol=1e-5, rtol=1e-5)


def test_the_model_gives_what_it_gave_and_is_left_as_it_was(model, seen):
    before = copy.deepcopy(model.state_dict())
    x = torch.rand(2, 3, SIZE, SIZE)
    assert torch.equal(seen(x), model(x))
    assert not any(module._forward_hooks for module in model.modules())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    again = copy.deepcopy(seen)
    assert torch.equal(again(x), model(x))


def test_a_scan_is_that_of_the_projected_maps(model, seen, matrix, pictures):
    scan = scan_units(seen, ["directions"], pictures, progress=False, **OPTIONS)
    with LayerProbe(model, "middle", **OPTIONS) as probe:
        maps = probe.activations(as_rgb(pictures, SIZE)).numpy()
    along = np.einsum("kc,nchw->nkhw", unit_rows(matrix), maps)
    highest = along.max((2, 3))
    for unit in range(len(matrix)):
        found = scan.examples("directions", unit, count=5)
        order = np.argsort(-highest[:, unit], kind="stable")[:5]
        assert found["image"].tolist() == order.tolist()
        np.testing.assert_allclose(found["activation"], highest[order, unit], rtol=1e-4)
    np.testing.assert_allclose(
        scan.stats("directions")["mean"], along.mean((0, 2, 3)), rtol=1e-4, atol=1e-6
    )


def test_attribution_is_the_activation_times_the_derivative_along_it(model, seen, matrix, pictures):
    rgb = as_rgb(pictures[:4], SIZE)
    found = channel_attribution(seen, "directions", rgb, [0, 3], device="cpu")
    rows = unit_rows(matrix)
    with LayerProbe(model, "middle", **OPTIONS) as probe:
        for at, class_ in enumerate((0, 3)):
            maps = []

            def keep(_module, _args, output, maps=maps):
                output.retain_grad()
                maps.append(output)

            inner = probe.model.get_submodule("middle")
            handle = inner.register_forward_hook(keep)
            x = probe.preprocessing(rgb).requires_grad_()
            probe.model(x)[:, class_].sum().backward()
            handle.remove()
            h, g = maps[0].detach().numpy(), maps[0].grad.numpy()
            along = np.einsum("kc,nchw->nkhw", rows, h)
            slope = np.einsum("kc,nchw->nkhw", rows, g)
            expected = (along * slope).sum((2, 3))
            np.testing.assert_allclose(found[:, at], expected, rtol=1e-3, atol=1e-6)


def test_derivatives_below_the_directions_are_those_of_the_model(model, seen, pictures):
    rgb = as_rgb(pictures[:3], SIZE)
    own = channel_attribution(model, "stem", rgb, range(5), device="cpu")
    through = channel_attribution(seen, "model.stem", rgb, range(5), device="cpu")
    np.testing.assert_allclose(through, own, rtol=1e-4, atol=1e-6)


def test_directions_along_the_channels_are_the_units_of_the_layer(model, matrix, pictures):
    channels = matrix.shape[1]
    same = with_directions(model, "middle", np.eye(channels), input_size=SIZE)
    rgb = as_rgb(pictures[:3], SIZE)
    one = tuning(model, "middle", ["edges", "spots"], device="cpu")
    other = tuning(same, "directions", ["edges", "spots"], device="cpu")
    for name, responses in one.responses.items():
        np.testing.assert_allclose(other.responses[name], responses, atol=1e-5)
    table = unit_inputs(model, "stem", "middle", 2, rgb, device="cpu")
    along = unit_inputs(same, "model.stem", "directions", 2, rgb, device="cpu")
    np.testing.assert_allclose(
        along["contribution"].sort_index(), table["contribution"].sort_index(), atol=1e-6
    )


def test_a_picture_of_a_direction_goes_along_it(model, seen, matrix):
    settings = InversionSettings.unit().replace(size=SIZE)
    icons = invert(seen, "directions", np.eye(len(matrix))[[2]], settings=settings, device="cpu")
    noise = torch.rand(64, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    row = torch.tensor(unit_rows(matrix)[2], dtype=torch.float32)

    def in_the_middle(rgb):
        with LayerProbe(model, "middle", **OPTIONS) as probe:
            maps = probe.activations(rgb)
        rows, columns = maps.shape[2:]
        return torch.einsum("c,nc->n", row, maps[:, :, rows // 2, columns // 2])

    picture = torch.tensor(icons.images[:1] / 255.0).permute(0, 3, 1, 2).float()
    assert in_the_middle(picture)[0] > in_the_middle(noise).max()


def test_the_graph_has_the_directions_behind_their_layer(seen):
    graph = layer_graph(seen)
    assert "model.middle" in graph.before("directions")
    assert graph.after("directions")


def test_components_that_activations_were_made_of_are_found():
    rng = np.random.default_rng(0)
    parts = np.zeros((3, 12))
    for number in range(3):
        parts[number, 4 * number : 4 * number + 4] = rng.uniform(0.5, 1, 4)
    h = rng.gamma(0.5, size=(600, 3)) * [4, 2, 1] @ parts
    found = unit_directions(h, 3)
    assert np.abs(np.linalg.norm(found, axis=1) - 1).max() < 1e-5
    np.testing.assert_allclose(found @ unit_rows(parts).T, np.eye(3), atol=0.1)


def test_principal_directions_are_those_of_the_covariance():
    rng = np.random.default_rng(1)
    h = rng.normal(size=(500, 6)) @ np.diag([5, 3, 1, 0.5, 0.2, 0.1]) + 4
    found = unit_directions(h, 2, "pca")
    _, vectors = np.linalg.eigh(np.cov(h.T))
    np.testing.assert_allclose(np.abs(found @ vectors[:, ::-1][:, :2]), np.eye(2), atol=1e-4)


def test_what_no_directions_can_be_is_refused(model, matrix):
    with pytest.raises(ActivationsError, match=r"Did you mean directions\.T"):
        with_directions(model, "middle", matrix.T, input_size=SIZE)
    with pytest.raises(ActivationsError, match="Direction 1 is zero or not finite"):
        with_directions(model, "middle", matrix * [[1], [0], [1], [1]], input_size=SIZE)
    with pytest.raises(ActivationsError, match="no table of numbers"):
        with_directions(model, "middle", [["a"]], input_size=SIZE)
    with pytest.raises(AtlasError, match="has an attribute of that name"):
        with_directions(model, "middle", matrix, name="stem", input_size=SIZE)
    with pytest.raises(AtlasError, match="an identifier such as"):
        with_directions(model, "middle", matrix, name="a.b", input_size=SIZE)
    with pytest.raises(AtlasError, match="must be a torch"):
        with_directions("resnet", "middle", matrix)
    with pytest.raises(AtlasError, match="'nmf' or 'pca'"):
        unit_directions(np.ones((4, 3)), 1, "ica")
    with pytest.raises(AtlasError, match="1 to 3 directions"):
        unit_directions(np.ones((4, 3)), 4)
    with pytest.raises(ActivationsError, match="negative values"):
        unit_directions(np.array([[1.0, -1], [2, 0], [0, 1]]), 1)
    with pytest.raises(ActivationsError, match="zero everywhere"):
        unit_directions(np.zeros((4, 3)), 1)
    with pytest.raises(ActivationsError, match="a row for each position"):
        unit_directions(np.zeros(4), 1)
