"""Is the mean real? The overlay, and the panel's tab."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser


def test_the_overlay_asks_once_for_a_grid_and_says_which_cells_are_mixtures(fake: FakeView) -> None:
    fake.show(state={"overlay": "doubt"})
    legend = fake.page.locator(".aw-overlay-legend")
    expect(legend).to_contain_text("two groups rather than one")
    mixtures = fake.page.evaluate("model.grids[0].ids.filter(id => id % 3 === 0).length")
    expect(legend).to_contain_text(str(mixtures))
    assert len(fake.sent("diagnoses")) == 1


def test_the_tab_tells_of_groups_and_offers_to_split_a_mixture(fake: FakeView) -> None:
    fake.show()
    mixture, other = fake.page.evaluate(
        "[model.grids[0].ids.find(id => id % 3 === 0), model.grids[0].ids.find(id => id % 3)]"
    )
    fake.python(opened=[20, mixture])
    fake.page.click('[data-aw-tab="diagnosis"]')
    tab = fake.page.locator("[data-aw-diagnosis]")
    expect(tab).to_have_attribute("data-aw-diagnosis", "mixture")
    expect(tab).to_contain_text("Two groups")
    expect(fake.page.locator("[data-aw-split]")).to_have_text("Split it in two")
    fake.python(opened=[20, other])
    fake.page.click('[data-aw-tab="diagnosis"]')
    expect(tab).to_have_attribute("data-aw-diagnosis", "one")
    expect(tab).to_contain_text("One group")
    fake.page.click("[data-aw-split]")
    expect(fake.page.locator(".aw-split")).to_contain_text("One group cut in two")
    live = {message["request"] for message in fake.sent("inspect_half")}
    fake.page.get_by_label("One cell again").click()
    stopped = {message["request"] for message in fake.sent("stop_inspect")}
    assert len(live) == 2
    assert live <= stopped, "nobody looks at them any more"
