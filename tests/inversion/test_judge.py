"""A second network recognises what it knows, whatever its size and its classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget import demo
from atlas_widget.errors import AtlasError
from atlas_widget.inversion.judge import Judge, Judgement


def squares(image, count: int) -> np.ndarray:
    """Overlapping squares out of a photo, 64 px."""
    side = min(image.size) * 2 // 3
    lefts = np.linspace(0, image.width - side, count).astype(int)
    tops = np.linspace(0, image.height - side, count).astype(int)
    boxes = [(x, y, x + side, y + side) for x, y in zip(lefts, tops, strict=True)]
    return np.stack([np.asarray(image.resize((64, 64), box=box)) for box in boxes])


def test_it_finds_photos_of_the_same_thing_and_not_noise() -> None:
    names = ("cheetah", "coffee", "parthenon", "grass", "rocket", "chelsea", "clownfish", "sheep")
    photos = demo.images()
    judge = Judge(demo.judge(), device="cpu")
    assert judge.side == 240
    features = [judge.features(squares(photos[name].convert("RGB"), 4)) for name in names]
    centre = np.concatenate(features).mean(0)
    others = features[1:]
    own = Judgement.of(features[0][0], features[0][1:], others, centre)
    assert (own.rank, own.among) == (1, 8)
    assert own.crop_rank == 1
    wrong = Judgement.of(features[3][0], features[0], others, centre)
    assert wrong.rank > 1
    judge.close()


class Tokens(nn.Module):
    """Tokens of patches, 3 classes, 40×40 px only."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 10, stride=10)
        self.embedding = nn.Parameter(torch.randn(1, 16, 8))
        self.head = nn.Linear(8, 3)
        self.default_cfg = {"input_size": (3, 40, 40), "architecture": "tokens_tiny"}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.embedding
        return self.head(tokens).mean(1)


def test_another_input_size_and_number_of_labels_will_do(tiny_model) -> None:
    from torchvision.models import squeezenet1_1

    pictures = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 3), dtype=np.uint8)
    tokens = Judge(Tokens(), device="cpu")
    assert (tokens.name, tokens.side) == ("tokens_tiny", 40)
    assert tokens.features(pictures).shape == (3, 8)
    assert Judge(tiny_model, device="cpu").features(pictures).shape == (3, 16)
    # whose classes are a convolution
    assert Judge(squeezenet1_1(num_classes=7), device="cpu").features(pictures).shape == (3, 512)


class Fails(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError(f"not today, {x.shape}")


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        ("resnet50", r"judge='resnet50' must be a network.*demo\.judge\(\)"),
        (Fails(), "judge=.*Fails does not run to its end"),
        (nn.Flatten(), "judge=.*Flatten has no layer with weights"),
    ],
)
def test_what_cannot_judge_says_why(judge, said: str) -> None:
    with pytest.raises(AtlasError, match=said):
        Judge(judge, device="cpu")


def test_by_chance_a_picture_is_anywhere() -> None:
    rng = np.random.default_rng(0)
    cells = [rng.normal(size=(4, 32)).astype(np.float32) for _ in range(40)]
    centre = np.concatenate(cells).mean(0)
    ranks = [
        Judgement.of(rng.normal(size=32), cells[at], cells[:at] + cells[at + 1 :], centre).rank
        for at in range(40)
    ]
    assert 12 < np.mean(ranks) < 29
    assert Judgement.of(cells[0][0], cells[0][:1], cells[1:], centre).crop_rank is None
