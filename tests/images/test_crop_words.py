"""What crops look like is said in plain words, and only where they agree."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.images.crop_words import colour_of, crop_words, structure_of

SIDE = 64


def plain(rgb: tuple[int, int, int]) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), rgb, np.uint8)


def stripes(rgb: tuple[int, int, int], *, down: bool = False) -> np.ndarray:
    wave = 0.7 + 0.3 * np.sin(np.arange(SIDE) / 2)
    light = np.broadcast_to(wave[:, None] if down else wave, (SIDE, SIDE))
    return (light[..., None] * np.array(rgb)).astype(np.uint8)


def noise(seed: int) -> np.ndarray:
    grey = np.random.default_rng(seed).integers(60, 200, (SIDE, SIDE, 1))
    return np.broadcast_to(grey, (SIDE, SIDE, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((255, 255, 255), "white"),
        ((128, 130, 128), "grey"),
        ((10, 10, 12), "black"),
        ((200, 20, 20), "red"),
        ((150, 10, 15), "red"),
        ((240, 140, 20), "orange"),
        ((245, 220, 40), "yellow"),
        ((60, 150, 50), "green"),
        ((60, 190, 190), "turquoise"),
        ((60, 120, 220), "blue"),
        ((135, 190, 235), "blue"),
        ((130, 60, 180), "purple"),
        ((245, 130, 180), "pink"),
        ((110, 65, 30), "brown"),
        ((225, 200, 160), "beige"),
    ],
)
def test_a_colour_has_its_everyday_name(rgb, name):
    assert colour_of(plain(rgb)) == name


def test_a_crop_of_many_colours_has_none():
    crop = np.concatenate(
        [plain(rgb)[:16] for rgb in ((200, 20, 20), (60, 150, 50), (60, 120, 220), (250, 250, 250))]
    )
    assert colour_of(crop) == ""


def test_smooth_textured_and_edges_differ_by_contrast_and_its_direction():
    assert structure_of(plain((90, 90, 90))) == "smooth"
    assert structure_of(noise(0)) == "textured"
    assert structure_of(stripes((200, 200, 200))) == "edges"
    assert structure_of(stripes((200, 200, 200), down=True)) == "edges"


def test_words_are_what_three_of_four_crops_share():
    blue, green = plain((60, 120, 220)), plain((60, 150, 50))
    found = crop_words([blue, blue, blue, green])
    assert (found.words, found.colour, found.share) == ("smooth blue crops", "blue", 0.75)
    assert crop_words([blue, blue, green, green]).words == "smooth crops"
    assert crop_words([stripes((180, 180, 180))] * 3).words == "grey crops with edges"
    assert crop_words([noise(seed) for seed in range(3)]).words == "textured grey crops"


def test_crops_that_do_not_agree_and_too_few_have_no_words():
    blue, green = plain((60, 120, 220)), plain((60, 150, 50))
    mixed = [blue, green, stripes((200, 40, 40)), noise(1)]
    assert crop_words(mixed).words == ""
    red = (noise(1) * np.array([1.0, 0.2, 0.1])).astype(np.uint8)
    assert crop_words([noise(1), noise(2), red, red]).words == "", "photos are textured anyway"
    assert crop_words([blue, blue]).words == ""
    assert crop_words([]).words == ""
