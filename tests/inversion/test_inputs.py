"""What people pass to `invert`, `render` and `sanity_check`, right and wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget.errors import ActivationsError, AtlasError, ImagesError, LayerNotFoundError
from atlas_widget.inversion import (
    Fourier,
    InversionEngine,
    InversionSettings,
    Maco,
    Transforms,
    invert,
    render,
    sanity_check,
)
from atlas_widget.inversion import objectives as o
from atlas_widget.probe import LayerProbe

BRIEF: dict[str, Any] = {"size": 24, "steps": 2}
SETTINGS = InversionSettings.icon(**BRIEF)
ROWS = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 5, 2, 2), nn.ReLU(inplace=True), nn.Conv2d(8, 6, 3, 1, 1))
    return net.eval()


@pytest.fixture(scope="module")
def probe(model: nn.Module) -> LayerProbe:
    return LayerProbe(model, "2", input_size=32, device="cpu")


def frames(*args: Any, **how: Any) -> list[np.ndarray]:
    return list(render(*args, settings=SETTINGS, **how))


@pytest.mark.parametrize(
    "given",
    [
        torch.tensor(ROWS, requires_grad=True),
        torch.tensor(ROWS, dtype=torch.float64),
        ROWS.tolist(),
        list(torch.tensor(ROWS)),
        tuple(ROWS),
    ],
    ids=["with gradients", "float64", "numbers", "list of tensors", "tuple of arrays"],
)
def test_directions_come_in_any_shape_of_numbers(probe: LayerProbe, given: Any) -> None:
    icons = invert(probe, given, **BRIEF)
    np.testing.assert_array_equal(icons.directions, ROWS)
    assert icons.directions.dtype == np.float32
    half = invert(probe, torch.tensor(ROWS).bfloat16(), **BRIEF)
    np.testing.assert_allclose(half.directions, ROWS, rtol=1e-2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.ones((6, 2)), "transposed"),
        (np.ones((2, 7)), "layer '2' has 6 channels"),
        ([[1, 2], [3]], "pass an array"),
        ("hello", "pass an array"),
        (ROWS * 1j, "pass an array"),
    ],
)
def test_what_is_no_direction_is_told(probe: LayerProbe, given: Any, said: str) -> None:
    with pytest.raises(ActivationsError, match=said):
        invert(probe, given, **BRIEF)


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"steps": 0}, AtlasError, "steps=0"),
        ({"steps": 2.5}, AtlasError, "whole numbers"),
        ({"size": 4}, AtlasError, "at least 8"),
        ({"seed": [1, 2]}, AtlasError, "one for each"),
        ({"seed": None}, AtlasError, "whole number"),
        ({"settings": {"size": 24}}, AtlasError, "pass InversionSettings"),
        ({"parametrization": Fourier}, AtlasError, r"such as Fourier\(64\)"),
        ({"warm": np.zeros((2, 24, 24, 3), np.uint8)}, ImagesError, "2 pictures"),
        ({"warm": np.zeros((3, 24, 24, 3))}, ImagesError, "float64 of shape"),
        ({"warm": "icons.png"}, ImagesError, "warm is a str"),
    ],
)
def test_what_cannot_be_done_is_told_before_it_is_begun(
    probe: LayerProbe, wrong: dict[str, Any], error: type[AtlasError], said: str
) -> None:
    with pytest.raises(error, match=said):
        invert(probe, ROWS, **{**BRIEF, **wrong})


def test_the_layer_is_asked_for(model: nn.Module, probe: LayerProbe) -> None:
    with pytest.raises(LayerNotFoundError, match="layer is a ndarray"):
        invert(model, ROWS)
    with pytest.raises(LayerNotFoundError, match="layer is a _Function"):
        render(model, o.channel(1))
    with pytest.raises(LayerNotFoundError, match="name a layer"):
        sanity_check(model, directions=ROWS)
    with pytest.raises(AtlasError, match="probe is of layer '2', not '0'"):
        invert(probe, "0", ROWS)
    with pytest.raises(AtlasError, match=r"must be a torch\.nn\.Module, not str"):
        invert("resnet18", "layer3", ROWS)


def test_warm_icons_record_what_they_started_from(probe: LayerProbe) -> None:
    icons = invert(probe, ROWS, seed=[3, 4, 5], **BRIEF)
    assert icons.origins.tolist() == [-1, -1, -1]
    assert icons.seeds.tolist() == [3, 4, 5]
    again = invert(probe, ROWS, warm=icons, **BRIEF)
    assert again.origins.tolist() == [0, 1, 2]
    floats = torch.tensor(icons.images).permute(0, 3, 1, 2) / 255
    same = invert(probe, ROWS, warm=floats, **BRIEF)
    np.testing.assert_array_equal(same.images, again.images)
    assert InversionEngine(probe).start(ROWS, warm=icons.images).origins.tolist() == [0, 1, 2]


def test_icons_can_be_taken_apart_and_know_their_ranks(probe: LayerProbe) -> None:
    icons = invert(probe, ROWS, **BRIEF)
    assert icons[-1].size == (24, 24)
    two = icons[1:]
    assert len(two) == 2
    np.testing.assert_array_equal(two.activations, icons.activations[1:])
    assert icons.rank.shape == (3,)
    assert ((icons.rank >= 0) & (icons.rank < 3)).all()


def test_render_takes_what_stands_for_an_objective(model: nn.Module, probe: LayerProbe) -> None:
    by_number = frames(probe, 2)
    assert len(by_number) == SETTINGS.steps
    np.testing.assert_array_equal(by_number[-1], frames(probe, o.channel(2))[-1])
    assert frames(probe, ROWS)[-1].shape[0] == 3
    assert frames(probe, o.channel(1) - 0.5 * o.direction(ROWS))[-1].shape[0] == 3
    one_for_all = frames(probe, o.direction(ROWS[0]) * o.channel(1), count=2)
    assert one_for_all[-1].shape[0] == 2
    with pytest.warns(UserWarning, match="ImageNet's mean"):  # assumed, and so said
        assert frames(model, "2", o.layer(), device="cpu")[-1].shape == (1, 24, 24, 3)


@pytest.mark.parametrize(
    ("objective", "how", "said"),
    [
        (o.channel(99), {}, "channels 0 to 5"),
        (o.neuron(-7), {}, "channels 0 to 5"),
        (o.neuron(2, 99, 0), {}, "12 × 12 positions"),
        (o.direction(np.ones(9)), {}, "9 numbers, the layer 6"),
        (o.layer() + 2 * o.direction(ROWS), {"count": 2}, "3 directions for 2 pictures"),
        (o.layer(), {"every": 0}, "every=0"),
        (o.layer(), {"count": 0}, "count=0"),
        (None, {}, "objective=None"),
    ],
)
def test_an_objective_that_does_not_fit_the_layer_is_told(
    probe: LayerProbe, objective: Any, how: dict[str, int], said: str
) -> None:
    with pytest.raises(AtlasError, match=said):
        frames(probe, objective, **how)


def test_controls_need_something_to_rank_among(probe: LayerProbe) -> None:
    with pytest.raises(ActivationsError, match="one direction alone"):
        sanity_check(probe, ROWS[0], settings=SETTINGS)
    with pytest.raises(ActivationsError, match="means have 9 numbers"):
        sanity_check(probe, ROWS, means=np.ones((4, 9)), settings=SETTINGS)
    photos = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    check = sanity_check(probe, ROWS, images=photos, settings=SETTINGS)
    assert len(check["nearest crop"].cosine) == 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: Fourier(24.5),
        lambda: Maco(1, np.zeros((4, 3, 20, 20))),
        lambda: Maco(16, np.zeros((20, 20, 3))),
        lambda: Transforms(scale=(0.0, 1.0)),
        lambda: InversionSettings(decay=1.5),
    ],
)
def test_parts_that_cannot_be_made_say_what_was_expected(make: Callable[[], object]) -> None:
    with pytest.raises(AtlasError, match=r"expected|a part of the steps, from 0 to 1"):
        make()


def test_a_spectrum_may_be_measured_on_bytes() -> None:
    photos = np.random.default_rng(0).integers(0, 256, (4, 20, 20, 3), dtype=np.uint8)
    floats = torch.tensor(photos).permute(0, 3, 1, 2) / 255
    phases = Maco(16, photos).start(torch.Generator().manual_seed(0))[None]
    torch.testing.assert_close(Maco(16, photos)(phases), Maco(16, floats)(phases))


@contextmanager
def float64_by_default() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def another_device_by_default() -> AbstractContextManager[Any]:
    return torch.device("meta")  # what lands there by mistake has no values


@pytest.mark.parametrize(
    "around", [float64_by_default, another_device_by_default, torch.inference_mode]
)
def test_what_a_person_has_switched_on_around_it_changes_nothing(
    model: nn.Module, around: Callable[[], AbstractContextManager[Any]]
) -> None:
    plain = invert(model, "2", ROWS, device="cpu", **BRIEF)
    with around():
        icons = invert(model, "2", ROWS, device="cpu", **BRIEF)
    assert np.abs(icons.images.astype(int) - plain.images.astype(int)).max() <= 1


def test_a_unit_is_excited_or_driven_below_zero(probe: LayerProbe) -> None:
    up, down = (frames(probe, o.unit(2, sign))[-1] for sign in (1, -1))
    np.testing.assert_array_equal(up, frames(probe, o.neuron(2))[-1])
    np.testing.assert_array_equal(down, frames(probe, -1 * o.neuron(2))[-1])
    everywhere = frames(probe, o.unit(1, everywhere=True))[-1]
    np.testing.assert_array_equal(everywhere, frames(probe, o.channel(1))[-1])
    with pytest.raises(ActivationsError, match="1 or -1"):
        o.unit(2, 0)
