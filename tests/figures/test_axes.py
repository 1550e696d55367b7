import numpy as np
import pytest

from atlas_widget.atlas.class_influence import Axis
from atlas_widget.figures import Tile, caption_of, figure
from atlas_widget.figures.axes import tick_values

MEANING = (
    Axis("influence on liner − influence on fireboat", 1.5, -1.5, "liner", "fireboat"),
    Axis("similar activations lie close together"),
)


def tiles(columns):
    pixels = np.full((8, 8, 3), 90, np.uint8)
    return [Tile(2, column, pixels) for column in columns]


def texts(drawing):
    return {text.get_text(): text.get_position() for text in drawing.texts}


def test_a_comparison_says_what_lies_where():
    drawing = figure(tiles(range(20)), grid=20, meaning=MEANING, width=4.0)
    found = texts(drawing)
    assert {"← liner", "fireboat →", "← similar activations lie close together →"} <= set(found)
    (cells,) = drawing.axes
    place = cells.get_position()
    assert found["0"][0] == pytest.approx(place.x0 + place.width / 2), "neither gains in the middle"
    assert found["← liner"][1] > place.y1
    width, height = drawing.get_size_inches()
    assert place.width * width == pytest.approx(4.0)
    assert place.height * height == pytest.approx(0.2), "cells stay square"


def test_part_of_a_grid_has_the_ticks_of_that_part():
    drawing = figure(tiles(range(10)), grid=20, meaning=MEANING, width=3.0)
    place = drawing.axes[0].get_position()
    assert texts(drawing)["0"][0] == pytest.approx(place.x1)
    assert texts(drawing)["+1.5"][0] == pytest.approx(place.x0)


def test_without_a_meaning_there_are_no_axes():
    assert texts(figure(tiles([0, 1]), grid=20)) == {}


def test_ticks_are_round_in_either_order():
    assert tick_values(1.5, -1.5) == tick_values(-1.5, 1.5)
    assert tick_values(-1.5, 1.5) == [-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5]
    assert tick_values(2.0, 2.0) == []


def test_captions_say_what_samples_were_chosen_by():
    chosen = {"kind": "class atlas", "label": "liner", "by": "winning"}
    assert "won by “liner”" in caption_of({"selected": chosen}, tiles([0]), 20)
    compared = {"kind": "comparison", "labels": ["liner", "fireboat"]}
    assert "“liner” or “fireboat”" in caption_of({"selected": compared}, tiles([0]), 20)
