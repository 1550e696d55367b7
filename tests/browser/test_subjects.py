"""Atlases of a class and of two compared: chosen in the view, given up, and back."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.browser.atlas_view import AtlasView
from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser


def choose(fake: FakeView, name: str, *classes: str) -> None:
    """Choose in the menu of samples, and the classes that it asks for."""
    fake.page.click("[data-aw-subject-menu]")
    fake.page.click(f'[data-aw-subject="{name}"]')
    for class_ in classes:
        fake.page.fill("[data-aw-class-search]", class_)
        fake.press("Enter")


def test_two_classes_are_picked_one_after_the_other_and_axes_say_what_lies_where(
    fake: FakeView,
) -> None:
    fake.show()
    choose(fake, "compare", "tabby cat", "daisy")
    assert fake.trait("subject") == ["comparison", "tabby cat", "daisy"]
    across = fake.page.locator('[data-aw-axis="across"]')
    expect(across).to_contain_text("← tabby cat")
    expect(across).to_contain_text("daisy →")
    expect(fake.page.locator('[data-aw-axis="down"]')).to_contain_text("similar")
    middle = across.locator(".aw-zero")
    before = middle.bounding_box()
    fake.drag((0.5, 0.5), (0.6, 0.5))
    fake.page.wait_for_function(
        "x => document.querySelector('.aw-root').shadowRoot.querySelector('.aw-zero')"
        ".getBoundingClientRect().x > x + 20",
        arg=before and before["x"],
    )
    fake.page.click("[data-aw-subject-back]")
    expect(across).to_have_count(0)
    assert fake.trait("subject") == []


def test_a_class_is_reached_from_the_search_and_what_is_coming_can_be_given_up(
    fake: FakeView,
) -> None:
    fake.show(slowSubject=100_000)
    revision = fake.attribute("revision")
    fake.page.fill("[data-aw-search]", "tabby")
    fake.page.click("[data-aw-found-atlas]")
    assert fake.trait("subject") == ["class", "tabby cat"]
    button = fake.page.locator("[data-aw-subject-menu]")
    expect(button).to_have_attribute("aria-busy", "true")
    fake.page.click("[data-aw-subject-back]")
    expect(button).to_have_attribute("aria-busy", "false")
    assert fake.trait("subject") == []
    fake.wait("stage", "idle")
    assert int(fake.attribute("revision")) <= int(revision) + 1


def test_the_atlas_of_a_class_opens_from_a_cell_in_jupyterlab_and_goes_back(
    atlas: AtlasView,
) -> None:
    notebook = atlas.notebook
    cells = notebook.number("cells")
    atlas.open_a_cell()
    row = atlas.root.locator(".aw-detail .aw-bars-acting .aw-bar-row").first
    row.wait_for(timeout=60_000)
    row.hover()
    row.locator("[data-aw-atlas-of]").click()
    atlas.root.locator("[data-aw-subject-back]").wait_for()
    notebook.wait_execute("w.shown_atlas is not w.atlas", "True", 90)
    kind, name = json.loads(notebook.execute("import json; print(json.dumps(w.subject))"))
    assert kind == "class"
    expect(atlas.root.locator("[data-aw-subject-menu]")).to_contain_text(name)
    notebook.wait_attribute("overlay", f"influence: {name}")
    assert notebook.execute("len(w.shown_atlas) < len(w.atlas)") == "True"
    atlas.hover_a_cell()
    atlas.root.locator("[data-aw-subject-back]").click()
    notebook.wait_attribute("cells", str(cells))
    notebook.wait_attribute("overlay", "pictures")
    notebook.wait_attribute("final", str(cells))
    assert notebook.execute("w.shown_atlas is w.atlas") == "True"
