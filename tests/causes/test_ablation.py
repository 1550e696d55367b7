"""Removing and adding directions: exact where the rest is linear, and what really happens else."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
import torchvision.models as zoo
from torch import nn

from atlas_widget import attribute
from atlas_widget.causes import CausalTest, ablate, examples_of, steer
from atlas_widget.errors import AtlasError
from atlas_widget.probe import LayerProbe
from atlas_widget.progress import Cancelled
from tests.conftest import make_tiny_model

pictures = torch.rand(6, 3, 64, 64, generator=torch.Generator().manual_seed(0))
where = np.array([[1, 2], [3, 3], [0, 5], [7, 7], [4, 4], [2, 6]])


def direction(seed: int, channels: int) -> np.ndarray:
    return np.abs(np.random.default_rng(seed).normal(size=channels)).astype(np.float32)


def test_exact_where_the_rest_is_linear():
    # after `last` come an average and a linear layer
    along = direction(0, 16)
    removed = ablate(make_tiny_model(), "last", pictures, "everywhere", along, device="cpu")
    np.testing.assert_allclose(removed.actual, removed.predicted, atol=1e-5)
    assert removed.correlation == pytest.approx(1, abs=1e-4)
    assert removed.slope == pytest.approx(1, abs=1e-4)
    added = steer(make_tiny_model(), "last", pictures, where, along, -2.0, target=[3], device="cpu")
    weight = make_tiny_model().head.weight[3].detach().numpy()
    with LayerProbe(make_tiny_model(), "last", device="cpu") as probe:
        rows, columns = probe.map_size_at(64)
    np.testing.assert_allclose(
        added.actual[:, 0], -2.0 * weight @ along / (rows * columns), atol=1e-5
    )


def by_hand(model: nn.Module, layer: str, change) -> np.ndarray:
    """What the scores become with a hook on the model itself."""
    module = model.get_submodule(layer)
    # as the probe normalises
    rgb = LayerProbe(model, layer, device="cpu").preprocessing(pictures)
    with torch.no_grad():
        before = model(rgb)
        handle = module.register_forward_hook(lambda _module, _inputs, output: change(output))
        after = model(rgb)
        handle.remove()
    return (after - before).numpy()


def test_removes_the_part_along_the_direction_at_the_positions():
    model, along = make_tiny_model(), direction(1, 12)
    unit = torch.from_numpy(along / np.linalg.norm(along))

    def change(output):
        output = output.clone()
        for image, (row, column) in enumerate(where):
            h = output[image, :, row, column]
            output[image, :, row, column] = h - (h @ unit).clamp_min(0) * unit
        return output

    found = ablate(model, "middle", pictures, where, along, target=list(range(10)), device="cpu")
    np.testing.assert_allclose(found.actual, by_hand(model, "middle", change), atol=1e-4)
    assert found.positions.tolist() == [1] * 6


def test_the_prediction_is_attribution():
    # without its own activation a position argues for nothing more
    with LayerProbe(make_tiny_model(), "middle", device="cpu") as probe:
        own = probe.activations(pictures).numpy()[np.arange(6), :, *where.T]
        found = ablate(probe, None, pictures, where, own, target=list(range(10)))
        values = attribute(probe, None, pictures, where)
    np.testing.assert_allclose(found.predicted, -values, rtol=1e-3, atol=1e-6)


def test_where_it_is_present_and_everywhere():
    with LayerProbe(make_tiny_model(), "middle", device="cpu") as probe:
        maps = probe.activations(pictures).numpy()
        along = maps[0, :, 3, 4]  # which is there for certain
        present = ablate(probe, None, pictures, "present", along, presence=0.9)
        everywhere = ablate(probe, None, pictures, "everywhere", along)
        cosine = np.einsum("nchw,c->nhw", maps, along)
        cosine /= np.linalg.norm(maps, axis=1) * np.linalg.norm(along) + 1e-12
        np.testing.assert_array_equal(present.positions, (cosine >= 0.9).sum((1, 2)))
        assert (everywhere.positions > present.positions).all()


def test_tokens_vectors_and_any_scalar():
    sizes = {"num_layers": 2, "num_heads": 2, "hidden_dim": 24, "mlp_dim": 32}
    vit = zoo.VisionTransformer(image_size=64, patch_size=16, num_classes=5, **sizes)
    generator = torch.Generator().manual_seed(1)
    for parameter in vit.parameters():
        if parameter.ndim > 1:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.2
    layer = "encoder.layers.encoder_layer_0"
    found = steer(
        vit,
        layer,
        pictures,
        "everywhere",
        direction(2, 24),
        1e-2,
        target={"margin": lambda output: output[:, 1] - output[:, 3]},
        device="cpu",
    )
    assert found.names == ("margin",)
    assert found.positions.tolist() == [16] * 6  # the class token is left alone
    assert found.correlation > 0.99
    tiny = steer(
        make_tiny_model(), "pool", pictures, np.zeros((6, 2), int), direction(3, 16), device="cpu"
    )
    assert tiny.slope == pytest.approx(1, abs=1e-4)


def test_leaves_the_model_alone():
    model = make_tiny_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    ablate(model, "middle", pictures, "everywhere", direction(4, 12), device="cpu")
    assert not model.middle._forward_hooks
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_figure_and_a_line():
    rng = np.random.default_rng(0)
    predicted = rng.normal(size=(20, 2)).astype(np.float32)
    actual = (0.5 * predicted + rng.normal(0, 0.1, predicted.shape)).astype(np.float32)
    test = CausalTest(predicted, actual, ("a $x$", "b"), np.ones(20, int), "removed")
    low, high = test.interval
    assert 0.9 < low < test.correlation < high <= 1
    assert test.slope == pytest.approx(0.5, abs=0.05)
    assert set(test.correlations) == {"a $x$", "b"}
    assert "n = 20 pictures × 2 scores" in str(test)
    file = io.BytesIO()
    test.to_figure().savefig(file, format="png")
    assert file.tell() > 5000
    flat = CausalTest(predicted * 0, actual, ("a", "b"), np.ones(20, int), "removed")
    assert np.isnan(flat.correlation)
    assert np.isnan(flat.interval).all()


def test_examples_of_a_cell_are_of_many_images(tiny_images, atlas):
    with LayerProbe(make_tiny_model(), "middle", device="cpu") as probe:
        grid = atlas.grid(20)
        found = examples_of(atlas, probe, tiny_images, grid.ids.tolist(), count=12)
        assert len(set(atlas.samples.image_ids[found.samples].tolist())) == 12
        mean = atlas.activations[np.concatenate([grid.members(c) for c in range(len(grid))])].mean(
            0
        )
        np.testing.assert_allclose(found.direction, mean, rtol=1e-4)
        rows, columns = found.positions.T
        seen = probe.activations(found.rgb).numpy()[np.arange(12), :, rows, columns]
        np.testing.assert_allclose(seen, atlas.activations[found.samples], atol=1e-3)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"directions": np.ones(5)}, r"takes \(12,\)"),
        ({"directions": np.zeros(12)}, "zero or not finite"),
        ({"positions": "presant"}, "Did you mean 'present'"),
        ({"positions": np.full((6, 2), 99)}, "beyond"),
        ({"positions": np.zeros((2, 2), int)}, r"shape \(6, 2\)"),
        ({"presence": 0.0}, "cosine above 0"),
        ({"batch_size": 0}, "at least 1"),
    ],
)
def test_what_does_not_fit(options, says):
    given = {"positions": where, "directions": np.ones(12), **options}
    with pytest.raises(AtlasError, match=says):
        ablate(make_tiny_model(), "middle", pictures, device="cpu", **given)


def test_stops_when_asked_to_and_needs_an_alpha():
    with pytest.raises(Cancelled):
        ablate(make_tiny_model(), "middle", pictures, where, np.ones(12), cancelled=lambda: True)
    with pytest.raises(AtlasError, match="not 0"):
        steer(make_tiny_model(), "middle", pictures, where, np.ones(12), 0.0)
