"""What open panels are told of single cells, through a widget and what it sends."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from atlas_widget.images.crops import crop_image
from atlas_widget.images.opening import as_image_source
from atlas_widget.images.source import NamedImages
from atlas_widget.inversion import InversionEngine, InversionSettings
from atlas_widget.inversion.invert import run
from atlas_widget.probe import LayerProbe
from atlas_widget.session import open_layer
from atlas_widget.session.panels.profile import channel_moments
from atlas_widget.session.panels.source_image import locate
from tests.conftest import make_tiny_model
from tests.session.panels.opened import forget, opened_browser

ICON = InversionSettings.icon(size=24, steps=12)
PORTRAIT = InversionSettings.portrait(size=48, view=32, steps=12)


@pytest.fixture(scope="module")
def browser(tiny_images, tmp_path_factory):
    """Somebody who looks at a small atlas, whose pictures are small and quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InversionSettings, "icon", staticmethod(lambda: ICON))
        patch.setattr(InversionSettings, "portrait", staticmethod(lambda: PORTRAIT))
        cache = tmp_path_factory.mktemp("cache")
        with opened_browser(tiny_images, cache, seed=3) as browser:
            yield browser


@pytest.fixture(autouse=True)
def fresh(browser):
    """What earlier tests were told is forgotten."""
    forget(browser)


def last(browser, kind, **fields):
    return browser.answers(kind, **fields)[-1]


def cells(browser, grid=4):
    return browser.widget.atlas.grid(grid).ids.tolist()


def picture(buffer):
    return np.asarray(Image.open(io.BytesIO(buffer))).astype(int)


def test_an_opened_cell_tells_its_profile_beside_what_is_usual(browser):
    atlas, cell = browser.widget.atlas, cells(browser)[2]
    browser.say("inspect", grid=4, cell=cell, request=1, seed=0)
    message, buffer = last(browser, "profile", grid=4, cell=cell)
    rows = np.frombuffer(buffer, "<f4").reshape(3, message["channels"])
    place = atlas.grid(4).ids.tolist().index(cell)
    np.testing.assert_array_equal(rows[0], atlas.grid(4).means[place])
    np.testing.assert_allclose(rows[1], atlas.activations.mean(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(rows[2], atlas.activations.std(0), rtol=1e-4, atol=1e-5)


def test_a_mix_is_the_picture_of_the_mixed_direction(browser):
    first, other = cells(browser)[0], cells(browser, 8)[5]
    grids = [browser.widget.atlas.grid(size) for size in (4, 8)]
    means = grids[0].means[0], grids[1].means[5]
    mixed = (0.7 * means[0] + 0.3 * means[1]).astype(np.float32)
    ask = {"grid": 4, "cell": first, "other_grid": 8, "other_cell": other}
    browser.say("inspect_mix", **ask, share=0.3, request=1, seed=2)
    frame, buffer = last(browser, "frame", request=1, done=True)
    with LayerProbe(make_tiny_model(), "middle", device="cpu") as probe:
        near = grids[0].nearest(0, 8), grids[1].nearest(5, 8)  # crops of either by its share
        near = near[0][: round(0.7 * len(near[0]))], near[1][: round(0.3 * len(near[1]))]
        crops = [browser.widget.atlas.samples.thumbnails.get(int(i)) for i in np.concatenate(near)]
        icon = run(InversionEngine(probe, settings=ICON), mixed, 3 + 2, images=[np.stack(crops)])
        portrait = run(
            InversionEngine(probe, settings=PORTRAIT),
            mixed,
            3 + 2,
            warm=icon.images,
            images=[np.stack(crops)],
        )
    assert frame["cosine"] == pytest.approx(portrait.cosine[0], abs=1e-3)
    assert np.abs(picture(buffer) - portrait.images[0]).mean() < 3, "what JPEG costs"
    # At either end it is the cell itself, which the cache then knows.
    browser.say("inspect_mix", **ask, share=1, request=2, seed=0)
    end, _ = last(browser, "frame", request=2, done=True)
    browser.say("inspect", grid=8, cell=other, request=3, seed=0)
    own, _ = last(browser, "frame", request=3, done=True)
    assert end["cosine"] == pytest.approx(own["cosine"])


def test_live_pictures_rest_go_on_and_differ_when_the_panel_says_so(browser):
    cell = cells(browser)[1]
    browser.say("inspect_variants", grid=4, cell=cell, request=1, seed=0, count=3)
    frame, buffer = last(browser, "frame", request=1, done=True)
    assert len(frame["cosines"]) == 3
    assert picture(buffer).shape == (48, 3 * 48, 3)
    browser.say("inspect", grid=4, cell=cell, request=2, seed=0)
    browser.say("pause_inspect", request=2, paused=True)
    browser.say("pause_inspect", request=2, paused=False)
    before, _ = last(browser, "frame", request=2, done=True)
    browser.say("more_steps", request=2, steps=7)
    after, _ = last(browser, "frame", request=2, done=True, step=before["step"] + 7)
    assert after["steps"] == after["step"]
    browser.say("more_steps", request=2, steps=10**6)
    error, _ = last(browser, "error", fatal=False)
    assert "1000000 more steps" in error["message"]


def test_single_classes_have_the_values_of_the_card(browser):
    cell, stranger = cells(browser, 8)[:2]
    browser.say("hover", grid=8, cell=cell)
    browser.wait(lambda: any(m["classes"] for m in browser.of("card")))
    card = [m for m in browser.of("card") if m["classes"]][-1]
    shown = {entry["index"]: entry for entry in card["classes"] + card["against"]}
    browser.say("class_values", grid=8, cell=cell, classes=[*range(10), 10, 10**9])
    told, _ = last(browser, "class_values", cell=cell)
    assert [entry["index"] for entry in told["classes"]] == list(range(10)), "those that exist"
    for entry in told["classes"]:
        if entry["index"] in shown:
            assert entry == pytest.approx(shown[entry["index"]])
    browser.say("class_values", grid=8, cell=stranger, classes=[4])
    other, _ = last(browser, "class_values", cell=stranger)
    assert [entry["index"] for entry in other["classes"]] == [4], "whose card nobody asked for"


def test_whoever_waits_for_words_need_not_wait_for_the_pictures(browser, monkeypatch):
    monkeypatch.setattr(open_layer, "SLICE", 1e-4)  # a step at a time
    first, *_, other = cells(browser, 8)  # the cells in sight are those of the other grid
    for request in (1, 2):
        browser.say("inspect", grid=8, cell=first, request=request, seed=100 + request)
    browser.say("hover", grid=8, cell=other)
    for request in (1, 2):
        last(browser, "frame", request=request, done=True)
    browser.wait(lambda: [m for m in browser.of("card") if m["cell"] == other and m["classes"]])
    order = [
        message["kind"]
        for message in list(browser.messages)
        if (message["kind"] == "card" and message["cell"] == other and message["classes"])
        or (message["kind"] == "frame" and message["done"])
    ]
    assert order[0] == "card"


def test_a_crop_is_found_again_in_its_image(browser, tiny_images):
    samples, scene = browser.widget.atlas.samples, browser.widget._session.scene
    source = as_image_source(tiny_images)
    cell, other = sorted(  # one with about as many mirrored crops as others
        cells(browser), key=lambda cell: -np.std(samples.flipped[scene.nearest(4, cell, 16)])
    )[:2]
    both = set()
    for crop, sample in enumerate(scene.nearest(4, cell, 16)):
        browser.say("crop_in_image", grid=4, cell=cell, crop=crop)
        found, buffer = last(browser, "crop_in_image", crop=crop)
        assert found["name"] == samples.name(sample)
        image = source.open(int(samples.image_indices[samples.image_ids[sample]]))
        assert picture(buffer).shape == (image.height, image.width, 3), "small ones as they are"
        left, top, right, bottom = found["crop_box"]
        assert (left, top, right, bottom) == pytest.approx(samples.crop(sample).box)
        x0, y0, x1, y1 = found["seen_box"]
        assert left - 1e-6 <= x0 < x1 <= right + 1e-6
        assert top - 1e-6 <= y0 < y1 <= bottom + 1e-6
        # What is outlined is what the card shows, mirrored where the network was given a mirror.
        seen = type(samples.crop(sample))((x0, y0, x1, y1), samples.crop(sample).flipped)
        again = np.asarray(crop_image(image, seen, 64)).astype(int)
        assert np.abs(again - samples.thumbnails.get(int(sample))).mean() < 8
        both.add(bool(samples.flipped[sample]))
    assert both == {True, False}
    for crop in (-1, 16, 10**9):
        browser.say("crop_in_image", grid=4, cell=cell, crop=crop)
    browser.say("crop_in_image", grid=4, cell=other, crop=0)
    last(browser, "crop_in_image", cell=other)
    told = {message["crop"] for message in browser.of("crop_in_image")}
    assert told == set(range(len(scene.nearest(4, cell, 16)))), "others there are not"


def test_a_crop_in_its_image_names_who_made_the_image(browser, monkeypatch):
    samples, scene = browser.widget.atlas.samples, browser.widget._session.scene
    cell = cells(browser)[1]
    browser.say("crop_in_image", grid=4, cell=cell, crop=0)
    assert last(browser, "crop_in_image", crop=0)[0]["credit"] == "", "nobody is known"
    monkeypatch.setattr(NamedImages, "credit", lambda _, index: f"by author {index}")
    browser.say("crop_in_image", grid=4, cell=cell, crop=1)
    sample = scene.nearest(4, cell, 16)[1]
    index = samples.image_indices[samples.image_ids[sample]]
    assert last(browser, "crop_in_image", crop=1)[0]["credit"] == f"by author {index}"


def test_without_its_images_a_crop_says_so(browser, tiny_images, tmp_path):
    samples = browser.widget.atlas.samples
    with LayerProbe(make_tiny_model(), "middle", device="cpu") as probe:
        found = locate(samples, 0, probe, None)
        assert found.pixels is None
        assert "not available" in found.note
        for number, path in enumerate(sorted(tiny_images.iterdir())):
            (tmp_path / f"other_{number}.png").write_bytes(path.read_bytes())
        for path in tmp_path.glob("*.sqlite*"):
            path.unlink()
        found = locate(samples, 0, probe, as_image_source(tmp_path))
        assert found.pixels is None
        assert samples.name(0) in found.note


def test_what_is_usual_is_precise_whatever_the_scale_and_reads_no_more_than_it_must():
    random = np.random.default_rng(0)
    activations = (1000 + random.normal(0, 0.1, (5000, 3))).astype(np.float32)
    usual = channel_moments(activations)
    np.testing.assert_allclose(usual.mean, activations.mean(0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(usual.deviation, activations.std(0, dtype=np.float64), rtol=1e-3)
    thinned = channel_moments(activations, most=500)
    np.testing.assert_allclose(thinned.deviation, activations[::10].std(0), rtol=1e-3)
