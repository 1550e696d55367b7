"""Pictures that are clear where the network needs nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget.inversion import (
    Fourier,
    InversionEngine,
    InversionSettings,
    Objective,
    WithOpacity,
    direction,
    invert,
    render,
)
from atlas_widget.inversion import objectives as o
from atlas_widget.inversion.opacity import BACKGROUND_NUMBERS, background, over
from atlas_widget.probe import LayerProbe

SETTINGS = InversionSettings.icon(size=24, steps=12, fit_receptive_field=False)


@pytest.fixture(scope="module")
def probe() -> LayerProbe:
    torch.manual_seed(0)
    # a small receptive field: most of the picture does not matter to the centre
    net = nn.Sequential(nn.Conv2d(3, 8, 5, 2, 2), nn.ReLU(), nn.Conv2d(8, 6, 3, 1, 1))
    return LayerProbe(net, "2", input_size=32, device="cpu")


def test_what_does_not_matter_turns_clear_where_clear_is_better(probe: LayerProbe) -> None:
    noise = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    real = nn.functional.interpolate(noise, (32, 32), mode="bicubic").clamp(0, 1)
    target = probe.activations(real)[:, :, 8, 8]
    settings = SETTINGS.with_steps(64)

    def opacities(objective: Objective) -> np.ndarray:
        coloured = WithOpacity(Fourier(24))
        *_, last = render(probe, objective, settings=settings, parametrization=coloured)
        assert last.shape == (1, 24, 24, 4)
        return last[0, ..., 3]

    opaque = opacities(direction(target))
    clear = opacities(direction(target) * o.transparency())
    border, middle = clear[:4].mean(), clear[9:15, 9:15].mean()
    assert border < opaque[:4].mean() / 2
    assert middle > border + 60


def test_pictures_with_opacity_are_alone_in_their_batch(probe: LayerProbe) -> None:
    targets = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
    parts = WithOpacity(Fourier(24))
    together = invert(probe, targets, settings=SETTINGS, parametrization=parts)
    alone = invert(probe, targets[1:2], settings=SETTINGS, parametrization=parts)
    assert together.images.shape == (3, 24, 24, 4)
    difference = together.images[1].astype(int) - alone.images[0].astype(int)
    assert abs(difference).max() <= 2
    assert together.sheet().mode == "RGB"


def test_a_finished_picture_is_a_start_again(probe: LayerProbe) -> None:
    engine = InversionEngine(probe, settings=SETTINGS, parametrization=WithOpacity(Fourier(24)))
    state = engine.start(np.ones((1, 6), np.float32))
    engine.advance(state, 8)
    picture = engine.pictures(state)
    again = engine.pictures(engine.start(np.ones((1, 6), np.float32), warm=picture))
    assert abs(again[..., :3].astype(int) - picture[..., :3].astype(int)).mean() < 6
    assert abs(again[..., 3].astype(int) - picture[..., 3].astype(int)).mean() < 20


def test_backgrounds_vary_and_show_through() -> None:
    numbers = torch.rand(4, BACKGROUND_NUMBERS, generator=torch.Generator().manual_seed(0)) * 2 - 1
    grounds = background(numbers, 16)
    assert grounds.shape == (4, 3, 16, 16)
    assert float((grounds[0] - grounds[1]).abs().mean()) > 0.05
    clear = torch.zeros(4, 4, 16, 16)
    torch.testing.assert_close(over(clear, grounds), grounds)
    plain = torch.rand(4, 3, 16, 16)
    assert over(plain) is plain


def test_opacity_starts_within_its_range() -> None:
    with pytest.raises(ValueError, match="start=1"):
        WithOpacity(Fourier(16), start=1)
