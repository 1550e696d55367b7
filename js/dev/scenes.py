"""What a person does with the view before a picture of it is taken: one function for each."""

# ruff: noqa: D103  (named after what they show)
from playwright.sync_api import Page


def settle(page: Page) -> None:
    page.wait_for_selector('[data-aw-stage="idle"], [data-aw-stage="pictures"]', timeout=60_000)
    page.wait_for_timeout(500)


def hover(page: Page, x: float, y: float) -> None:
    box = page.locator(".aw-stage").first.bounding_box()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.wait_for_timeout(450)


def click(page: Page, x: float, y: float) -> None:
    hover(page, x, y)
    page.mouse.down()
    page.mouse.up()


def light(page: Page) -> None:
    settle(page)


def states(page: Page) -> None:
    page.wait_for_timeout(1500)


def hovering(page: Page) -> None:
    settle(page)
    hover(page, 0.52, 0.5)


def detail(page: Page) -> None:
    settle(page)
    click(page, 0.52, 0.5)
    page.wait_for_timeout(900)
    page.mouse.move(5, 5)
    page.wait_for_timeout(900)


def lower(page: Page) -> None:
    detail(page)
    page.locator(".aw-detail").evaluate("panel => panel.scrollBy(0, 9999)")
    page.wait_for_timeout(200)


def variants(page: Page) -> None:
    detail(page)
    page.click("[data-aw-variants]")
    page.wait_for_timeout(1500)


def crop(page: Page) -> None:
    detail(page)
    page.click(".aw-crop-button >> nth=2")
    page.wait_for_timeout(400)


def causes(page: Page) -> None:
    detail(page)
    page.click("[data-aw-tab=causes]")
    page.click("[data-aw-choice=add]")
    page.click("[data-aw-try]")
    page.locator("[data-aw-scatter]").wait_for()
    page.wait_for_timeout(300)


def patch_lab(page: Page) -> None:
    detail(page)
    page.click("[data-aw-tab=patch]")
    page.locator("[data-aw-changed]").wait_for()
    page.click("[data-aw-image='3']")
    page.wait_for_timeout(700)


def patch_tested(page: Page) -> None:
    patch_lab(page)
    page.click("[data-aw-test-patch]")
    page.locator("[data-aw-patch-tested]").wait_for()
    page.locator("[data-aw-verdict]").scroll_into_view_if_needed()
    page.wait_for_timeout(300)


def cues(page: Page) -> None:
    detail(page)
    page.click("[data-aw-tab=causes]")
    page.click("[data-aw-open-cues]")
    for place, name in enumerate(("daisy", "barn")):
        page.click(f".aw-cues [data-aw-class-choice] >> nth={place}")
        page.fill("[data-aw-class-search]", name)
        page.keyboard.press("Enter")
    page.click("[data-aw-find-cues]")
    page.locator("[data-aw-cue]").first.wait_for()
    page.wait_for_timeout(500)


def pair(page: Page) -> None:
    detail(page)
    page.click("[data-aw-pin]")
    click(page, 0.62, 0.62)
    page.wait_for_timeout(900)
    page.mouse.move(5, 5)
    page.wait_for_timeout(900)


def mix(page: Page) -> None:
    pair(page)
    page.locator(".aw-mix-slider input").fill("0.35")
    page.wait_for_timeout(1500)


def scrolled(page: Page) -> None:
    mix(page)
    page.locator(".aw-detail").evaluate("panel => panel.scrollBy(0, 360)")
    page.wait_for_timeout(200)


def dead_pair(page: Page) -> None:
    mix(page)
    page.evaluate("model.die()")
    page.wait_for_timeout(400)


def zoomed(page: Page) -> None:
    settle(page)
    hover(page, 0.52, 0.5)
    for _ in range(9):
        page.mouse.wheel(0, -120)
        page.wait_for_timeout(40)
    page.wait_for_timeout(1200)


def deep(page: Page) -> None:
    zoomed(page)
    for _ in range(9):
        page.mouse.wheel(0, -120)
        page.wait_for_timeout(40)
    page.wait_for_timeout(1500)


def selection(page: Page) -> None:
    settle(page)
    page.click('[data-aw-tool="lasso"]')
    box = page.locator(".aw-stage").first.bounding_box()
    points = [(0.42, 0.3), (0.58, 0.28), (0.62, 0.5), (0.5, 0.62), (0.4, 0.5), (0.42, 0.32)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] - 5)
    page.wait_for_timeout(400)


def select_menu(page: Page) -> None:
    selection(page)
    page.click("[data-aw-select-menu]")
    page.wait_for_timeout(300)


def copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    selection(page)
    page.locator(".aw-root").first.focus()
    page.keyboard.press("+")
    page.wait_for_timeout(800)
    page.keyboard.press("c")
    page.wait_for_timeout(300)


def keyboard(page: Page) -> None:
    settle(page)
    page.locator(".aw-root").first.focus()
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    page.wait_for_timeout(500)


def exporting(page: Page) -> None:
    settle(page)
    page.click("[data-aw-export-menu]")
    page.wait_for_timeout(200)


def exported(page: Page) -> None:
    exporting(page)
    page.click('[data-aw-export="pdf"]')
    page.wait_for_timeout(600)


def layers(page: Page) -> None:
    settle(page)
    page.click(".aw-layer-button")
    page.keyboard.type("blocks.3")
    page.wait_for_timeout(300)


def search(page: Page) -> None:
    settle(page)
    page.fill("[data-aw-search]", "dog")
    page.wait_for_timeout(300)


def searching_in_vain(page: Page) -> None:
    settle(page)
    page.fill("[data-aw-search]", "taby catt")
    page.wait_for_timeout(300)


def helping(page: Page) -> None:
    settle(page)
    page.locator(".aw-root").first.focus()
    page.keyboard.press("?")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)


def dead(page: Page) -> None:
    settle(page)
    page.evaluate("model.die()")
    click(page, 0.5, 0.5)
    page.wait_for_timeout(400)


def progress(page: Page) -> None:
    page.wait_for_selector('[data-aw-stage="pictures"]', timeout=60_000)
    page.wait_for_function("+document.querySelector('.aw-root').dataset.awRough > 40")


def overlay_menu(page: Page) -> None:
    settle(page)
    page.click("[data-aw-overlay-menu]")
    page.wait_for_timeout(250)


def class_picker(page: Page) -> None:
    overlay_menu(page)
    page.click('[data-aw-overlay-kind="influence"]')
    page.keyboard.type("e")
    page.wait_for_timeout(250)


def subject_menu(page: Page) -> None:
    settle(page)
    page.click("[data-aw-subject-menu]")
    page.wait_for_timeout(250)


def diagnosis(page: Page) -> None:
    detail(page)
    page.click('[data-aw-tab="diagnosis"]')
    page.wait_for_selector(".aw-diagnosis")
    page.wait_for_timeout(300)


def split(page: Page) -> None:
    diagnosis(page)
    page.click("[data-aw-split]")
    page.wait_for_timeout(1200)
    page.locator(".aw-split").evaluate("it => it.scrollIntoView()")
    page.wait_for_timeout(200)
