"""The protocol of the article's attack, on models of which one knows what a patch must do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget import Atlas
from atlas_widget.attribution.statistics import wilson_interval
from atlas_widget.causes import patch_test, predict, random_patches
from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.progress import Cancelled
from tests.causes import planted

plain = {"mean": (0.0,) * 3, "std": (1.0,) * 3, "input_size": (3, 32, 32)}
white = np.full((8, 8, 3), 255, np.uint8)
NAMES = ["nothing", "left", "right", "a", "b", "c", "d"]


class Corners(nn.Module):
    """Says "left" where the top left corner is white, "right" where the top right one is."""

    def __init__(self) -> None:
        super().__init__()
        self.same = nn.Conv2d(3, 3, 1, bias=False)
        self.same.weight.data = torch.eye(3)[:, :, None, None]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.same(x)
        left = x[:, :, :8, :8].mean((1, 2, 3))
        right = x[:, :, :8, -8:].mean((1, 2, 3))
        others = [torch.full_like(left, -score) for score in (1.0, 2.0, 3.0, 4.0)]
        return torch.stack([torch.full_like(left, 0.9), left, right, *others], 1)


def dark(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 60, (count, 32, 32, 3), np.uint8)


def run(pictures=None, target="left", **options):
    given = {"transform": plain, "labels": NAMES, "device": "cpu", "size": 0.25, **options}
    return patch_test(Corners(), dark(20) if pictures is None else pictures, white, target, **given)


def test_one_corner_for_all_is_the_one_that_works():
    test = run(position="corner")
    assert test.patch.rate == 1
    assert test.patch.place == "top left, 25%"
    assert test.patch.flips == test.patch.count == 20
    assert test.controls["noise"].rate == 0
    assert test.confirmed
    assert test.patch.score_change == pytest.approx(1 - 30 / 255, abs=0.01)
    assert test.patch.score_low < test.patch.score_change < test.patch.score_high
    assert test.patch.probability > test.patch.probability_before


class Both(Corners):
    """Says "left" where both upper corners are white."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = super().forward(x)
        scores[:, 1] += scores[:, 2] - 0.6
        scores[:, 2] = 0
        return scores


def test_the_best_corner_is_each_picture_s_own():
    pictures = dark(20)
    pictures[:8, :8, :8] = 250  # which lack the other one
    pictures[8:, :8, -8:] = 250
    options = {"transform": plain, "labels": NAMES, "device": "cpu", "size": 0.25}
    best = patch_test(Both(), pictures, white, "left", **options)
    assert best.patch.rate == 1
    assert best.patch.place == "each picture's strongest"
    same = best.under("corner")
    assert same.patch.flips == 12
    assert same.patch.place == "top left, 25%"
    again = patch_test(Both(), pictures, white, "left", position="corner", **options)
    assert again.patch == same.patch
    assert same.under("best corner").patch == best.patch


def test_the_best_of_several_sizes_and_corners_counts():
    # too small a patch does not fill the corner
    assert run(size=0.1, position="corner").patch.rate == 0
    assert run(size=(0.1, 0.25), position="corner").patch.place == "top left, 25%"
    assert run(size=(0.1, 0.25)).patch.rate == 1


def test_a_place_by_hand():
    there = run(position=(0.1, 0.1))
    assert there.patch.rate == 1
    assert there.protocol == "position"
    assert run(position=(0.5, 0.5)).patch.rate == 0
    with pytest.raises(AtlasError, match="tell no 'corner'"):
        there.under("corner")


def test_top_five_and_random_cells():
    far = run(target="d", controls=[white, dark(1)[0]])
    assert far.patch.rate == far.patch.top_rate == 0
    near = run(target="right", position=(0.1, 0.1), controls=[dark(1)[0]])
    assert near.patch.rate == 0
    assert near.patch.top_rate == 1
    assert set(near.controls) == {"noise", "random cells"}
    alike = run(controls=[white])  # a control that does the same confirms nothing
    assert alike.controls["random cells"].rate == 1
    assert not alike.confirmed


def test_who_counts():
    pictures = dark(6)
    pictures[:2, :8, :8] = 255
    test = run(pictures)
    assert test.patch.count == 4
    assert test.left_out == {"taken for 'left' already": 2}
    right = dark(8)
    right[:3, :8, -8:] = 250
    sorted_out = run(right, source="nothing")
    assert sorted_out.patch.count == 5
    assert sorted_out.left_out == {"not taken for 'nothing'": 3}
    with pytest.raises(AttributionError, match="None of the 2 pictures counts"):
        run(pictures[:2])
    with pytest.raises(AttributionError, match="same class"):
        run(source="left")


def test_is_repeatable_and_tells_how_far_it_is():
    told = []
    one = run(controls=[white], progress=lambda done, total: told.append((done, total)))
    assert one.to_frame().equals(run(controls=[white]).to_frame())
    assert told[-1] == (3 * 4 * 20, 3 * 4 * 20)
    assert list(one.to_frame().index) == ["patch", "noise", "random cells"]
    assert "noise: 0% [0%, 16%] of 20 flipped" in str(one)
    with pytest.raises(Cancelled):
        run(cancelled=lambda: True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"position": "best korner"}, "Did you mean 'best corner'"),
        ({"position": (2, 0)}, r"in \[0, 1\]"),
        ({"size": 0.0}, "sides of the patch"),
        ({"target": "lefty"}, "'left'"),
        ({"batch_size": 0}, "at least 1"),
    ],
)
def test_what_does_not_fit(options, says):
    with pytest.raises(AtlasError, match=says):
        run(**options)


def test_images_of_any_kind(tmp_path):
    from PIL import Image

    for number, pixels in enumerate(dark(5)):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert run(tmp_path, position="corner").patch.count == 5
    assert run([Image.fromarray(pixels) for pixels in dark(3)]).patch.count == 3


def test_wilson_intervals():
    # Wilson, 1927; values from R's prop.test(correct = FALSE)
    assert wilson_interval(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson_interval(10, 10)[1] == 1
    assert wilson_interval(0, 0) == (0, 1)


def test_the_planted_mark_flips_and_the_controls_do_not(fooled, fooled_atlas: Atlas):
    unmarked = planted.pictures(20, (0, 0, 0), seed=3)
    crosses = unmarked.rgb[np.array(unmarked.classes) == 1]
    cells = random_patches(fooled_atlas, 12)
    assert len(cells) == 12
    test = patch_test(
        fooled,
        crosses,
        planted.mark(),
        "disc",
        source="cross",
        size=0.2,  # noise twice as large flips this network as well
        controls=[cell for cell in cells if not planted.is_mark(cell, 0.02)],
        labels=planted.LABELS,
        transform=planted.CONFIG,
        device="cpu",
    )
    assert test.patch.rate > 0.9
    assert test.confirmed
    assert test.under("corner").patch.rate > 0.9


def test_a_prediction_says_what_the_model_says():
    pictures = dark(3)
    pictures[1, :8, :8] = 255
    found = predict(Corners(), pictures, top=2, classes=[6], labels=NAMES, transform=plain)
    assert [each[0].label for each in found] == ["nothing", "left", "nothing"]
    first = found[1]
    assert [each.label for each in first] == ["left", "nothing", "d"]
    assert first[0].score == pytest.approx(1, abs=1e-5)
    assert 0 < first[2].probability < first[1].probability < first[0].probability < 1
    with torch.no_grad():
        share = Corners()(torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255).softmax(1)
    assert first[0].probability == pytest.approx(float(share[1, 1]), abs=1e-5)
