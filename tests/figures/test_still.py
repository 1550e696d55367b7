import io

import numpy as np
import pytest
from PIL import Image

from atlas_widget.errors import ExportError
from atlas_widget.figures import STILL_BYTES, Name, Tile, still_picture
from atlas_widget.figures.tiles import place_names


def noise(row, col, side=64):
    """A tile that hardly compresses."""
    pixels = np.random.default_rng(row * 100 + col).integers(0, 256, (side, side, 3), np.uint8)
    return Tile(row, col, pixels)


def plain(row, col, colour):
    return Tile(row, col, np.full((32, 32, 3), colour, np.uint8))


def opened(data):
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "WEBP"
        return np.asarray(image.convert("RGBA")).astype(int)


def test_a_grid_of_noise_keeps_to_the_limit_at_a_useful_size():
    data = still_picture([noise(row, col) for row in range(20) for col in range(20)], 20)
    assert len(data) <= STILL_BYTES
    assert len(data) * 4 / 3 < 300_000, "as base64"
    assert opened(data).shape[1] >= 500


def test_cells_have_their_places_and_gaps_are_transparent():
    tiles = [plain(3, 3, (200, 30, 30)), plain(4, 4, (30, 30, 200))]
    pixels = opened(still_picture(tiles, 20))
    height, width = pixels.shape[:2]
    upper, lower = pixels[height // 4, width // 4], pixels[3 * height // 4, 3 * width // 4]
    assert np.abs(upper - (200, 30, 30, 255)).max() < 12
    assert np.abs(lower - (30, 30, 200, 255)).max() < 12
    assert pixels[3 * height // 4, width // 4, 3] < 12


def test_a_selected_cell_has_a_frame_and_a_region_its_name():
    tiles = [plain(row, col, (128, 128, 128)) for row in range(6) for col in range(6)]
    bare = opened(still_picture(tiles, 6))
    framed = opened(still_picture(tiles, 6, outlined=[7]))
    rows, cols = np.nonzero(np.abs(framed - bare).max(axis=2) > 40)
    side = bare.shape[0] / 6
    assert side - 2 <= rows.min() < rows.max() <= 2 * side + 2
    assert side - 2 <= cols.min() < cols.max() <= 2 * side + 2
    named = opened(still_picture(tiles, 6, names=[Name("sky", 0.5, 0.5)]))
    rows, cols = np.nonzero(np.abs(named - bare).max(axis=2) > 40)
    assert abs(rows.mean() - 3 * side) < side / 3
    assert abs(cols.mean() - 3 * side) < side / 3


def test_nothing_to_draw_is_refused():
    with pytest.raises(ExportError, match="no cells"):
        still_picture([], 20)


def test_names_that_would_overlap_or_lie_outside_are_left_out():
    names = [Name("first", 0.5, 0.5), Name("over it", 0.52, 0.5), Name("far", 0.5, 0.9)]
    bounds, letter, line = (0, 0, 10, 10), 0.2, 0.5
    assert [text for text, _, _ in place_names(names, 10, bounds, letter, line)] == ["first", "far"]
    ((text, x, y),) = place_names(names, 10, (0, 8, 10, 10), letter, line)
    assert text == "far"
    assert (x, y) == pytest.approx((5, 1))
    ((_, x, _),) = place_names([Name("at the edge", 0, 0.5)], 10, bounds, letter, line)
    assert x == pytest.approx(11 * letter / 2)
