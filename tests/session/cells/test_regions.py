"""Regions are named after what the images of neighbouring cells share, and only then."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.atlas.grid import Grid
from atlas_widget.images.crop_words import CropWords
from atlas_widget.session.cells.regions import crop_regions, named_regions
from tests.session.units.test_sampled_units import samples_of

SIZE = 10


def atlas_of(cells: dict[tuple[int, int], list[int]], images: int):
    """A grid in which these cells hold a sample of each of these images."""
    ids = [image for own in cells.values() for image in own]
    ids = np.array([*ids, images - 1])  # so that there are as many images
    places = [place for place, own in cells.items() for _ in own]
    xy = np.array([[(c + 0.5) / SIZE, (r + 0.5) / SIZE] for r, c in places] + [[0.99, 0.99]])
    samples = samples_of(np.ones((len(ids), 2)), ids)
    grid = Grid.from_layout(samples.activations, xy.astype(np.float32), SIZE, min_count=1)
    return grid, samples


def names(found):
    return [(region.name, region.cells) for region in found]


def square(row: int, column: int) -> list[tuple[int, int]]:
    return [(row + down, column + right) for down in range(3) for right in range(3)]


def test_two_regions_have_their_names_in_their_middle():
    cells = {place: [0, 1, 2] for place in square(0, 0)} | {
        place: [3, 4, 5] for place in square(5, 5)
    }
    grid, samples = atlas_of(cells, 9)
    labels = ["cat"] * 3 + ["dog"] * 3 + ["else"] * 3
    found = named_regions(grid, samples, labels)
    assert sorted(region.name for region in found) == ["cat", "dog"]
    cat = next(region for region in found if region.name == "cat")
    assert cat.cells == tuple(sorted(r * SIZE + c for r, c in square(0, 0)))
    assert (cat.x, cat.y) == pytest.approx((0.15, 0.15))
    assert cat.share == 1


def test_cells_that_do_not_touch_are_two_regions_of_one_name():
    cells = {place: [0, 1, 2] for place in [*square(0, 0), *square(6, 6)]}
    everywhere = [(row, column) for row in range(SIZE) for column in range(SIZE)]
    cells |= {place: [3, 4, 5] for place in everywhere if place not in cells}
    grid, samples = atlas_of(cells, 6)
    found = named_regions(grid, samples, ["cat"] * 3 + ["dog"] * 3)
    assert [region.name for region in found].count("cat") == 2


def test_what_nearly_all_images_are_names_nothing():
    cells = {(row, column): [0, 1, 2] for row in range(6) for column in range(9)}
    grid, samples = atlas_of(cells, 4)
    assert named_regions(grid, samples, ["cat"] * 3 + ["dog"]) == []


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({place: [0, 1, 2] for place in square(0, 0)[:2]}, "two cells are no region"),
        ({place: [0] for place in square(0, 0)}, "one image is no region"),
        ({place: [0, 1, 3, 4] for place in square(0, 0)}, "half of the samples are too few"),
    ],
)
def test_where_there_is_too_little_there_is_no_name(cells, why):
    filler = {place: [5, 6, 7] for place in [(9, at) for at in range(0, 10, 2)]}
    grid, samples = atlas_of(cells | filler, 9)
    labels = ["cat"] * 3 + ["dog"] * 2 + [None] * 4
    assert named_regions(grid, samples, labels) == [], why


def test_images_without_a_label_do_not_count():
    grid, samples = atlas_of({place: [0, 1, 2] for place in square(0, 0)}, 4)
    assert named_regions(grid, samples, [None] * 4) == []


def test_regions_without_labels_are_named_after_what_their_crops_look_like():
    places = [*square(0, 0), (4, 8), (4, 9), *square(6, 0), *square(6, 6)]
    grid, _ = atlas_of({place: [0, 1, 2] for place in places}, 9)
    smooth, plain = (CropWords(f"{word}blue crops", "blue", 0.75) for word in ("smooth ", ""))
    edges = CropWords("crops with edges", "", 1.0)
    looks = []
    for at, (row, column) in enumerate(zip(grid.rows.tolist(), grid.cols.tolist(), strict=True)):
        if row == 9:  # that of the last image
            looks.append(CropWords())
        elif row < 3:
            looks.append(smooth if column else plain)
        else:
            looks.append(edges if column > 5 and row > 5 else (smooth, plain)[at % 2])
    first, second = crop_regions(grid, looks)
    assert [first.name, second.name] == ["blue crops", "smooth blue crops"]
    assert [len(first.cells), len(second.cells)] == [9, 9], "two cells are too few"
    assert (second.x, second.y, second.share) == (0.15, 0.15, 0.75)
