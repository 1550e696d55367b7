"""Readings of tokens, vectors and the demo's photos; the user's model and the private copy."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from atlas_widget import attribution_map, demo, read_image
from atlas_widget.errors import AtlasError, AttributionError, LayerNotFoundError
from atlas_widget.probe.several import open_layers
from atlas_widget.reading import read_with_probes
from tests.reading.networks import Chain, chain, identity, image, lively, read, scores_of

ALL = ["relu1", "relu2", "relu3"]


class Tokens(nn.Module):
    """Patches and a class token, mixed without a bias and read at all tokens."""

    def __init__(self):
        super().__init__()
        self.cut = nn.Conv2d(3, 6, 3, stride=3, bias=False)
        self.mix = nn.Linear(6, 6, bias=False)
        self.act = nn.ReLU()
        self.token = nn.Parameter(torch.zeros(1, 1, 6))
        self.head = nn.Linear(6, 3, bias=False)

    def forward(self, x):
        tokens = self.cut(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(x), -1, -1), tokens], 1)
        tokens = self.act(self.mix(tokens))
        return self.head(tokens.mean(1) + tokens[:, 0])


def test_prefix_tokens_are_a_row_of_their_own():
    model = lively(Tokens())
    with read(model, ["mix", "act"]) as seen:
        assert seen.activations("act").shape == (6, 4, 4)
        with torch.no_grad():
            tokens = model.cut(image[None].double()).flatten(2).transpose(1, 2)
            token = model.act(model.mix(model.token))[0, 0]
        for k in range(3):
            found = seen.spatial("act", k)
            own = float(model.head.weight.detach()[k] @ token) * (1 + 1 / 17)
            assert found.remainders["prefix tokens"] == pytest.approx(own, abs=1e-13)
            assert found.remainders["rest"] == pytest.approx(0, abs=1e-13)
            closed = found.total + sum(found.remainders.values())
            assert closed == pytest.approx(float(scores_of(model)[k]), abs=1e-13)
            assert "prefix tokens" in seen.groups("act", 2).attribution(k).remainders
            path = seen.channels("act", k, steps=3)
            assert path.remainders["prefix tokens"] == pytest.approx(own, abs=1e-13)
            assert path.remainders["gap"] == pytest.approx(0, abs=1e-13)
        assert tokens.shape == (1, 16, 6)
        table = seen.ablate("act", positions=[(1, 2)], classes=0)
        np.testing.assert_allclose(table["predicted"], table["actual"], atol=1e-13)


def test_a_vector_is_one_position():
    class Pooled(Chain):
        def __init__(self):
            super().__init__()
            self.mean = nn.AdaptiveAvgPool2d(1)
            self.flat = nn.Flatten()

        def forward(self, x):
            return self.head(self.flat(self.mean(self.before_head(x))))

    model = lively(Pooled())
    with read(model, ["relu3", "flat"]) as seen:
        assert seen.grid("flat").norms.shape == (1, 1)
        found = seen.channels("flat", 1)
        np.testing.assert_allclose(found.values, seen.channels("relu3", 1).values, atol=1e-13)
        assert seen.between("relu3", "flat", position=(0, 0)).total > 0
        with pytest.raises(AtlasError, match="so 1 to 1 can be found"):
            seen.groups("flat", 2)


def test_a_model_without_classes_can_be_read_and_says_what_it_lacks():
    class Features(Chain):
        def forward(self, x):
            return {"features": self.before_head(x)}

    model = lively(Features())
    with read(model, ALL) as seen:
        assert seen.groups("relu2", 2).explained > 0
        assert seen.between("relu1", "relu3", position=(2, 2)).total > 0
        assert seen.feeds("relu1", position=(2, 2)).classes is None
        for call in (seen.classes, lambda: seen.spatial("relu2", 0)):
            with pytest.raises(AttributionError, match="target="):
                call()
    mean = lambda output: output["features"].mean((1, 2, 3))  # noqa: E731
    with read(model, ALL, target={"mean": mean}) as seen:
        found = seen.channels("relu3", "mean")
        np.testing.assert_allclose(
            found.values, seen.activations("relu3").sum((1, 2)) / (7 * 36), atol=1e-13
        )


def test_layers_come_in_the_order_in_which_they_run_and_once():
    with read(chain(), ["relu3", "relu1", "relu3"]) as seen:
        assert seen.layers == ("relu1", "relu3")
        assert "relu1, relu3" in repr(seen)
    with read(chain(), "relu2") as seen:
        assert seen.layers == ("relu2",)
    with pytest.raises(AtlasError, match=r"layers=\[\]"):
        read(chain(), [])
    with pytest.raises(LayerNotFoundError, match="Did you mean 'relu3'"):
        read(chain(), "relu33")


def test_the_users_model_stays_as_it_is_and_random_numbers_too():
    model = chain().train()
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    with pytest.warns(UserWarning, match="training mode"):
        seen = read(model, ALL)
    with seen:
        seen.spatial("relu1", 0)
        seen.feeds("relu1", position=(0, 0))
        seen.deletion("relu3", 0, points=3, orders=1)
        seen.ablate("relu2", channel=0)
        hooks = [module._forward_hooks for module in seen.probe("relu1").model.modules()]
        assert not any(hooks)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
    assert torch.equal(state, torch.get_rng_state())
    with pytest.raises(AtlasError, match="has been closed"):
        seen.spatial("relu1", 0)


def test_it_works_in_the_users_inference_mode():
    with torch.inference_mode(), read(chain(), ALL) as seen:
        assert seen.flow(seen.groups("relu1", 2), seen.groups("relu3", 1)).loc["sum", 0] > 0
        assert seen.between("relu1", "relu3", position=(1, 1)).total != 0
        assert seen.spatial("relu1", 0).total != 0
        assert seen.feeds("relu1", position=(0, 0)).later["relu3"].total != 0
        assert seen.spatial("relu1", 0, steps=2).total != 0


def test_an_image_that_is_not_square_keeps_its_form():
    wide = torch.rand(3, 8, 14)
    model = chain()
    with read_image(
        model, ALL, wide, transform=identity, device="cpu", input_size=12
    ) as seen:  # the model takes any size
        assert seen.activations("relu2").shape == (6, 8, 14)
        score = float(scores_of(model, wide)[1])
        assert seen.spatial("relu1", 1).score == pytest.approx(score, abs=1e-13)
        assert seen.crop == (0, 0, 14, 8)
        x0, y0, x1, y1 = seen.box("relu2", (4, 10))
        assert (x1 - x0, y1 - y0) == (8, 8)  # the least side of a box
        assert x0 <= 10 < x1
        assert y0 == 0
        assert seen.box("relu2", (4, 10), of="image") == (x0, y0, x1, y1)


def test_a_box_can_be_had_in_the_pixels_of_the_photo():
    """The network is given the square in the middle, scaled to 32 pixels a side."""
    model = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8, bias=False), nn.Flatten(), nn.Linear(64, 2))
    photo = Image.fromarray(np.zeros((80, 128, 3), np.uint8))
    photo.paste((255, 255, 255), (64, 20, 84, 40))  # the square that position (1, 2) looks at
    given = {"transform": identity, "device": "cpu", "input_size": 32}
    with read_image(lively(model).float(), "0", photo, **given) as seen:
        assert seen.crop == (24, 0, 104, 80)
        assert seen.box("0", (1, 2)) == (16, 8, 24, 16)
        assert seen.box("0", (1, 2), of="image") == (64, 20, 84, 40)
        norms = seen.grid("0").norms
        assert norms[1, 2] > 5 * np.delete(norms.ravel(), 6).max()
        with pytest.raises(AtlasError, match="of='photo'"):
            seen.box("0", (1, 2), of="photo")


def test_probes_that_are_open_stay_so():
    probes = open_layers(chain(), ALL, transform=identity, device="cpu", input_size=12)
    with read_with_probes(probes, image) as seen:
        assert seen.probe("relu2") is probes[1]
        x0, y0, x1, y1 = seen.box("relu2", (6, 6))
        assert 0 <= x0 < x1 <= 12
        assert 0 <= y0 < y1 <= 12
        np.testing.assert_array_equal(seen.pixels, (image.permute(1, 2, 0) * 255).round())
    assert probes[0].activations(image[None]).shape == (1, 5, 12, 12)
    for probe in probes:
        probe.close()


def test_another_image_is_read_with_the_same_copy_of_the_model():
    model, second = chain(), torch.rand(3, 12, 12, generator=torch.Generator().manual_seed(9))
    with read(model, ALL, labels=list("abcd")) as seen:
        other = seen.another(second)
        assert other.probe("relu2") is seen.probe("relu2")
        np.testing.assert_allclose(
            other.spatial("relu2", "c").score, float(scores_of(model, second)[2]), atol=1e-13
        )
        assert seen.spatial("relu2", "c").score == pytest.approx(
            float(scores_of(model)[2]), abs=1e-13
        )
        other.close()
        assert seen.ablate("relu2", channel=0)["actual"].any()  # the copy is not the other's
    with pytest.raises(AtlasError, match="has been closed"):
        seen.another(second)


@pytest.fixture(scope="module")
def goldfish(demo_model, demo_images):
    layers = ["blocks.2.1", "blocks.4.2", "bn2"]
    with read_image(
        demo_model, layers, demo_images.open(3), labels=demo.labels(), device="cpu"
    ) as seen:
        yield seen


def test_at_the_demo_the_sums_close(goldfish):
    """Its ReLU6 have ceilings, its batch norms shifts, its blocks branches: all accounted for."""
    assert goldfish.classes(1)["label"].tolist() == ["goldfish"]
    for layer in goldfish.layers:
        found = goldfish.completeness(layer, "goldfish")
        assert abs(found.rest) < 1e-4 * found.score
        assert found.closed
    last = goldfish.completeness("bn2", "goldfish")
    assert last.gap == pytest.approx(0, abs=1e-4)  # a linear layer behind a global mean


def test_at_the_demo_it_says_what_the_plain_functions_say(goldfish, demo_model):
    found = attribution_map(demo_model, "blocks.4.2", goldfish.rgb, [1, 392], device="cpu")[0]
    for maps, name in zip(found, ["goldfish", "rock beauty"], strict=True):
        own = goldfish.spatial("blocks.4.2", name).values
        np.testing.assert_allclose(own, maps, atol=1e-4 * np.abs(maps).max())


def test_positions_have_pictures(goldfish):
    places = goldfish.grid("blocks.4.2").strongest[:2]
    icons = goldfish.pictures("blocks.4.2", places, size=32, steps=4)
    assert len(icons) == 2
    row, column = places[1]
    np.testing.assert_allclose(
        icons.directions[1], goldfish.activations("blocks.4.2")[:, row, column], rtol=1e-5
    )
