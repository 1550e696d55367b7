"""Class atlases and comparisons in the widget: there, back, refused, given up, exported."""

import json
import threading

import numpy as np
import pytest

from atlas_widget import AtlasWidget, classes
from atlas_widget.classes import sample_attributions
from atlas_widget.errors import AtlasError
from atlas_widget.session import deriving
from atlas_widget.session.model_session import ModelSession
from tests.conftest import make_tiny_model
from tests.widget.waiting import until
from tests.widget_browser import FakeBrowser

LABELS = [f"kind {number}" for number in range(10)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One cache for all: the atlas of all samples is built once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def widget(make, cache):
    return make(labels=LABELS, num_samples=240, cache_dir=cache)


@pytest.fixture(scope="module")
def attributions(tiny_images, cache):
    w = AtlasWidget(
        make_tiny_model(), "middle", tiny_images, num_samples=240, grids=(4, 8), cache_dir=cache
    )
    try:
        w.wait(60)
        return sample_attributions(w.atlas, make_tiny_model(), tiny_images)
    finally:
        w.close()


@pytest.fixture(scope="module")
def popular(attributions):
    """Two classes that many samples argue for."""
    order = np.argsort(-(attributions.values > 0).sum(0), kind="stable")
    return [LABELS[number] for number in order[:2]]


def test_a_class_atlas_comes_up_and_goes_back_with_the_pictures_that_there_were(widget, popular):
    browser = FakeBrowser(widget)
    browser.open()
    widget.render(timeout=60)
    whole, layouts = widget.atlas, len(browser.layouts)
    cells = set(whole.grid(4).ids.tolist())
    widget.class_atlas(popular[0]).wait(60)
    assert widget.subject == ["class", popular[0]]
    shown = widget.shown_atlas
    assert widget.atlas is whole
    assert shown.provenance["selected"]["label"] == popular[0]
    assert (shown.influence.values > 0).all()
    assert len(np.unique(shown.influence.origin)) == len(shown) < len(whole), "none twice"
    layout = browser.wait(lambda: browser.layouts[layouts:])[-1]
    assert layout["subject"] == ["class", popular[0]]
    assert layout["samples"] == len(shown)
    assert layout["axes"] == []
    widget.render(timeout=60)
    assert len(widget.selected) == 0
    widget.select(layout["grids"][0]["ids"][:2])
    assert len(widget.selected) == 2

    sent = len(browser.of("sheet"))
    widget.whole_atlas().wait(60)
    assert widget.shown_atlas is whole
    assert widget.selection == []
    browser.wait(lambda: set(browser.states(4)) == cells)
    first = browser.of("sheet")[sent:]
    assert {message["state"] for message in first if message["group"] == "cell:4"} == {"final"}, (
        "no crop takes the place of a picture that is known"
    )
    layouts = len(browser.layouts)
    widget.class_atlas(popular[0]).wait(60)
    assert widget.shown_atlas is shown, "it was kept"


def test_samples_that_a_class_wins_are_the_other_choice(widget, attributions):
    number = int(np.bincount(attributions.winning).argmax())
    widget.class_atlas(number, by="winning").wait(60)
    assert widget.subject == ["winning", LABELS[number]]
    origin = widget.shown_atlas.influence.origin
    assert (attributions.winning[origin] == number).all()


def test_a_comparison_has_axes_and_is_exported_with_what_it_was_chosen_from(
    widget, popular, tmp_path
):
    browser = FakeBrowser(widget)
    browser.open()
    widget.compare_classes(*popular).wait(60)
    layout = browser.wait(lambda: browser.layouts[-1]["axes"] and browser.layouts[-1])
    across, down = layout["axes"]
    assert (across["low_label"], across["high_label"]) == tuple(popular)
    assert across["low"] == -across["high"] > 0
    assert down["low"] is None
    path = widget.export(tmp_path / "compared.png", render=False)
    record = json.loads((tmp_path / f"{path.name}.json").read_text())
    assert record["selected"]["labels"] == popular
    assert record["settings"]["num_samples"] == len(widget.shown_atlas)


def test_classes_are_checked_at_once_and_what_turns_out_later_is_raised_by_wait(
    widget, attributions
):
    with pytest.raises(AtlasError, match="no class 'kind 77'"):
        widget.class_atlas("kind 77")
    assert widget.subject == []
    browser = FakeBrowser(widget)
    browser.open()
    wins = np.bincount(attributions.winning, minlength=len(LABELS))
    least = int(wins.argmin())
    assert wins[least] < 10
    with pytest.raises(AtlasError, match="samples argue for"):
        widget.class_atlas(least, by="winning").wait(60)
    assert widget.subject == [], "what is on show stays"
    assert "samples argue for" in browser.wait(lambda: browser.of("error"))[-1]["message"]
    widget.wait(60)
    assert widget.shown_atlas is widget.atlas


def test_a_map_of_the_first_samples_comes_before_that_of_all(widget, popular, monkeypatch):
    browser = FakeBrowser(widget)
    browser.open_whole()
    widget.class_atlas(popular[0]).wait(60)
    at_once = widget.shown_atlas
    monkeypatch.setattr(deriving, "_FIRST_SAMPLES", 60)
    widget.whole_atlas().wait(60)
    layouts = len(browser.layouts)
    widget.compare_classes(*popular).wait(60)
    first, last = browser.wait(lambda: len(browser.layouts) > layouts + 1 and browser.layouts)[
        layouts:
    ]
    assert [first["final"], last["final"]] == [False, True]
    assert first["subject"] == last["subject"] == ["comparison", *popular]
    assert first["samples"] < last["samples"] == len(widget.shown_atlas)
    assert first["axes"][0]["low_label"] == popular[0]
    widget._session._stages._derivations = None  # nothing is known
    widget.class_atlas(popular[0]).wait(60)
    in_parts = widget.shown_atlas
    assert np.array_equal(in_parts.influence.origin, at_once.influence.origin)
    assert np.allclose(in_parts.xy, at_once.xy, atol=1e-3)


def test_where_the_map_of_all_fails_that_of_the_first_samples_does_not_stay(
    widget, popular, monkeypatch
):
    monkeypatch.setattr(deriving, "_FIRST_SAMPLES", 60)
    read = classes.sample_attributions

    def broken(*args, samples, **kwargs):
        if len(samples) > 60:
            raise AtlasError("The disk with the images is gone.")
        return read(*args, samples=samples, **kwargs)

    monkeypatch.setattr(classes, "sample_attributions", broken)
    browser = FakeBrowser(widget)
    browser.open_whole()
    layouts = len(browser.layouts)
    with pytest.raises(AtlasError, match="disk with the images"):
        widget.class_atlas(popular[0]).wait(60)
    assert widget.subject == []
    assert widget.wait(60).shown_atlas is widget.atlas
    assert [layout["subject"] for layout in browser.layouts[layouts:]] == [
        ["class", popular[0]],
        [],
    ]


def test_what_is_in_the_making_can_be_given_up(widget, popular, monkeypatch):
    begun, calls = threading.Event(), []

    def for_ever(*_, progress, cancelled, **__):
        begun.set()
        while not cancelled():
            calls.append(None)
            progress(1, 240)
        from atlas_widget.progress import Cancelled

        raise Cancelled

    monkeypatch.setattr(classes, "sample_attributions", for_ever)
    browser = FakeBrowser(widget)
    browser.open()
    widget.wait(60).class_atlas(popular[0])
    assert begun.wait(60)
    cell = int(widget.atlas.grid(4).ids[0])
    browser.say("hover", grid=4, cell=cell)
    browser.wait(lambda: browser.of("card"))  # others are served meanwhile
    assert not widget._session.built
    widget.whole_atlas().wait(60)
    assert widget.shown_atlas is widget.atlas
    assert browser.layouts[-1]["subject"] == []


def test_a_layer_begins_with_all_samples_and_a_view_leads_back(widget, popular):
    widget.class_atlas(popular[0]).wait(60)
    grid = widget.level
    cells = widget.shown_atlas.grid(grid).ids.tolist()[:3]
    widget.select(cells)
    view = widget.view
    assert view["subject"] == ["class", popular[0]]
    widget.layer = "last"
    widget.wait(60)
    assert widget.subject == []
    assert widget.shown_atlas is widget.atlas
    widget.view = view
    widget.wait(60)
    assert (widget.layer, widget.subject) == ("middle", ["class", popular[0]])
    assert widget.selection == cells


def test_a_subject_that_is_wanted_before_there_is_an_atlas_comes_after_it(widget, popular):
    widget.compare_classes(*popular).wait(60)
    assert widget.shown_atlas.axes is not None
    assert widget.atlas.axes is None


def test_a_refused_layer_leaves_the_class_atlas(widget, popular, monkeypatch):
    widget.class_atlas(popular[0]).wait(60)
    shown = widget.shown_atlas

    def refuse(*_):
        raise AtlasError("This layer cannot be opened.")

    monkeypatch.setattr(ModelSession, "open_layer", refuse)
    widget.layer = "stem"
    until(lambda: widget.layer == "middle")
    until(lambda: widget.subject == ["class", popular[0]])
    assert widget.wait(60).shown_atlas is shown
