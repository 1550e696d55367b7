import json
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from atlas_widget.errors import ExportError
from atlas_widget.figures import (
    FORMATS,
    Name,
    Tile,
    caption_of,
    check_path,
    export,
    figure,
    free_path,
)

PROVENANCE = {
    "model": "Net",
    "layer": "layer <b>3</b> $x$",
    "images": {"count": 18, "description": "photos"},
    "settings": {"num_samples": 4000, "seed": 0},
    "versions": {"atlas-widget": "0.1.0"},
}


def tile(row, col, colour=(200, 40, 40), state="final", label=None, size=16):
    return Tile(row, col, np.full((size, size, 3), colour, np.uint8), state, label)


TILES = [tile(5, 5), tile(5, 6, (40, 200, 40)), tile(6, 6, (40, 40, 200), "crop")]


def test_cells_are_drawn_at_their_places_and_gaps_stay_white():
    drawing = figure(TILES, dpi=100, width=2.0)
    drawing.canvas.draw()
    pixels = np.asarray(drawing.canvas.buffer_rgba())[..., :3]
    height, width = pixels.shape[:2]
    assert height == width == 200
    colours = {
        (0, 0): (200, 40, 40),
        (0, 1): (40, 200, 40),
        (1, 0): (255, 255, 255),
        (1, 1): (40, 40, 200),
    }
    for (row, col), colour in colours.items():
        there = pixels[row * 100 + 50, col * 100 + 50]
        assert np.abs(there.astype(int) - colour).max() <= 3


def test_pyplot_is_not_used():
    import subprocess

    code = (
        "import sys, numpy as np\n"
        "from atlas_widget.figures import Tile, figure\n"
        "figure([Tile(0, 0, np.zeros((8, 8, 3), np.uint8))], caption='c')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_it_can_be_made_on_any_thread():
    made = []
    thread = threading.Thread(target=lambda: made.append(figure(TILES, caption="c")))
    thread.start()
    thread.join()
    assert made


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_carries_its_provenance(tmp_path, kind):
    path = tmp_path / f"region.{kind}"
    drawing = figure(TILES, caption=caption_of(PROVENANCE, TILES, 20), dpi=150)
    written = export(path, drawing, PROVENANCE, dpi=150)
    assert written.path == path
    assert written.provenance == tmp_path / f"region.{kind}.json"
    assert json.loads(written.provenance.read_text(encoding="utf-8")) == PROVENANCE
    data = path.read_bytes()
    assert len(data) > 500
    if kind == "png":
        with Image.open(path) as image:
            assert json.loads(image.text["atlas-widget"]) == PROVENANCE
            assert image.info["dpi"][0] == pytest.approx(150, abs=1)
    elif kind == "svg":
        text = data.decode()
        assert "num_samples" in text
        assert "<b>3</b>" not in text, "escaped"
        assert text.count("<image") == 1
    else:
        assert data.startswith(b"%PDF")
        assert b"num_samples" in data


def test_an_export_leaves_the_figure_as_it_is(tmp_path):
    drawing = figure(TILES, dpi=100)
    (image,) = drawing.axes[0].images
    before, interpolation = image.get_array().copy(), image.get_interpolation()
    export(tmp_path / "a.png", drawing, PROVENANCE)
    assert np.array_equal(image.get_array(), before)
    assert image.get_interpolation() == interpolation


def test_a_png_has_the_colours_of_its_cells(tmp_path):
    export(tmp_path / "a.png", figure(TILES, width=2.0), PROVENANCE, dpi=100)
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert pixels.shape[:2] == (200, 200)
    assert np.abs(pixels[50, 50] - (200, 40, 40)).max() <= 3
    assert np.abs(pixels[150, 50] - 255).max() <= 3


def test_a_small_region_is_small_and_a_whole_atlas_fits_a_page():
    wide = figure([tile(r, c) for r in range(20) for c in range(20)])
    assert 5 < wide.get_figwidth() <= 7.01
    finest = figure([tile(0, 0, size=8), tile(79, 79, size=8)])
    assert finest.get_figwidth() <= 7.5
    assert figure([tile(0, 0)]).get_figwidth() <= 1


def test_captions_tell_what_is_no_inversion():
    caption = caption_of(PROVENANCE, [*TILES, tile(1, 1, state="rough")], 20)
    assert "Net" in caption
    assert "4,000 samples of 18 images" in caption
    assert "4 cells of a 20 × 20 grid" in caption
    assert "1 cell: real crop" in caption
    assert "1 picture unfinished" in caption
    assert "crop" not in caption_of(PROVENANCE, [tile(0, 0)], 20)


def test_labels_with_markup_and_dollars_are_drawn_as_they_are():
    tiles = [tile(0, 0, label="<i>$\\frac{$"), tile(0, 1, label="a very long label indeed " * 3)]
    drawing = figure(tiles, labels=True, caption="costs $5 & $6")
    drawing.canvas.draw()


def test_names_of_regions_are_written_where_the_figure_has_them():
    tiles = [tile(row, col) for row in range(5, 10) for col in range(5, 10)]
    names = [Name("sky", 0.38, 0.38), Name("elsewhere", 0.9, 0.9)]
    drawing = figure(tiles, grid=20, names=names)
    drawing.canvas.draw()
    (written,) = drawing.axes[0].texts
    assert written.get_text() == "sky"
    assert written.get_position() == pytest.approx((2.6, 2.6))
    assert not figure(tiles, grid=20).axes[0].texts


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("atlas.jpg", r"accepted are \.png, \.svg, \.pdf"),
        ("atlas.pgn", r"Did you mean .*atlas\.png"),
        ("atlas", "no suffix"),
        ("missing/atlas.png", "does not exist"),
    ],
)
def test_paths_that_cannot_be_written_say_what_can(tmp_path, name, said):
    with pytest.raises(ExportError, match=said):
        check_path(tmp_path / name)


def test_a_misspelt_folder_is_recognised(tmp_path):
    (tmp_path / "figures").mkdir()
    with pytest.raises(ExportError, match=r"Did you mean .*figures"):
        check_path(tmp_path / "figurs" / "a.png")


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(ExportError, match="is a folder"):
        check_path(tmp_path / "a.png")


def test_nothing_to_draw_and_senseless_dots_are_refused():
    with pytest.raises(ExportError, match="no cells"):
        figure([])
    with pytest.raises(ExportError, match="dpi"):
        figure(TILES, dpi=float("nan"))
    with pytest.raises(ExportError, match="dpi"):
        figure(TILES, dpi=10**6)


def test_free_paths_overwrite_nothing(tmp_path):
    first = free_path(tmp_path, "Net-layer/1 <x>", "png")
    assert first.parent == tmp_path
    assert first.name == "Net-layer-1--x.png"
    first.write_text("")
    second = free_path(tmp_path, "Net-layer/1 <x>", "png")
    assert second != first
    assert not second.exists()
    assert free_path(tmp_path, "../..", "svg").parent == tmp_path
