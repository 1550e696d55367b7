"""What is said of cells whose evidence is weak, and of networks that look untrained."""

import itertools

import pytest
from torch import nn
from torchvision.models import resnet18

from atlas_widget import AtlasWidget, demo
from tests.widget_browser import FakeBrowser

UNTRAINED = "looks untrained"


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Make a widget with a front end; all are closed in the end."""
    made = []

    def show(model, layer, **options):
        options = {"num_samples": 150, "grids": (4,), "images": demo.images(), **options}
        cache = tmp_path_factory.mktemp("cache")
        widget = AtlasWidget(model, layer, cache_dir=cache, **options)
        made.append(widget)
        browser = FakeBrowser(widget)
        browser.open()
        return widget, browser

    yield show
    for widget in made:
        widget.close()


def card(widget, browser):
    """Return the card of the largest cell, once its classes are known."""
    widget.wait(120)
    grid = widget.atlas.grid(4)
    browser.say("hover", grid=4, cell=int(grid.ids[grid.counts.argmax()]))
    cards = lambda: [card for card in browser.of("card") if card["classes"] is not None]  # noqa: E731
    return browser.wait(cards, 120)[-1]


def test_random_weights_are_told_at_once_and_name_no_cell(shown):
    widget, browser = shown(resnet18(weights=None).eval(), "layer3")
    notices = lambda: [note["message"] for note in browser.of("notice")]  # noqa: E731
    browser.wait(lambda: any(UNTRAINED in note for note in notices()))
    found = card(widget, browser)
    assert found["label"] is None
    assert found["why_not"] == "looks untrained"
    assert found["classes"], "the values themselves are there"
    again = FakeBrowser(widget)
    again.open()
    again.wait(lambda: any(UNTRAINED in note["message"] for note in again.of("notice")))


def test_without_normalization_the_outputs_tell(shown):
    channels = [3, 16, 32, 64, 64]
    layers = [
        part
        for before, after in itertools.pairwise(channels)
        for part in (nn.Conv2d(before, after, 3, 2), nn.ReLU())
    ]
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 50))
    widget, browser = shown(model, "5", input_size=112)
    assert card(widget, browser)["label"] is None
    browser.wait(lambda: any(UNTRAINED in note for note in widget.notices))


def test_real_weights_are_not_doubted_and_values_have_a_scale(shown):
    widget, browser = shown(demo.model(), demo.LAYER, labels=demo.labels())
    found = card(widget, browser)
    assert not any(UNTRAINED in note for note in widget.notices)
    assert 0.5 < found["lead"] < 3  # logits: the network's own scale
    assert bool(found["label"]) != bool(found["why_not"])
