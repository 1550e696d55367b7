"""A photo falls on the map where the samples most like its positions are."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from atlas_widget.collect import sample_images
from atlas_widget.errors import AtlasError
from atlas_widget.images.opening import as_image_source
from tests.conftest import tiny_picture
from tests.session.panels.opened import forget, opened_browser


@pytest.fixture(scope="module")
def browser(tiny_images, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    with opened_browser(tiny_images, cache, num_samples=300) as browser:
        yield browser


@pytest.fixture(autouse=True)
def fresh(browser):
    forget(browser)


def jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=95)
    return file.getvalue()


def test_a_dropped_photo_is_answered_with_its_places(browser):
    browser.say("place_photo", buffer=jpeg(tiny_picture(3)), name="third.jpg")
    ((placed, buffer),) = browser.answers("photo_placed")
    atlas = browser.widget.atlas
    assert placed["name"] == "third.jpg"
    shown = Image.open(io.BytesIO(buffer))
    assert shown.width == shown.height
    count = len(placed["positions"])
    assert 16 <= count <= 64
    rows, columns = placed["rows"], placed["columns"]
    for position in placed["positions"]:  # none in the outermost ring, as samples are not
        row, column = divmod(position, columns)
        assert 0 < row < rows - 1
        assert 0 < column < columns - 1
    assert all(0 <= value <= 1 for value in (*placed["x"], *placed["y"]))
    assert all(0 <= sample < len(atlas) for sample in placed["samples"])
    assert 0 < placed["usual"] < 1
    assert np.mean(placed["cosine"]) > placed["usual"]


def test_what_the_atlas_was_made_of_falls_where_it_lies(browser, tiny_images):
    w = browser.widget
    samples = w.atlas.samples
    shown = {(at["row"], at["column"]) for _, at in w.place(tiny_picture(0)).iterrows()}
    own = [at for at, (row, column) in enumerate(samples.positions) if (row, column) in shown][:4]
    (_, shown_photo), *_ = browser.answers("photo_placed")
    side = Image.open(io.BytesIO(shown_photo)).width
    crops = sample_images(samples, as_image_source(tiny_images), np.array(own), side)
    for sample, crop in zip(own, crops, strict=True):
        row, column = samples.positions[sample]
        table = w.place(crop)
        at = table[(table["row"] == row) & (table["column"] == column)].iloc[0]
        assert samples.name(sample) == at["nearest_image"]
        assert at["cosine"] > 0.98
        # the place is that of one of the samples most like it
        likeness = w.atlas.activations @ w.atlas.activations[sample]
        likeness /= np.linalg.norm(w.atlas.activations, axis=1)
        near = w.atlas.xy[np.argsort(-likeness)[:12]]
        assert np.abs(near - [at["x"], at["y"]]).sum(1).min() < 1e-3


def test_a_front_end_that_comes_up_later_is_sent_it_too(browser, tiny_images):
    cells = browser.widget.atlas.grid(4).ids.tolist()
    path = sorted(tiny_images.iterdir())[2]
    browser.widget.place(path)
    browser.answers("photo_placed", name=path.name)
    forget(browser)
    browser.say("ready", view="another", revision=-1)
    assert len(browser.answers("photo_placed", name=path.name)) == 1
    browser.say("remove_photo")
    forget(browser)
    browser.say("ready", view="a third", revision=-1)
    browser.say("hover", grid=4, cell=cells[0])
    browser.answers("card")
    assert not browser.of("photo_placed")


def test_python_is_given_a_table(browser, tiny_images):
    w = browser.widget
    path = sorted(tiny_images.iterdir())[5]
    table = w.place(path)
    ((placed, _),) = browser.answers("photo_placed", name=path.name)
    assert table["row"].tolist() == [at // placed["columns"] for at in placed["positions"]]
    assert table["x"].tolist() == pytest.approx(placed["x"])
    cells = {-1, *w.atlas.grid(w.level).ids.tolist()}
    assert set(table["cell"]) <= cells
    pixels = np.asarray(Image.open(path).convert("RGB"))
    assert w.place(pixels)["x"].tolist() == table["x"].tolist()


def test_noise_is_unlike_anything(browser):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    ours = browser.widget.place(tiny_picture(1))
    assert browser.widget.place(noise)["unusual"].mean() > ours["unusual"].mean() + 0.3


def test_what_is_no_photo_is_said_to_who_sent_it(browser, tmp_path):
    browser.say("place_photo", buffer=b"<svg onload=alert(1)>", name="x.svg")
    ((error, _),) = browser.answers("error")
    assert error["message"].startswith("The photo cannot be placed: Cannot read")
    assert not error["fatal"]
    with pytest.raises(AtlasError, match="Cannot read"):
        browser.widget.place(tmp_path / "missing.png")
    with pytest.raises(AtlasError, match="A list holds"):
        browser.widget.place(3)
