"""The units of a layer: the overview, the page of one, its pictures, its values on the map."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from torch import nn

from atlas_widget import LayerProbe, channel_attribution, tuning, unit_inputs
from atlas_widget.collect.again import sample_images
from atlas_widget.errors import AtlasError
from atlas_widget.images.opening import as_image_source
from atlas_widget.session.panels.units import UnitsPanel
from atlas_widget.session.pictures.live_pictures import LivePictures
from atlas_widget.session.units.sampled_units import STATISTICS, SampledUnits
from atlas_widget.units import scrambled_band
from atlas_widget.units.field import Field
from atlas_widget.units.turned import Seen, turned_examples
from tests.conftest import make_tiny_model
from tests.session.panels.opened import forget, opened_browser


@pytest.fixture(scope="module")
def browser(tiny_images, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    with opened_browser(tiny_images, cache, num_samples=300) as browser:
        yield browser


@pytest.fixture(autouse=True)
def fresh(browser):
    browser.say("unit", unit=-1)
    forget(browser)


def activations(browser):
    return np.asarray(browser.widget.atlas.activations, np.float32)


def test_the_overview_tells_every_unit(browser):
    browser.say("units")
    ((message, buffer),) = browser.answers("units")
    values = activations(browser)
    assert message["count"] == values.shape[1]
    assert message["samples"] == len(values)
    assert message["statistics"] == list(STATISTICS)
    rows = np.frombuffer(buffer, "<f4").reshape(len(STATISTICS), -1)
    np.testing.assert_allclose(rows[STATISTICS.index("max")], values.max(0), rtol=1e-6)
    np.testing.assert_allclose(rows[STATISTICS.index("mean")], values.mean(0), atol=1e-5)


def test_a_page_has_examples_quilt_cells_and_relatives(browser):
    browser.say("unit", unit=3)
    message, buffer = browser.answers("unit", unit=3)[0]
    values = activations(browser)[:, 3]
    assert message["examples"][0] == values.max()
    assert message["examples"] == sorted(message["examples"], reverse=True)
    assert len(set(message["names"])) == len(message["names"])
    assert sum(message["bins"]) == len(values)
    assert sum(message["quilt_counts"]) == len(values)
    tiles = len(message["examples"]) + sum(message["quilt_tiles"])
    sheet = Image.open(io.BytesIO(buffer))
    assert sheet.width == message["columns"] * message["tile"]
    assert sheet.height == -(-tiles // message["columns"]) * message["tile"]
    grid = browser.widget.atlas.grid(message["grid"])
    means = dict(zip(grid.ids.tolist(), grid.means[:, 3].tolist(), strict=True))
    assert message["means"][0] == pytest.approx(max(means.values()))
    assert message["means"] == [pytest.approx(means[cell]) for cell in message["cells"]]
    assert 3 not in message["relatives"]


def test_related_units_of_a_page_have_crops_or_pictures(browser):
    def shown():
        sheets = [sheet for sheet in browser.of("sheet") if sheet["group"] == "unit:neuron"]
        return {number for sheet in sheets for number in sheet["numbers"]}

    browser.say("unit", unit=11)  # none of the units' pictures are in sight
    message, _ = browser.answers("unit", unit=11)[0]
    assert message["relatives"]
    browser.wait(lambda: set(message["relatives"]) <= shown())


def test_pictures_excite_their_unit_more_than_noise(browser):
    browser.say("unit", unit=5)
    (measure, _), *_ = browser.answers("unit_picture", unit=5, picture="neuron")
    browser.answers("unit_picture", unit=5, picture="channel")
    values = activations(browser)[:, 5]
    assert measure["activation"] > np.median(values)
    assert measure["beyond"] == pytest.approx(np.mean(values < measure["activation"]))
    assert measure["ratio"] == pytest.approx(measure["activation"] / values.max(), rel=1e-5)
    frame, picture = browser.answers("unit_frame", unit=5, picture="portrait")[-1]
    image = Image.open(io.BytesIO(picture))
    assert image.width == image.height
    assert len(frame["activations"]) == 1


def test_after_a_relu_the_negative_picture_is_that_of_the_layer_before_it(
    tiny_images, tmp_path, caplog
):
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, 2), nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(6, 3),
    ).eval()  # fmt: skip
    with opened_browser(tiny_images, tmp_path, model=model, layer="2") as browser:
        browser.say("units")
        (overview, _), *_ = browser.answers("units")
        assert not overview["signed"]
        browser.say("unit", unit=4)
        (message, _), *_ = browser.answers("unit_before")
        assert message["layer"] == "1"
        (measure, _), *_ = browser.answers("unit_picture", unit=4, picture="negative")
        assert measure["activation"] < 0
        assert (measure["beyond"], measure["ratio"]) == (None, None)  # the samples are 0 there
        browser.say("unit", unit=2)  # the next page is told at once
        browser.answers("unit_picture", unit=2, picture="negative")
    assert not caplog.records


def test_where_no_layer_is_before_the_relu_the_page_says_so(tiny_images, tmp_path):
    class Functional(nn.Module):
        def forward(self, x):
            return x.clamp_min(0) * 2

    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, 2), Functional(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)
    ).eval()
    with opened_browser(tiny_images, tmp_path, model=model, layer="1") as browser:
        browser.say("unit", unit=4)
        (message, _), *_ = browser.answers("unit_before")
        assert message["layer"] == ""
        assert "no negative activations" in message["reason"]


def test_four_that_differ(browser):
    browser.say("unit", unit=6)
    browser.answers("unit_picture", unit=6, picture="neuron")
    browser.say("diverse_units", unit=6)
    browser.wait(lambda: any(f["step"] == f["steps"] for f in diverse(browser)))
    _, picture = browser.answers("unit_frame", unit=6, picture="diverse")[-1]
    image = np.asarray(Image.open(io.BytesIO(picture)), np.float32)
    side = image.shape[0]
    assert image.shape == (side, 4 * side, 3)
    parts = [image[:, at * side : (at + 1) * side] for at in range(4)]
    assert all(np.abs(parts[0] - other).mean() > 5 for other in parts[1:])
    # what was made once is there at once
    browser.say("unit", unit=-1)
    forget(browser)
    browser.say("unit", unit=6)
    browser.say("diverse_units", unit=6)
    (again, _), *_ = browser.answers("unit_frame", unit=6, picture="diverse")
    assert again["step"] == again["steps"]


def diverse(browser):
    return [frame for frame in browser.of("unit_frame") if frame["picture"] == "diverse"]


def test_units_in_sight_get_crops_first_and_then_pictures(browser):
    browser.say("units")
    browser.say("units_in_sight", units=[0, 1, 2], near=[])
    browser.wait(lambda: any(sheet["group"] == "unit:neuron" for sheet in browser.of("sheet")))
    browser.wait(
        lambda: (
            {0, 1, 2}
            <= {
                number
                for sheet in browser.of("sheet")
                if sheet["group"] == "unit:neuron" and sheet["state"] == "final"
                for number in sheet["numbers"]
            }
        )
    )
    browser.say("units_in_sight", units=[], near=[])
    browser.messages.clear()
    browser.say("missing", group="unit:neuron", numbers=[1])
    browser.wait(lambda: any(sheet["numbers"] == [1] for sheet in browser.of("sheet")))


def test_pictures_tell_what_share_of_the_samples_they_go_beyond(browser):
    browser.say("units")
    browser.say("units_in_sight", units=[0, 1], near=[])
    browser.wait(
        lambda: {0, 1} <= {unit for each in browser.of("units_pictured") for unit in each["units"]}
    )
    told = {
        unit: beyond
        for each in browser.of("units_pictured")
        for unit, beyond in zip(each["units"], each["beyond"], strict=True)
    }
    assert all(0 <= beyond <= 1 for beyond in told.values())
    # a page that comes up later is told of all of them at once
    browser.say("units_in_sight", units=[], near=[])
    forget(browser)
    browser.say("units")
    (again, _), *_ = browser.answers("units_pictured")
    assert told.items() <= dict(zip(again["units"], again["beyond"], strict=True)).items()


def test_the_strongest_samples_turned(browser, tiny_images):
    browser.say("unit", unit=4)
    browser.say("start_unit_work", work="turned")
    message, buffer = browser.answers("unit_turned", unit=4)[0]
    samples = browser.widget.atlas.samples
    strongest = SampledUnits(samples).examples(4, 5)
    assert not message["exact"]
    assert message["angles"] == list(range(0, 360, 5))
    values = np.array(message["values"]).reshape(len(strongest), 72)
    np.testing.assert_allclose(
        message["activations"], activations(browser)[strongest, 4], rtol=1e-5
    )
    assert message["best"] == pytest.approx(values.max(), rel=1e-5)
    sheet = Image.open(io.BytesIO(buffer))
    assert sheet.width == len(strongest) * message["tile"]
    # by the engine itself, from the same crops
    crops = strongest_crops(browser, 4, tiny_images)[:5]
    positions = tuple(map(tuple, samples.positions[strongest].tolist()))
    with LayerProbe(make_tiny_model(), "middle", device="cpu") as probe:
        field = Field.of(probe)
        seen = Seen(crops, positions, tuple(message["activations"]))
        own = field.answers(turned_examples(probe, field.side, seen).pictures)[:, 4]
    np.testing.assert_allclose(values.ravel(), own, rtol=1e-3, atol=1e-5)


def test_a_scan_of_all_images_gives_the_open_unit_its_exact_examples(browser):
    browser.say("unit", unit=4)
    browser.answers("unit", unit=4)
    assert browser.of("unit_examples") == []
    browser.say("start_unit_work", work="scan")
    message, buffer = browser.answers("unit_examples", unit=4)[0]
    browser.wait(lambda: any(step["done"] == step["total"] > 0 for step in browser.of("unit_work")))
    strongest = message["activations"]
    assert strongest == sorted(strongest, reverse=True)
    assert len(message["boxes"]) == 4 * len(strongest)
    assert all(0 <= edge <= 1 for edge in message["boxes"])
    assert len(set(message["names"])) == len(strongest)
    assert Image.open(io.BytesIO(buffer)).width == message["columns"] * message["tile"]
    # from now on each page has them at once
    browser.say("unit", unit=5)
    browser.answers("unit_examples", unit=5)


def test_the_strongest_of_all_positions_are_turned_once_they_are_known(browser):
    browser.say("unit", unit=5)
    browser.say("start_unit_work", work="scan")
    (examples, _), *_ = browser.answers("unit_examples", unit=5)
    browser.say("start_unit_work", work="turned")
    message, _ = browser.answers("unit_turned", unit=5)[0]
    assert message["exact"]
    assert message["activations"] == pytest.approx(examples["activations"][:5])


def test_the_tuning_of_the_layer_gives_the_open_unit_its_maps(browser):
    browser.say("unit", unit=4)
    browser.say("start_unit_work", work="tuning")
    message, buffer = browser.answers("unit_tuning", unit=4)[0]
    assert message["sets"][:2] == ["gratings", "edges"]
    sizes = [
        rows * columns for rows, columns in zip(message["rows"], message["columns"], strict=True)
    ]
    assert len(message["values"]) == sum(sizes)
    assert len(message["row_labels"]) == sum(message["rows"])
    sheet = Image.open(io.BytesIO(buffer))
    assert sheet.width == len(message["sets"]) * message["tile"]
    browser.say("start_unit_work", work="tuning")  # known by now
    browser.wait(lambda: len(browser.of("unit_tuning")) == 2)


def test_scrambled_copies_of_the_best_stimulus_are_a_control(browser):
    browser.say("unit", unit=4)
    browser.say("start_unit_work", work="tuning")
    browser.answers("unit_tuning", unit=4)
    browser.say("start_unit_work", work="scrambled")
    message, _ = browser.answers("unit_scrambled", unit=4)[0]
    found = tuning(make_tiny_model(), "middle")
    band = scrambled_band(make_tiny_model(), found, 4)
    assert message["set"] == found.best(4)["set"]
    told = [message[name] for name in ("best", "low", "high", "grey")]
    expected = [band.best, band.low, band.high, found.grey[4]]
    assert told == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_what_feeds_the_open_unit_and_what_it_feeds(browser, tiny_images):
    browser.say("unit", unit=4)
    browser.say("start_unit_work", work="wiring")
    message, buffer = browser.answers("unit_wiring", unit=4)[0]
    below = [layer for layer, is_below in pairs(message) if is_below]
    above = [layer for layer, is_below in pairs(message) if not is_below]
    assert set(below) == {"stem"}
    assert above
    assert "middle" not in below + above
    table = unit_inputs(
        make_tiny_model(),
        "stem",
        "middle",
        4,
        strongest_crops(browser, 4, tiny_images),
        device="cpu",
    ).head(len(below))
    assert message["units"][: len(below)] == table.index.tolist()
    np.testing.assert_allclose(
        message["contributions"][: len(below)], table["contribution"], rtol=1e-4, atol=1e-7
    )
    sizes = [
        rows * columns for rows, columns in zip(message["rows"], message["columns"], strict=True)
    ]
    assert len(message["weights"]) == sum(sizes)
    sheet = Image.open(io.BytesIO(buffer))
    assert sheet.width == len(message["units"]) * message["tile"]


def pairs(message):
    return list(zip(message["layers"], message["below"], strict=True))


def strongest_crops(browser, unit, folder):
    samples = browser.widget.atlas.samples
    strongest = SampledUnits(samples).examples(unit, 16)
    return sample_images(samples, as_image_source(folder), strongest, 224)


def test_the_classes_that_the_open_unit_argues_for(browser, tiny_images):
    browser.say("unit", unit=4)
    browser.say("start_unit_work", work="classes")
    message, _ = browser.answers("unit_classes", unit=4)[0]
    values = channel_attribution(
        make_tiny_model(), "middle", strongest_crops(browser, 4, tiny_images), range(10),
        device="cpu",
    )[:, :, 4].mean(0)  # fmt: skip
    found = dict(zip(message["classes"], message["values"], strict=True))
    assert message["values"] == sorted(message["values"], reverse=True)
    for name, value in found.items():
        assert value == pytest.approx(values[int(name.split()[-1])], rel=1e-3, abs=1e-6)
    assert max(found.values()) == pytest.approx(values.max(), rel=1e-3)


def test_an_untrained_twin_beside_it(browser):
    browser.say("unit", unit=4)
    browser.say("start_unit_work", work="twin")
    message, buffer = browser.answers("unit_twin", unit=4)[0]
    assert -1 <= message["r"] <= 1
    assert 0 < message["floor"] < 1
    sheet = Image.open(io.BytesIO(buffer))
    assert sheet.width == (1 + len(message["names"])) * message["tile"]


def test_a_computation_can_be_stopped(browser):
    browser.say("unit", unit=7)
    browser.say("start_unit_work", work="wiring")
    browser.say("stop_unit_work", work="wiring")
    browser.wait(lambda: any(step["total"] == 0 for step in browser.of("unit_work")))
    browser.say("start_unit_work", work="nonsense")
    browser.say("stop_unit_work", work="nonsense")
    browser.say("start_unit_work", work="wiring")  # it can be started again
    browser.answers("unit_wiring", unit=7)


def test_crops_come_before_pictures(browser, monkeypatch):
    waiting = []
    advance = UnitsPanel.advance

    def watched(panel):
        waiting.append(len(panel._layer.gallery._crops_to_show))
        return advance(panel)

    monkeypatch.setattr(UnitsPanel, "advance", watched)
    browser.say("units_in_sight", units=[8, 9, 10], near=[11])
    browser.wait(lambda: any(sheet["group"] == "unit:neuron" for sheet in browser.of("sheet")))
    browser.say("units_in_sight", units=[], near=[])
    assert waiting
    assert not any(waiting)


def test_a_large_picture_that_fails_is_given_up(browser, monkeypatch):
    browser.say("unit", unit=9)
    browser.answers("unit_picture", unit=9, picture="neuron")
    tried = []

    def fail(*_args):
        tried.append(1)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(LivePictures, "advance", fail)
    browser.say("diverse_units", unit=9)
    browser.wait(lambda: tried)
    browser.say("unit", unit=10)
    browser.answers("unit_picture", unit=10, picture="channel")
    assert len(tried) <= 3  # the four that differ, and a portrait for each page


def test_the_label_of_the_strongest_examples(browser):
    browser.say("unit", unit=4)
    message, _ = browser.answers("unit", unit=4)[0]
    assert message["label"] is None  # all images are in one folder


@pytest.mark.parametrize("grid", [4, 8])
def test_values_on_the_map_are_the_cells_means(browser, grid):
    browser.say("unit_values", grid=grid, unit=2)
    message, buffer = browser.answers("unit_values", grid=grid)[0]
    found = browser.widget.atlas.grid(grid)
    means = np.frombuffer(buffer, "<f4")
    assert message["count"] == len(found.ids) == len(means)
    np.testing.assert_array_equal(means, np.asarray(found.means[:, 2], np.float32))
    # weighted by their counts, the cells' means are the mean of all samples in cells
    inside = np.concatenate([found.members(place) for place in range(len(found.ids))])
    expected = activations(browser)[inside, 2].mean()
    weighted = np.average(means, weights=found.counts)
    assert weighted == pytest.approx(expected, rel=1e-4)


def test_units_that_do_not_exist_are_passed_over(browser):
    browser.say("unit", unit=9999)
    browser.say("unit_values", grid=4, unit=9999)
    browser.say("unit_values", grid=5, unit=0)
    browser.say("units_in_sight", units=[9999], near=[])
    browser.say("units")
    browser.answers("units")
    assert browser.of("unit") == []
    assert browser.of("unit_values") == []


def test_a_unit_is_opened_from_python(browser):
    w = browser.widget
    w.open_unit("middle", 4)
    assert (w.mode, w.unit) == ("units", 4)
    assert w.view["mode"] == "units"
    assert w.view["unit"] == 4
    w.open_layer(sort="max")
    assert (w.mode, w.unit, w.unit_order) == ("units", None, "max")
    w.view = {"mode": "atlas"}
    assert (w.mode, w.unit) == ("atlas", None)


def test_a_unit_selects_the_cells_in_which_it_is_most_active(browser):
    w = browser.widget
    browser.say("unit", unit=2)
    message, _ = browser.answers("unit", unit=2)[0]
    grid = w.atlas.grid(message["grid"])
    by_mean = sorted(
        zip(grid.means[:, 2].tolist(), grid.ids.tolist(), strict=True), key=lambda pair: -pair[0]
    )
    twentieth = [cell for _, cell in by_mean[: -(-len(by_mean) // 20)]]
    assert message["strongest"] == twentieth
    w.level = message["grid"]
    assert w.select_unit(2) == twentieth
    assert w.selection == twentieth
    half = w.select_unit(2, share=0.5)
    assert half == [cell for _, cell in by_mean[: -(-len(by_mean) // 2)]]
    assert w.select_unit(2, share=1) == [cell for _, cell in by_mean]
    w.select([])
    with pytest.raises(AtlasError, match="above 0 up to 1"):
        w.select_unit(2, share=0)
    with pytest.raises(AtlasError, match="has the units 0 to"):
        w.select_unit(1000)
    assert w.selection == []


def test_the_map_of_units(browser):
    browser.say("unit_map")
    message, buffer = browser.answers("unit_map")[0]
    slots = np.frombuffer(buffer, "<f4").astype(int)
    values = activations(browser)
    alive = values.std(0) > 0
    assert len(slots) == values.shape[1]
    assert (slots >= 0).tolist() == alive.tolist()
    assert len(set(slots[alive])) == alive.sum()
    assert slots.max() < message["rows"] * message["columns"]
    r = np.corrcoef(values[:, alive].T)
    overall = r[~np.eye(len(r), dtype=bool)].mean()
    assert message["overall"] == pytest.approx(overall, abs=1e-3)
    assert message["failed"] == ""
    browser.say("unit_map")  # known by now
    browser.wait(lambda: len(browser.of("unit_map")) == 2)
    browser.widget.open_layer(sort="correlation")
    assert browser.widget.unit_order == "correlation"
    browser.widget.open_layer(sort="max")
    browser.widget.mode = "atlas"


def test_the_overlay_of_a_unit(browser):
    w = browser.widget
    w.overlay = "unit: 4"
    assert w.overlay == "unit: 4"
    w.overlay = "unit: middle:5"
    assert w.overlay == "unit: 5"
    w.overlay = "pictures"


def test_what_is_no_unit_is_refused_with_what_there_is(browser):
    w = browser.widget
    last = activations(browser).shape[1] - 1
    with pytest.raises(AtlasError, match=f"units 0 to {last}"):
        w.open_unit("middle", last + 1)
    with pytest.raises(AtlasError, match=f"units 0 to {last}"):
        w.overlay = "unit: 1000"
    with pytest.raises(AtlasError, match="open_layer"):
        w.overlay = "unit: stem:1"
    with pytest.raises(AtlasError, match="middle"):
        w.open_unit("midle", 0)
    with pytest.raises(AtlasError, match="sparseness"):
        w.open_layer(sort="sparsness")
    with pytest.raises(AtlasError, match="atlas, graph, units, image"):
        w.mode = "unit"
    assert (w.mode, w.unit, w.overlay) == ("atlas", None, "pictures")


def test_what_the_browser_sets_is_checked(browser):
    w = browser.widget
    w.set_state({"mode": "units", "unit": 2})
    assert (w.mode, w.unit) == ("units", 2)
    w.set_state({"mode": "evil", "unit": 100_000, "unit_order": "evil"})
    assert (w.mode, w.unit, w.unit_order) == ("units", 2, "max")
    w.set_state({"mode": "atlas", "unit": None})
    assert (w.mode, w.unit) == ("atlas", None)
