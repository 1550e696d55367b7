import pytest
import torch
from torch import nn

from atlas_widget import LayerProbe, list_layers
from atlas_widget.errors import LayerNotFoundError
from atlas_widget.probe.layers import find_layer
from tests.probe.models import SmallNet


def probe(layer, model=None):
    return LayerProbe(SmallNet() if model is None else model, layer, input_size=32, device="cpu")


def test_lists_names_and_types_without_an_example():
    listed = list_layers(SmallNet())
    assert [(info.name, info.type) for info in listed][:3] == [
        ("conv1", "Conv2d"),
        ("bn1", "BatchNorm2d"),
        ("relu", "ReLU"),
    ]
    assert all(info.shape is None for info in listed)


def test_an_example_gives_shapes_in_running_order_and_leaves_out_what_does_not_run():
    listed = list_layers(SmallNet(), torch.rand(1, 3, 32, 32))
    assert [info.name for info in listed] == [
        "conv1", "bn1", "relu:0", "relu:1", "conv2", "bn2", "dropout", "fc",
    ]  # fmt: skip
    shapes = {info.name: info.shape for info in listed}
    assert shapes["relu:0"] == (6, 16, 16)
    assert shapes["conv2"] == (8, 8, 8)
    assert shapes["fc"] == (7,)
    assert "6 × 16 × 16" in repr(listed)


def test_every_listed_name_can_be_passed():
    model = SmallNet()
    for info in list_layers(model, torch.rand(1, 3, 32, 32)):
        with probe(info.name, model) as one:
            assert one.layer == info.name
            assert one.channels == info.shape[0]


def test_listing_leaves_the_model_alone():
    model = SmallNet().train()
    list_layers(model, torch.rand(2, 3, 32, 32))
    assert model.training
    assert not model.conv1._forward_hooks


def test_unknown_layer_names_the_closest_and_how_to_list_all():
    with pytest.raises(LayerNotFoundError, match=r"no layer 'conv3'.*'conv\d'.*list_layers"):
        probe("conv3")


def test_shared_module_says_how_often_it_runs_and_how_to_pick():
    with pytest.raises(LayerNotFoundError, match=r"runs 2 times.*'relu:0'.*'relu:1'"):
        probe("relu")
    with pytest.raises(LayerNotFoundError, match="no 'relu:2'; the last is 'relu:1'"):
        probe("relu:2")
    assert probe("relu:0").channels == 6
    assert probe("relu:1").channels == 8


def test_the_calls_are_those_of_the_pass():
    model = SmallNet().eval()
    x = torch.rand(2, 3, 32, 32)
    with probe("relu:0", model) as first, probe("relu:1", model) as second:
        normalised = first.preprocessing(x)
        early = torch.relu(model.bn1(model.conv1(normalised)))
        late = torch.relu(model.bn2(model.conv2(early)))
        torch.testing.assert_close(first.activations(x), early.detach())
        torch.testing.assert_close(second.activations(x), late.detach())


def test_module_that_never_runs():
    with pytest.raises(LayerNotFoundError, match="'unused' exists but does not run"):
        probe("unused")


def test_containers_only_hold_layers():
    class Listed(SmallNet):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([nn.Conv2d(3, 3, 1), nn.ReLU()])

    with pytest.raises(LayerNotFoundError, match=r"'blocks' is a ModuleList.*'blocks.0'"):
        probe("blocks", Listed())


@pytest.mark.parametrize("layer", ["", None, 3, "conv1:x", "conv1[", "conv1:-1"])
def test_malformed_names(layer):
    with pytest.raises(LayerNotFoundError):
        probe(layer)


def test_a_module_stands_for_its_name():
    model = SmallNet()
    assert probe(model.conv2, model).layer == "conv2"
    with pytest.raises(LayerNotFoundError, match="not a part of the model"):
        probe(nn.Conv2d(3, 3, 1), model)


def test_names_through_wrappers():
    inner = SmallNet()
    parallel = nn.DataParallel(inner)
    assert probe("conv2", parallel).layer == "conv2"
    assert probe("module.conv2", parallel).layer == "conv2"
    compiled = torch.compile(inner)
    assert probe("_orig_mod.conv2", compiled).layer == "conv2"
    partly = nn.Sequential(torch.compile(inner.conv1), inner.bn1, nn.Flatten())
    assert probe("0", partly).channels == 6
    assert [info.name for info in list_layers(compiled)] == [
        info.name for info in list_layers(inner)
    ]


def test_a_module_with_two_names_answers_to_both():
    model = SmallNet()
    model.alias = model.conv2
    assert find_layer(model, "alias")[1] is model.conv2
    assert [info.name for info in list_layers(model)].count("alias") == 0
    assert probe("alias", model).channels == 8
