"""One image in several layers, as the browser asks about it."""

from __future__ import annotations

import io
import itertools
from functools import partial

import numpy as np
import pytest
from PIL import Image

from atlas_widget import AtlasWidget, read_image
from atlas_widget.errors import AtlasError, ImagesError
from tests.conftest import make_tiny_model
from tests.session.panels.opened import forget, opened_browser

LAYERS = ["stem", "middle", "last"]  # maps of 32 × 32, of which every other is shown, and 16 × 16
SIDE = 64
NUMBERS = itertools.count()


def photo(seed=3, size=(96, 80)):
    rng = np.random.default_rng(seed)
    small = (rng.random((6, 5, 3)) * 255).astype(np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def as_bytes(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def browser(tiny_images, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    with opened_browser(tiny_images, cache, input_size=SIDE) as browser:
        yield browser


@pytest.fixture(autouse=True)
def fresh(browser):
    forget(browser)


@pytest.fixture
def opened(browser):
    """The photo in three layers; the message about it."""
    name = f"{next(NUMBERS)}.png"
    browser.say("image_layers", layers=LAYERS)
    browser.say("open_image", as_bytes(photo()), name=name, beside=False)
    return browser.answers("image", name=name)[-1][0]


@pytest.fixture(scope="module")
def reading():
    with read_image(make_tiny_model(), LAYERS, photo(), input_size=SIDE) as reading:
        yield reading


def ask(browser, kind, **fields):
    """Ask, and return the answer that came after."""
    count = len(browser.of(kind))
    browser.say(kind, **fields)
    browser.wait(lambda: len(browser.of(kind)) > count)
    return browser.of(kind)[-1]


def test_an_opened_image_shows_layers_norms_and_classes(browser, opened, reading):
    assert opened["layers"] == list(reading.layers)
    assert opened["layers"][opened["own"]] == "middle"
    counts = [r * c for r, c in zip(opened["rows"], opened["columns"], strict=True)]
    sizes = [reading.grid(layer).norms.size for layer in reading.layers]
    assert [
        size // stride**2 for size, stride in zip(sizes, opened["strides"], strict=True)
    ] == counts
    start = counts[0]
    own = opened["norms"][start : start + counts[1]]
    assert np.allclose(own, reading.grid("middle").norms.ravel(), rtol=1e-4)
    table = reading.classes(5)
    assert opened["classes"] == list(table.index)
    assert np.allclose(opened["scores"], table["score"], rtol=1e-4)
    _, picture = browser.answers("image", serial=opened["serial"])[0]
    shown = np.asarray(Image.open(io.BytesIO(picture)))
    assert shown.shape == reading.pixels.shape
    assert np.abs(shown.astype(int) - reading.pixels).mean() < 6


def test_positions_of_the_atlass_layer_are_placed_on_it(browser, opened):
    placed = browser.answers("image_on_atlas", serial=opened["serial"])[0][0]
    count = opened["rows"][opened["own"]] * opened["columns"][opened["own"]]
    assert len(placed["cells"]) == len(placed["x"]) == count
    known = browser.widget.atlas.grid(4).ids.tolist()
    assert set(placed["cells"]) <= {-1, *known}


def test_a_position_has_its_strongest_channels_and_what_feeds_it(browser, opened, reading):
    answer = ask(browser, "image_position", layer=1, position=17, whole=True)
    columns = opened["columns"][1]
    place = divmod(17, columns)
    table = reading.dictionary("middle", place)
    assert answer["channels"] == list(table.index)
    assert np.allclose(answer["activations"], table["activation"], rtol=1e-4)
    assert all(0 <= value <= 100 for value in answer["percentiles"])
    lit = dict(zip(answer["lit_layers"], [None] * 9, strict=False))
    assert set(lit) == {0, 2}
    fed = reading.fed_by("middle", position=place)["stem"]
    count = opened["rows"][0] * opened["columns"][0]
    assert np.isclose(sum(answer["lit"][:count]), fed.total, rtol=1e-3)
    left, top, right, bottom = answer["box"]
    assert 0 <= left < right <= 1
    assert 0 <= top < bottom <= 1
    classes = reading.feeds("middle", position=place).classes
    values = classes["contribution"].loc[answer["classes"]]
    assert np.allclose(answer["contributions"], values, atol=1e-4)


def test_attribution_closes_with_its_remainders(browser, opened, reading):
    a, b = opened["classes"][:2]
    answer = ask(browser, "image_attribution", a=a, b=b, layer=0)
    start = 0
    for number, layer in enumerate(reading.layers):
        count = opened["rows"][number] * opened["columns"][number]
        maps = answer["values"][start : start + count]
        rows = [answer[name][number] for name in ("prefix_tokens", "biases", "rest")]
        assert np.isclose(sum(maps) + sum(rows), answer["score"], rtol=1e-3, atol=1e-4)
        assert np.isclose(sum(maps), reading.spatial(layer, a, b).total, rtol=1e-3, atol=1e-4)
        start += count
    listed = [int(count) for count in answer["listed"]]
    first = answer["contributions"][: listed[0]]
    assert first == sorted(first, reverse=True)
    total = reading.channels(reading.layers[0], a, b).total
    assert np.isclose(sum(first) + answer["others"][0], total, rtol=1e-3, atol=1e-4)


def test_groups_have_maps_pictures_and_a_row_for_what_is_in_none(browser, opened, reading):
    a = opened["classes"][0]
    answer = ask(browser, "image_groups", layer=1, count=3, a=a, b=-1)
    groups = reading.groups("middle", 3)
    assert np.allclose(answer["maps"], groups.maps.ravel(), rtol=1e-3, atol=1e-4)
    parts = sum(answer["contributions"]) + answer["in_no_group"]
    rest = answer["prefix_tokens"] + answer["biases"] + answer["rest"]
    assert np.isclose(parts + rest, answer["score"], rtol=1e-3, atol=1e-4)
    browser.wait(lambda: final(browser, answer["pictures"]) == {0, 1, 2})


def final(browser, group):
    """Return the numbers of a group's finished pictures."""
    return {
        number
        for sheet in browser.of("sheet")
        if sheet["group"] == group and sheet["state"] == "final"
        for number in sheet["numbers"]
    }


def test_pictures_of_positions_are_made_only_where_they_are_looked_at(browser, opened):
    browser.say("image_pictures", layers=[2])
    group = opened["position_groups"][2]
    alive = [at for at, norm in enumerate(norms_of(opened, 2)) if norm > 0]
    browser.wait(lambda: final(browser, group) == set(alive))
    assert not final(browser, opened["position_groups"][0])
    crops = [s for s in browser.of("sheet") if s["group"] == group and s["state"] == "crop"]
    assert sum(len(sheet["numbers"]) for sheet in crops) <= len(alive)


def norms_of(opened, layer):
    counts = [r * c for r, c in zip(opened["rows"], opened["columns"], strict=True)]
    start = sum(counts[:layer])
    return opened["norms"][start : start + counts[layer]]


def test_a_channels_picture_is_that_of_its_units_page(browser, opened):
    answer = ask(browser, "image_position", layer=1, position=0, whole=False)
    channel = answer["channels"][0]
    group = opened["channel_groups"][1]
    browser.wait(lambda: channel in final(browser, group))
    browser.say("units")
    browser.say("unit", unit=channel)
    browser.wait(lambda: channel in final(browser, "unit:neuron"))
    here, there = tile_of(browser, group, channel), tile_of(browser, "unit:neuron", channel)
    assert np.abs(here - there).mean() < 4  # two JPEGs of one picture


def tile_of(browser, group, number):
    for message, buffers in zip(browser.messages, browser.buffers, strict=True):
        if message["kind"] != "sheet" or message["group"] != group:
            continue
        if message["state"] == "final" and number in message["numbers"]:
            at = message["numbers"].index(number)
            sheet = np.asarray(Image.open(io.BytesIO(buffers[0]))).astype(int)
            top, left = (message["tile"] * part for part in divmod(at, message["columns"]))
            return sheet[top : top + message["tile"], left : left + message["tile"]]
    pytest.fail(f"no picture {number} of {group}")


@pytest.mark.usefixtures("opened")
def test_a_channel_has_links_in_both_directions(browser, reading):
    answer = ask(browser, "image_channel", layer=1, channel=4)
    assert np.allclose(answer["values"], reading.activations("middle")[4].ravel(), rtol=1e-4)
    assert set(answer["link_layers"]) == {0, 2}
    fed = reading.fed_by("middle", channel=4)["stem"].values
    links = zip(answer["link_layers"], answer["link_channels"], answer["link_values"], strict=True)
    best = [(channel, value) for layer, channel, value in links if layer == 0]
    assert best[0][0] == int(np.abs(fed).argmax())
    assert np.isclose(best[0][1], fed[best[0][0]], rtol=1e-3)


@pytest.mark.usefixtures("opened")
def test_flow_adds_up_to_the_strength_of_the_later_group(browser, reading):
    answer = ask(browser, "image_flow", lower=0, upper=1, count=3)
    table = reading.flow(reading.groups("stem", 3), reading.groups("middle", 3))
    assert np.allclose(answer["values"], table.iloc[:3].to_numpy().ravel(), rtol=1e-3, atol=1e-4)
    assert np.allclose(answer["strengths"], table.loc["sum"], rtol=1e-3)
    assert len(answer["to_classes"]) == 3 * len(answer["classes"])


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    ("what", "numbers", "given"),
    [
        ("channel", [4], {"channel": 4}),
        ("region", [0, 1], {"positions": [(0, 0), (0, 1)]}),
    ],
)
def test_what_is_removed_is_told_beside_the_prediction(browser, reading, what, numbers, given):
    answer = ask(browser, "image_trial", layer=1, what=what, numbers=numbers, count=3, a=7, b=-1)
    table = reading.ablate("middle", classes=answer["classes"], **given)
    assert answer["classes"][0] == 7
    assert np.allclose(answer["predicted"], table["predicted"], atol=1e-4)
    assert np.allclose(answer["actual"], table["actual"], atol=1e-4)


@pytest.mark.usefixtures("opened")
def test_a_second_image_is_compared_with_the_hovered_position(browser):
    browser.say("open_image", as_bytes(photo()), name="same.png", beside=True)
    browser.answers("image_beside", name="same.png")
    answer = ask(browser, "image_position", layer=1, position=17, whole=False)
    assert int(np.argmax(answer["alike"])) == 17
    assert np.isclose(max(answer["alike"]), 1, atol=1e-4)
    browser.say("close_image", beside=True)
    browser.answers("image_beside", name="")


def newer(browser, serial):
    """Return the message about an image that was opened after another one."""
    return next((each for each in browser.of("image") if each["serial"] > serial), None)


def test_a_crop_of_a_cell_is_opened_with_its_position(browser, opened):
    cell = int(browser.widget.atlas.grid(4).ids[0])
    last = opened["serial"]
    for whole in (False, True):
        forget(browser)
        browser.say("open_crop", grid=4, cell=cell, crop=0, whole=whole)
        message = browser.wait(partial(newer, browser, last))
        last = message["serial"]
        placed = browser.answers("image_on_atlas", serial=message["serial"])[0][0]
        if not whole:
            # its activation is that of a sample, up to the batch that it was computed in
            assert placed["cosine"][message["pinned"]] > 0.999


def test_the_image_of_a_sample_is_opened_with_its_position(browser, opened):
    samples = browser.widget.atlas.samples
    forget(browser)
    browser.say("open_sample", sample=5)
    message = browser.wait(partial(newer, browser, opened["serial"]))
    assert message["name"] == samples.name(5)
    forget(browser)
    browser.say("open_sample", sample=len(samples))
    browser.wait(lambda: any("no sample" in each["problem"] for each in browser.of("no_image")))


def test_an_image_is_opened_at_a_place(browser, opened):
    forget(browser)
    browser.say("open_example", image=2, x=0.99, y=0.01)
    message = browser.wait(partial(newer, browser, opened["serial"]))
    columns = message["columns"][message["own"]]
    assert message["pinned"] == columns - 1  # the right end of the first row


def test_curves_and_caricatures_come_as_they_are_computed(browser, opened):
    serial = opened["serial"]
    browser.say("start_image_work", work="curves", layer=1, **{"class": 3})
    curves = browser.answers("image_curves", serial=serial)[0][0]
    assert curves["counts"][0] == 0
    assert curves["deletion"][0] == pytest.approx(curves["insertion"][-1], rel=1e-3, abs=1e-4)
    browser.say("start_image_work", work="caricatures", layer=0, **{"class": -1})
    browser.wait(lambda: len(browser.of("image_drawn")) == len(LAYERS), 120)
    drawn = browser.answers("image_drawn")
    assert [message["layer"] for message, _ in drawn] == [0, 1, 2]
    assert all(-1 <= message["value"] <= 1 for message, _ in drawn)
    browser.wait(lambda: browser.of("image_work")[-1]["total"] == 0)


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "drawing (SVG)"),
        (b"\0\0\0\x18ftypisom", "is a video"),
        (b"not an image", "image"),
        (as_bytes(photo(size=(4, 4))), "too small"),
    ],
)
def test_what_is_no_image_is_refused_and_the_last_one_stays(browser, data, reason):
    browser.say("open_image", data, name="bad", beside=False)
    assert reason in browser.answers("no_image")[-1][0]["problem"]
    assert ask(browser, "image_position", layer=1, position=0, whole=False)["channels"]


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("image_position", {"layer": 9, "position": 0, "whole": False}, "no layer 9"),
        ("image_position", {"layer": 1, "position": 9999, "whole": False}, "no shown position"),
        ("image_attribution", {"a": 99, "b": -1, "layer": 0}, "99"),
        ("image_groups", {"layer": 1, "count": 99, "a": -1, "b": -1}, "n=99 groups"),
        ("image_channel", {"layer": 1, "channel": -3}, "channels 0 to 11"),
        ("image_flow", {"lower": 1, "upper": 0, "count": 2}, "No derivative"),
        (
            "image_trial",
            {"layer": 1, "what": "all", "numbers": [0], "count": 2, "a": -1, "b": -1},
            "channel, group or region",
        ),
    ],
)
def test_what_cannot_be_answered_says_why(browser, kind, fields, reason):
    browser.say(kind, **fields)
    assert reason in browser.answers("image_failed", what=kind)[-1][0]["problem"]


def test_the_image_stays_open_when_the_layer_is_switched(tiny_images, tmp_path):
    with opened_browser(tiny_images, tmp_path, input_size=SIDE) as browser:
        browser.widget.open_image(photo(), ["stem", "middle"])
        first = browser.answers("image")[0][0]
        assert browser.widget.mode == "image"
        browser.widget.layer = "last"
        browser.wait(lambda: any(m["own"] == -1 for m in browser.of("image")))
        again = browser.of("image")[-1]
        assert again["layers"] == first["layers"] == ["stem", "middle"]
        assert again["serial"] > first["serial"]


def test_from_python_bad_images_and_layers_are_refused_at_once(tiny_images, tmp_path):
    w = AtlasWidget(make_tiny_model(), "middle", images=tiny_images, cache_dir=tmp_path)
    try:
        with pytest.raises(ImagesError, match="is an address"):
            w.open_image("https://example.org/a.png")
        with pytest.raises(AtlasError, match="middel"):
            w.open_image(photo(), ["middel"])
        with pytest.raises(AtlasError, match="1 to 5 layers"):
            w.open_image(photo(), [])
        assert w.mode == "atlas"
    finally:
        w.close()


def test_the_default_layers_lie_over_the_model_and_have_positions(tiny_images, tmp_path):
    with opened_browser(tiny_images, tmp_path, input_size=SIDE) as browser:
        browser.say("prepare_image")
        assert browser.answers("no_image")[0][0]["problem"] == ""
        browser.say("open_image", as_bytes(photo()), name="a", beside=False)
        message = browser.answers("image")[0][0]
        assert "middle" in message["layers"]
        assert 2 <= len(message["layers"]) <= 4
