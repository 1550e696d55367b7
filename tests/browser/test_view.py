"""The view in a real browser against a fake kernel: fast, and every message under control."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser


def test_pictures_arrive_are_acknowledged_and_counted(fake: FakeView) -> None:
    fake.show(states=["final", "rough", "crop", "none"], stage="pictures", status={"total": 9})
    total = int(fake.attribute("cells"))
    fake.page.wait_for_function(
        "n => { const d = document.querySelector('.aw-root').dataset;"
        " return +d.awFinal + +d.awRough + +d.awCrops === n }",
        arg=3 * total // 4,
    )
    fake.page.wait_for_function(
        "model.sent.filter(m => m.kind === 'acknowledge').length === model.sheet"
    )
    sheets = fake.page.evaluate("model.sheet")
    assert sorted(m["sheet"] for m in fake.sent("acknowledge")) == list(range(sheets))
    assert fake.sent("ready")[0]["revision"] == -1
    fake.page.wait_for_function("model.sent.some(m => m.kind === 'visible')")
    visible = fake.sent("visible")[-1]
    assert visible["grid"] == 20
    assert len(visible["cells"]) == total


def test_a_kernel_that_did_not_listen_yet_is_asked_again(fake: FakeView) -> None:
    clock = fake.page.clock
    clock.install()
    fake.show(deaf=2, stage="starting")
    for ready in (1, 2, 3):
        fake.page.wait_for_function(
            f"model.sent.filter(m => m.kind === 'ready').length === {ready}"
        )
        if ready < 3:
            clock.fast_forward(5_000)
    fake.page.wait_for_function("model.revision === 1")
    fake.wait("final", fake.page.evaluate("model.grids[0].ids.length"))
    clock.fast_forward(60_000)
    readies = fake.sent("ready")
    assert len(readies) == 3, "once there is an atlas, nothing is asked for again"
    assert len({message["view"] for message in readies}) == 1


def test_the_wheel_zooms_to_finer_grids_and_back(fake: FakeView) -> None:
    fake.show(onDemand=True)
    fake.page.mouse.move(*fake.at())
    for _ in range(8):
        fake.page.mouse.wheel(0, -240)
    fake.page.wait_for_function(
        "() => { const { awLevel, awFinal } = document.querySelector('.aw-root').dataset;"
        " return awLevel > 20 && awFinal > 50 && model.get('level') === +awLevel }"
    )
    fake.page.click('[data-aw-zoom="home"]')
    fake.wait("level", 20)
    assert fake.page.evaluate("scrollY") == 0


def test_areas_select_once_a_gesture_and_shift_adds(fake: FakeView) -> None:
    fake.show()
    page = fake.page
    page.evaluate("window.changes = 0; model.on('change:selection', () => { window.changes++ })")
    page.click('[data-aw-tool="rectangle"]')
    fake.drag((0.45, 0.4), (0.55, 0.5))
    first = fake.wait_trait("selection", "value.length > 3")
    assert page.evaluate("window.changes") == 1
    page.keyboard.down("Shift")
    fake.drag((0.5, 0.45), (0.6, 0.6))
    page.keyboard.up("Shift")
    both = fake.wait_trait("selection", f"value.length > {len(first)}")
    assert set(first) < set(both)
    page.keyboard.down("Alt")
    fake.drag((0.4, 0.35), (0.56, 0.51))
    page.keyboard.up("Alt")
    rest = fake.wait_trait("selection", f"value.length < {len(both)}")
    assert not set(first) & set(rest)
    fake.python(selection=first)
    fake.wait("selected", len(first))
    page.click("[data-aw-clear]")
    fake.wait_trait("selection", "value.length === 0")


def test_keys_move_open_and_stay_in_the_widget(fake: FakeView) -> None:
    fake.show()
    page = fake.page
    page.evaluate(
        "window.leaked = []; document.addEventListener('keydown', e => leaked.push(e.key))"
    )
    fake.root.focus()
    assert fake.root.get_attribute("data-lm-suppress-shortcuts") == "true"
    fake.press("ArrowDown", "ArrowRight")
    caption = page.locator("[aria-live=polite]")
    expect(caption).to_contain_text("row")
    expect(caption).to_contain_text("sample")
    fake.press("Enter")
    page.locator(".aw-detail").wait_for()
    fake.press("?")
    page.locator(".aw-help").wait_for()
    for left in (1, 0):
        fake.press("Escape")
        expect(page.locator(".aw-help, .aw-detail")).to_have_count(left)
    fake.press("/")
    page.locator("[data-aw-search]:focus").wait_for()
    assert page.evaluate("document.activeElement.dataset.lmSuppressShortcuts") == "true"
    assert page.evaluate("leaked") == []


def test_labels_and_errors_are_text(fake: FakeView) -> None:
    fake.show()
    fake.page.fill("[data-aw-search]", "bold")
    expect(fake.page.locator(".aw-results li").first).to_contain_text("<b>")
    message = "No layer <img src=x onerror=alert(1)>"
    fake.show(stage="error", error=message, hint="h")
    fake.wait("error", message)
    expect(fake.page.locator(".aw-banner-error")).to_contain_text(message)
    assert fake.page.locator(".aw-root img, .aw-root b").count() == 0
    fake.page.click("text=Try again")
    fake.page.wait_for_function("model.sent.some(m => m.kind === 'retry')")


def test_a_dead_kernel_leaves_what_is_here(fake: FakeView) -> None:
    fake.show()
    cells = fake.attribute("cells")
    fake.wait("final", cells)
    fake.page.evaluate("model.die()")
    fake.wait("connected", "false")
    fake.page.locator(".aw-banner", has_text="kernel").wait_for()
    fake.page.mouse.move(*fake.at())
    fake.page.locator("[data-aw-card]").wait_for()
    fake.page.mouse.click(*fake.at())
    fake.page.locator(".aw-detail").wait_for()
    assert fake.attribute("final") == cells


def test_what_is_missing_is_asked_for_again(fake: FakeView) -> None:
    fake.page.clock.install()
    fake.show(states=["final", "none"])
    fake.page.clock.fast_forward(10_000)
    fake.page.wait_for_function("model.sent.some(m => m.kind === 'missing')")
    fake.wait("final", fake.attribute("cells"))


def test_python_flies_and_the_export_says_where(fake: FakeView) -> None:
    fake.show()
    page = fake.page
    fake.python(viewport=[0.4, 0.4, 0.5, 0.5])
    page.wait_for_function(
        "() => { const v = model.get('viewport'); return v[0] > 0.3 && v[1] > 0.399 && v[3] < 0.501"
        " && v[3] !== 0.5 || Math.abs(v[1] - 0.4) < 1e-3 && v[0] < 0.4 && v[0] > 0.2 }"
    )
    page.click("[data-aw-export-menu]")
    page.click('[data-aw-export="svg"]')
    page.locator(".aw-banner-exported code", has_text=".svg").wait_for()
    assert fake.sent("export")[-1]["format"] == "svg"


def test_a_view_that_ends_leaves_nothing_behind(fake: FakeView) -> None:
    fake.show(views=2)
    count = "() => [...model.listeners.values()].reduce((n, set) => n + set.size, 0)"
    before = fake.page.evaluate(count)
    fake.page.evaluate("cleanups.map(cleanup => cleanup())")
    expect(fake.page.locator(".aw-root")).to_have_count(0)
    assert fake.page.evaluate(count) == before  # views listen to the store, not to the model
    fake.page.evaluate("stop()")
    assert fake.page.evaluate(count) == 0


def test_names_of_regions_are_shown_zoomed_out_and_turned_off_by_a_key(fake: FakeView) -> None:
    fake.show()
    fake.page.evaluate(
        "model.message({kind: 'regions', revision: model.revision, names: ['<b>sea</b>', 'sky'],"
        " x: [0.5, 0.3], y: [0.5, 0.3], cells: [9, 4], shares: [0.9, 0.7]})"
    )
    names = fake.page.locator(".aw-region-names > span")
    expect(names).to_have_text(["<b>sea</b>", "sky"])
    fake.root.focus()
    fake.press("n")
    expect(names).to_have_count(0)
    fake.press("n")
    expect(names).to_have_count(2)
    for _ in range(4):
        fake.press("+")
        fake.settle()  # a key pressed in flight zooms from there
    expect(names).to_have_count(0)
    fake.press("0")
    expect(names).to_have_count(2)
    # of another layout: gone until its own come
    fake.page.evaluate("model.sendLayout(model.grids, true)")
    expect(names).to_have_count(0)


@pytest.mark.parametrize(("layout", "times"), [("tokens", 1), ("map", 0)])
def test_dimensions_of_tokens_are_said_to_be_no_privileged_basis(
    fake: FakeView, layout: str, times: int
) -> None:
    fake.show()
    fake.python(mode="units")
    fake.page.evaluate(
        """layout => model.message({
            kind: "units", revision: model.revision, layer: "blocks.4", count: 4, samples: 9,
            images: 3, signed: true, layout, statistics: [], labels: [], label_of: [-1, -1, -1, -1],
        })""",
        layout,
    )
    head = fake.page.locator(".aw-units-head")
    expect(head).to_contain_text("4 units")
    expect(head.locator("[data-aw-no-basis]")).to_have_count(times)
