"""Real examples are turned about what the unit sees, and its answers follow."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from atlas_widget import LayerProbe, scan_units, tuning
from atlas_widget.errors import AtlasError, ImagesError
from atlas_widget.units import scrambled_band
from atlas_widget.units.turned import Seen, turned_examples
from tests.units.test_tuning_curves import OneLayer, gabor, identity

ORIENTATIONS = (0, 60)
SIZE = 64


@pytest.fixture(scope="module")
def probe():
    model = OneLayer(np.stack([gabor(orientation) for orientation in ORIENTATIONS])).eval()
    with LayerProbe(model, "conv", input_size=SIZE, device="cpu", transform=identity) as opened:
        yield opened


@pytest.fixture(scope="module")
def photos():
    """Noise with a bar in it, at another angle in each."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    images = []
    for angle in range(0, 180, 20):
        across = x * np.cos(np.radians(angle)) - y * np.sin(np.radians(angle))
        bar = np.exp(-(across**2) / 4)[..., None] * 120
        noise = ndimage.gaussian_filter(rng.normal(size=(SIZE, SIZE, 3)), (2, 2, 0)) * 60
        images.append(Image.fromarray(np.clip(110 + bar + noise, 0, 255).astype(np.uint8)))
    return images


@pytest.fixture(scope="module")
def scan(probe, photos):
    return scan_units(
        probe.model, "conv", photos, transform=identity, input_size=SIZE, device="cpu",
        progress=False,
    )  # fmt: skip


def middle(probe, picture):
    """The activations of the unit in the middle of the map for one picture in its field."""
    side = picture.shape[-1]
    canvas = torch.full((1, 3, SIZE, SIZE), 0.5)
    start = (SIZE - side + 1) // 2
    canvas[0, :, start : start + side, start : start + side] = picture
    return probe.activations(canvas)[0, :, SIZE // 2, SIZE // 2].numpy()


def test_a_turned_picture_is_that_of_scipy_within_the_window(probe, photos):
    rgb = torch.tensor(np.array(photos[2]) / 255.0, dtype=torch.float32).permute(2, 0, 1)[None]
    row = column = SIZE // 2
    side = 20
    found = turned_examples(probe, side, Seen(rgb, ((row, column),), (1.0,)))
    inside = np.hypot(*(np.mgrid[:side, :side] + 0.5 - side / 2)) < side / 2 - 2
    start = [round(at - side / 2) for at in probe.geometry.position_middle(row, column)]
    whole = rgb[0].numpy()
    for angle in (0, 35, 90, 200):
        # turned about the middle of the crop, by another library
        centre = np.array(start) + side / 2 - 0.5
        cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        matrix = np.array([[cosine, sine], [-sine, cosine]])
        about = ndimage.affine_transform
        expected = np.stack(
            [
                about(
                    channel, matrix, centre - matrix @ np.full(2, side / 2 - 0.5),
                    output_shape=(side, side), order=1,
                )
                for channel in whole
            ]
        )  # fmt: skip
        own = found.pictures[found.table.index[found.table["angle"] == angle][0]].numpy()
        np.testing.assert_allclose(own[:, inside], expected[:, inside], atol=2e-5)
    quarter = found.pictures[found.table.index[found.table["angle"] == 90][0]]
    np.testing.assert_allclose(quarter, torch.rot90(found.pictures[0], 1, (1, 2)), atol=1e-6)


def test_at_0_degrees_the_masked_example_is_as_in_its_photo(probe, photos, scan):
    examples = scan.examples("conv", 0, count=3)
    inner = examples[~examples["at_rim"]]
    found = tuning(probe, sets="turned", examples=inner, images=photos)
    table = found.table("turned", 0)
    assert len(table) == 72 * len(inner)
    side = found.side
    for number, row in enumerate(inner.itertuples()):
        at_rest = table[(table["example"] == number) & (table["angle"] == 0)]
        assert at_rest["activation"].item() == pytest.approx(row.activation)
        rgb = torch.tensor(np.array(photos[row.image]) / 255.0, dtype=torch.float32)
        down, right = probe.geometry.position_middle(row.row, row.column)
        top, left = round(down - side / 2), round(right - side / 2)
        crop = torch.full((3, side, side), 0.5)
        for y in range(side):
            for x in range(side):
                if 0 <= top + y < SIZE and 0 <= left + x < SIZE:
                    crop[:, y, x] = rgb[top + y, left + x]
        distance = np.hypot(*(np.mgrid[:side, :side] + 0.5 - side / 2))
        window = torch.tensor(np.clip((side / 2 - distance) / max(side / 16, 1), 0, 1)).float()
        by_hand = middle(probe, 0.5 + window * (crop - 0.5))[0]
        assert at_rest["response"].item() == pytest.approx(by_hand, rel=1e-4, abs=1e-4)


def test_a_unit_for_bars_has_two_peaks_half_a_turn_apart(probe, photos, scan):
    stats = scan.stats("conv")
    for unit, orientation in enumerate(ORIENTATIONS):
        examples = scan.examples("conv", unit, count=5)
        found = tuning(
            probe, sets=["edges", "turned"], examples=examples, images=photos,
            mean=stats["mean"], std=stats["std"],
        )  # fmt: skip
        curve = found.curve("turned", unit)
        assert list(curve.index) == list(range(0, 360, 5))
        by_example = found.map("turned", unit)
        np.testing.assert_allclose(curve.to_numpy(), by_example.to_numpy().mean(0), rtol=1e-5)
        across = curve.reindex([90, 270]).mean()
        assert curve.reindex([0, 180]).mean() > across + 0.5 * abs(across), orientation
        row = found.summary(unit).loc["turned"]
        assert min(row["preferred"] % 180, 180 - row["preferred"] % 180) <= 20
        assert row["tuned"]
        band = scrambled_band(probe, found, unit, "turned")
        assert band.best == found.responses["turned"][:, unit].max()
        assert band.low < 0 < band.high  # a linear unit answers to phases either way


def test_without_examples_or_with_others_it_says_what_to_pass(probe, photos, scan):
    examples = scan.examples("conv", 0, count=2)
    with pytest.raises(AtlasError, match=r"examples=scan\.examples"):
        tuning(probe, sets=["turned"])
    with pytest.raises(AtlasError, match="lack the columns row"):
        tuning(probe, sets="turned", examples=examples.drop(columns="row"), images=photos)
    with pytest.raises(AtlasError, match="have no rows"):
        tuning(probe, sets="turned", examples=examples.head(0), images=photos)
    other = examples.assign(name="cat.jpg")
    with pytest.raises(ImagesError, match=r"is not 'cat\.jpg'"):
        tuning(probe, sets="turned", examples=other, images=photos)


def test_all_sets_are_shown_if_there_are_examples(probe, photos, scan):
    found = tuning(probe, examples=scan.examples("conv", 1, count=1), images=photos)
    assert list(found.responses)[-1] == "turned"
    assert len(found.responses) == 9
