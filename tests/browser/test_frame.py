"""The widget's frame: its height is the user's, and everything fits however narrow it is."""

from __future__ import annotations

import pytest

from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser


# Controls that reach out of the frame, and buttons that lie on each other.
STRAY = """() => {
    const inside = document.querySelector(".aw-root").shadowRoot;
    const box = inside.querySelector(".aw-frame").getBoundingClientRect();
    const shown = [...inside.querySelectorAll(".aw-toolbar :is(button, input), .aw-rail *")]
        .map(element => [element, element.getBoundingClientRect()])
        .filter(([, rect]) => rect.width > 0);
    const out = shown.filter(([, rect]) => rect.left < box.left || rect.right > box.right
        || rect.bottom > box.bottom);
    const buttons = shown.filter(([element]) => element.matches("button"));
    const overlapping = buttons.filter(([a, one]) => buttons.some(([b, other]) => a !== b
        && !a.contains(b) && !b.contains(a)
        && one.left < other.right - 1 && other.left < one.right - 1
        && one.top < other.bottom - 1 && other.top < one.bottom - 1));
    return [...out, ...overlapping].map(([element]) => element.outerHTML.slice(0, 90));
}"""


def height(fake: FakeView) -> float:
    box = fake.root.bounding_box()
    assert box
    return box["height"]


def test_the_lower_border_drags_the_height_which_python_hears_of(fake: FakeView) -> None:
    fake.show(state={"height": 500})
    assert height(fake) == 500
    handle = fake.page.locator("[data-aw-height]")
    box = handle.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fake.page.evaluate("() => { model.saved.length = 0 }")
    fake.page.mouse.move(x, y)
    fake.page.mouse.down()
    fake.page.mouse.move(x, y + 120, steps=5)
    assert fake.trait("height") == 500, "once, at the end"
    fake.page.mouse.up()
    assert fake.trait("height") == 620
    assert height(fake) == 620
    handle.focus()
    fake.press("ArrowUp")
    assert fake.trait("height") == 580
    fake.python(height=400)
    fake.page.wait_for_function("document.querySelector('.aw-root').clientHeight === 400")


def test_every_control_is_within_the_frame_however_narrow(fake: FakeView) -> None:
    fake.show(sizes=[20, 40, 80, 160])
    for subject in ([], ["comparison", "suspension bridge", "golden retriever"]):
        fake.python(subject=subject)
        for width in (360, 600, 820, 950, 1200):
            fake.page.set_viewport_size({"width": width + 32, "height": 800})
            fake.page.wait_for_function(
                f"document.querySelector('.aw-root').clientWidth === {width}"
            )
            fake.settle()
            assert fake.page.evaluate(STRAY) == [], f"{width} pixels wide, {subject}"


def test_what_opens_stays_within_a_narrow_frame(fake: FakeView) -> None:
    fake.page.set_viewport_size({"width": 392, "height": 800})
    fake.show(state={"subject": ["class", "tabby cat"]})
    frame = fake.root.bounding_box()
    assert frame
    popup = fake.page.locator(".aw-popup")
    for button in ("layer-button", "subject-menu", "select-menu", "overlay-menu", "export-menu"):
        fake.page.locator(f".aw-{button}, [data-aw-{button}]").click()
        popup.wait_for()
        box = popup.bounding_box()
        assert box
        assert box["x"] >= frame["x"], button
        assert box["x"] + box["width"] <= frame["x"] + frame["width"], button
        fake.press("Escape")
        popup.wait_for(state="detached")


def test_on_a_dense_screen_every_pixel_is_drawn(fake: FakeView) -> None:
    session = fake.page.context.new_cdp_session(fake.page)
    session.send(
        "Emulation.setDeviceMetricsOverride",
        {"width": 900, "height": 700, "deviceScaleFactor": 2, "mobile": False},
    )
    fake.show()
    sizes = fake.page.evaluate(
        """() => [...document.querySelector(".aw-root").shadowRoot
            .querySelectorAll(".aw-stage canvas")].map(canvas =>
                [canvas.width / canvas.parentElement.clientWidth, devicePixelRatio])"""
    )
    assert sizes == [[2, 2], [2, 2]]
