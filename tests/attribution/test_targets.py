"""Everything that can be attributed to."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget import attribute, attribution_map
from atlas_widget.attribution import as_target, class_values
from atlas_widget.errors import AttributionError
from tests.attribution.networks import pictures, positions, probed
from tests.probe.models import SmallNet


def boat_rather_than_water(output):
    return output[:, 3] - output[:, 5]


class Wraps(nn.Module):
    """A small network that returns its scores in whatever `pack` makes of them."""

    def __init__(self, pack):
        super().__init__()
        self.body = SmallNet()
        self.pack = pack

    def forward(self, x):
        return self.pack(self.body(x))


@pytest.fixture
def probe():
    with probed(SmallNet(), "conv2") as probe:
        yield probe


def test_a_scalar_of_the_scores_is_attributed_as_their_sum_is(probe) -> None:
    every = class_values(probe, pictures, positions)
    values = attribute(probe, None, pictures, positions, target=boat_rather_than_water)
    assert values.shape == (3, 1)
    np.testing.assert_allclose(values[:, 0], every[:, 3] - every[:, 5], atol=1e-6)
    assert np.abs(values).max() > 1e-4


def test_one_class_some_and_several_things_with_names(probe) -> None:
    every = class_values(probe, pictures, positions)
    for target, columns in ((2, [2]), ([5, 1], [5, 1]), (np.array([4, 0]), [4, 0])):
        values = attribute(probe, None, pictures, positions, target=target)
        np.testing.assert_allclose(values, every[:, columns], atol=1e-6)
    several = {"boat": 3, "rather": boat_rather_than_water, "half": lambda output: output[:, 1] / 2}
    values = attribute(probe, None, pictures, positions, target=several)
    wanted = np.stack([every[:, 3], every[:, 3] - every[:, 5], every[:, 1] / 2], 1)
    np.testing.assert_allclose(values, wanted, atol=1e-6)
    assert as_target(several).names == ("boat", "rather", "half")
    assert as_target([boat_rather_than_water, 6]).names == ("boat_rather_than_water", "class 6")
    assert as_target(lambda output: output[:, 0]).names == ("target",)
    assert as_target(None).names is None


@pytest.mark.parametrize(
    "target",
    [boat_rather_than_water, lambda output: output.softmax(1)[:, 2], [2, boat_rather_than_water]],
)
def test_maps_agree_with_single_positions(probe, target) -> None:
    values = attribute(probe, None, pictures, positions, target=target)
    maps = attribution_map(probe, None, pictures, target=target)
    assert maps.shape == (3, values.shape[1], 8, 8)
    for picture, (row, column) in enumerate(positions):
        np.testing.assert_allclose(maps[picture, :, row, column], values[picture], atol=1e-6)


@pytest.mark.parametrize(
    ("pack", "target"),
    [
        (lambda scores: OrderedDict(logits=scores, hidden=scores * 2), None),
        (lambda scores: (scores, scores[:, :2]), None),
        (
            lambda scores: {"kind": scores, "age": scores[:, :1]},
            lambda output: output["kind"][:, 2],
        ),
        (lambda scores: (scores[:, :2], scores), lambda output: output[1][:, 2]),
    ],
)
def test_outputs_that_are_not_a_tensor(pack, target) -> None:
    torch.manual_seed(0)
    model = Wraps(pack)
    with probed(model.body, "conv2") as plain, probed(model, "body.conv2") as probe:
        wanted = class_values(plain, pictures, positions)
        values = class_values(probe, pictures, positions, target=target)
        np.testing.assert_allclose(values, wanted if target is None else wanted[:, 2:3], atol=1e-6)


def test_an_output_of_transformers() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic", num_labels=6
    )
    model = transformers.ResNetForImageClassification(config)
    with probed(model, "resnet.encoder.stages.0") as probe:
        every = class_values(probe, pictures, positions)
        assert every.shape == (3, 6)
        target = lambda output: output.logits[:, 3] - output.logits[:, 5]  # noqa: E731
        values = class_values(probe, pictures, positions, target=target)
        np.testing.assert_allclose(values[:, 0], every[:, 3] - every[:, 5], atol=1e-6)


def test_a_regression_of_one_quantity() -> None:
    torch.manual_seed(0)
    for pack in (lambda scores: scores[:, 0], lambda scores: scores[:, :1]):
        model = Wraps(pack)
        with probed(model, "body.conv2") as probe:
            assert probe.num_classes == 1
            assert class_values(probe, pictures, positions).shape == (3, 1)


def test_segmentation_has_scores_only_as_a_person_says() -> None:
    body = nn.Sequential(nn.Conv2d(3, 4, 4, stride=4), nn.ReLU(), nn.Conv2d(4, 3, 1))
    with probed(body, "0") as probe:
        with pytest.raises(AttributionError, match="no scores"):
            class_values(probe, pictures, positions)
        target = lambda output: output[:, 1].mean((1, 2))  # noqa: E731
        assert class_values(probe, pictures, positions, target=target).any()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("boat", "'boat'.*A target is"),
        ([], "empty"),
        ([1, "boat"], "'boat' in it"),
        (7, "Class 7 is not among 0 to 6"),
        (True, "A target is"),
        (lambda output: output[1], r"one float a picture.*\(2,\).*not float32 of the shape \(7,\)"),
        (lambda output: output.argmax(1), "not int64"),
        (lambda output: output.logits, r"'target' cannot be taken.*The output is \(2, 7\) float32"),
        (lambda output: output[:, 9], "'target' cannot be taken.*IndexError"),
        (lambda output: (output @ output)[:, 0], "'target' cannot be taken.*RuntimeError"),
        ({"boat": lambda output: output.boats[:, 0]}, "'boat' cannot be taken"),
        (lambda output: output.detach()[:, 0], "do not depend on layer"),
    ],
)
def test_targets_that_are_none(probe, target, message) -> None:
    with pytest.raises(AttributionError, match=message):
        attribute(probe, None, pictures, positions, target=target)


def test_maps_need_to_know_what_they_are_about(probe) -> None:
    with pytest.raises(AttributionError, match="classes or target"):
        attribution_map(probe, None, pictures)
    with pytest.raises(AttributionError, match="classes or target"):
        attribution_map(probe, None, pictures, 1, target=2)


def test_keys_tell_targets_apart_where_that_is_possible() -> None:
    names = {"boat": lambda output: output[:, 3]}
    same = {"boat": lambda output: output[:, 3]}
    other = {"boat": lambda output: output[:, 4]}
    assert as_target(names).key == as_target(same).key
    assert as_target(other).key != as_target(names).key
    assert as_target([1, 2]).key != as_target([2, 1]).key
    weights = torch.ones(7)
    leaning = as_target(lambda output: output @ weights)
    again = as_target(lambda output: output @ weights)
    assert leaning.key != again.key  # which weights these are is not in the code


def test_a_probe_may_be_about_something_else_than_classes() -> None:
    torch.manual_seed(0)
    model = SmallNet()
    several = {"boat": 3, "rather": boat_rather_than_water}
    with probed(model, "conv2") as plain, probed(model, "conv2", target=several) as probe:
        assert probe.num_classes == 2
        every = class_values(plain, pictures, positions)
        values = class_values(probe, pictures, positions)
        np.testing.assert_allclose(values[:, 0], every[:, 3], atol=1e-6)
        np.testing.assert_allclose(values[:, 1], every[:, 3] - every[:, 5], atol=1e-6)
        # numbers are then those of what it is about
        maps = attribution_map(probe, None, pictures, 1)
        assert maps[0, 0, 1, 2] == pytest.approx(values[0, 1], abs=1e-6)
        scores = plain.outputs(pictures)
        wanted = torch.stack([scores[:, 3], scores[:, 3] - scores[:, 5]], 1)
        torch.testing.assert_close(probe.outputs(pictures), wanted)
        with pytest.raises(AttributionError, match="Class 2 is not among 0 to 1"):
            attribution_map(probe, None, pictures, 2)
        assert probe.target.named(None) == ["boat", "rather"]
        assert probe.target.key != plain.target.key


def test_some_classes_keep_their_labels() -> None:
    labels = ["cat", "dog", "boat"]
    with probed(SmallNet(), "conv2", target=[2, 6]) as probe:
        assert probe.num_classes == 2
        assert probe.target.named(labels) == ["boat", "class 6"]
        assert probe.target.named(None) == ["class 2", "class 6"]
