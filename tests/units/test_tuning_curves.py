"""Units whose kernels are known are tuned to what their kernels are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from atlas_widget import LayerProbe, tuning
from atlas_widget.errors import AtlasError
from atlas_widget.progress import Cancelled
from atlas_widget.units import scrambled_band
from atlas_widget.units.stimuli import stimuli
from tests.conftest import make_tiny_model

SIDE = 21


class OneLayer(nn.Module):
    """A convolution whose kernels are given, on grey pictures around zero."""

    def __init__(self, kernels: np.ndarray) -> None:
        super().__init__()
        count = len(kernels)
        self.conv = nn.Conv2d(3, count, SIDE, padding=SIDE // 2, stride=1)
        weight = torch.tensor(kernels, dtype=torch.float32)[:, None].expand(-1, 3, -1, -1)
        self.conv.weight.data = weight.contiguous()
        self.conv.bias.data.zero_()
        self.head = nn.Linear(count, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(x).mean((2, 3)))


def gabor(orientation: float, cycles: float = 4, phase: float = 0) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    along = x * np.cos(np.radians(orientation)) - y * np.sin(np.radians(orientation))
    wave = np.cos(2 * np.pi * cycles / SIDE * along + np.radians(phase))
    return wave * np.exp(-(x**2 + y**2) / (2 * (SIDE / 5) ** 2))


ORIENTATIONS = (0, 30, 75, 135)


def identity(rgb: Tensor) -> Tensor:
    return rgb - 0.5


@pytest.fixture(scope="module")
def probe():
    kernels = np.stack([gabor(orientation) for orientation in ORIENTATIONS])
    model = OneLayer(kernels).eval()
    with LayerProbe(model, "conv", input_size=64, device="cpu", transform=identity) as opened:
        yield opened


@pytest.fixture(scope="module")
def found(probe):
    return tuning(probe, sets=["gratings", "edges"])


@pytest.mark.parametrize("unit", range(len(ORIENTATIONS)))
def test_a_gabor_is_tuned_to_itself(found, unit):
    best = found.best(unit, "gratings")
    assert best["orientation"] == ORIENTATIONS[unit]
    assert best["phase"] == 0
    row = found.summary(unit).loc["gratings"]
    assert row["preferred"] == ORIENTATIONS[unit]
    assert row["selectivity"] > 0.5
    assert row["half_width"] < 45
    assert row["modulation"] > 0.9 or np.isnan(row["modulation"])  # simple: phase matters


def test_a_turned_kernel_has_a_turned_curve(found):
    curves = [found.curve("gratings", unit).to_numpy() for unit in range(len(ORIENTATIONS))]
    for curve, orientation in zip(curves, ORIENTATIONS, strict=True):
        steps = orientation // 15
        assert np.argmax(curve) == steps
        scale = np.abs(curves[0]).max()
        np.testing.assert_allclose(np.roll(curves[0], steps), curve, atol=0.12 * scale)


def test_plain_grey_is_the_zero_line(found):
    np.testing.assert_allclose(found.grey, 0, atol=1e-5)


def test_responses_are_the_layers_own_in_the_middle(probe, found):
    each = stimuli("gratings", found.side)
    canvas = torch.full((1, 3, 64, 64), 0.5)
    top = left = (64 - found.side + 1) // 2
    canvas[:, :, top : top + found.side, left : left + found.side] = each.pictures[5]
    seen = probe.activations(canvas)[0, :, 32, 32].numpy()
    np.testing.assert_allclose(found.responses["gratings"][5], seen, atol=0.05 * np.abs(seen).max())


def test_z_is_in_deviations_of_the_data(probe):
    mean, std = np.zeros(4), np.array([1.0, 2.0, 4.0, 0.0])
    found = tuning(probe, sets="gratings", mean=mean, std=std)
    table = found.table("gratings", 1)
    np.testing.assert_allclose(table["z"], table["response"] / 2, rtol=1e-6)
    assert found.table("gratings", 3)["z"].isna().all()  # a unit that never changes
    assert found.summary(0).loc["gratings", "tuned"]
    low = tuning(probe, sets="gratings", mean=mean, std=np.full(4, 1e6))
    assert not low.summary(0).loc["gratings", "tuned"]


def test_the_best_stimulus_is_beyond_scrambled_copies(probe, found):
    band = scrambled_band(probe, found, 0)
    assert band.low < band.high < band.best
    again = scrambled_band(probe, found, 0)
    assert band == again


def test_maps_are_over_the_axes_of_the_set(found):
    table = found.map("gratings", 0)
    assert table.index.name == "cycles"
    assert table.columns.name == "orientation"
    assert table.to_numpy().max() == pytest.approx(found.responses["gratings"][:, 0].max())
    mean = found.map("gratings", 0, reduce="mean")
    assert (mean.to_numpy() <= table.to_numpy() + 1e-6).all()


def test_a_figure_has_a_panel_for_each_set(found):
    figure = found.to_figure(0)
    titles = [axes.get_title() for axes in figure.axes]
    assert sum(title.startswith(("gratings", "edges")) for title in titles) == 2


def test_what_cannot_be_is_refused(probe, found):
    with pytest.raises(AtlasError, match="Did you mean 'edges'"):
        tuning(probe, sets=["edge"])
    with pytest.raises(AtlasError, match="units 0 to 3"):
        found.table("gratings", 4)
    with pytest.raises(AtlasError, match="was not shown"):
        found.table("shapes", 0)
    with pytest.raises(AtlasError, match="'max' or 'mean'"):
        found.map("gratings", 0, reduce="min")
    with pytest.raises(AtlasError, match=r"mean has the shape \(3,\)"):
        tuning(probe, sets="edges", mean=np.zeros(3))
    with pytest.raises(AtlasError, match="has no map"):
        tuning(OneLayer(gabor(0)[None]).eval(), "head", sets="edges", device="cpu")


def test_it_says_how_far_it_is_and_stops_when_asked_to():
    model = make_tiny_model()
    told = []
    tuning(model, "stem", ["edges"], device="cpu", progress=lambda *step: told.append(step))
    assert told[-1] == (72, 72)
    with pytest.raises(Cancelled):
        tuning(model, "stem", ["edges"], device="cpu", cancelled=lambda: True)
