"""What panels and the overlay are told of the samples behind a mean, through a widget."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from atlas_widget.inversion import InversionSettings
from tests.session.panels.opened import opened_browser

ICON = InversionSettings.icon(size=24, steps=12)
PORTRAIT = InversionSettings.portrait(size=48, view=32, steps=12)


@pytest.fixture(scope="module")
def browser(tiny_images, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InversionSettings, "icon", staticmethod(lambda: ICON))
        patch.setattr(InversionSettings, "portrait", staticmethod(lambda: PORTRAIT))
        cache = tmp_path_factory.mktemp("cache")
        with opened_browser(tiny_images, cache) as browser:
            yield browser


@pytest.fixture(scope="module")
def largest(browser):
    grid = browser.widget.atlas.grid(4)
    return int(grid.ids[grid.counts.argmax()])


def answer(browser, kind, **fields):
    return browser.answers(kind, **fields)[0]


def test_a_cell_is_told_what_speaks_for_and_against_its_mean(browser, largest):
    table = browser.widget.atlas.diagnostics(4).set_index("id")
    browser.say("diagnosis", grid=4, cell=largest)
    told, _ = answer(browser, "diagnosis", cell=largest)
    row = table.loc[largest]
    for name in ("count", "images", "agreement", "resultant", "emptiness", "chance", "kept"):
        assert told[name] == pytest.approx(row[name]), name
    assert told["nearest"] == pytest.approx(row["nearest_cosine"])
    assert told["mixture"] == row["bimodal"]
    assert sum(told["spread"]) == row["count"]


def test_an_overlay_is_told_of_all_cells_of_a_grid(browser):
    table = browser.widget.atlas.diagnostics(8).set_index("id")
    browser.say("diagnoses", grid=8)
    told, _ = answer(browser, "diagnoses", grid=8)
    assert told["cells"] == table.index.tolist()
    kept = [float(value) for value in told["kept"]]
    assert kept == pytest.approx(table["kept"].tolist(), abs=1e-4)
    alone = table["count"].to_numpy() == 1
    assert [value is None for value in told["agreement"]] == alone.tolist()
    assert told["mixtures"] == table.index[table["bimodal"]].tolist()


def test_a_cell_in_two_has_pictures_crops_and_classes_of_either_half(browser, largest):
    split = browser.widget.atlas.split(4, largest)
    browser.say("split", grid=4, cell=largest)
    told, buffer = answer(browser, "halves", cell=largest)
    assert told["counts"] == [half.count for half in split.halves]
    assert told["clear"] == split.clear
    assert told["cosine"] == pytest.approx(split.cosine)
    strip = np.asarray(Image.open(io.BytesIO(buffer)))
    assert strip.shape == (told["tile"], told["tile"] * sum(told["crops"]), 3)
    for half in (0, 1):
        named, _ = answer(browser, "half_classes", cell=largest, half=half)
        values = [entry["value"] for entry in named["classes"]]
        assert values
        assert values == sorted(values, reverse=True)
        browser.say("inspect_half", grid=4, cell=largest, half=half, request=half, seed=0)
    pictures = []
    for half in (0, 1):
        frame, pixels = answer(browser, "frame", request=half, done=True)
        assert frame["cell"] == largest
        pictures.append(np.asarray(Image.open(io.BytesIO(pixels))).astype(int))
    assert np.abs(pictures[0] - pictures[1]).mean() > 5, "two means, two pictures"


def test_what_does_not_exist_is_left_alone(browser, largest):
    missing = next(cell for cell in range(64) if cell not in browser.widget.atlas.grid(8).ids)
    before = len(browser.of("halves")) + len(browser.of("diagnosis"))
    browser.widget._session._shown_at = 0.0
    for kind in ("diagnosis", "split"):
        browser.say(kind, grid=8, cell=missing)
    browser.say("inspect_half", grid=4, cell=largest, half=2, request=77, seed=0)
    browser.say("diagnoses", grid=4)
    answer(browser, "diagnoses", grid=4)
    assert len(browser.of("halves")) + len(browser.of("diagnosis")) == before
    assert not [message for message in browser.of("frame") if message["request"] == 77]
