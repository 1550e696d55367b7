"""Objectives, parametrizations, transforms and controls, each by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget.errors import ActivationsError, AtlasError, ImagesError
from atlas_widget.inversion import Fourier, InversionSettings, Maco, Pixels, Transforms, render
from atlas_widget.inversion import objectives as o
from atlas_widget.inversion.judge import Judge
from atlas_widget.inversion.leaky_gradients import leaky_gradients
from atlas_widget.inversion.likeness import cosine, ranks
from atlas_widget.inversion.sanity import Control, SanityCheck, sanity_check
from atlas_widget.probe import LayerProbe


def seen(h: torch.Tensor) -> o.Seen:
    maps = torch.zeros(*h.shape, 3, 3)
    maps[:, :, 1, 1] = h
    return o.Seen(maps, (1, 1), torch.zeros(len(h), 3, 8, 8))


def test_the_direction_objective_has_both_norms_in_its_cosine() -> None:
    h, t = torch.tensor([[3.0, 4.0], [6.0, 8.0]]), torch.tensor([[1.0, 0.0], [5.0, 0.0]])
    expected = torch.tensor([3.0, 6.0]) * 0.6**2
    torch.testing.assert_close(o.direction(t, power=2)(seen(h)), expected)
    # the strength of the target does not matter, nor who else is in the batch
    torch.testing.assert_close(o.direction(t[:1], power=2)(seen(h[:1])), expected[:1])


def test_negative_times_negative_is_no_success() -> None:
    h = torch.tensor([[-1.0, -1.0]])
    assert o.direction([1.0, 1.0], power=3)(seen(h)) < 0


def test_reach_levels_off_at_the_targets_own_strength() -> None:
    plain, level = o.direction([2.0, 0.0]), o.direction([2.0, 0.0], reach=1.0)
    one, ten = seen(torch.tensor([[2.0, 0.0]])), seen(torch.tensor([[20.0, 0.0]]))
    assert plain(ten) / plain(one) == pytest.approx(10.0)
    assert level(ten) / level(one) < 2.0
    assert level(ten) > level(one)


def test_objectives_compose() -> None:
    maps = seen(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    both = o.neuron(0) + 2 * o.neuron(1) - o.neuron(0) * 0.5
    torch.testing.assert_close(both(maps), torch.tensor([4.5, 9.5]))
    total = sum([o.neuron(0), o.neuron(1)])
    assert isinstance(total, o.Objective)
    torch.testing.assert_close(total(maps), torch.tensor([3.0, 7.0]))
    torch.testing.assert_close(o.channel(1)(maps), torch.tensor([2.0, 4.0]) / 9)
    assert (o.layer()(maps) > 0).all()
    mixed = o.direction(np.eye(2)) + o.total_variation() * -1
    merged = mixed.select(torch.tensor([1])).merge([mixed])
    assert merged(seen(torch.ones(3, 2))).shape == (3,)


def test_diversity_rewards_difference() -> None:
    same = o.Seen(torch.rand(1, 4, 3, 3).repeat(2, 1, 1, 1), (1, 1), torch.zeros(2, 3, 8, 8))
    unlike = torch.zeros(2, 4, 3, 3)
    unlike[0, 0], unlike[1, 2] = 1.0, 1.0
    assert (o.diversity()(o.Seen(unlike, (1, 1), same.pictures)) > o.diversity()(same)).all()


@pytest.mark.parametrize("make", [lambda: Pixels(16), lambda: Fourier(16), lambda: Fourier(15)])
def test_pictures_survive_the_way_there_and_back(make: object) -> None:
    parametrization = make()  # type: ignore[operator]
    side = parametrization.size
    pictures = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0)) * 0.8 + 0.1
    again = parametrization(parametrization.numbers_of(pictures))
    torch.testing.assert_close(again, pictures, atol=2e-4, rtol=0)


def test_the_same_numbers_give_the_same_picture_at_every_size() -> None:
    small, large = Fourier(16, falloff=1.5), Fourier(32, falloff=1.5)
    numbers = torch.zeros(1, 3, 16, 9, 2)
    numbers[0, :, 1, 2, 0] = 0.05
    wide = torch.zeros(1, 3, 32, 17, 2)
    wide[:, :, 1, 2] = numbers[:, :, 1, 2]
    torch.testing.assert_close(large(wide)[..., ::2, ::2], small(numbers), atol=1e-4, rtol=0)


def test_maco_keeps_the_spectrum_of_the_images() -> None:
    images = torch.rand(8, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    maco = Maco(16, images)
    picture = maco(maco.start(torch.Generator().manual_seed(1))[None])
    assert picture.shape == (1, 3, 16, 16)
    assert abs(float(picture.mean() - images.mean())) < 0.1
    with pytest.raises(ImagesError, match="expected"):
        Maco(16, torch.rand(3, 24, 24))


def test_transforms_fade_into_nothing_and_treat_each_picture_alone() -> None:
    transforms = Transforms()
    pictures = torch.rand(3, 3, 20, 20)
    numbers = transforms.draw(torch.Generator().manual_seed(0), 3)
    none = transforms(pictures, numbers, torch.zeros(3), 20)
    torch.testing.assert_close(none, pictures)
    mixed = transforms(pictures, numbers, torch.tensor([0.0, 1.0, 0.5]), 20)
    torch.testing.assert_close(mixed[0], pictures[0], atol=1e-5, rtol=0)
    alone = transforms(pictures[1:2], numbers[1:2], torch.ones(1), 20)
    torch.testing.assert_close(mixed[1:2], alone)
    assert not torch.allclose(mixed[1], pictures[1], atol=0.05)


def test_redirected_keeps_values_and_leaks_gradients() -> None:
    x = torch.tensor([-1.0, 1.0, 9.0], requires_grad=True)
    plain = nn.ReLU6()(x)
    with leaky_gradients():
        leaking = nn.ReLU6()(x)
        clipped = x.clip(0, 6)
    torch.testing.assert_close(leaking, plain)
    torch.testing.assert_close(clipped, plain)
    (gradient,) = torch.autograd.grad(leaking.sum() + clipped.sum(), x)
    assert (gradient >= 0.2).all()


def test_ranks_are_taken_after_the_common_part_is_gone() -> None:
    means = np.array([[10.0, 1.0], [10.0, -1.0], [11.0, 0.0]])
    answers = np.array([[10.0, 0.5], [10.0, 0.5]])
    assert ranks(answers, means, [0, 1]).tolist() == [0, 2]
    assert cosine(answers, means[:2]).min() > 0.98
    with pytest.raises(ActivationsError, match="own cells"):
        ranks(answers, means, [0, 7])


def test_render_yields_frames_for_any_objective() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 5, 2, 2), nn.ReLU())
    probe = LayerProbe(net, "1", input_size=32, device="cpu")
    settings = InversionSettings.icon(size=24, steps=6)
    objective = o.channel(2) + 0.1 * o.diversity()
    frames = list(render(probe, objective, count=2, settings=settings, every=2))
    assert len(frames) == 3
    assert frames[-1].shape == (2, 24, 24, 3)
    assert not np.array_equal(frames[-1][0], frames[-1][1])


def test_sanity_check_has_its_controls(demo_model: nn.Module) -> None:
    generator = torch.Generator().manual_seed(0)
    crops = torch.rand(6, 3, 12, 12, generator=generator)
    crops = nn.functional.interpolate(crops, (96, 96), mode="bicubic").clamp(0, 1)
    with LayerProbe(demo_model, "blocks.2.1", device="cpu") as probe:
        targets = probe.activations(crops)[:, :, 6, 6]
    settings = InversionSettings.icon(steps=16)
    check = sanity_check(
        demo_model, "blocks.2.1", targets, images=crops, settings=settings, device="cpu"
    )
    assert check["pictures"].median > check["noise images"].median
    assert check["pictures"].median > check["untrained network's pictures"].median
    assert "untrained" in repr(check)
    with pytest.raises(KeyError, match="there are"):
        check["nothing"]


def test_what_statistics_reach_alone_is_a_control_of_its_own(demo_model: nn.Module) -> None:
    generator = torch.Generator().manual_seed(0)
    crops = torch.rand(4, 3, 12, 12, generator=generator)
    crops = nn.functional.interpolate(crops, (96, 96), mode="bicubic").clamp(0, 1)
    with LayerProbe(demo_model, "blocks.2.1", device="cpu") as probe:
        targets = probe.activations(crops)[:, :, 6, 6]
        check = sanity_check(
            probe,
            directions=targets,
            examples=[crop[None] for crop in crops],
            settings=InversionSettings.icon(steps=12),
        )
    assert check["pictures"].median > check["statistics alone"].median
    assert check["statistics alone"].median != check["noise images"].median
    assert check.passed
    assert "statistics of crops alone" in check.verdict


def test_settings_describe_themselves() -> None:
    a, b = InversionSettings.icon(), InversionSettings.icon(chroma=1.1)
    assert a.description != b.description
    assert a.description == InversionSettings.icon().description
    assert hash(a) != hash(b)
    assert a.with_steps(12).learning_rate > a.learning_rate


def test_the_views_of_a_picture_have_no_frame_that_is_not_its_own():
    """What comes into view from outside goes on like the picture's rim, or is grey if asked for."""
    white = torch.ones(1, 3, 32, 32)
    numbers = torch.tensor([[0.0, 0.0, -1.0, 0.0]])  # as small as it is ever shown
    small = {"scale": (0.5, 1.0)}
    assert float(Transforms(**small)(white, numbers, torch.ones(1), 32).min()) == 1
    framed = Transforms(**small, padding="grey")(white, numbers, torch.ones(1), 32)
    assert float(framed.min()) == 0.5
    with pytest.raises(AtlasError, match='padding=\'mirror\': expected "border" or "grey"'):
        Transforms(padding="mirror")


def test_positions_take_fewer_steps_and_pixels_than_cells():
    positions, cell = InversionSettings.positions(), InversionSettings.icon()
    assert (positions.steps, positions.units) == (40, 2.5)
    assert positions.replace(steps=cell.steps, units=cell.units) == cell
    assert InversionSettings.positions(steps=8).steps == 8


def test_what_a_picture_was_made_with_is_told_in_words() -> None:
    icon, small = InversionSettings.icon(), InversionSettings.icon(size=24, steps=12)
    assert icon.made_with(8) == "direction + statistics of 8 crops · preset icon, 64 px, 48 steps"
    assert small.made_with(1).startswith("direction + statistics of 1 crop · preset icon, 24 px")
    assert icon.made_with(0).startswith("direction only · ")
    assert InversionSettings.closest().made_with(8).startswith("direction only · preset closest, ")
    assert icon.with_steps(12).preset == "icon"
    assert icon.replace(falloff=2.0).preset == "custom"
    assert InversionSettings.portrait().made_with(8, steps=112).endswith(", 192 px, 112 steps")


def test_a_judge_says_in_which_part_of_each_rows_pictures_it_finds_the_cell(
    demo_model: nn.Module, demo_images
) -> None:
    names = ("cheetah", "coffee", "grass", "rocket")
    photos = [demo_images[name].convert("RGB") for name in names]
    sides = [min(photo.size) for photo in photos]
    boxes = [[(at, 0, at + side - 60, side - 60) for at in (0, 20, 40, 60)] for side in sides]
    crops = [
        np.stack([np.asarray(photo.resize((64, 64), box=box)) for box in each])
        for photo, each in zip(photos, boxes, strict=True)
    ]
    rgb = torch.from_numpy(np.stack([each[0] for each in crops])).permute(0, 3, 1, 2) / 255
    judge = Judge(demo_model, device="cpu")
    with LayerProbe(demo_model, "blocks.2.1", device="cpu") as probe:
        targets = probe.activations(nn.functional.interpolate(rgb, (224, 224)))[:, :, 14, 14]
        options = {"images": rgb, "settings": InversionSettings.icon(steps=4)}
        held_out = [each[1:] for each in crops]
        check = sanity_check(probe, directions=targets, judge=judge, held_out=held_out, **options)
        with pytest.raises(ActivationsError, match="held_out"):
            sanity_check(probe, directions=targets, judge=judge, **options)
    assert check["noise images"].found <= 0.5
    assert all(0 <= control.found <= 1 for control in check.controls)
    assert "judge" in repr(check).splitlines()[0]


def test_a_verdict_keeps_nothing_back_that_the_judge_says() -> None:
    def row(name: str, cosine_: float, found: float | None) -> Control:
        return Control(name, np.full(4, cosine_, np.float32), cosine_, found)

    good = SanityCheck((row("pictures", 0.8, 0.7), row("statistics alone", 0.2, 0.4)))
    assert "judge" not in good.verdict
    doubtful = SanityCheck((row("pictures", 0.8, 0.4), row("statistics alone", 0.2, 0.4)))
    assert doubtful.passed
    assert "judge finds the cells no better in them than in these: statistics alone" in (
        doubtful.verdict
    )
    assert "judge" not in SanityCheck((row("pictures", 0.8, None), row("x", 0.2, None))).verdict
