"""Directions of a layer have the page that its units have."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget import unit_directions, with_directions
from tests.conftest import make_tiny_model
from tests.session.panels.opened import opened_browser


@pytest.fixture(scope="module")
def directions():
    rng = np.random.default_rng(0)
    return unit_directions(rng.gamma(0.3, size=(200, 12)), 5)


@pytest.fixture(scope="module")
def browser(tiny_images, tmp_path_factory, directions):
    model = make_tiny_model()
    seen = with_directions(model, "middle", directions)
    cache = tmp_path_factory.mktemp("cache")
    with opened_browser(tiny_images, cache, model=seen, layer="directions") as browser:
        yield browser


def test_the_overview_has_a_unit_for_each_direction(browser, directions):
    browser.say("units")
    ((message, _),) = browser.answers("units")
    assert message["layer"] == "directions"
    assert message["count"] == len(directions)


def test_a_page_has_examples_pictures_wiring_and_classes(browser):
    browser.widget.open_unit("directions", 3)
    browser.say("unit", unit=3)
    message, _ = browser.answers("unit", unit=3)[0]
    values = np.asarray(browser.widget.atlas.activations, np.float32)[:, 3]
    assert message["examples"][0] == pytest.approx(values.max())
    (measure, _), *_ = browser.answers("unit_picture", unit=3, picture="neuron")
    assert measure["activation"] > np.median(values)
    browser.say("start_unit_work", work="wiring")
    wiring, _ = browser.answers("unit_wiring", unit=3)[0]
    assert "model.middle" in wiring["layers"]
    assert any(not below for below in wiring["below"])
    browser.say("start_unit_work", work="classes")
    classes, _ = browser.answers("unit_classes", unit=3)[0]
    assert any(classes["values"])
