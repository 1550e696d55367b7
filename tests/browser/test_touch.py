"""Fingers: one pans, two zoom, a tap opens, a long press selects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser


@pytest.fixture
def fake(browser: Browser, bare_page: str) -> Iterator[FakeView]:
    """A view on a screen that is touched."""
    context = browser.new_context(viewport={"width": 700, "height": 800}, has_touch=True)
    yield FakeView(context.new_page(), bare_page)
    context.close()


def test_a_tap_opens_a_cell(fake: FakeView) -> None:
    fake.show()
    fake.page.touchscreen.tap(*fake.at(0.5, 0.5))
    fake.page.locator(".aw-detail").first.wait_for()
    assert fake.attribute("selected") == "0"


def test_one_finger_pans_and_two_zoom(fake: FakeView) -> None:
    fake.show()
    before = fake.wait_trait("viewport", "value[0] !== 0")
    fake.touch("Start", (0.5, 0.5))
    for step in range(1, 6):
        fake.touch("Move", (0.5 + 0.04 * step, 0.5))
    fake.touch("End")
    panned = fake.wait_trait("viewport", f"value[0] < {before[0] - 0.1}")
    assert panned[2] - panned[0] == pytest.approx(before[2] - before[0], rel=0.01)
    fake.touch("Start", (0.45, 0.5), (0.55, 0.5))
    for step in range(1, 6):
        fake.touch("Move", (0.45 - 0.05 * step, 0.5), (0.55 + 0.05 * step, 0.5))
    fake.touch("End")
    fake.wait_trait("viewport", f"value[2] - value[0] < {0.5 * (panned[2] - panned[0])}")
    assert fake.attribute("opened") == ""
    assert fake.attribute("selected") == "0"


def test_a_long_press_draws_a_rectangle_that_adds(fake: FakeView) -> None:
    fake.show()
    where = fake.wait_trait("viewport", "value[0] !== 0")
    fake.touch("Start", (0.42, 0.42))
    fake.page.locator('[data-aw-drawing="rectangle"]').wait_for()
    for step in range(1, 5):
        fake.touch("Move", (0.42 + 0.04 * step, 0.42 + 0.04 * step))
    fake.touch("End")
    fake.page.wait_for_function("model.get('selection').length > 3")
    first = fake.trait("selection")
    fake.touch("Start", (0.7, 0.5))
    fake.page.locator('[data-aw-drawing="rectangle"]').wait_for()
    fake.touch("End")
    fake.wait("selected", len(first) + 1)
    assert set(first) < set(fake.trait("selection"))
    assert fake.trait("viewport") == where
    assert fake.attribute("opened") == ""


def test_the_lasso_follows_the_finger(fake: FakeView) -> None:
    fake.show()
    fake.page.tap('[data-aw-tool="lasso"]')
    fake.touch("Start", (0.4, 0.4))
    for point in [(0.6, 0.4), (0.6, 0.6), (0.4, 0.6), (0.4, 0.42)]:
        fake.touch("Move", point)
    fake.touch("End")
    fake.page.wait_for_function("model.get('selection').length > 5")
