import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision.models as zoo
from PIL import Image
from torch import nn

from atlas_widget import (
    AtlasError,
    LayerProbe,
    attribute,
    attribution_map,
    channel_attribution,
)
from atlas_widget.attribution import class_values, scores_that_matter, top_classes
from atlas_widget.errors import AttributionError, ImagesError
from atlas_widget.probe.attention import plain_attention
from atlas_widget.probe.transforms import IMAGENET_MEAN, IMAGENET_STD
from tests.attribution.networks import Custom, Double, OnceDouble, pictures, positions, probed
from tests.probe.models import ChannelsLast, Digits, SmallNet


def lively(model):
    """Replace fresh weights, which give transformers next to no derivatives."""
    generator = torch.Generator().manual_seed(5)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            scale = 1 / parameter[0].numel() ** 0.5
            parameter.data = torch.randn(parameter.shape, generator=generator) * scale
    return model


def small_vit():
    sizes = {"num_layers": 3, "num_heads": 2, "hidden_dim": 24, "mlp_dim": 32}
    return lively(zoo.VisionTransformer(image_size=32, patch_size=8, **sizes))


def small_timm_vit():
    timm = pytest.importorskip("timm")
    sizes = {"img_size": 32, "patch_size": 8, "depth": 3, "num_classes": 6}
    return lively(timm.create_model("vit_tiny_patch16_224", **sizes))


class InPlace(nn.Module):
    """Changes its layers' outputs in place, outside any module."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 8, stride=8)
        self.second = nn.Conv2d(4, 4, 1)
        self.fc = nn.Linear(4, 5)

    def forward(self, x):
        x = self.first(x)
        x.mul_(2).sub_(0.1)
        x = self.second(F.relu(x, inplace=True))
        return self.fc(x.square().mean((2, 3)))


def in_reverse(probe, rgb, where):
    """The same values from gradients of one class after another."""
    classes = list(range(probe.num_classes))
    maps = attribution_map(probe, None, rgb, classes)
    return np.stack([maps[i, :, row, column] for i, (row, column) in enumerate(where)])


@pytest.mark.parametrize(
    ("make", "layer"),
    [
        (SmallNet, "conv1"),
        (SmallNet, "bn1"),  # an in-place ReLU follows
        (SmallNet, "relu:0"),
        (SmallNet, "conv2"),
        (ChannelsLast, "norm"),
        (ChannelsLast, "mix"),
        (InPlace, "first"),
        (small_vit, "encoder.layers.encoder_layer_0"),
        (small_vit, "encoder.layers.encoder_layer_0.self_attention"),
        (small_timm_vit, "blocks.0"),
    ],
)
def test_forward_mode_equals_reverse_mode(make, layer):
    with probed(make(), layer) as probe:
        values = class_values(probe, pictures, positions, batch_size=2)
        assert values.shape == (3, probe.num_classes)
        assert probe.derivatives.mode == "forward"
        reverse = in_reverse(probe, pictures, positions)
        assert np.abs(values).max() > 0
        np.testing.assert_allclose(values, reverse, atol=1e-4 * np.abs(reverse).max())
        probe.derivatives.mode = "twice reverse"
        twice = class_values(probe, pictures, positions)
        np.testing.assert_allclose(twice, values, atol=1e-4 * np.abs(reverse).max())


def sum_over_positions(model, layer, rgb):
    with LayerProbe(model, layer, device="cpu") as probe:
        rows, columns = probe.map_size
        where = np.stack(np.mgrid[0:rows, 0:columns], -1).reshape(-1, 2)
        total = 0
        for image in rgb:
            repeated = image[None].expand(len(where), -1, -1, -1)
            total = np.append(total, class_values(probe, repeated, where, batch_size=25).sum(0))
        scores = probe.outputs(rgb).numpy()
        maps = attribution_map(probe, layer, rgb, [3, 5]).sum((2, 3))
    return total[1:].reshape(scores.shape), scores, maps


def test_channels_are_activation_times_gradient_summed_over_positions():
    with probed(SmallNet(), "relu:0") as probe:
        found = channel_attribution(probe, None, pictures, [2, 0])
        maps = attribution_map(probe, None, pictures, [2, 0])
        assert found.shape == (len(pictures), 2, probe.channels)
        np.testing.assert_allclose(found.sum(2), maps.sum((2, 3)), rtol=1e-4, atol=1e-6)
        activations, (gradient,) = probe.derivatives.gradients(
            pictures, lambda output, _count: output[:, [2]]
        )
        expected = (activations * gradient).sum((2, 3)).numpy()
        np.testing.assert_allclose(found[:, 0], expected, rtol=1e-4, atol=1e-6)
    with pytest.raises(AttributionError, match="either classes or target"):
        channel_attribution(SmallNet(), "conv1", pictures)


def test_sums_to_the_scores_at_the_last_convolution_of_the_demo_model(demo_model, demo_images):
    # the photo itself, so that the scores are those of a real recognition
    image = demo_images.open(0) if hasattr(demo_images, "open") else demo_images[0]
    image = image.convert("RGB").resize((224, 224))
    rgb = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None] / 255
    total, scores, maps = sum_over_positions(demo_model, "bn2", rgb)
    wanted = scores - demo_model.classifier.bias.detach().numpy()
    assert np.abs(wanted).max() > 5
    np.testing.assert_allclose(total, wanted, atol=1e-4 * np.abs(wanted).max())
    np.testing.assert_allclose(maps, wanted[:, [3, 5]], atol=1e-4 * np.abs(wanted).max())


def test_sums_to_the_scores_at_the_last_convolution_of_a_resnet():
    model = zoo.resnet18(num_classes=20)
    rgb = torch.rand(1, 3, 96, 96)
    model.image_size = 96
    total, scores, maps = sum_over_positions(model, "layer4", rgb)
    wanted = scores - model.fc.bias.detach().numpy()
    np.testing.assert_allclose(total, wanted, atol=1e-4)
    np.testing.assert_allclose(maps, wanted[:, [3, 5]], atol=1e-4)


@pytest.mark.parametrize(
    ("function", "mode"), [(Double, "twice reverse"), (OnceDouble, "reverse per score")]
)
def test_operations_without_forward_mode(function, mode):
    with probed(Custom(function), "conv") as probe:
        values = class_values(probe, pictures, positions)
        assert probe.derivatives.mode == mode
        assert any("reverse mode" in notice for notice in probe.notices)
        np.testing.assert_allclose(values, in_reverse(probe, pictures, positions), atol=1e-5)


def test_where_each_class_costs_a_pass_those_that_matter_are_computed():
    torch.manual_seed(0)
    with probed(Custom(OnceDouble, classes=40), "conv") as probe:
        values = class_values(probe, pictures, positions, batch_size=1)
        assert any("only the scores that matter" in notice for notice in probe.notices)
        matter = scores_that_matter(probe, pictures)
        assert len(matter) == 32
        assert set(probe.outputs(pictures).argsort(1)[:, -5:].flatten().tolist()) <= set(matter)
        computed = np.isfinite(values)
        assert computed[:, matter].all()
        assert not np.delete(computed, matter, 1).any()
        wanted = in_reverse(probe, pictures, positions)
        np.testing.assert_allclose(values[:, matter], wanted[:, matter], atol=1e-5)
        asked = class_values(probe, pictures, positions, only=[0, 7])
        assert np.isfinite(asked[0]).nonzero()[0].tolist() == [0, 7]
        in_favour, _ = top_classes(values)
        assert {item.index for item in in_favour} <= set(matter)


def test_someone_elses_forward_mode_is_no_reason_to_fail():
    with probed(SmallNet(), "conv1") as probe:
        wanted = class_values(probe, pictures, positions)
        with torch.autograd.forward_ad.dual_level():
            values = class_values(probe, pictures, positions)
        np.testing.assert_allclose(values, wanted, atol=1e-5)
        assert probe.derivatives.mode == "forward"


def test_from_a_model_and_left_as_found():
    model = SmallNet().train()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        values = attribute(model, "conv2", pictures, positions, device="cpu")
    assert {warning.filename for warning in said} == {__file__}
    assert any("training mode" in str(warning.message) for warning in said)
    assert values.shape == (3, 7)
    assert values.dtype == np.float32
    assert model.training
    assert model.fc.weight.grad is None
    assert model.conv2.weight.requires_grad
    assert not model.conv2._forward_hooks
    model.eval().pretrained_cfg = {
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
        "input_size": (3, 32, 32),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing to say about it
        maps = attribution_map(model, "conv2", pictures, 4, device="cpu")
    assert maps.shape == (3, 1, 8, 8)
    for picture, (row, column) in enumerate(positions):
        assert maps[picture, 0, row, column] == pytest.approx(values[picture, 4], abs=1e-5)


def test_vectors_have_one_position():
    with LayerProbe(Digits(), "hidden", device="cpu") as probe:
        values = class_values(probe, pictures, np.zeros((3, 2), int))
        maps = attribution_map(probe, None, pictures, range(10))
        np.testing.assert_allclose(maps[:, :, 0, 0], values, atol=1e-6)


def test_pictures_in_every_form():
    array = (pictures.permute(0, 2, 3, 1) * 255).byte().numpy()
    with probed(SmallNet(), "conv2") as probe:
        wanted = class_values(probe, array / np.float32(255), positions)
        for images in (
            array,
            torch.from_numpy(array),
            [Image.fromarray(picture) for picture in array],
            list(array),
        ):
            np.testing.assert_allclose(class_values(probe, images, positions), wanted, atol=1e-5)
        single = class_values(probe, Image.fromarray(array[0]), positions[0])
        np.testing.assert_allclose(single, wanted[:1], atol=1e-5)
        large = Image.fromarray(array[0]).resize((100, 80))
        assert class_values(probe, large, [[7, 7]]).shape == (1, 7)


@pytest.mark.parametrize(
    "images", [pictures * 5 - 2, [], "photos", torch.rand(2, 5, 8, 8), [3], np.zeros(3)]
)
def test_pictures_that_are_none(images):
    with (
        probed(SmallNet(), "conv2") as probe,
        pytest.raises(ImagesError, match=r"\(n, 3, h, w\)|0 to 1"),
    ):
        class_values(probe, images, positions)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ([[1, 2]], r"shape \(3, 2\)"),
        ([[0.5, 1]] * 3, "integers"),
        ([[0, 0], [8, 0], [0, 0]], r"Position \(8, 0\) of picture 1.*8 rows and 8 columns"),
        ([[0, -1]] * 3, "not on"),
    ],
)
def test_positions_are_checked(where, message):
    with probed(SmallNet(), "conv2") as probe, pytest.raises(AttributionError, match=message):
        class_values(probe, pictures, where)


def test_where_there_is_nothing_to_attribute_to():
    with pytest.raises(AttributionError, match="model's output itself"):
        attribute(SmallNet(), "fc", pictures, [[0, 0]] * 3, device="cpu")
    body = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8), nn.ReLU())
    with pytest.raises(AttributionError, match="no scores"):
        attribute(body, "0", pictures, positions, device="cpu")
    with pytest.raises(AttributionError, match="not among 0 to 6"):
        attribution_map(SmallNet(), "conv2", pictures, [7], device="cpu")
    with probed(SmallNet(), "conv2") as probe:
        with pytest.raises(AtlasError, match="probe is of layer 'conv2'"):
            attribute(probe, "conv1", pictures, positions)
        with pytest.raises(AtlasError, match="batch_size"):
            attribute(probe, None, pictures, positions, batch_size=0)
    with pytest.raises(AtlasError, match="name of a layer"):
        attribute(SmallNet(), None, pictures, positions)


def test_a_layer_that_the_classes_do_not_depend_on():
    class Side(SmallNet):
        def forward(self, x):
            self.unused(torch.rand(len(x), 8, 4, 4))
            return super().forward(x)

    with pytest.raises(AttributionError, match="do not depend on layer 'unused'"):
        attribute(Side(), "unused", pictures, positions, device="cpu")
    with pytest.raises(AttributionError, match="do not depend on layer 'unused'"):
        attribution_map(Side(), "unused", pictures, [0], device="cpu")


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", [None, "bool", "float"])
def test_plain_attention_is_attention(causal, mask):
    query, key, value = torch.rand(3, 2, 4, 5, 8)
    given = None
    if mask is not None and not causal:
        given = torch.rand(5, 5).tril() > -1 if mask == "bool" else torch.rand(5, 5)
    torch.testing.assert_close(
        plain_attention(query, key, value, given, is_causal=causal),
        F.scaled_dot_product_attention(query, key, value, given, is_causal=causal),
    )


@pytest.mark.parametrize("mode", ["forward", "twice reverse", "reverse per score"])
def test_the_derivative_along_any_change_is_in_the_models_precision(mode):
    generator = torch.Generator().manual_seed(0)
    with probed(SmallNet().double(), "relu:0") as probe:
        change = torch.randn(1, *probe.activations(pictures[:1]).shape[1:], generator=generator)
        derivatives = probe.derivatives.on(probe.plain)
        derivatives.mode = mode
        scores = probe.target.scores
        found = derivatives.along(pictures[:1], lambda own: change.to(own), scores)
        _, gradients = derivatives.gradients(pictures[:1], scores)
        wanted = torch.stack([(gradient * change).sum() for gradient in gradients])
        assert found.dtype == torch.float64
        torch.testing.assert_close(found[0].detach(), wanted, atol=1e-13, rtol=0)
