"""Does it cause anything? A direction changed, a patch dragged over an image, misleading cues."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.atlas_view import AtlasView
from tests.browser.fake_view import FakeView
from tests.browser.test_accessibility import AXE, violations

pytestmark = pytest.mark.browser


def open_tab(fake: FakeView, name: str, x: float = 0.5, y: float = 0.5) -> None:
    """Click on a cell, then on a tab of its panel."""
    fake.page.mouse.click(*fake.at(x, y))
    fake.page.locator(f"[data-aw-tab={name}]").click()
    fake.page.mouse.move(1, 1)


def patch(fake: FakeView) -> Locator:
    return fake.page.locator("[data-aw-patch]")


def choose_class(fake: FakeView, button: Locator, name: str) -> None:
    button.click()
    expect(fake.page.locator("[data-aw-class-search]")).to_be_focused()
    fake.page.keyboard.type(name)
    fake.page.keyboard.press("Enter")


# -- against a fake kernel: what is asked, and what is shown of the answer


def test_tabs_go_by_arrow_keys_and_another_cell_opens_with_its_pictures(fake: FakeView) -> None:
    fake.show()
    open_tab(fake, "causes")
    expect(fake.page.locator("[data-aw-tab=causes]")).to_have_attribute("aria-selected", "true")
    fake.press("ArrowRight")
    lab = fake.page.locator("[data-aw-tab=patch]")
    expect(lab).to_be_focused()
    expect(lab).to_have_attribute("aria-selected", "true")
    expect(patch(fake)).to_be_visible()
    fake.press("ArrowLeft")
    expect(fake.page.locator("[data-aw-try]")).to_be_visible()
    fake.page.mouse.click(*fake.at(0.62, 0.55))
    first = fake.page.locator("[data-aw-tab=cell]")
    expect(first).to_have_attribute("aria-selected", "true")
    expect(fake.page.locator("[data-aw-try]")).to_be_hidden()
    assert len(fake.sent("inspect")) == 2


def test_a_change_is_asked_for_as_it_was_chosen_and_its_scatter_shown(fake: FakeView) -> None:
    fake.show()
    open_tab(fake, "causes")
    fake.page.click("[data-aw-choice=add]")
    fake.page.locator("[data-aw-amount]").fill("-1.5")
    fake.page.click("[data-aw-choice=present]")
    fake.page.click("[data-aw-try]")
    points = fake.page.locator(".aw-scatter circle")
    expect(points.first).to_be_visible()
    (asked,) = fake.sent("causal_test")
    assert (asked["change"], asked["amount"], asked["where"]) == ("add", -1.5, "present")
    assert asked["cells"] == [fake.sent("inspect")[-1]["cell"]]
    assert points.count() == 32 * len(asked["classes"])
    panel = fake.page.locator("#aw-tab-panel")
    expect(panel).to_contain_text("r = 0.93 [0.88, 0.96] · n = 32 crops")
    expect(fake.page.locator("[data-aw-meaning]")).to_contain_text("at 72 % of the predicted size")


def test_a_region_is_tried_out_as_a_whole(fake: FakeView) -> None:
    fake.show()
    fake.page.click('[data-aw-tool="rectangle"]')
    fake.drag((0.42, 0.42), (0.55, 0.6))
    cells = fake.wait_trait("selection", "value.length > 3")
    fake.page.click("[data-aw-region-causes]")
    fake.page.click("[data-aw-try]")
    fake.page.locator("[data-aw-scatter]").wait_for()
    (asked,) = fake.sent("causal_test")
    assert asked["cells"] == cells


def test_what_runs_can_be_stopped_and_what_fails_says_why(fake: FakeView) -> None:
    fake.show(taskPace=100_000)
    open_tab(fake, "causes")
    fake.page.click("[data-aw-try]")
    fake.page.click("[data-aw-stop-task]")
    expect(fake.page.locator("[data-aw-stop-task]")).to_have_count(0)
    (asked,) = fake.sent("causal_test")
    assert [message["request"] for message in fake.sent("stop_task")] == [asked["request"]]
    fake.page.evaluate("model.options.failingTasks = 'There is no <b>class</b> 7.'")
    fake.page.click("[data-aw-try]")
    expect(fake.page.get_by_text("There is no <b>class</b> 7.")).to_be_visible()
    expect(fake.page.locator("[data-aw-try]")).to_be_enabled()


def test_a_dragged_patch_is_asked_about_once_at_a_time_and_in_the_end_where_it_is(
    fake: FakeView,
) -> None:
    fake.show(tryPace=60)
    open_tab(fake, "patch")
    fake.page.locator("[data-aw-changed]").wait_for()
    box = patch(fake).bounding_box()
    image = fake.page.locator(".aw-patched").bounding_box()
    assert box
    assert image
    fake.page.evaluate(
        """() => { window.most = 0; window.open = 0; const {send, message} = model;
            model.send = m => { if (m.kind === 'try_patch') most = Math.max(most, ++open);
                                send.call(model, m); };
            model.message = (m, buffers) => { if (m.kind === 'patch_classes') open--;
                                              message.call(model, m, buffers); }; }"""
    )
    fake.page.mouse.move(box["x"] + 10, box["y"] + 10)
    fake.page.mouse.down()
    fake.page.mouse.move(image["x"] + 10, image["y"] + 10, steps=25)
    fake.page.mouse.up()
    fake.page.wait_for_function(
        """() => { const last = model.sent.findLast(m => m.kind === 'try_patch');
            return Math.abs(last.x - 0.15) < 0.02 && Math.abs(last.y - 0.15) < 0.02; }"""
    )
    assert fake.page.evaluate("most") == 1, "the next one waits for the answer"
    expect(fake.page.locator("[data-aw-change]")).to_contain_text("It stays")
    fake.press("Shift+ArrowRight", "ArrowDown", "+")
    fake.page.wait_for_function(
        """() => { const last = model.sent.findLast(m => m.kind === 'try_patch');
            return last.x > 0.24 && last.y > 0.16 && last.size > 0.31; }"""
    )
    fake.page.click("[data-aw-best-corner]")
    expect(fake.page.locator("[data-aw-change]")).to_contain_text("becomes")
    corner = patch(fake).bounding_box()
    assert corner
    assert abs(corner["x"] + corner["width"] - image["x"] - image["width"]) < 3


def test_another_image_and_class_and_a_test_over_many_images(fake: FakeView) -> None:
    fake.show()
    open_tab(fake, "patch")
    fake.page.locator("[data-aw-changed]").wait_for()
    fake.page.click("[data-aw-image='5']")
    fake.page.click("[data-aw-patch-of='2']")
    choose_class(fake, fake.page.locator(".aw-detail [data-aw-class-choice]"), "jellyfish")
    fake.page.wait_for_function(
        """() => { const last = model.sent.findLast(m => m.kind === 'try_patch');
            return last.image === 5 && last.crop === 2 && last.class === 18; }"""
    )
    fake.page.click("[data-aw-test-patch]")
    fake.page.locator("[data-aw-verdict=true]").wait_for()
    (asked,) = fake.sent("patch_test")
    assert (asked["crop"], asked["class"]) == (2, 18)
    table = fake.page.locator(".aw-patch-test")
    expect(table.locator(".aw-bar-row")).to_have_count(6)
    expect(table).to_contain_text("Became “jellyfish”")
    expect(table).to_contain_text("Left out: 4 taken for 'jellyfish' already")


def test_cues_are_listed_and_lead_to_their_cells(fake: FakeView) -> None:
    fake.show()
    fake.page.click("[data-aw-subject-menu]")
    fake.page.click("[data-aw-subject=cues]")
    panel = fake.page.locator(".aw-cues")
    expect(panel).to_contain_text("enough images of 3 classes (as their labels say)")
    panel.locator("[data-aw-class-choice]").first.click()
    offered = panel.locator("[role=option]")
    expect(offered).to_have_count(3)
    expect(offered.first).to_contain_text("1,200 samples")
    fake.press("Escape")
    for place, name in enumerate(("daisy", "barn")):
        choose_class(fake, panel.locator("[data-aw-class-choice]").nth(place), name)
    panel.locator("[data-aw-find-cues]").click()
    cues = panel.locator("[data-aw-cue]")
    expect(cues).to_have_count(4)
    expect(cues.first).to_contain_text("for “daisy” in images of “barn”")
    expect(cues.first).to_contain_text("confirmed")
    expect(cues.last).to_contain_text("could not be pasted")
    (asked,) = fake.sent("find_cues")
    assert (asked["first"], asked["second"]) == (4, 8)
    cell = cues.nth(1).get_attribute("data-aw-cue")
    cues.nth(1).click()
    fake.wait("opened", f"20:{cell}")
    fake.press("Escape")
    expect(panel).to_have_count(0)


def test_axe_finds_nothing_wrong_with_experiments(fake: FakeView) -> None:
    fake.show(dark=True, sizes=[10, 20])
    fake.page.emulate_media(reduced_motion="reduce")
    fake.page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    open_tab(fake, "causes")
    fake.page.click("[data-aw-try]")
    fake.page.locator("[data-aw-scatter]").wait_for()
    assert violations(fake) == []
    fake.page.click("[data-aw-tab=patch]")
    fake.page.locator("[data-aw-changed]").wait_for()
    fake.page.click("[data-aw-test-patch]")
    fake.page.locator("[data-aw-verdict]").wait_for()
    assert violations(fake) == []
    fake.page.click("[data-aw-subject-menu]")
    fake.page.click("[data-aw-subject=cues]")
    fake.page.locator(".aw-cues").wait_for()
    assert violations(fake) == []


# -- in a real JupyterLab, with the demo's network


def test_the_network_itself_answers_to_a_change_and_to_a_patch(
    show: Callable[..., AtlasView],
) -> None:
    view = show()
    view.open_a_cell()
    root, page = view.root, view.notebook.page
    root.locator("[data-aw-tab=causes]").click()
    root.locator("[data-aw-choice=add]").click()
    root.locator("[data-aw-try]").click()
    expect(root.locator(".aw-scatter circle").first).to_be_visible(timeout=60_000)
    expect(root.locator("#aw-tab-panel")).to_contain_text("n = ")
    assert root.locator("[data-aw-meaning]").inner_text()
    root.locator("[data-aw-tab=patch]").click()
    changed = root.locator("[data-aw-changed] .aw-now")
    expect(changed.first).to_be_visible(timeout=60_000)
    titles = "rows => rows.map(row => row.title).join()"
    rows = root.locator("[data-aw-changed] .aw-bar-row")
    before = rows.evaluate_all(titles)
    root.locator("[data-aw-patch-size]").fill("0.8")
    root.locator("[data-aw-patch]").focus()
    for key in ("Shift+ArrowLeft", "Shift+ArrowUp", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    view.notebook.wait(lambda: rows.evaluate_all(titles) != before, 30, "other classes")
