"""A check by humans, opened from the disk with the network off, answered, and its CSV scored."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from atlas_widget import legibility
from atlas_widget.forced_choice import write_check
from tests.browser.conftest import save_screenshot
from tests.browser.test_saved_page import violations
from tests.forced_choice.checks import small_check

pytestmark = pytest.mark.browser


def test_a_check_is_answered_by_mouse_and_keys_and_its_csv_is_scored(
    browser: Browser, tmp_path: Path
) -> None:
    check = small_check(pictures=5, crops=3, catches=2)
    written = write_check(tmp_path / "check?.html", check)
    found = re.search(r'id="aw-check">([^<]*)<', written.path.read_text(encoding="utf-8"))
    assert found
    trials = json.loads(found[1])["trials"]
    context = browser.new_context(
        viewport={"width": 900, "height": 800}, offline=True, accept_downloads=True
    )
    page = context.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    own = written.path.as_uri()
    page.on(
        "request",
        lambda request: (
            request.url == own
            or request.url.startswith(("data:", "blob:"))
            or asked.append(request.url)
        ),
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    page.goto(own)
    page.locator("[data-aw-name]").fill('=Ada "1"')
    save_screenshot(page, "check-begin")
    page.locator("[data-aw-begin]").click()
    sides, order = [], []
    for at in range(len(trials)):
        page.locator(f'[data-aw-trial="{at}"]').wait_for()
        if at == 0:
            save_screenshot(page, "check-trial")
            assert violations(page) == []
        shown = {
            side: page.locator(f"[data-aw-side={side}] img").get_attribute("src").split(",")[1]
            for side in ("left", "right")
        }
        number = next(
            n
            for n, trial in enumerate(trials)
            if {trial["right"], trial["wrong"]} == {*shown.values()}
        )
        side = "left" if shown["left"] == trials[number]["right"] else "right"
        sides.append(side)
        order.append(number)
        # the pictures are answered wrong, everything else right
        chosen = (
            side
            if trials[number]["kind"] != "picture"
            else {"left": "right", "right": "left"}[side]
        )
        if at % 2:
            page.locator(f"[data-aw-side={chosen}]").click()
        else:
            page.keyboard.press(f"Arrow{chosen.title()}")
        if at == 3:  # one may stop, and go on
            page.locator("[data-aw-stop]").click()
            expect(page.locator("main")).to_contain_text("4 of 10 are answered")
            page.locator("[data-aw-on]").click()
    assert sides.count("left") == 5
    assert sorted(order) == list(range(10))
    with page.expect_download() as download:
        page.locator("[data-aw-save]").click()
    csv = tmp_path / download.value.suggested_filename
    download.value.save_as(csv)
    assert csv.name == f"answers-{check.id}-Ada-1.csv"
    assert csv.read_bytes().decode() == page.locator("[data-aw-csv]").input_value().replace(
        "\n", "\r\n"
    )
    save_screenshot(page, "check-end")
    scores = legibility(csv, written)
    assert scores.table.set_index("kind")["correct"].to_dict() == {
        "picture": 0,
        "crop": 1,
        "catch": 1,
    }
    assert scores.participants["participant"].tolist() == ["Ada 1 (1)"]
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 380, "height": 700})
    page.reload()
    page.locator("[data-aw-begin]").click()
    save_screenshot(page, "check-dark-narrow")
    assert asked == []
    assert wrong == []
    context.close()
