"""The graph of layers, on networks whose connections are known."""

from __future__ import annotations

import json

import pytest
import torch
import torchvision
from torch import Tensor, nn

from atlas_widget import layer_graph, list_layers
from atlas_widget.errors import LayerNotFoundError
from atlas_widget.probe.graph import rectified_by
from atlas_widget.probe.private_model import PrivateModel
from tests.conftest import make_tiny_model


class Residual(nn.Module):
    """A block whose output is the sum of what goes through it and what goes past it."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.past = nn.Conv2d(3, 8, 1)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.relu(self.second(self.relu(self.first(x))))
        return self.head((inner + self.past(x)).mean((2, 3)))


def edges(graph) -> set[tuple[str, str]]:
    return set(graph.edges)


def test_an_addition_has_both_edges():
    graph = layer_graph(Residual(), input_size=32)
    assert graph.kind == "autograd"
    assert edges(graph) == {
        ("first", "relu"),
        ("relu", "second"),
        ("second", "relu:1"),
        ("relu:1", "head"),
        ("past", "head"),
    }
    assert graph.before("head") == ["relu:1", "past"]
    assert graph.after("first") == ["relu"]


def test_nodes_come_after_those_that_they_depend_on():
    graph = layer_graph(torchvision.models.resnet18())
    order = {node.name: at for at, node in enumerate(graph.nodes)}
    assert all(order[one] < order[other] for one, other in graph.edges)
    ranks = {node.name: node.rank for node in graph.nodes}
    assert all(ranks[one] < ranks[other] for one, other in graph.edges)


def test_a_resnets_block_follows_the_block_before_it_and_its_own_layers():
    graph = layer_graph(torchvision.models.resnet18())
    # the block's output is that of its last relu; a sequence's that of its last block
    assert graph.node("layer1").name == graph.node("layer1.1").name
    assert set(graph.before("layer1.1")) == {"layer1.0", "layer1.1.bn2"}
    assert "layer2.0.downsample" in graph.before("layer2.0")
    assert graph.node("layer3").shape == (256, 14, 14)


def test_some_layers_alone_are_joined_through_the_others():
    graph = layer_graph(torchvision.models.resnet18(), ["layer1", "layer2", "layer4"])
    assert [node.name for node in graph.nodes] == ["layer1", "layer2", "layer4"]
    assert edges(graph) == {("layer1", "layer2"), ("layer2", "layer4")}


@pytest.mark.parametrize(
    "make",
    [
        make_tiny_model,
        torchvision.models.vit_b_16,
        torchvision.models.googlenet,
        torchvision.models.densenet121,
    ],
)
def test_every_layer_that_runs_is_a_node(make):
    model = make() if make is not torchvision.models.googlenet else make(init_weights=False)
    graph = layer_graph(model.eval())
    names = {name for node in graph.nodes for name in (node.name, *node.aliases)}
    ran = set()
    hooks = [
        module.register_forward_hook(lambda *_, name=name: ran.add(name))
        for name, module in model.named_modules()
    ]
    with torch.no_grad():
        model(torch.zeros(1, 3, 224, 224))
    for hook in hooks:
        hook.remove()
    listed = {info.name for info in list_layers(model)} & ran
    assert listed - names == set()
    assert graph.kind == "autograd"
    last = graph.nodes[-1]
    assert graph.after(last.name) == []


def test_without_derivatives_there_is_the_order_of_execution_and_it_is_said():
    class Detached(Residual):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.detach())

    model = Detached()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    graph = layer_graph(model, input_size=32)
    assert graph.kind == "execution order"
    assert [node.name for node in graph.nodes][:2] == ["first", "relu"]
    assert ("first", "relu") in edges(graph)


def test_it_is_plain_values_for_json():
    graph = layer_graph(Residual(), input_size=32)
    read = json.loads(json.dumps(graph.to_dict()))
    assert read["kind"] == "autograd"
    assert ["past", "head"] in read["edges"]


def test_a_layer_that_is_none_is_named():
    with pytest.raises(LayerNotFoundError, match="Did you mean 'layer4'"):
        layer_graph(torchvision.models.resnet18(), ["layer5"])
    with pytest.raises(LayerNotFoundError, match="Did you mean 'first'"):
        layer_graph(Residual(), input_size=32).before("firs")


def test_the_users_model_stays_as_it_is():
    model = Residual().train()
    layer_graph(model, input_size=32)
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize(
    ("layer", "before"),
    [
        ("relu", "bn1"),
        ("layer1.0.relu:0", "layer1.0.bn1"),
        ("layer1.0.relu:1", None),  # the sum of a block is the output of no layer
        ("layer1.0", None),
        ("conv1", None),
    ],
)
def test_what_a_layer_rectifies_is_the_layer_before_it(layer, before):
    with PrivateModel(torchvision.models.resnet18()) as private:
        assert rectified_by(private, layer) == before


def test_a_block_rectifies_the_output_of_its_own_last_layer_but_one():
    with PrivateModel(torchvision.models.mobilenet_v2()) as private:
        assert rectified_by(private, "features.0") == "features.0.1"
