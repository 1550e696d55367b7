"""What cannot be: from a user, from images, or from a browser that sends anything at all."""

import shutil

import pytest
import torch

from atlas_widget import Atlas, AtlasWidget
from atlas_widget.errors import (
    AtlasError,
    ImagesError,
    LayerNotFoundError,
    SavedAtlasError,
    UnreadableImagesError,
)
from tests.widget.waiting import ours, until
from tests.widget_browser import FakeBrowser


def test_an_unknown_layer_is_refused_at_once(tiny_model):
    with pytest.raises(LayerNotFoundError, match=r"midle.*'middle'"):
        AtlasWidget(tiny_model, "midle")
    assert not ours()


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"images": "no/such/folder"}, ImagesError, "no/such/folder"),
        ({"labels": ["a", "b"]}, AtlasError, "10"),
        ({"labels": "abc"}, AtlasError, "labels"),
        ({"grids": ()}, AtlasError, "grids"),
        ({"grids": (4, 5000)}, AtlasError, "grids"),
        ({"num_samples": 1}, AtlasError, "num_samples"),
        ({"num_samples": "many"}, AtlasError, "num_samples"),
        ({"seed": -1}, AtlasError, "seed"),
        ({"input_size": 0}, AtlasError, "input_size"),
        ({"input_size": "64px"}, AtlasError, "input_size"),
        ({"atlas": "no/such/atlas"}, SavedAtlasError, "no/such/atlas"),
    ],
)
def test_what_is_wrong_at_once_is_said_at_once(make, options, error, said):
    with pytest.raises(error, match=said):
        make(**options)


def test_what_a_notice_advises_can_be_done(make, tiny_model, tiny_images):
    """Which size is assumed is said with the argument that changes it."""
    w = make()
    w.wait(60)
    assert any("Pass input_size=" in notice for notice in w.notices)
    w = make(input_size=64)
    w.wait(60)
    assert not any("input_size" in notice for notice in w.notices)
    assert w.atlas.provenance["input_size"] == 64
    atlas = Atlas.build(
        tiny_model, "middle", tiny_images, input_size=64, num_samples=200, progress=False
    )
    assert atlas.provenance["input_size"] == 64
    assert not any("input_size" in notice for notice in atlas.notices)


def test_what_shows_later_is_raised_by_wait_and_told_to_the_browser(make, tmp_path):
    (tmp_path / "empty").mkdir()
    w = make(images=tmp_path / "empty")
    browser = FakeBrowser(w)
    with pytest.raises(ImagesError, match="empty"):
        w.wait(30)
    assert w.status["stage"] == "error"
    assert "empty" in w.status["error"]
    with pytest.raises(ImagesError):
        w.render(timeout=30)
    assert w.atlas is None
    assert w._worker.alive
    del browser


def test_an_error_can_be_retried(make, tmp_path, tiny_images):
    folder = tmp_path / "later"
    folder.mkdir()
    w = make(images=folder)
    browser = FakeBrowser(w)
    browser.say("ready", view="v", revision=-1)
    until(lambda: w.status["stage"] == "error")
    for picture in tiny_images.iterdir():
        (folder / picture.name).write_bytes(picture.read_bytes())
    browser.say("retry")
    until(lambda: w.status["stage"] != "error")
    w.wait(60)


def test_nan_activations_are_said(make):
    class Broken(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = torch.nn.Conv2d(3, 4, 3)
            self.broken = torch.nn.Identity()

        def forward(self, x):
            return self.broken(self.stem(x) * float("nan")).mean((2, 3))

    w = make(Broken(), "broken")
    with pytest.raises(AtlasError, match=r"not finite|NaN"):
        w.wait(60)


HOSTILE = [
    None,
    [],
    "ready",
    7,
    {},
    {"kind": "no such kind"},
    {"kind": "hover"},
    {"kind": "hover", "grid": "x", "cell": {}},
    {"kind": "visible", "grid": 4, "cells": list(range(10**5)), "near": []},
    {"kind": "inspect", "grid": 4, "cell": 10**9, "request": 1, "seed": 0},
    {"kind": "export", "grid": 4, "cells": [], "format": "../../exe", "names": True},
    {"kind": "ready", "view": "x" * 10**6, "revision": 0},
]


def test_hostile_messages_are_dropped_and_told_not_too_often(make):
    w = make()
    browser = FakeBrowser(w)
    browser.open()
    w.wait(60)
    browser.messages.clear()
    for content in HOSTILE * 20:
        w._handle_custom_msg(content, [])
    browser.wait(lambda: browser.of("error"))
    assert all(not message["fatal"] for message in browser.of("error"))
    w._session._shown_at = 0.0  # the layout has been there for long
    browser.say("hover", grid=4, cell=15 if 15 not in w.atlas.grid(4).ids else 0)
    w.render(w.atlas.grid(4).ids.tolist()[:1], timeout=60)
    assert len(browser.of("error")) <= 25


def test_cells_that_do_not_exist_are_dropped(make):
    w = make(grids=(16,))
    browser = FakeBrowser(w)
    browser.open()
    w.wait(60)
    w._session._shown_at = 0.0
    missing = next(cell for cell in range(256) if cell not in set(w.atlas.grid(16).ids.tolist()))
    browser.say("hover", grid=16, cell=missing)
    (error,) = browser.wait(lambda: browser.of("error"))
    assert str(missing) in error["message"]
    assert not browser.of("card")


def test_images_many_of_which_cannot_be_read_make_no_atlas(make, tiny_images, tmp_path):
    """As `Atlas.build` has it: what is left may be anything but what was meant."""
    folder = tmp_path / "photos"
    shutil.copytree(tiny_images, folder)
    for number in range(20):
        (folder / f"broken{number}.png").write_bytes(b"this is no picture")
    with pytest.raises(UnreadableImagesError, match="20 of"):
        make(images=folder).wait(60)
