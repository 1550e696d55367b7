"""Stimuli are what their parameters say, the same at every call."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas_widget.errors import AtlasError
from atlas_widget.units.stimuli import SETS, stimuli


def picture(name: str, side: int, **wanted) -> torch.Tensor:
    found = stimuli(name, side)
    rows = np.ones(len(found.table), bool)
    for key, value in wanted.items():
        rows &= (found.table[key] == value).to_numpy()
    assert rows.sum() == 1, wanted
    return found.pictures[int(np.flatnonzero(rows)[0])]


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("side", [4, 9, 64])
def test_each_picture_has_its_parameters_and_is_the_same_at_every_call(name, side):
    one, again = stimuli(name, side), stimuli(name, side)
    assert one.pictures.shape == (len(one.table), 3, side, side)
    assert torch.equal(one.pictures, again.pictures)
    assert one.pictures.min() >= 0
    assert one.pictures.max() <= 1
    assert set(one.axes) <= set(one.table.columns)
    assert not one.table.duplicated().any()


@pytest.mark.parametrize("orientation", [0, 30, 105])
def test_a_gratings_spectrum_peaks_at_its_orientation_and_frequency(orientation):
    found = picture("gratings", 64, orientation=orientation, cycles=8, phase=0)[0] - 0.5
    spectrum = np.abs(np.fft.fft2(found.numpy(), s=(256, 256)))
    down, right = np.unravel_index(spectrum[:, :128].argmax(), (256, 128))
    down = down - 256 if down > 128 else down
    assert np.hypot(down, right) * 64 / 256 == pytest.approx(8, abs=0.3)
    angle = np.degrees(np.arctan2(-down, right)) % 180
    assert min(abs(angle - orientation), 180 - abs(angle - orientation)) < 2


@pytest.mark.parametrize("orientation", [0, 45, 150])
def test_a_grating_turned_by_half_a_turn_has_the_opposite_phase(orientation):
    found = picture("gratings", 33, orientation=orientation, cycles=2, phase=90)
    opposite = picture("gratings", 33, orientation=orientation, cycles=2, phase=270)
    torch.testing.assert_close(found.flip(1, 2), opposite, atol=1e-5, rtol=0)


@pytest.mark.parametrize("direction", [0, 40, 130])
def test_a_line_and_the_line_turned_by_half_a_turn_are_one(direction):
    one = picture("curves", 48, direction=direction, radius=np.inf, bright=True)
    other = picture("curves", 48, direction=direction + 180, radius=np.inf, bright=True)
    torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_arcs_have_equal_ink_until_they_would_close():
    ink = {
        radius: float((picture("curves", 96, direction=90, radius=radius, bright=True) - 0.5).sum())
        for radius in (1 / 3, 1 / 2, 1.0, 2.0, np.inf)
    }
    assert max(ink.values()) < 1.06 * min(ink.values())


def test_an_arc_bends_towards_its_direction():
    # its centre lies to the right: the ends are to the right of the middle
    arc = picture("curves", 64, direction=0, radius=0.5, bright=True)[0] - 0.5
    columns = torch.arange(64.0)
    middle = (arc[30:34] * columns).sum() / arc[30:34].sum()
    ends = (arc[:20] * columns).sum() / arc[:20].sum()
    assert ends > middle + 3


def test_the_bright_side_of_an_edge_is_where_it_points():
    up = picture("edges", 32, direction=90, blur=0.0)[0]
    assert up[0].mean() == 1
    assert up[-1].mean() == 0


def test_colours_of_one_lightness_look_alike_in_grey():
    found = stimuli("colours", 32)
    field = found.table[(found.table["shape"] == "field") & (found.table.hue >= 0)]
    kept = field[~field.clipped].index.to_numpy()
    rgb = found.pictures[kept][:, :, 0, 0].numpy().astype(np.float64)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert luminance.std() / luminance.mean() < 0.08
    assert field.clipped.any() != field.clipped.all()


def test_shapes_cover_what_they_should():
    def area(shape: str) -> float:
        one = picture("shapes", 128, shape=shape, size=1.0, rotation=0, outline=False)[0]
        return float((0.5 - one).sum() * 2)

    radius = 0.4 * 128
    assert area("disc") == pytest.approx(np.pi * radius**2, rel=0.01)
    assert area("square") == pytest.approx(2 * radius**2, rel=0.01)
    assert area("triangle") == pytest.approx(3 * np.sqrt(3) / 4 * radius**2, rel=0.02)
    assert area("cross") == pytest.approx(4 * radius**2 * (5 / 9), rel=0.02)
    assert area("star") < area("triangle") * 1.2


def test_spots_are_where_they_are_said_to_be():
    spot = picture("spots", 90, down=2 / 9, right=-3 / 9, bright=True)[0] - 0.5
    rows, columns = torch.meshgrid(torch.arange(90.0), torch.arange(90.0), indexing="ij")
    down = (spot * rows).sum() / spot.sum() - 44.5
    right = (spot * columns).sum() / spot.sum() - 44.5
    assert float(down) == pytest.approx(20, abs=0.6)
    assert float(right) == pytest.approx(-30, abs=0.6)


def test_a_set_that_is_none_is_named():
    with pytest.raises(AtlasError, match="Did you mean 'gratings'"):
        stimuli("grating", 32)
    with pytest.raises(AtlasError, match="too small"):
        stimuli("gratings", 3)
