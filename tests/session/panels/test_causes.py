"""What panels are told of causes, through a widget and what it sends."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from atlas_widget import AtlasWidget
from atlas_widget.causes import ablate, examples_of, paste, predict, steer
from atlas_widget.causes.pasting import box_at, corner_boxes
from atlas_widget.collect import MIN_SAMPLES
from atlas_widget.images.opening import as_image_source
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.pictures import as_rgb
from atlas_widget.session.tasks.experiments import picture_of
from tests.conftest import make_tiny_model
from tests.widget_browser import FakeBrowser

GRID = 4


@pytest.fixture(scope="module")
def source(tiny_images):
    return as_image_source(tiny_images)


@pytest.fixture(scope="module")
def browser(tiny_images, tmp_path_factory):
    """Somebody who looks at a small atlas; its pictures stay the real crops."""
    w = AtlasWidget(
        make_tiny_model(),
        "middle",
        images=tiny_images,
        num_samples=200,
        grids=(GRID, 8),
        cache_dir=tmp_path_factory.mktemp("cache"),
    )
    browser = FakeBrowser(w)
    browser.say("ready", view="v", revision=-1)
    w.wait(60)
    browser.wait(lambda: browser.layouts and browser.layouts[-1]["final"])
    yield browser
    w.close()


@pytest.fixture(scope="module")
def probe():
    with LayerProbe(make_tiny_model(), "middle", device="cpu") as probe:
        yield probe


@pytest.fixture(autouse=True)
def fresh(browser):
    """What earlier tests were told is forgotten."""
    browser.messages.clear()
    browser.buffers.clear()


def last(browser, kind, **fields):
    return browser.answers(kind, **fields)[-1]


def cells(browser):
    return browser.widget.atlas.grid(GRID).ids.tolist()


def test_a_direction_removed_from_a_region_is_what_the_engine_says(browser, probe, source):
    region = cells(browser)[:3]
    ask = {"grid": GRID, "cells": region, "change": "remove", "amount": 1, "classes": [1, 4]}
    browser.say("causal_test", **ask, where="present", request=5)
    told, _ = last(browser, "causal_test", request=5)
    found = examples_of(browser.widget.atlas, probe, source, region, size=GRID)
    test = ablate(probe, None, found.rgb, "present", found.direction, target=[1, 4])
    assert told["pictures"] == len(test)
    assert np.allclose(told["predicted"], test.predicted.ravel(), rtol=1e-2, atol=1e-4)
    assert np.allclose(told["actual"], test.actual.ravel(), rtol=1e-2, atol=1e-4)
    assert told["correlation"] == pytest.approx(test.correlation, abs=0.01)
    assert told["low"] <= told["correlation"] <= told["high"]
    assert len(told["names"]) == 2


def test_a_direction_added_is_what_the_engine_says(browser, probe, source):
    cell = cells(browser)[1]
    ask = {"grid": GRID, "cells": [cell], "change": "add", "amount": -0.5, "classes": [2]}
    browser.say("causal_test", **ask, where="sample", request=6)
    told, _ = last(browser, "causal_test", request=6)
    found = examples_of(browser.widget.atlas, probe, source, cell, size=GRID)
    test = steer(probe, None, found.rgb, found.positions, found.direction, -0.5, target=[2])
    assert np.allclose(told["actual"], test.actual.ravel(), rtol=1e-2, atol=1e-4)
    assert "0.5" in told["what"]


def test_a_patch_on_an_image_is_answered_with_the_classes_before_and_after(browser, probe, source):
    cell = cells(browser)[2]
    place = {"grid": GRID, "cell": cell, "crop": 1, "class": 3}
    browser.say("try_patch", request=1, image=4, **place, x=0.3, y=0.6, size=0.4, corners=False)
    told, _ = last(browser, "patch_classes", request=1)
    under = picture_of(source, 4, probe.input_size)
    scene = browser.widget._session.scene
    patch = scene.samples.thumbnails.get(int(scene.nearest(GRID, cell, 2)[1]))
    pasted = paste(under, patch, box_at((0.3, 0.6), 0.4, under.shape))
    before, after = predict(probe, np.stack([under, pasted]), top=10)
    share = {each.index: each.probability for each in after}
    assert told["after"] == pytest.approx([share[index] for index in told["classes"]], abs=1e-3)
    share = {each.index: each.probability for each in before}
    assert told["before"] == pytest.approx([share[index] for index in told["classes"]], abs=1e-3)
    assert told["after"] == sorted(told["after"], reverse=True)
    assert 3 in told["classes"], "the class that is wanted is always told"
    assert told["classes"][0] == after[0].index
    assert (told["x"], told["y"]) == pytest.approx((0.3, 0.6))


def test_the_best_of_four_corners_is_the_one_in_which_the_class_is_strongest(browser):
    place = {"grid": GRID, "cell": cells(browser)[2], "crop": 0, "class": 3, "size": 0.3}
    middles = [
        ((left + right) / 2, (top + bottom) / 2)
        for left, top, right, bottom in corner_boxes(0.3, (100, 100)).values()
    ]
    found = []
    for request, (x, y) in enumerate(middles):
        browser.say("try_patch", request=request, image=0, **place, x=x, y=y, corners=False)
        told, _ = last(browser, "patch_classes", request=request)
        found.append(told["after"][told["classes"].index(3)])
    browser.say("try_patch", request=9, image=0, **place, x=0.5, y=0.5, corners=True)
    best, _ = last(browser, "patch_classes", request=9)
    assert best["after"][best["classes"].index(3)] == pytest.approx(max(found), abs=1e-4)
    x, y = middles[int(np.argmax(found))]
    assert (best["x"], best["y"]) == pytest.approx((x, y), abs=0.01)


def test_the_images_come_as_a_strip_and_one_as_the_model_is_given_it(browser, probe, source):
    browser.say("source_images", first=8, count=24)
    told, sheet = last(browser, "source_images", first=8)
    assert told["images"] == [8, 9, 10, 11]
    assert told["total"] == 12
    assert told["names"] == [source.name(index) for index in told["images"]]
    tile, columns = told["tile"], told["columns"]
    assert Image.open(io.BytesIO(sheet)).size == (columns * tile, tile)
    browser.say("patch_picture", image=9)
    told, jpeg = last(browser, "patch_picture", image=9)
    picture = np.asarray(Image.open(io.BytesIO(jpeg)))
    wanted = picture_of(source, 9, probe.input_size)
    assert picture.shape == wanted.shape == (told["side"], told["side"], 3)
    assert np.abs(picture.astype(int) - wanted).mean() < 6, "what JPEG costs"


def test_a_patch_test_tells_both_protocols_and_all_controls(browser):
    model, target = make_tiny_model(), 3
    with LayerProbe(model, "middle", device="cpu") as probe:
        said = predict(probe, [browser_image(browser, number) for number in range(12)], top=1)
    already = sum(each[0].index == target for each in said)
    ask = {"grid": GRID, "cell": cells(browser)[0], "crop": 0, "class": target, "size": 0.3}
    browser.say("patch_test", request=3, **ask)
    told, _ = last(browser, "patch_tested", request=3)
    assert told["conditions"] == ["patch", "noise", "random cells"] * 2
    assert told["protocols"] == ["corner"] * 3 + ["best corner"] * 3
    assert set(told["counts"]) == {12 - already} == {told["images"]}
    for flips, count, low, high in zip(
        told["flips"], told["counts"], told["low"], told["high"], strict=True
    ):
        assert low <= flips / count <= high
    best, corner = told["flips"][3:], told["flips"][:3]
    assert all(free >= bound for free, bound in zip(best, corner, strict=True))


def browser_image(browser, number):
    return browser.widget._session.model.source.open(number)


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("causal_test", {"change": "destroy"}, "neither 'remove' nor 'add'"),
        ("causal_test", {"where": "evrywhere"}, "'everywhere'"),
        ("causal_test", {"amount": 0}, "amount=0"),
        ("causal_test", {"cells": []}, "No cells"),
        ("causal_test", {"classes": [1] * 9}, "at most 8"),
        ("causal_test", {"classes": [77]}, "77"),
        ("try_patch", {"image": 99}, "no image 99"),
        ("try_patch", {"image": -1}, "no image -1"),
        ("try_patch", {"class": 10}, "no class 10"),
        ("try_patch", {"crop": 15_000}, "no crop"),
        ("patch_test", {"class": 99}, "99"),
        ("find_cues", {"first": 2, "second": 2}, "same class"),
    ],
)
def test_what_nobody_can_mean_is_refused_to_who_asked(browser, kind, change, said):
    cell = cells(browser)[0]
    good = {
        "causal_test": {
            "cells": [cell],
            "change": "add",
            "amount": 1,
            "where": "sample",
            "classes": [],
        },
        "try_patch": {
            "image": 0,
            "cell": cell,
            "crop": -1,
            "x": 0.5,
            "y": 0.5,
            "size": 0.3,
            "class": 1,
            "corners": False,
        },
        "patch_test": {"cell": cell, "crop": -1, "class": 1, "size": 0.3},
        "find_cues": {"first": 1, "second": 2},
    }
    browser.say(kind, grid=GRID, request=41, **{**good[kind], **change})
    failed, _ = last(browser, "task_failed", request=41)
    assert said in failed["message"]


def test_what_is_stopped_tells_nothing_more_and_the_next_goes_on(browser):
    ask = {"grid": GRID, "cells": cells(browser), "where": "everywhere", "classes": []}

    def change_and_think_better() -> None:  # on the worker's thread: no slice comes between
        browser.say("causal_test", **ask, change="remove", amount=1, request=11)
        browser.say("stop_task", request=11)

    browser.widget._worker.post(change_and_think_better)
    browser.say("causal_test", **ask, change="add", amount=1, request=12)
    last(browser, "causal_test", request=12)
    assert not [m for m in browser.of("causal_test") if m["request"] == 11]


def test_the_pictures_are_compared_with_controls(browser):
    browser.say("check_pictures", request=77)
    message, _ = last(browser, "pictures_checked", request=77)
    names = message["names"]
    assert names[0] == "pictures"
    assert {"noise images", "statistics alone", "nearest crop"} < set(names)
    assert message["cells"] == min(24, len(cells(browser)))
    for low, cosine, high in zip(message["low"], message["cosine"], message["high"], strict=True):
        assert low <= cosine <= high
    assert all(0 <= own <= 1 for own in message["own"])
    assert message["judge"] is None
    assert message["found"] == [None] * len(names)
    assert browser.of("task_progress")


def test_classes_for_cues_are_those_of_enough_samples(browser, source, probe):
    browser.say("cue_classes", request=61)
    message, _ = last(browser, "cue_classes", request=61)
    samples = browser.widget.atlas.samples
    pictures = [as_rgb([source.open(index)], probe.input_size) for index in range(len(source))]
    taken = [int(probe.outputs(picture).argmax()) for picture in pictures]
    of = [taken[samples.image_indices[image]] for image in samples.image_ids]
    counted = {of_class: of.count(of_class) for of_class in set(of)}
    wanted = {each: count for each, count in counted.items() if count >= MIN_SAMPLES}
    assert dict(zip(message["classes"], message["samples"], strict=True)) == wanted
    assert message["samples"] == sorted(message["samples"], reverse=True)
    assert message["told_by"] == "as the model takes them"
