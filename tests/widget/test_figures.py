"""Figures and exports, with where they come from."""

import json

import pytest

from atlas_widget.errors import CellError, ExportError
from tests.page.contents import tables_of
from tests.widget_browser import FakeBrowser


def test_figures_and_exports(make, tmp_path):
    w = make()
    w.wait(60)
    cells = w.atlas.grid(4).ids.tolist()[:2]
    path = w.export(tmp_path / "region.svg", cells=cells)
    record = json.loads(path.with_name("region.svg.json").read_text())
    assert record["layer"] == "middle"
    assert record["weights_hash"]
    assert record["figure"]["cells"] == cells
    assert record["figure"]["pictures"] == {"final": 2}
    assert record["figure"]["median_cosine"] is not None
    made = record["figure"]["made"]
    assert sum(made.values()) == 2
    assert all(words.startswith("direction + statistics of ") for words in made)
    whole = w.to_figure(render=False, caption="mine", labels=True)
    assert whole.axes
    assert "matplotlib.pyplot" not in str(type(whole))
    for name, said in [("a.jpg", r"\.png"), ("no/such/folder/a.png", "does not exist")]:
        with pytest.raises(ExportError, match=said):
            w.export(tmp_path / name)
    with pytest.raises(CellError):
        w.export(tmp_path / "a.png", cells=[999])


def test_export_from_the_browser_writes_here_and_overwrites_nothing(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    w = make()
    browser = FakeBrowser(w)
    browser.open_whole()
    for number in (1, 2):
        browser.say("export", grid=4, cells=[], format="png", names=True, notes=True)
        browser.wait(lambda number=number: len(browser.of("exported")) == number)
    paths = {message["path"] for message in browser.of("exported")}
    assert len(paths) == 2
    assert all((tmp_path / path).is_file() for path in paths)
    browser.say("export", grid=4, cells=[], format="gif", names=True, notes=True)
    error = browser.wait(lambda: browser.of("error"))[-1]
    assert "png, svg, pdf" in error["message"]


def test_a_page_from_the_browser_has_what_there_is_now(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    w = make()
    browser = FakeBrowser(w)
    browser.open_whole()
    w.render(timeout=60)
    browser.say("export", grid=4, cells=[], format="html", names=True, notes=True)
    exported = browser.wait(lambda: browser.of("exported"))[-1]
    page = tmp_path / exported["path"]
    assert page.suffix == ".html"
    states = {grid["size"]: grid["states"] for grid in tables_of(page)["grids"]}
    assert set(states[4]) == {"final"}
    assert states[8]  # with or without pictures of their own
    assert tables_of(page)["crops"] is None
