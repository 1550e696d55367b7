"""Atlases of a class and of two compared: chosen in the view, given up, and back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

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
