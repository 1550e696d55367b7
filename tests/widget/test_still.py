"""The still picture for notebooks without a kernel."""

import base64
import io
import re
import time

import pytest
from PIL import Image

from atlas_widget.session.tasks.still import Still
from atlas_widget.widget import still as module
from atlas_widget.widget.still import still_html


class Publisher:
    """Receives what would go into a notebook's cell."""

    def __init__(self):
        self.published = []

    def publish(self, data, _metadata, *, transient, update):
        self.published.append((transient["display_id"], update, data["text/html"]))


@pytest.fixture
def publisher(monkeypatch):
    """A notebook's kernel, as far as outputs go."""
    publisher = Publisher()
    shell = type("Shell", (), {"display_pub": publisher})()
    monkeypatch.setattr(module, "in_kernel", lambda: True)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    return publisher


def wait(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def picture_in(html):
    data = re.search(r"base64,([\w+/=]+)", html)[1]
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_widget_that_is_shown_leaves_a_picture_that_follows_it(make, publisher):
    w = make()
    data, _metadata = w._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"].startswith("<!--"), "no repr where the widget cannot be shown"
    ((name, update, html),) = publisher.published
    assert not update
    assert "Run the cell" in html
    w.wait(60)
    wait(lambda: len(publisher.published) > 1)
    again, update, html = publisher.published[-1]
    assert again == name
    assert update
    assert picture_in(html).width > 50
    assert "middle" in html
    assert len(html) < 300_000
    before = len(publisher.published)
    w.select(w.atlas.grid(4).ids[:2].tolist(), grid=4)
    wait(lambda: len(publisher.published) > before)
    w.render(timeout=60)
    w.close()
    assert "real crop" not in publisher.published[-1][2], "closing renews it"
    count = len(publisher.published)
    w.selection = []
    time.sleep(module._SOON + 0.5)
    assert len(publisher.published) == count


def test_a_widget_that_is_not_shown_publishes_nothing(make, publisher):
    w = make()
    w.wait(60)
    w.close()
    assert publisher.published == []


def test_outside_notebooks_nothing_is_published(make):
    data, _metadata = make()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data


def test_text_from_data_is_text():
    html = still_html(Still(b"RIFF", '<script>alert("1")</script>'), "aw-still-0")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
