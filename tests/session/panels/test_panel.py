"""Panels are found by themselves: a new one is one module and its entries among the messages."""

from __future__ import annotations

import sys
import textwrap

import pytest

import atlas_widget.session.panels
from atlas_widget import AtlasWidget
from atlas_widget.protocol import messages
from atlas_widget.session.panels import panel as registry
from tests.conftest import make_tiny_model
from tests.widget_browser import FakeBrowser

TOY = '''
from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Panel, panel


@panel
class ToyPanel(Panel):
    """Counts the samples of a cell, when it has the time."""

    kinds = ("toy_count",)

    def __init__(self, gallery):
        self._gallery = gallery
        self._asked = []

    @classmethod
    def open(cls, layer):
        return cls(layer.gallery)

    def show(self, scene, labeller):
        self._scene = scene

    def handle(self, kind, fields):
        self._asked.append((fields["grid"], fields["cell"]))

    def advance_urgent(self, seconds):
        if not self._asked:
            return False
        count = self._scene.count(*self._asked.pop())
        self._gallery.send(messages.build("toy_counted", count=count), [])
        return True
'''
ENTRIES = {
    "from_browser": {"toy_count": {"fields": {"grid": "integer", "cell": "integer"}}},
    "from_kernel": {"toy_counted": {"fields": {"count": "integer"}}},
}


@pytest.fixture
def widget(tiny_images, tmp_path):
    def make():
        return AtlasWidget(
            make_tiny_model(),
            "middle",
            images=tiny_images,
            num_samples=200,
            grids=(4,),
            cache_dir=tmp_path / "cache",
        )

    return make


def test_every_message_of_the_browser_is_answered_by_something(widget):
    w = widget()
    try:
        FakeBrowser(w).open_whole()
        session = w._session
        answered = {*session._handlers, *session._layer.handlers}
    finally:
        w.close()
    assert answered == set(messages.table()["from_browser"])


def test_a_view_is_one_module_and_its_entries_in_the_table(widget, tmp_path, monkeypatch):
    package = atlas_widget.session.panels
    (tmp_path / "toy.py").write_text(textwrap.dedent(TOY))
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    monkeypatch.setattr(registry, "_types", dict(registry._types))
    table = messages.table()
    extended = {side: {**table[side], **ENTRIES[side]} for side in table}
    monkeypatch.setattr(messages, "table", lambda: extended)
    w = widget()
    try:
        browser = FakeBrowser(w)
        browser.open_whole()
        cell = w.atlas.grid(4).ids.tolist()[0]
        browser.say("toy_count", grid=4, cell=cell)
        ((answer, _),) = browser.answers("toy_counted")
        assert answer["count"] == w.atlas.cells(4).set_index("id")["count"][cell]
    finally:
        w.close()
        sys.modules.pop(f"{package.__name__}.toy", None)
