from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget.errors import ActivationsError
from atlas_widget.inversion import InversionEngine, InversionSettings, invert
from atlas_widget.inversion.invert import run
from atlas_widget.inversion.state import InversionState
from atlas_widget.probe import LayerProbe

QUICK = InversionSettings.icon(size=32, steps=12)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 12, 5, 2, 2), nn.BatchNorm2d(12), nn.ReLU(), nn.Conv2d(12, 24, 5, 2, 2),
        nn.ReLU(), nn.Conv2d(24, 16, 3, 2, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(16, 5),
    ).eval()  # fmt: skip


@pytest.fixture(scope="module")
def probe(network: nn.Module) -> LayerProbe:
    return LayerProbe(network, "6", input_size=64, device="cpu")


@pytest.fixture(scope="module")
def directions(probe: LayerProbe) -> np.ndarray:
    images = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    images = nn.functional.interpolate(images, (64, 64), mode="bilinear")
    return probe.activations(images)[:, :, 3, 3].numpy()


def test_the_cosine_rises(probe: LayerProbe, directions: np.ndarray) -> None:
    engine = InversionEngine(probe, settings=QUICK)
    state = engine.start(directions, 0)
    before, _ = engine.fidelity(state)
    engine.advance(state, QUICK.steps)
    after, activations = engine.fidelity(state)
    assert (after > before).mean() > 0.8
    assert np.median(after) > np.median(before) + 0.02
    assert activations.shape == directions.shape


def test_a_picture_does_not_depend_on_its_neighbours(
    probe: LayerProbe, directions: np.ndarray
) -> None:
    engine = InversionEngine(probe, settings=QUICK)
    seeds = np.array([3, 1, 4, 1, 5, 9])
    together = run(engine, directions, seeds)
    order = np.array([4, 0, 5, 2, 1, 3])
    shuffled = run(engine, directions[order], seeds[order])
    alone = run(engine, directions[2], seeds[2])
    difference = np.abs(together.images[order].astype(int) - shuffled.images.astype(int))
    assert difference.max() <= 2
    assert np.abs(together.images[2].astype(int) - alone.images[0].astype(int)).max() <= 2
    assert not np.array_equal(together.images[1], together.images[3])


def test_slices_selections_and_merges_change_nothing(
    probe: LayerProbe, directions: np.ndarray
) -> None:
    engine = InversionEngine(probe, settings=QUICK)
    whole = engine.start(directions[:4], 7)
    engine.advance(whole, 12)
    first = engine.start(directions[:4], 7)
    engine.advance(first, 5)
    late = engine.start(directions[4:], 7)
    both = first.merge(late)
    assert both.step == 0
    assert both.steps.tolist() == [5, 5, 5, 5, 0, 0]
    engine.advance(both, 7)
    kept = both.select(both.steps >= 12)
    pictures, expected = engine.pictures(kept), engine.pictures(whole)
    assert np.abs(pictures.astype(int) - expected.astype(int)).max() <= 2


def test_fidelity_is_measured_on_the_picture_shown(
    probe: LayerProbe, directions: np.ndarray
) -> None:
    engine = InversionEngine(probe, settings=QUICK)
    icons = run(engine, directions, 0)
    again, _ = engine.fidelity(icons.images, directions)
    np.testing.assert_allclose(icons.cosine, again, atol=1e-5)
    row, column = engine.network_view.centre
    rgb = torch.tensor(icons.images).permute(0, 3, 1, 2) / 255
    h = probe.activations(torch.nn.functional.interpolate(rgb, (engine.network_view.view,) * 2))
    h = h[:, :, row, column]
    if engine.network_view.view == QUICK.size:
        expected = torch.cosine_similarity(h, torch.tensor(directions), dim=1)
        np.testing.assert_allclose(icons.cosine, expected, atol=1e-4)


def test_a_full_batch_is_kept_full(probe: LayerProbe, directions: np.ndarray) -> None:
    engine = InversionEngine(probe, settings=QUICK)
    calls: list[tuple[int, int]] = []
    many = np.tile(directions, (4, 1))
    icons = run(engine, many, 0, callback=lambda done, total: calls.append((done, total)))
    assert len(icons) == 24
    assert calls[-1] == (24, 24)
    assert (icons.steps == 12).all()
    assert np.abs(icons.images[:6].astype(int) - icons.images[18:].astype(int)).max() <= 2


def test_a_batch_too_large_for_the_memory_is_halved(
    probe: LayerProbe, directions: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = InversionEngine(probe, settings=QUICK)
    expected = run(engine, directions, 0)
    advance = engine.advance
    sizes = []

    def too_large(state: InversionState, steps: int = 1) -> None:
        sizes.append(len(state))
        if len(state) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        advance(state, steps)

    monkeypatch.setattr(engine, "advance", too_large)
    icons = run(engine, directions, 0)
    assert sizes[:2] == [6, 3]
    assert max(sizes[2:]) == 1
    assert (icons.steps == 12).all()
    assert np.abs(icons.images.astype(int) - expected.images.astype(int)).max() <= 2


def test_warm_starts_begin_at_the_picture_and_say_so(
    probe: LayerProbe, directions: np.ndarray
) -> None:
    engine = InversionEngine(probe, settings=QUICK)
    icons = run(engine, directions, 0)
    state = engine.start(directions, 0, warm=icons.images, origins=[10, 11, 12, 13, 14, 15])
    assert state.origins.tolist() == [10, 11, 12, 13, 14, 15]
    if engine.canvas == QUICK.size:
        difference = np.abs(engine.pictures(state).astype(int) - icons.images.astype(int))
        assert np.median(difference) <= 1
    warm, _ = engine.fidelity(state)
    assert np.median(warm) > np.median(icons.cosine) - 0.05
    assert (icons.origins == -1).all()


def test_the_middle_of_the_picture_is_what_the_unit_sees() -> None:
    """With padding on one side only, as TensorFlow's networks do it, the middle unit is off."""

    class Lopsided(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.layers = nn.ModuleList([nn.Conv2d(3 if i == 0 else 8, 8, 3, 2) for i in range(4)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for conv in self.layers:
                x = conv(nn.functional.pad(x, (0, 1, 0, 1))).relu()
            return x

    probe = LayerProbe(Lopsided(), "layers.3", input_size=64, device="cpu")
    settings = InversionSettings.icon(size=64, fit_receptive_field=False)
    engine = InversionEngine(probe, settings=settings)
    assert engine.network_view.map_size == (4, 4)
    assert engine.network_view.centre == (1, 1)


def test_dead_units_are_woken() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 8, 4), nn.ReLU6())
    with torch.no_grad():
        net[0].bias.fill_(-1.0)  # nothing comes through a grey picture
    icons = invert(net, "1", np.eye(4), size=32, steps=40, device="cpu")
    assert np.isfinite(icons.cosine).all()
    assert (icons.cosine > 0.3).all()


def test_not_a_number_in_the_gradient_does_not_spread(
    probe: LayerProbe, directions: np.ndarray
) -> None:
    engine = InversionEngine(probe, settings=QUICK)
    state = engine.start(directions, 0)
    network = engine.network_view.network

    def poisoned(views: torch.Tensor) -> torch.Tensor:
        out = network(views)
        return out * torch.tensor([float("nan")] + [1.0] * 5)[:, None, None, None]

    engine.network_view.network = poisoned
    engine.advance(state, 3)
    assert torch.isfinite(state.numbers).all()


@pytest.mark.parametrize(
    ("given", "size", "steps"),
    [({}, 24, 5), ({"size": 32}, 32, 5), ({"steps": 3}, 24, 3)],
)
def test_settings_say_the_size_and_steps_unless_these_are_given(
    probe: LayerProbe, directions: np.ndarray, given: dict[str, int], size: int, steps: int
) -> None:
    settings = InversionSettings.icon(size=24, steps=5)
    icons = invert(probe, directions[:1], settings=settings, **given)
    assert icons.images.shape[1:3] == (size, size)
    assert icons.steps.tolist() == [steps]


def test_invert_takes_a_model_or_a_probe(network: nn.Module, probe: LayerProbe) -> None:
    direction = np.eye(16)[3]
    a = invert(network, "6", direction, size=32, steps=4, device="cpu")
    b = invert(probe, direction, size=32, steps=4)
    assert a.images.shape == b.images.shape == (1, 32, 32, 3)
    assert a.images.dtype == np.uint8
    assert "1 of 32×32" in repr(a)
    assert network[6].inplace  # left as found


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 16)), np.full((2, 16), np.nan), np.ones((2, 7)), np.ones((2, 16, 3)), None]
)
def test_bad_directions_say_what_is_wrong(probe: LayerProbe, bad: object) -> None:
    with pytest.raises(ActivationsError):
        invert(probe, bad)


def test_late_layers_are_shown_enlarged(demo_model: nn.Module) -> None:
    views = {}
    for layer in ("blocks.2.1", "blocks.4.2", "blocks.6.0"):
        with LayerProbe(demo_model, layer, device="cpu") as probe:
            engine = InversionEngine(probe)
            views[layer] = engine.network_view.view
            assert engine.pictures(engine.start(np.ones((1, probe.channels)))).shape[1] == 64
            if layer == "blocks.6.0":
                assert engine.network_view.map_size == (4, 4)
    assert views["blocks.2.1"] < views["blocks.4.2"] == 64 < views["blocks.6.0"] == 112
