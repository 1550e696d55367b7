"""Pictures that keep the early channel statistics of real crops."""

from __future__ import annotations

import numpy as np
import pytest
import timm
import torch
import torchvision.models as zoo
from torch import Tensor, nn

from atlas_widget.errors import ActivationsError, ImagesError
from atlas_widget.inversion import (
    InversionEngine,
    InversionSettings,
    Transforms,
    invert,
    objectives,
)
from atlas_widget.inversion.early_layers import EarlyLayers, early_layers
from atlas_widget.inversion.invert import run
from atlas_widget.probe import LayerProbe

BRIEF = InversionSettings.icon(size=32, steps=16, statistics=10.0, least=0.1)


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


def crops(level: float, count: int = 4) -> Tensor:
    """Return crops of soft noise about one grey."""
    generator = torch.Generator().manual_seed(int(level * 100))
    noise = torch.rand(count, 3, 6, 6, generator=generator) * 0.1 + level
    return nn.functional.interpolate(noise, (32, 32), mode="bilinear").clamp(0, 1)


def directions(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, 16)).astype(np.float32)


def distance(probe: LayerProbe, pictures: np.ndarray, examples: Tensor) -> float:
    """Return how far the first layer's channel means are from those of the examples."""
    first = LayerProbe(probe.private_model, "2")
    rgb = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    own, wanted = (first.activations(x).mean((2, 3)).mean(0) for x in (rgb, examples))
    return float((own - wanted).norm())


def test_pictures_come_nearer_to_the_statistics_of_their_own_crops(probe: LayerProbe) -> None:
    engine = InversionEngine(probe, settings=BRIEF)
    dark, light = crops(0.05), crops(0.9)
    aims = directions(1).repeat(2, 0)
    icons = run(engine, aims, images=[dark, light])
    plain = run(engine, aims)
    for row, own, other in ((0, dark, light), (1, light, dark)):
        picture = icons.images[row : row + 1]
        assert distance(probe, picture, own) < distance(probe, picture, other)
        assert distance(probe, picture, own) < distance(probe, plain.images[row : row + 1], own)


def test_the_result_says_what_each_picture_was_made_with(probe: LayerProbe) -> None:
    engine = InversionEngine(probe, settings=BRIEF)
    icons = run(engine, directions(3), images=[crops(0.2), None, crops(0.8, 2)])
    plain = run(engine, directions(3))
    assert icons.examples.tolist() == [4, 0, 2]
    assert icons.early_layers == ("2", "4")
    assert icons.made_with[1] == "the direction alone"
    assert "2 crops" in icons.made_with[2]
    assert plain.examples.tolist() == [0, 0, 0]
    assert icons[:1].examples.tolist() == [4]
    # a picture without crops among others with some is what it is alone
    assert np.abs(icons.images[1].astype(int) - plain.images[1].astype(int)).max() <= 2


def test_slices_selections_and_merges_change_nothing(probe: LayerProbe) -> None:
    engine = InversionEngine(probe, settings=BRIEF)
    examples = engine.statistics_of([crops(0.2), crops(0.5), crops(0.8)])
    assert examples is not None
    aims = directions(3)
    whole = engine.start(aims, 7, examples=examples)
    engine.advance(whole, 16)
    one = engine.start(aims[:1], 7, examples=examples.select(torch.tensor([0])))
    engine.advance(one, 5)
    rest = engine.start(aims[1:], 7, examples=examples.select(torch.tensor([1, 2])))
    both = one.merge(rest)
    engine.advance(both, 11)
    first = both.select([0])
    engine.advance(both, 5)
    again = np.concatenate([engine.pictures(first), engine.pictures(both.select([1, 2]))])
    assert np.abs(again.astype(int) - engine.pictures(whole).astype(int)).max() <= 2


def test_nothing_is_asked_within_the_spread_of_the_crops(probe: LayerProbe) -> None:
    engine = InversionEngine(probe, settings=BRIEF)
    examples = engine.statistics_of([torch.cat([crops(0.1), crops(0.9)])])
    assert examples is not None
    inside = examples.centre[:, 0] + 0.5 * examples.spread[:, 0]
    outside = examples.centre[:, 0] + 3.0 * examples.spread[:, 0]
    maps, pictures = torch.zeros(1, 16, 3, 3), torch.zeros(1, 3, 8, 8)
    prior = objectives.channel_statistics(examples, tolerance=1.0)
    assert prior(objectives.Seen(maps, (1, 1), pictures, inside)).item() == 0
    assert prior(objectives.Seen(maps, (1, 1), pictures, outside)).item() < 0
    strict = objectives.channel_statistics(examples, tolerance=0.0)
    assert strict(objectives.Seen(maps, (1, 1), pictures, inside)).item() < 0


def test_a_prior_counts_in_proportion_to_what_has_been_reached() -> None:
    maps = torch.tensor([[2.0], [-2.0], [0.1]])[:, :, None, None].requires_grad_()
    seen = objectives.Seen(maps, (0, 0), torch.zeros(3, 3, 8, 8))
    score = objectives.neuron(0).with_prior(-1 * objectives.layer(), 3.0, least=[0.5, 0.5, 0.5])
    torch.testing.assert_close(
        score(seen), torch.tensor([2 - 3 * 2 * 4.0, -2 - 3 * 2 * 4.0, 0.1 - 3 * 0.5 * 0.01])
    )
    (gradient,) = torch.autograd.grad(score(seen).sum(), maps)
    torch.testing.assert_close(
        gradient.flatten(), torch.tensor([1 - 3 * 2 * 4.0, 1 + 3 * 2 * 4.0, 1 - 3 * 0.5 * 0.2])
    )


def test_the_rim_around_a_picture_has_no_part_in_its_statistics(probe: LayerProbe) -> None:
    framed = BRIEF.replace(transforms=Transforms(scale=(0.65, 1.2), padding="grey"))
    engine = InversionEngine(probe, settings=framed)
    bright = torch.ones(1, 3, 32, 32)
    numbers = torch.tensor([[0.0, 0.0, -1.0, 0.0]])  # as small as it is ever shown
    transforms, full = engine.settings.transforms, torch.ones(1)
    view = engine.network_view.view
    views = transforms(bright, numbers, full, view)
    covered = transforms.covered(numbers, full, view)
    assert covered is not None
    assert 0.3 < float(covered.mean()) < 0.6
    whole = engine.network_view.statistics(torch.ones(1, 3, view, view))
    masked, plain = (engine.network_view.statistics(views, mask) for mask in (covered, None))
    means = slice(0, 1), slice(0, 1)
    assert (masked - whole)[means].norm() < 0.7 * (plain - whole)[means].norm()


@pytest.mark.parametrize(
    ("make", "layer", "size", "expected"),
    [
        (lambda: zoo.resnet18(weights=None), "layer3.1", 64, ("relu", "layer1", "layer2")),
        (
            lambda: timm.create_model("convnext_atto", num_classes=4),
            "stages.2",
            64,
            ("stages.0", "stages.1"),
        ),
        (
            lambda: timm.create_model(
                "vit_tiny_patch16_224", img_size=64, embed_dim=48, depth=4, num_heads=3
            ),
            "blocks.3",
            64,
            ("patch_embed", "pos_drop", "blocks.0"),
        ),
    ],
    ids=["resnet", "convnext", "vit"],
)
def test_any_network_has_early_layers(
    make: object, layer: str, size: int, expected: tuple[str, ...]
) -> None:
    torch.manual_seed(0)
    probe = LayerProbe(make(), layer, input_size=size, device="cpu")  # type: ignore[operator]
    found = early_layers(probe)
    assert tuple(each.name for each in found) == expected
    settings = InversionSettings.icon(size=32, steps=3)
    aims = np.random.default_rng(0).random((2, probe.channels)).astype(np.float32)
    icons = invert(probe, aims, images=torch.rand(2, 3, 3, 40, 40), settings=settings, steps=3)
    assert icons.examples.tolist() == [3, 3]
    assert icons.early_layers == tuple(each.name for each in found)
    assert np.isfinite(icons.cosine).all()


def test_vectors_have_early_layers_too(network: nn.Module) -> None:
    probe = LayerProbe(network, "9", input_size=64, device="cpu")
    assert [each.name for each in early_layers(probe)] == ["2", "4", "6"]


def test_nothing_runs_before_the_first_layer(network: nn.Module) -> None:
    probe = LayerProbe(network, "0", input_size=64, device="cpu")
    assert early_layers(probe) == ()
    assert not EarlyLayers(())
    aims = np.random.default_rng(0).random((2, 12)).astype(np.float32)
    icons = run(InversionEngine(probe, settings=BRIEF), aims, images=[crops(0.2), crops(0.8)])
    assert icons.examples.tolist() == [0, 0]
    assert "'0'" in icons.notices[0]
    plain = run(InversionEngine(probe, settings=BRIEF), aims)
    assert np.array_equal(icons.images, plain.images)


def test_no_crop_at_all_is_said(probe: LayerProbe) -> None:
    aims = np.random.default_rng(0).random((2, probe.channels)).astype(np.float32)
    icons = run(InversionEngine(probe, settings=BRIEF), aims, images=[None, None])
    assert icons.examples.tolist() == [0, 0]
    assert "images=" in icons.notices[0]


def test_the_old_recipe_takes_no_notice_of_crops(probe: LayerProbe) -> None:
    settings = InversionSettings.closest(size=32)
    assert (settings.steps, settings.still, settings.calm) == (32, 0.5, 0.5)
    engine = InversionEngine(probe, settings=settings)
    icons, plain = run(engine, directions(2), images=[crops(0.2)] * 2), run(engine, directions(2))
    assert icons.examples.tolist() == [0, 0]
    assert np.array_equal(icons.images, plain.images)


def test_what_is_no_crop_is_named(probe: LayerProbe) -> None:
    with pytest.raises(ImagesError, match="1 pictures for 2 directions"):
        invert(probe, directions(2), images=[crops(0.2)], steps=1)
    with pytest.raises(ImagesError, match="images is a str"):
        invert(probe, directions(2), images="folder", steps=1)
    with pytest.raises(ImagesError, match="values reach from"):
        invert(probe, directions(1), images=[crops(0.2) * 255], steps=1)
    engine = InversionEngine(probe, settings=BRIEF)
    with pytest.raises(ActivationsError, match="1 pictures for 2"):
        engine.start(directions(2), examples=engine.statistics_of([crops(0.2)]))
