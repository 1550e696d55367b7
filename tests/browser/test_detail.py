"""One cell under the pointer, open, pinned, and against another one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser


def open_cell(fake: FakeView, x: float = 0.5, y: float = 0.5) -> None:
    """Click on a cell; its panel is there, the pointer somewhere else."""
    fake.page.mouse.click(*fake.at(x, y))
    fake.page.locator(".aw-detail").wait_for()
    fake.page.mouse.move(1, 1)


def open_pair(fake: FakeView) -> None:
    """Pin a cell and open another beside it."""
    open_cell(fake)
    fake.page.locator("[data-aw-pin]").click()
    fake.page.wait_for_function("document.querySelector('.aw-root').dataset.awPinned !== ''")
    open_cell(fake, 0.62, 0.55)
    fake.page.locator(".aw-pair").wait_for()


def caption(fake: FakeView) -> Locator:
    return fake.page.locator(".aw-live-caption").first


def requests(fake: FakeView, kind: str) -> list[int]:
    return [message["request"] for message in fake.sent(kind)]


# -- under the pointer


def test_the_card_is_there_in_the_frame_after_the_pointer(fake: FakeView) -> None:
    fake.show()
    fake.wait("final", fake.attribute("cells"))
    fake.page.evaluate(
        """void (window.seen = new Promise((resolve) => {
          const inside = document.querySelector('.aw-root').shadowRoot;
          inside.querySelector('.aw-stage').addEventListener('pointermove', () => {
            requestAnimationFrame(() => resolve([
              inside.querySelector('.aw-card')?.innerText ?? '',
              model.sent.filter(m => m.kind === 'hover').length,
            ]));
          }, { once: true });
        }))"""
    )
    fake.page.mouse.move(*fake.at(0.5, 0.5))
    words, asked = fake.page.evaluate("window.seen")
    assert "samples" in words
    assert "cosine" in words
    assert asked == 0, "all that was known already"
    fake.page.locator("[data-aw-card] .aw-bar").first.wait_for()
    assert fake.page.locator("[data-aw-card] .aw-bar-row").count() == 5
    assert fake.page.locator("[data-aw-card] .aw-whisker").count() == 5
    expect(fake.page.locator("[data-aw-card] .aw-crop")).to_have_count(6)


def test_the_card_and_the_open_cell_say_what_a_picture_was_made_from(fake: FakeView) -> None:
    fake.show(judge="lite1")
    fake.page.mouse.move(*fake.at(0.5, 0.5))
    card = fake.page.locator("[data-aw-card]")
    expect(card.locator("[data-aw-made]")).to_have_text(
        "direction + statistics of 8 crops · preset icon, 64 px, 48 steps"
    )
    expect(card.locator("[data-aw-judged]")).to_contain_text("of 40 cells (a real crop: 1st)")
    open_cell(fake)
    panel = fake.page.locator(".aw-detail")
    expect(panel.locator("[data-aw-made]")).to_contain_text("preset icon")
    expect(panel.locator("[data-aw-made-live]")).to_contain_text("preset portrait, 192 px")
    expect(panel.locator("[data-aw-judged]")).to_contain_text("lite1")


def test_the_card_covers_neither_pointer_nor_border_and_does_not_jump(fake: FakeView) -> None:
    fake.show()
    stage = fake.page.locator(".aw-stage").bounding_box()
    assert stage
    for x, y in [(0.5, 0.5), (0.36, 0.55), (0.66, 0.4), (0.55, 0.13), (0.5, 0.87)]:
        point = fake.at(x, y)
        fake.page.mouse.move(*point)
        cards = [fake.page.locator("[data-aw-card]").bounding_box()]
        fake.page.locator("[data-aw-card] .aw-bar").first.wait_for()
        cards.append(fake.page.locator("[data-aw-card]").bounding_box())
        for card in cards:
            assert card
            assert card["x"] >= stage["x"]
            assert card["y"] >= stage["y"]
            assert card["x"] + card["width"] <= stage["x"] + stage["width"]
            assert card["y"] + card["height"] <= stage["y"] + stage["height"]
            inside = (
                card["x"] < point[0] < card["x"] + card["width"]
                and card["y"] < point[1] < card["y"] + card["height"]
            )
            assert not inside
        assert cards[0]
        assert cards[1]
        assert abs(cards[0]["height"] - cards[1]["height"]) < 20, "room was kept for the classes"
        fake.page.mouse.move(1, 1)
        fake.page.locator("[data-aw-card]").wait_for(state="detached")


# -- one panel


def test_a_click_opens_the_live_picture_and_escape_ends_it(fake: FakeView) -> None:
    fake.show()
    open_cell(fake)
    fake.page.wait_for_function("+document.querySelector('.aw-root').dataset.awInspectStep >= 16")
    fake.page.locator(".aw-detail .aw-bars-diverging").first.wait_for()
    (first,) = fake.sent("inspect")
    fake.page.click("text=Another seed")
    fake.page.wait_for_function("model.sent.filter(m => m.kind === 'inspect').length >= 2")
    second = fake.sent("inspect")[-1]
    assert (second["cell"], second["seed"]) == (first["cell"], first["seed"] + 1)
    fake.press("Escape")
    fake.page.locator(".aw-detail").wait_for(state="detached")
    assert requests(fake, "stop_inspect") == [first["request"], second["request"]]


def test_the_live_picture_rests_goes_on_and_takes_more_steps(fake: FakeView) -> None:
    fake.show(livePace=200)
    open_cell(fake)
    # in the page itself: by the time that a test has been told, the picture may be finished
    fake.page.wait_for_function(
        "() => { const root = document.querySelector('.aw-root');"
        " return +root.dataset.awInspectStep >= 8"
        " && (root.shadowRoot.querySelector('[data-aw-pause]').click(), true) }"
    )
    expect(caption(fake)).to_contain_text("Paused at step")
    (request,) = requests(fake, "inspect")
    fake.page.wait_for_function(f"model.details.running.get({request}).paused")
    at = fake.page.evaluate(f"model.details.running.get({request}).step")
    assert 0 < at < 112
    fake.wait("inspect-step", at)
    fake.page.click("[data-aw-pause]")
    expect(caption(fake)).to_contain_text("Finished: 112 steps · cosine 0.")
    assert fake.page.locator("[data-aw-pause]").is_disabled()
    fake.page.click("[data-aw-more]")
    expect(caption(fake)).to_contain_text("Finished: 176 steps")
    assert fake.sent("more_steps") == [{"kind": "more_steps", "request": request, "steps": 64}]
    assert [m["paused"] for m in fake.sent("pause_inspect")] == [True, False]


def test_variants_and_crops_can_be_looked_at_large(fake: FakeView) -> None:
    fake.show()
    open_cell(fake)
    fake.page.click("[data-aw-variants]")
    fake.page.locator("[data-aw-variant-step='112']").wait_for()
    fake.page.click("[aria-label='Variant 3, large']")
    expect(caption(fake)).to_contain_text("Variant 3: Finished")
    fake.page.click("[aria-label='Real crop 2 in its image']")
    expect(caption(fake)).to_contain_text("harbour_001.jpg")
    expect(caption(fake)).to_contain_text("sees 60 of 224 px")
    expect(caption(fake)).to_contain_text("“Harbour” by A. Photographer, CC-BY-4.0")
    image, crop, seen = (
        fake.page.locator(selector).bounding_box()
        for selector in (".aw-origin-image", ".aw-origin-crop", ".aw-origin-seen")
    )
    assert image
    assert crop
    assert seen
    for outer, inner in ((image, crop), (crop, seen)):
        assert outer["x"] < inner["x"]
        assert outer["y"] < inner["y"]
        assert outer["x"] + outer["width"] > inner["x"] + inner["width"]
        assert outer["y"] + outer["height"] > inner["y"] + inner["height"]
    fake.press("Escape")
    expect(caption(fake)).to_contain_text("Finished: 112 steps")
    fake.page.click("[aria-label='Real crop 2 in its image']")
    expect(caption(fake)).to_contain_text("harbour_001.jpg")
    assert len(fake.sent("crop_in_image")) == 1, "it is known by now"
    fake.page.click("[data-aw-variants]")
    fake.page.locator(".aw-variants").wait_for(state="detached")
    assert requests(fake, "stop_inspect") == requests(fake, "inspect_variants")


def test_channels_stand_out_or_are_large(fake: FakeView) -> None:
    fake.show()
    open_cell(fake)
    rows = fake.page.locator(".aw-channels .aw-bar-row")
    rows.first.wait_for()
    sigmas = [
        float(row.inner_text().split("\n")[-1].removesuffix(" σ").replace("−", "-"))
        for row in rows.all()
    ]
    assert len(sigmas) == 8
    assert [abs(value) for value in sigmas] == sorted(map(abs, sigmas), reverse=True)
    unusual = rows.all_inner_texts()
    fake.page.click("[role=radio]:has-text('largest')")
    expect(fake.page.locator("[role=radio]:has-text('largest')")).to_be_checked()
    assert rows.all_inner_texts() != unusual


def test_a_class_colours_the_atlas_and_selects_what_it_wins(fake: FakeView) -> None:
    fake.show()
    open_cell(fake, 0.45, 0.45)
    row = fake.page.locator(".aw-detail .aw-bar-row", has=fake.page.locator("[data-aw-colour-by]"))
    row.first.hover()
    label = row.first.locator(".aw-bar-label").inner_text()
    row.first.locator("[data-aw-colour-by]").click()
    fake.wait_trait("overlay", f"value === 'influence: {label}'")
    row.first.locator("[data-aw-colour-by]").click()
    fake.wait_trait("overlay", "value === 'pictures'")
    row.first.locator("[data-aw-select-won]").click()
    cells = fake.wait_trait("selection", "value.length > 0")
    won = fake.page.evaluate(
        "([cells, label]) => cells.every(cell => model.label(20, cell) === label)", [cells, label]
    )
    assert won


def test_what_goes_wrong_is_said_in_the_panel(fake: FakeView) -> None:
    fake.show(failing="OutOfMemoryError: <b>CUDA</b> out of memory")
    open_cell(fake)
    expect(caption(fake)).to_contain_text("It could not be made: OutOfMemoryError: <b>CUDA</b>")
    assert fake.page.locator("[data-aw-more]").is_disabled()
    assert fake.page.locator("[data-aw-seed]").is_enabled(), "perhaps it goes another time"


# -- two panels


def test_a_pinned_cell_is_compared_with_the_next(fake: FakeView) -> None:
    fake.show()
    open_pair(fake)
    assert fake.page.locator(".aw-detail-head .aw-badge").all_inner_texts() == ["A", "B"]
    first, other = fake.sent("inspect")
    assert first["cell"] != other["cell"]
    assert requests(fake, "stop_inspect") == [], "the pinned picture goes on"
    assert fake.attribute("pinned") == f"20:{first['cell']}"
    assert fake.attribute("opened") == f"20:{other['cell']}"
    expect(fake.page.locator(".aw-compared .aw-bar-row").first).to_be_visible()
    fake.page.wait_for_function(
        "() => ![...document.querySelector('.aw-root').shadowRoot"
        ".querySelectorAll('.aw-compared .aw-bar-value')].some(it => it.innerText === '…')"
    )
    rows = fake.page.locator(".aw-compared .aw-bar-row")
    differences = [
        float(row.locator(".aw-bar-value").inner_text().replace("−", "-")) for row in rows.all()
    ]
    assert differences == sorted(differences, reverse=True)
    assert rows.first.locator(".aw-bar.aw-first, .aw-bar.aw-other").count() == 2
    asked = fake.sent("class_values")
    assert {message["cell"] for message in asked} == {first["cell"], other["cell"]}
    # Other cells may be hovered meanwhile.
    fake.page.mouse.move(*fake.at(0.3, 0.5))
    fake.page.locator("[data-aw-card]").wait_for()
    assert fake.page.locator(".aw-pair").count() == 1
    fake.page.locator(".aw-mix-slider input").focus()
    for left in (1, 0):  # the focus that goes with a panel comes back to the widget
        fake.press("Escape")
        expect(fake.page.locator(".aw-detail-head")).to_have_count(left)
    assert sorted(requests(fake, "stop_inspect")) == sorted(requests(fake, "inspect"))


def test_the_mix_follows_the_slider_and_gives_up_what_was_before(fake: FakeView) -> None:
    fake.show()
    open_pair(fake)
    slider = fake.page.locator(".aw-mix-slider input")
    slider.fill("0.25")
    fake.page.wait_for_function("model.sent.some(m => m.kind === 'inspect_mix')")
    slider.fill("0.7")
    fake.page.locator("[data-aw-mix='0.7']").wait_for()
    quarter, most = fake.sent("inspect_mix")
    assert (quarter["share"], most["share"]) == (0.25, 0.7)
    assert (most["cell"], most["other_cell"]) == tuple(m["cell"] for m in fake.sent("inspect"))
    assert requests(fake, "stop_inspect") == [quarter["request"]]
    assert "0.30·A + 0.70·B" in fake.page.locator(".aw-mix").inner_text()
    facts = [float(fact) for fact in fake.page.locator(".aw-facts dd").all_inner_texts()]
    assert len(facts) == 3
    assert facts[1] > facts[0], "nearer to B"
    fake.page.locator("[aria-label='Close']").last.click()
    fake.page.locator(".aw-mix").wait_for(state="detached")
    assert most["request"] in requests(fake, "stop_inspect")


def test_with_two_pinned_a_third_waits_and_a_new_layout_closes_all(fake: FakeView) -> None:
    fake.show()
    open_pair(fake)
    fake.page.locator("[data-aw-pin]").last.click()
    fake.page.wait_for_function("document.querySelector('.aw-root').dataset.awOpened === ''")
    fake.page.mouse.click(*fake.at(0.4, 0.5))
    fake.page.locator(".aw-detail-notice", has_text="Both cells are pinned").wait_for()
    (third,) = [fake.attribute("opened")]
    fake.page.locator("[data-aw-pin]").first.click()
    expect(fake.page.locator(".aw-detail-notice")).to_have_count(0)
    assert f"20:{fake.sent('inspect')[-1]['cell']}" == third
    fake.page.evaluate("model.sendLayout(model.grids, true)")
    fake.page.locator(".aw-detail").wait_for(state="detached")
    fake.wait("pinned", "")


def test_without_a_kernel_all_stays_readable_and_says_why_it_cannot_go_on(fake: FakeView) -> None:
    fake.show()
    open_pair(fake)
    fake.page.locator(".aw-compared .aw-bar-value").first.wait_for()
    fake.page.locator(".aw-mix-slider input").fill("0.4")
    fake.page.locator("[data-aw-mix='0.4']").wait_for()
    words = fake.page.locator(".aw-compared").inner_text()
    fake.page.evaluate("model.die()")
    fake.wait("connected", "false")
    for name in ("pause", "more", "seed", "variants"):
        button = fake.page.locator(f"[data-aw-{name}]").first
        assert button.is_disabled()
        assert "running kernel" in (button.get_attribute("title") or "")
    assert fake.page.locator(".aw-mix-slider input").is_disabled()
    expect(caption(fake)).to_contain_text("cosine")
    assert fake.page.locator(".aw-compared").inner_text() == words
    fake.page.locator("[aria-label='Close']").first.click()
    expect(fake.page.locator(".aw-detail-head")).to_have_count(1)


def test_in_a_narrow_cell_the_panel_leaves_the_stage_and_folds_away(fake: FakeView) -> None:
    fake.show(width=600)
    open_cell(fake)
    inside = "document.querySelector('.aw-root').shadowRoot"
    height = f"() => {inside}.querySelector('.aw-stage').clientHeight"
    beside = fake.page.evaluate(height)
    assert beside > 150
    panel = fake.page.locator(".aw-detail")
    panel.locator(".aw-channels").scroll_into_view_if_needed()
    box, frame = panel.locator(".aw-channels").bounding_box(), panel.bounding_box()
    assert box
    assert frame
    assert box["y"] < frame["y"] + frame["height"], "all of it can be scrolled to"
    fake.page.click("[aria-label='Fold the panel away']")
    fake.page.wait_for_function(f"({height})() > {beside} + 100")
    assert panel.locator("h2").is_visible()
    fake.page.click("[aria-label='Show the panel']")
    fake.page.wait_for_function(f"({height})() === {beside}")
