"""The blocks of common networks, by the names that anybody would give them."""

from __future__ import annotations

import pytest
import torchvision.models as zoo
from torch import nn

from atlas_widget import demo, list_layers
from atlas_widget.probe.blocks import block_names
from tests.conftest import make_tiny_model

RESNET18 = ["conv1", *(f"layer{stage}.{block}" for stage in range(1, 5) for block in (0, 1)), "fc"]


def test_a_resnet_has_its_residual_blocks():
    assert block_names(zoo.resnet18()) == RESNET18
    assert block_names(nn.DataParallel(zoo.resnet18())) == RESNET18


def test_a_transformer_has_its_layers():
    blocks = block_names(zoo.vit_b_16())
    layers = [f"encoder.layers.encoder_layer_{number}" for number in range(12)]
    assert [name for name in blocks if "encoder_layer" in name] == layers
    assert blocks[0] == "conv_proj"


def test_a_plain_sequence_has_its_convolutions():
    blocks = block_names(zoo.vgg11())
    assert blocks[:3] == ["features.0", "features.3", "features.6"]
    assert all(name.startswith(("features.", "classifier")) for name in blocks)


def test_the_demos_layer_is_among_its_blocks():
    blocks = block_names(demo.model())
    assert demo.LAYER in blocks
    assert len(blocks) < 30


@pytest.mark.parametrize(
    "make",
    [zoo.resnet50, zoo.densenet121, zoo.swin_t, zoo.convnext_tiny, zoo.mobilenet_v3_large,
     zoo.efficientnet_b0, zoo.squeezenet1_1, make_tiny_model],
)  # fmt: skip
def test_blocks_are_layers_and_there_are_not_too_many(make):
    model = make()
    blocks = block_names(model)
    listed = {info.name for info in list_layers(model)}
    assert set(blocks) <= listed
    assert 3 <= len(blocks) <= 80
    assert len(set(blocks)) == len(blocks)
