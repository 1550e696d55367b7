"""The units of another network beside those of the layer."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from atlas_widget import match_units, scan_units
from atlas_widget.errors import AtlasError, LayerNotFoundError
from tests.conftest import make_tiny_model
from tests.session.panels.opened import forget, opened_browser


@pytest.fixture(scope="module")
def browser(tiny_images, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    with opened_browser(tiny_images, cache, num_samples=200) as browser:
        yield browser


@pytest.fixture(autouse=True)
def fresh(browser):
    forget(browser)


def test_a_network_beside_itself(browser, tiny_images):
    w = browser.widget
    model = make_tiny_model()
    found = w.compare_units(model, name="<itself>", timeout=120)
    message, _ = browser.answers("units_beside")[0]
    scan = scan_units(make_tiny_model(), "middle", tiny_images, device="cpu", progress=False)
    expected = match_units(scan, "middle", scan)
    alive = expected.table["match"].notna().to_numpy()
    assert message["name"] == "<itself>"
    assert message["images"] == scan.images
    own = np.arange(len(alive))
    assert np.array(message["match"])[alive].tolist() == own[alive].tolist()
    assert np.array(message["match"])[~alive].tolist() == [-1] * int((~alive).sum())
    np.testing.assert_allclose(np.array(message["r"], float)[alive], 1, atol=1e-6)
    assert message["lost"] == message["new"] == []
    assert message["cka"] == pytest.approx(1, abs=1e-6)
    assert found.table["mutual"].to_numpy()[alive].all()
    assert (w.mode, w.unit, w.unit_order) == ("units", None, "match")


def test_another_networks_pictures_are_made_when_they_are_in_sight(browser):
    other = make_tiny_model()
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    before = copy.deepcopy(other.state_dict())
    found = browser.widget.compare_units(other, timeout=120)
    message, _ = browser.answers("units_beside")[0]
    assert message["lost"] == found.gone
    assert message["new"] == found.new
    assert message["name"] == "tests.conftest.TinyNet"
    browser.say("units_beside_in_sight", units=[3, 1, 9999])
    browser.wait(lambda: len(browser.of("unit_beside_picture")) == 2)
    told = [(message, buffer) for message, buffer in browser.answers("unit_beside_picture")]
    assert [message["unit"] for message, _ in told] == [3, 1]
    image = Image.open(io.BytesIO(told[0][1]))
    assert image.width == image.height
    for name, value in other.state_dict().items():
        assert torch.equal(value, before[name])
    # a page that is loaded again gets both again
    forget(browser)
    browser.open_whole()
    browser.answers("units_beside")
    browser.say("units_beside_in_sight", units=[3])
    browser.answers("unit_beside_picture", unit=3)
    # until the comparison is ended
    browser.say("drop_units_beside")
    forget(browser)
    browser.say("units_beside_in_sight", units=[2])
    browser.say("units")
    browser.answers("units")
    assert browser.of("unit_beside_picture") == []


def test_what_cannot_be_compared_is_refused(browser):
    w = browser.widget
    with pytest.raises(AtlasError, match="must be a torch"):
        w.compare_units("resnet50", timeout=60)
    with pytest.raises(LayerNotFoundError, match="middle"):
        w.compare_units(nn.Sequential(nn.Conv2d(3, 4, 3)), timeout=60)
    w.mode, w.unit_order = "atlas", "number"
