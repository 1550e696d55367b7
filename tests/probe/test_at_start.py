import pytest
import torch
from torch import nn
from torchvision import models

from atlas_widget import demo
from atlas_widget.probe.at_start import normalization_at_start


@pytest.mark.parametrize(
    "make", [models.resnet18, models.mobilenet_v3_small, models.convnext_tiny, models.googlenet]
)
@pytest.mark.filterwarnings("ignore:The default weight initialization")
def test_torchvisions_random_networks_are_at_their_start(make):
    assert normalization_at_start(make(weights=None))


def test_timms_transformer_is_at_its_start():
    import timm

    assert normalization_at_start(timm.create_model("vit_tiny_patch16_224", pretrained=False))


def test_real_networks_are_not():
    assert not normalization_at_start(demo.model())
    assert not normalization_at_start(demo.judge())


def test_one_step_of_training_shows():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten())
    assert normalization_at_start(model)
    model.train()(torch.rand(2, 3, 8, 8)).sum().backward()
    assert not normalization_at_start(model), "its running mean has moved"
    layer = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 2))
    assert normalization_at_start(layer)
    optimizer = torch.optim.SGD(layer.parameters(), 0.1)
    layer(torch.rand(3, 4)).square().sum().backward()
    optimizer.step()
    assert not normalization_at_start(layer)


def test_without_normalization_nothing_is_said():
    assert not normalization_at_start(models.vgg11(weights=None))
