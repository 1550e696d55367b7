"""The view in a real browser against a fake kernel: fast, and every message under control."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.fake_page import open_view, serve

pytestmark = pytest.mark.browser

Open = Callable[..., Locator]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture
def show(page: Page, address: str) -> Open:
    """Open the page with the fake kernel's options and wait until its pictures are there."""

    def show(*, stage: str = "idle", **options: Any) -> Locator:
        open_view(page, address, instant=True, stage=stage, **options)
        page.wait_for_selector(f'[data-aw-stage="{stage}"]')
        return page.locator(".aw-root").first

    return show


def wait(page: Page, name: str, value: object) -> None:
    page.wait_for_function(
        "([name, value]) => document.querySelector('.aw-root').getAttribute(name) === value",
        arg=[f"data-aw-{name}", str(value)],
        timeout=10_000,
    )


def sent(page: Page, kind: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = page.evaluate(
        "kind => model.sent.filter(m => m.kind === kind)", kind
    )
    return messages


def stage_point(page: Page, x: float = 0.5, y: float = 0.5) -> tuple[float, float]:
    box = page.locator(".aw-stage").first.bounding_box()
    assert box
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def test_pictures_arrive_are_acknowledged_and_counted(page: Page, show: Open) -> None:
    root = show(states=["final", "rough", "crop", "none"], stage="pictures", status={"total": 9})
    total = int(root.get_attribute("data-aw-cells") or 0)
    page.wait_for_function(
        "n => { const d = document.querySelector('.aw-root').dataset;"
        " return +d.awFinal + +d.awRough + +d.awCrops === n }",
        arg=3 * total // 4,
    )
    sheets = page.evaluate("model.sheet")
    assert sorted(m["sheet"] for m in sent(page, "acknowledge")) == list(range(sheets))
    assert sent(page, "ready")[0]["revision"] == -1
    (visible,) = sent(page, "visible")[-1:]
    assert visible["grid"] == 20
    assert len(visible["cells"]) == total


def test_a_kernel_that_did_not_listen_yet_is_asked_again(page: Page, show: Open) -> None:
    root = show(deaf=2)
    wait(page, "final", root.get_attribute("data-aw-cells"))
    readies = sent(page, "ready")
    assert len(readies) == 3
    assert len({message["view"] for message in readies}) == 1
    page.wait_for_timeout(1500)
    assert len(sent(page, "ready")) == 3


def test_the_wheel_zooms_to_finer_grids_and_back(page: Page, show: Open) -> None:
    show(onDemand=True)
    page.mouse.move(*stage_point(page))
    for _ in range(8):
        page.mouse.wheel(0, -240)
    page.wait_for_function("+document.querySelector('.aw-root').dataset.awLevel > 20")
    level = page.get_attribute(".aw-root", "data-aw-level")
    page.wait_for_function("+document.querySelector('.aw-root').dataset.awFinal > 50")
    assert page.evaluate("model.get('level')") == int(level or 0)
    page.click('[data-aw-zoom="home"]')
    wait(page, "level", 20)
    assert page.evaluate("scrollY") == 0


def test_areas_select_once_a_gesture_and_shift_adds(page: Page, show: Open) -> None:
    show()
    page.evaluate("window.changes = 0; model.on('change:selection', () => { window.changes++ })")

    def drag(x0: float, y0: float, x1: float, y1: float) -> None:
        page.mouse.move(*stage_point(page, x0, y0))
        page.mouse.down()
        page.mouse.move(*stage_point(page, x1, y1), steps=8)
        page.mouse.up()

    page.click('[data-aw-tool="rectangle"]')
    drag(0.45, 0.4, 0.55, 0.5)
    first = page.evaluate("model.get('selection')")
    assert len(first) > 3
    assert page.evaluate("window.changes") == 1
    page.keyboard.down("Shift")
    drag(0.5, 0.45, 0.6, 0.6)
    page.keyboard.up("Shift")
    both = page.evaluate("model.get('selection')")
    assert set(first) < set(both)
    page.keyboard.down("Alt")
    drag(0.4, 0.35, 0.56, 0.51)
    page.keyboard.up("Alt")
    assert not set(first) & set(page.evaluate("model.get('selection')"))
    page.evaluate(f"model.python('selection', {first})")
    wait(page, "selected", len(first))
    page.click("[data-aw-clear]")
    assert page.evaluate("model.get('selection')") == []


def test_keys_move_open_and_stay_in_the_widget(page: Page, show: Open) -> None:
    root = show()
    page.evaluate(
        "window.leaked = []; document.addEventListener('keydown', e => leaked.push(e.key))"
    )
    root.focus()
    assert root.get_attribute("data-lm-suppress-shortcuts") == "true"
    for key in ["ArrowDown", "ArrowRight"]:
        page.keyboard.press(key)
    caption = page.locator("[aria-live=polite]").inner_text()
    assert "row" in caption and "sample" in caption  # noqa: PT018
    page.keyboard.press("Enter")
    page.locator(".aw-detail").wait_for()
    page.keyboard.press("?")
    page.locator(".aw-help").wait_for()
    for _ in range(2):
        page.keyboard.press("Escape")
    assert page.locator(".aw-help, .aw-detail").count() == 0
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.dataset.lmSuppressShortcuts") == "true"
    assert page.evaluate("leaked") == []


def test_labels_and_errors_are_text(page: Page, show: Open, address: str) -> None:
    show()
    page.fill("[data-aw-search]", "bold")
    page.locator(".aw-results li").first.wait_for()
    assert "<b>" in page.locator(".aw-results li").first.inner_text()
    page.locator("[data-aw-search]").press("Enter")
    page.wait_for_timeout(900)
    open_view(page, address, instant=True, error="No layer <img src=x onerror=alert(1)>", hint="h")
    wait(page, "error", "No layer <img src=x onerror=alert(1)>")
    assert page.locator(".aw-root img, .aw-root b").count() == 0
    page.click("text=Try again")
    page.wait_for_function("model.sent.some(m => m.kind === 'retry')")


def test_a_dead_kernel_leaves_what_is_here(page: Page, show: Open) -> None:
    root = show()
    cells = root.get_attribute("data-aw-cells")
    wait(page, "final", cells)
    page.evaluate("model.die()")
    wait(page, "connected", "false")
    page.locator(".aw-banner", has_text="kernel").wait_for()
    page.mouse.move(*stage_point(page))
    page.locator("[data-aw-card]").wait_for()
    page.mouse.click(*stage_point(page))
    page.locator(".aw-detail").wait_for()
    assert root.get_attribute("data-aw-final") == cells


def test_what_is_missing_is_asked_for_again(page: Page, show: Open) -> None:
    root = show(states=["final", "none"])
    page.wait_for_function("model.sent.some(m => m.kind === 'missing')", timeout=8000)
    wait(page, "final", root.get_attribute("data-aw-cells"))


def test_python_flies_and_the_export_says_where(page: Page, show: Open) -> None:
    show()
    page.evaluate("model.python('viewport', [0.4, 0.4, 0.5, 0.5])")
    page.wait_for_function(
        "() => { const v = model.get('viewport'); return v[0] > 0.3 && v[1] > 0.399 && v[3] < 0.501"
        " && v[3] !== 0.5 || Math.abs(v[1] - 0.4) < 1e-3 && v[0] < 0.4 && v[0] > 0.2 }"
    )
    page.click("[data-aw-export-menu]")
    page.click('[data-aw-export="svg"]')
    page.locator(".aw-banner-exported code", has_text=".svg").wait_for()
    assert sent(page, "export")[-1]["format"] == "svg"


def test_a_view_that_ends_leaves_nothing_behind(page: Page, show: Open) -> None:
    show(views=2)
    count = "() => [...model.listeners.values()].reduce((n, set) => n + set.size, 0)"
    before = page.evaluate(count)
    page.evaluate("cleanups.map(cleanup => cleanup())")
    assert page.locator(".aw-root").count() == 0
    assert page.evaluate(count) == before  # views listen to the store, not to the model
    page.evaluate("stop()")
    assert page.evaluate(count) == 0
