"""Nothing of the page's styles gets into the widget, and nothing of the widget's gets out."""

from __future__ import annotations

import pytest

from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser

HOSTILE = """
  .aw-root { display: none !important; opacity: 0.2 !important; border: 9px solid red !important;
             transform: rotate(9deg) !important; filter: blur(3px) !important; }
  .aw-root *, button, input, svg, canvas, p, ul, li, small, span {
    all: revert !important; background: red !important; box-sizing: content-box !important;
    width: 300px !important; font: 40px serif !important; color: lime !important; }
  button { all: revert; background: red !important; }
  * { box-sizing: content-box; letter-spacing: 9px; text-transform: uppercase; line-height: 3; }
  svg { width: 200px !important; }
"""


def test_a_page_with_rude_styles_changes_no_pixel(fake: FakeView) -> None:
    fake.show()
    fake.root.focus()
    fake.press("ArrowRight", "Shift+ArrowRight", "?")
    fake.page.emulate_media(reduced_motion="reduce")
    fake.page.locator(".aw-help").wait_for()
    fake.page.locator("[data-aw-card] .aw-bar").first.wait_for()
    before = b""
    while before != (now := fake.root.screenshot()):  # until all has come and faded in
        before = now
    fake.page.add_style_tag(content=HOSTILE)
    assert fake.root.screenshot() == before


def test_the_page_keeps_its_own_looks(fake: FakeView) -> None:
    fake.show()
    looks = """() => ["aw-button", "aw-frame aw-group", ""].map(name => {
        const button = document.createElement("button");
        button.className = name;
        document.body.append(button);
        const style = JSON.stringify([...getComputedStyle(button)]
            .map(key => [key, getComputedStyle(button).getPropertyValue(key)]));
        button.remove();
        return style;
    })"""
    assert len(set(fake.page.evaluate(looks))) == 1
    assert fake.page.evaluate("document.head.querySelectorAll('style, link').length") == 2


def test_the_theme_of_the_page_is_followed_at_once(fake: FakeView) -> None:
    fake.show()
    stage = """() => {
        const canvas = document.querySelector(".aw-root").shadowRoot.querySelector("canvas");
        return [...canvas.getContext("2d").getImageData(canvas.width - 3, 2, 1, 1).data][0];
    }"""
    fake.page.wait_for_function(f"() => ({stage})() > 200")
    fake.page.evaluate("() => { document.body.dataset.jpThemeLight = 'false' }")
    fake.wait("theme", "dark")
    fake.page.wait_for_function(f"() => ({stage})() < 60")
