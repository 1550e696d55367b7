"""What the canvas does when its surroundings change, and when nothing does."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser

CANVAS = "document.querySelector('.aw-root').shadowRoot.querySelector('.aw-stage canvas')"
HOLDER = "document.querySelector('.aw-root').parentElement"


def picture(fake: FakeView) -> str:
    url: str = fake.page.evaluate(f"{CANVAS}.toDataURL()")
    return url


def wait_for_rest(fake: FakeView) -> None:
    """Wait until no frame has been asked for during half a second."""
    fake.page.evaluate("""() => {
        if (window.lastFrame) return;
        const ask = window.requestAnimationFrame;
        window.lastFrame = performance.now();
        window.requestAnimationFrame = (callback) => {
            window.lastFrame = performance.now();
            return ask(callback);
        };
    }""")
    fake.page.wait_for_function("performance.now() - lastFrame > 500", polling=100)


def test_at_rest_nothing_is_drawn(fake: FakeView) -> None:
    fake.show(states=["final", "rough", "crop", "none"], stage="pictures")
    wait_for_rest(fake)
    fake.python(viewport=[0.3, 0.3, 0.5, 0.5])
    fake.page.wait_for_function("performance.now() - lastFrame < 100", polling=20)
    wait_for_rest(fake)


def test_an_output_that_scrolled_away_comes_back_as_it_was(fake: FakeView) -> None:
    fake.show()
    wait_for_rest(fake)
    before = picture(fake)
    fake.page.evaluate(f"{HOLDER}.style.display = 'none'")
    fake.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    assert fake.page.evaluate(f"{CANVAS}.width") > 0
    fake.page.evaluate(f"{CANVAS}.getContext('2d').clearRect(0, 0, 9999, 9999)")
    assert picture(fake) != before
    fake.page.evaluate(f"{HOLDER}.style.display = ''")
    fake.page.wait_for_function(
        f"before => {CANVAS}.toDataURL() === before", arg=before, polling=100
    )


def test_a_dense_screen_gets_all_its_pixels(browser: Browser, bare_page: str) -> None:
    context = browser.new_context(
        viewport={"width": 900, "height": 700}, device_scale_factor=2, reduced_motion="reduce"
    )
    fake = FakeView(context.new_page(), bare_page).show()
    assert fake.page.evaluate(f"{CANVAS}.width / {CANVAS}.clientWidth") == 2
    assert fake.page.evaluate(f"{CANVAS}.height / {CANVAS}.clientHeight") == 2
    context.close()
