"""The graph of the model's layers, and the pictures of its nodes."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from torch import nn

from atlas_widget import AtlasWidget, layer_graph
from tests.conftest import make_tiny_model
from tests.session.panels.opened import forget, opened_browser
from tests.widget_browser import FakeBrowser


@pytest.fixture(scope="module")
def browser(tiny_images, tmp_path_factory):
    with opened_browser(tiny_images, tmp_path_factory.mktemp("cache")) as browser:
        yield browser


@pytest.fixture(autouse=True)
def fresh(browser):
    forget(browser)


def graph_in(browser):
    browser.say("graph")
    ((message, _),) = browser.answers("graph")
    return message


def test_the_graph_has_the_models_blocks_and_the_open_layer(browser):
    message = graph_in(browser)
    graph = layer_graph(make_tiny_model(), message["names"])
    assert message["names"] == [node.name for node in graph.nodes]
    assert message["names"][message["own"]] == "middle"
    names = message["names"]
    edges = [(names[a], names[b]) for a, b in zip(message["before"], message["after"], strict=True)]
    assert edges == list(graph.edges)
    assert message["shapes"] == [" × ".join(map(str, node.shape)) for node in graph.nodes]
    assert message["edges"] == "autograd"


def test_pictures_of_nodes_in_sight_are_made_and_kept(browser, monkeypatch):
    names = graph_in(browser)["names"]
    browser.say("graph_in_sight", nodes=[1, 0, 99])
    browser.wait(lambda: len(browser.of("graph_picture")) == 2)
    pictures = browser.answers("graph_picture")
    assert [message["layer"] for message, _ in pictures] == [names[1], names[0]]
    for message, buffer in pictures:
        picture = Image.open(io.BytesIO(buffer))
        assert picture.width == picture.height
        assert message["layer"] in message["made"]
    monkeypatch.setattr(
        "atlas_widget.inversion.InversionEngine",
        lambda *_a, **_k: pytest.fail("made again"),
    )
    forget(browser)
    browser.say("graph_in_sight", nodes=[1])
    ((_, again),) = browser.answers("graph_picture")
    assert again == pictures[0][1]


def test_pictures_out_of_sight_are_not_made(browser):
    count = len(graph_in(browser)["names"])
    browser.say("graph_in_sight", nodes=list(range(2, count)))
    browser.say("graph_in_sight", nodes=[])
    graph_in(browser)
    browser.say("graph_in_sight", nodes=[count - 1])
    browser.wait(lambda: browser.of("graph_picture"))
    layers = [message["layer"] for message in browser.of("graph_picture")]
    assert len(layers) <= 2  # one may have been under way


class Detached(nn.Module):
    """A model through which no gradient passes."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, stride=4)
        self.second = nn.Conv2d(8, 8, 3)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        h = self.second(self.first(x).detach().relu())
        return self.head(h.mean((2, 3)))


def test_a_layer_without_gradient_says_why_it_has_no_picture(tiny_images, tmp_path):
    w = AtlasWidget(
        Detached().eval(),
        "second",
        images=tiny_images,
        num_samples=60,
        grids=(4,),
        cache_dir=tmp_path,
        input_size=64,
    )
    try:
        browser = FakeBrowser(w)
        browser.open_whole()
        forget(browser)
        message = graph_in(browser)
        number = message["names"].index("second")
        browser.say("graph_in_sight", nodes=[number])
        ((picture, _),) = browser.answers("graph_picture")
        assert "No derivative gets from layer 'second'" in picture["failed"]
        assert not picture["made"]
    finally:
        w.close()
