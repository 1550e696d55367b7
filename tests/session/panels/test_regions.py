"""The names of regions come with the final layout, and again to a view that comes up later."""

from __future__ import annotations

import pytest
from PIL import Image

from atlas_widget import AtlasWidget
from tests.conftest import make_tiny_model, tiny_picture
from tests.widget_browser import FakeBrowser


@pytest.fixture
def folders(tmp_path):
    for number in range(12):
        folder = tmp_path / ("dark" if number % 2 else "light")
        folder.mkdir(exist_ok=True)
        picture = tiny_picture(number)
        picture.point(lambda value, odd=number % 2: value // 4 if odd else 191 + value // 4).save(
            folder / f"{number}.png"
        )
    return tmp_path


def open_widget(folders, cache):
    w = AtlasWidget(
        make_tiny_model(), "stem", images=folders, num_samples=400, grids=(8,), cache_dir=cache
    )
    browser = FakeBrowser(w)
    browser.open_whole()
    return browser


def test_regions_are_named_after_the_images_folders(folders, tmp_path_factory):
    browser = open_widget(folders, tmp_path_factory.mktemp("cache"))
    try:
        ((message, _),) = browser.answers("regions")
        assert set(message["names"]) == {"dark", "light"}
        assert all(share >= 0.6 for share in message["shares"])
        assert message["revision"] == browser.layouts[-1]["revision"]
        assert message["cells"] == sorted(message["cells"], reverse=True)
        browser.messages.clear()
        browser.buffers.clear()
        browser.say("ready", view="other", revision=-1)
        browser.answers("regions")
    finally:
        browser.widget.close()


def test_without_labels_they_are_named_after_what_the_crops_look_like(tmp_path):
    for number in range(12):
        odd = number % 2
        tint = Image.new("RGB", (96, 96), (40, 90, 230) if odd else (200, 30, 20))
        Image.blend(tint, tiny_picture(number).resize((96, 96)), 0.1).save(
            tmp_path / f"{number}.png"
        )
    browser = open_widget(tmp_path, tmp_path / "cache")
    try:
        ((message, _),) = browser.answers("regions")
        assert all(name.endswith("crops") for name in message["names"])
        assert all(share >= 0.75 for share in message["shares"])
        table = browser.widget.regions
        assert set(table["name"]) == set(message["names"])
        grid = browser.layouts[-1]["grids"][0]
        browser.say("hover", grid=grid["size"], cell=grid["ids"][0])
        (card, _), *_ = browser.answers("card")
        assert card["label"] is not None or card["look"].endswith("crops")
    finally:
        browser.widget.close()
