"""Without a mouse, with a screen reader, without motion: what the widget promises to everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.fake_page import CHECKOUT
from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser

AXE = CHECKOUT / "js" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
INNER = "document.activeElement?.shadowRoot?.activeElement"


def violations(fake: FakeView) -> list[Any]:
    """Return what axe-core finds wrong with the widget as it is now."""
    found: list[Any] = fake.page.evaluate(
        """async rules => {
            const {violations} = await axe.run(
                document.querySelector(".aw-root"), {runOnly: rules});
            return violations.map(({id, nodes}) =>
                [id, ...nodes.map(node => `${node.target} ${node.failureSummary}`)]);
        }""",
        RULES,
    )
    return found


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(fake: FakeView, dark: bool) -> None:
    fake.show(dark=dark, sizes=[10, 20])
    fake.page.emulate_media(reduced_motion="reduce")  # nothing half faded in
    fake.page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    assert violations(fake) == []
    fake.root.focus()
    fake.press("ArrowRight", "Shift+ArrowRight", "Enter")
    fake.page.locator(".aw-detail .aw-bar").first.wait_for()
    fake.press("c")
    fake.page.locator("[data-aw-copied]").wait_for()
    assert violations(fake) == []
    fake.page.click('[data-aw-tab="diagnosis"]')
    fake.page.click("[data-aw-split]")
    fake.page.locator(".aw-split .aw-bar").first.wait_for()
    assert violations(fake) == []
    fake.root.focus()
    fake.press("?")
    fake.page.locator(".aw-help").wait_for()
    assert violations(fake) == []
    fake.press("Escape", "Escape")
    fake.python(subject=["comparison", "tabby cat", "daisy"])
    fake.page.locator("[data-aw-axis]").first.wait_for()
    for button in (
        "[data-aw-subject-menu]",
        "[data-aw-select-menu]",
        "[data-aw-overlay-menu]",
        ".aw-layer-button",
    ):
        fake.page.click(button)
        fake.page.locator(".aw-popup").wait_for()
        assert violations(fake) == []
        fake.press("Escape")


def test_tab_stops_are_few_and_arrows_lead_on(fake: FakeView) -> None:
    fake.show()
    fake.root.focus()
    stops = []
    for _ in range(8):
        fake.press("Tab")
        name = fake.page.evaluate(f"({INNER})?.getAttribute('aria-label') ?? ({INNER})?.className")
        if name is None:
            break
        stops.append(name)
    assert stops[-1] == "Height of the widget"
    assert len(stops) <= 6, stops
    fake.root.focus()
    fake.press("Tab", "ArrowRight")
    assert fake.page.evaluate(f"({INNER}).dataset.awShowView") == "atlas"
    fake.press(*["ArrowRight"] * 5)
    assert fake.page.evaluate(f"'awSubjectMenu' in ({INNER}).dataset")
    fake.press("ArrowRight")
    first = fake.page.evaluate(f"({INNER}).dataset.awLevelMode")
    assert first == "auto"
    fake.press("End")
    assert fake.page.evaluate(f"({INNER}).getAttribute('aria-label')") == "Keys"
    assert fake.attribute("opened") == ""  # the arrows were the toolbar's, not the cells'


def test_the_focus_stays_in_the_widget_when_what_had_it_goes(fake: FakeView) -> None:
    fake.show()
    fake.page.evaluate(
        "window.leaked = []; document.addEventListener('keydown', e => leaked.push(e.key))"
    )
    fake.root.focus()
    fake.press("?")
    fake.page.locator(".aw-help").wait_for()
    fake.settle()  # its button has the focus
    fake.press("Enter")
    fake.page.locator(".aw-help").wait_for(state="detached")
    fake.settle()
    assert fake.page.evaluate("document.activeElement.className") == "aw-root"
    fake.page.click("[data-aw-select-menu]")
    fake.press("ArrowDown", "ArrowUp", "Enter")
    fake.wait("selected", fake.attribute("cells"))
    fake.settle()
    assert fake.page.evaluate(f"({INNER}).getAttribute('aria-label')") == "Select"
    fake.page.focus("[data-aw-clear]")
    fake.press("Enter")
    fake.wait("selected", 0)
    fake.settle()
    assert fake.page.evaluate("document.activeElement.className") == "aw-root"
    fake.press("l", "z")
    assert fake.page.evaluate("leaked") == []


def test_the_help_lists_what_the_keys_do(fake: FakeView) -> None:
    fake.show()
    fake.root.focus()
    fake.press("?")
    listed = dict(
        zip(
            fake.page.locator(".aw-help dt").all_inner_texts(),
            fake.page.locator(".aw-help dd").all_inner_texts(),
            strict=True,
        )
    )
    assert listed["Ctrl + Z"] == "undo"
    assert listed["Enter"] == "open the cell"
    assert len(listed) > 20


def test_the_focused_cell_is_said_and_stays_when_the_grid_changes(fake: FakeView) -> None:
    fake.show()
    fake.root.focus()
    fake.press("ArrowRight")
    caption = fake.page.locator("[aria-live=polite]")
    expect(caption).to_contain_text("row")
    said = caption.inner_text()
    assert "sample" in said
    fake.press("Space")
    expect(caption).to_contain_text("selected")
    said = caption.inner_text()
    fake.press("g", "g")
    fake.wait("level", 40)
    fake.page.wait_for_function(
        "said => document.querySelector('.aw-root').shadowRoot"
        ".querySelector('[aria-live=polite]').innerText !== said",
        arg=said,
    )
    expect(caption).to_contain_text("row")


@pytest.mark.parametrize(("motion", "jumps"), [("reduce", True), ("no-preference", False)])
def test_motion_is_reduced_where_it_is_unwanted(fake: FakeView, motion: Any, jumps: bool) -> None:
    fake.page.emulate_media(reduced_motion=motion)
    fake.show()
    steps = fake.page.evaluate(
        """async () => {
            const inside = document.querySelector(".aw-root").shadowRoot;
            inside.querySelector("[data-aw-zoom=plus]").click();
            const seen = new Set();
            for (let frame = 0; frame < 30; frame++) {
                await new Promise(requestAnimationFrame);
                seen.add(inside.querySelector(".aw-minimap-view")?.style.height);
            }
            seen.delete(undefined);
            return seen.size;
        }"""
    )
    assert (steps == 1) is jumps
