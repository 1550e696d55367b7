"""The atlas beside that of another layer in JupyterLab, with the demo's real network."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.atlas_view import AtlasView

pytestmark = pytest.mark.browser

OTHER = "blocks.6.0"
MAKING = 120_000  # milliseconds


@pytest.fixture
def comparing(atlas: AtlasView) -> Iterator[AtlasView]:
    """The module's atlas, whose comparisons are shown."""
    atlas.root.get_by_role("radio", name="Compare").click()
    atlas.root.locator("[data-aw-compare-with]").wait_for()
    yield atlas
    end = atlas.root.locator("[data-aw-compare-end]")
    if end.count():
        end.click()
    atlas.notebook.execute("w.mode = 'atlas'")
    expect(atlas.stage).to_be_visible()


def middle(element: Locator) -> tuple[float, float]:
    box = element.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def viewport(map_: Locator) -> list[float]:
    return [float(at) for at in (map_.get_attribute("data-aw-viewport") or "").split(",")]


def test_a_layer_is_compared_and_both_maps_are_looked_at_together(comparing: AtlasView) -> None:
    root, notebook = comparing.root, comparing.notebook
    mouse = notebook.page.mouse
    root.locator("[data-aw-compare-with]").click()
    root.get_by_role("combobox", name="Search the layers").fill(OTHER)
    root.get_by_role("option", name=OTHER).first.click()
    expect(root.locator("[data-aw-comparing]")).to_contain_text(f"Comparing with {OTHER}")
    one, other = (root.locator(f"[data-aw-pane='{side}'] .aw-stage") for side in "ab")
    one.wait_for(timeout=MAKING)
    expect(root.locator("[data-aw-pane='b'] figcaption")).to_have_text(OTHER)
    value = float(notebook.execute("float(w.comparison.table().value.agreement)"))
    expect(root.locator("[data-aw-score='agreement']")).to_contain_text(f"{value:.2f}")

    # the keys go from cell to cell, and each has its partner beside it
    one.focus()
    one.press("ArrowRight")
    looked_at = root.locator("[data-aw-compared-cell]")
    looked_at.wait_for()
    name = looked_at.get_attribute("data-aw-compared-cell") or ""
    cell = int(name.removeprefix("a:"))
    partner = notebook.execute(f"int(w.comparison.cells().partner[{cell}])")
    expect(root.locator("[data-aw-partner]")).to_have_attribute("data-aw-partner", partner)
    went = int(notebook.execute(f"int((w.comparison.went({cell}).index >= 0).sum())"))
    expect(looked_at).to_contain_text(f"in {went} cell{'s' if went > 1 else ''} of {OTHER}")

    # both maps are zoomed by a wheel over either
    home = viewport(one)
    mouse.move(*middle(other))
    mouse.wheel(0, -400)
    notebook.wait(lambda: viewport(one)[0] > home[0] + 0.05, 20, "the first map zoomed as well")
    notebook.wait(
        # borders may make one map a pixel wider
        lambda: viewport(other) == pytest.approx(viewport(one), abs=0.005),
        20,
        "the same part of both maps",
    )
    expect(looked_at).to_have_attribute("data-aw-compared-cell", re.compile("^b:"))

    root.get_by_role("radio", name="Where they differ").click()
    expect(root.locator("[data-aw-agreement-legend]")).to_contain_text("gone")
    root.get_by_role("radio", name="Samples").click()
    morph = root.locator("[data-aw-morph]")
    expect(morph).to_have_attribute("data-aw-morph", "0.00")
    root.locator("[data-aw-morph-play]").click()
    expect(morph).to_have_attribute("data-aw-morph", "1.00")

    # what cannot be compared is said in the view, and what is shown stays
    notebook.execute(
        "from dataclasses import replace\n"
        "from atlas_widget import Atlas\n"
        "names = [f'other {name}' for name in w.atlas.samples.image_names]\n"
        "samples = replace(w.atlas.samples, image_names=names)\n"
        "_ = w.compare(Atlas(samples, w.atlas.xy, layer=demo.LAYER))"
    )
    expect(root.locator("[data-aw-compare-failed]")).to_contain_text("other images")
    expect(morph).to_be_visible()

    # a page that is loaded again has the comparison again
    notebook.reload()
    expect(root.locator("[data-aw-pane='b']")).to_be_visible(timeout=60_000)


def test_a_series_is_a_filmstrip_whose_samples_are_marked_in_all(comparing: AtlasView) -> None:
    root, notebook = comparing.root, comparing.notebook
    notebook.execute(f"_ = w.compare_series(['blocks.5.0', '{OTHER}'])")
    root.locator("[data-aw-film='2']").wait_for(timeout=MAKING)
    expect(root.locator("[data-aw-film] strong")).to_have_text(["blocks.5.2", "blocks.5.0", OTHER])
    kept = float(notebook.execute("float(w.comparison.table().agreement.iloc[1])"))
    expect(root.locator("[data-aw-film='1']")).to_contain_text(f"kept {kept:.2f}")
    dots = root.locator("[data-aw-film] canvas")
    before = [dot.evaluate("canvas => canvas.toDataURL()") for dot in dots.all()]
    notebook.page.mouse.move(*middle(root.locator("[data-aw-film='1'] .aw-dots")))
    for number, dot in enumerate(dots.all()):
        notebook.wait(
            lambda dot=dot, old=before[number]: dot.evaluate("canvas => canvas.toDataURL()") != old,
            20,
            f"samples marked on map {number}",
        )
    root.locator("[data-aw-compare-end]").click()
    expect(root.locator(".aw-compare-empty")).to_be_visible()
    notebook.wait_execute("w.comparison is None", "True")
