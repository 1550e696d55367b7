"""Screenshots of the view against the fake kernel.

python js/dev/shots.py FOLDER [NAMES] [--width 420] [--dark]
"""

# ruff: noqa: D103  (the scenes are named after what they show)
import sys
from argparse import ArgumentParser
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.browser.chromium import FLAGS, require_chromium
from tests.browser.fake_page import open_view, serve


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


INSTANT = {"instant": True}
COMPARED = {**INSTANT, "state": {"subject": ["comparison", "tabby cat", "golden retriever"]}}
OF_CLASS = {
    **INSTANT,
    "state": {"subject": ["class", "tabby cat"], "overlay": "influence: tabby cat"},
}


def overlay(text: str, **more: object) -> dict[str, object]:
    """Give the fake kernel's options for an overlay."""
    return {**INSTANT, "state": {"overlay": text}, **more}


MIXED = {
    "instant": True, "states": ["final", "final", "rough", "crop", "none"], "stage": "pictures",
    "status": {"done": 64, "total": 128, "seconds_left": 12.3},
}  # fmt: skip
SHOTS = {
    "light": (light, INSTANT, {}),
    "dark": (light, {**INSTANT, "dark": True}, {}),
    "states": (states, MIXED, {}),
    "states_dark": (states, {**MIXED, "dark": True}, {}),
    "hover": (hovering, INSTANT, {}),
    "hover_dark": (hovering, {**INSTANT, "dark": True}, {}),
    "detail": (detail, INSTANT, {}),
    "detail_lower": (lower, INSTANT, {}),
    "detail_dark": (detail, {**INSTANT, "dark": True}, {}),
    "variants": (variants, INSTANT, {}),
    "crop": (crop, {**INSTANT, "dark": True}, {}),
    **{
        f"{act.__name__}{suffix}": (act, {**INSTANT, **options}, screen)
        for act in (causes, patch_lab, patch_tested, cues)
        for suffix, options, screen in (
            ("", {}, {}),
            ("_dark", {"dark": True}, {}),
            ("_narrow", {}, {"width": 632}),
        )
    },
    "pair": (pair, INSTANT, {}),
    "mix": (mix, INSTANT, {}),
    "mix_dark": (mix, {**INSTANT, "dark": True}, {}),
    "mix_scrolled": (scrolled, INSTANT, {}),
    "mix_narrow": (mix, INSTANT, {"width": 632}),
    "mix_wide": (mix, INSTANT, {"width": 1900}),
    "dead_pair": (dead_pair, {**INSTANT, "dark": True}, {}),
    "detail_failed": (detail, {**INSTANT, "failing": "OutOfMemoryError: CUDA out of memory."}, {}),
    "narrow": (light, INSTANT, {"width": 632}),
    "narrow_detail": (detail, {**INSTANT, "dark": True}, {"width": 632}),
    "wide": (hovering, INSTANT, {"width": 1900}),
    "zoomed": (zoomed, {**INSTANT, "onDemand": True}, {}),
    "zoomed_wait": (zoomed, INSTANT, {}),
    "deep": (deep, {**INSTANT, "onDemand": True, "dark": True}, {}),
    "selection": (selection, INSTANT, {}),
    "selection_dark": (selection, {**INSTANT, "dark": True}, {}),
    "select_menu": (select_menu, INSTANT, {}),
    "copied": (copied, {**INSTANT, "onDemand": True}, {}),
    "copied_dark": (copied, {**INSTANT, "onDemand": True, "dark": True}, {}),
    "copied_narrow": (
        copied,
        {**INSTANT, "onDemand": True, "state": {"overlay": "density"}},
        {"width": 632},
    ),
    "keyboard": (keyboard, INSTANT, {}),
    "keyboard_dark": (keyboard, {**INSTANT, "dark": True}, {}),
    "phone": (light, {**INSTANT, "sizes": [20, 40, 80, 160]}, {"width": 392, "touch": True}),
    "export": (exporting, INSTANT, {}),
    "exported": (exported, {**INSTANT, "dark": True}, {}),
    "layers": (layers, INSTANT, {}),
    "search": (search, INSTANT, {}),
    "search_dark": (search, {**INSTANT, "dark": True}, {}),
    "search_none": (searching_in_vain, INSTANT, {}),
    "help": (helping, INSTANT, {}),
    "dead": (dead, INSTANT, {}),
    "progress": (progress, {"pace": 40}, {}),
    "starting": (lambda page: page.wait_for_timeout(300), {"pace": 5000}, {}),
    "error": (
        lambda page: page.wait_for_timeout(700),
        {
            "error": "The model has no layer <b>'blocks.44'</b>.",
            "hint": "Nearest names: 'blocks.4', 'blocks.4.2'. list_layers(model) lists them all.",
        },
        {},
    ),
    "dense": (
        light,
        {**INSTANT, "dense": True, "sizes": [20, 160], "grid": 160, "state": {"level": 160}},
        {},
    ),
    **{
        f"overlay_{name}{'_dark' if dark else ''}": (light, overlay(text, dark=dark), {})
        for name, text in {
            "crops": "crops",
            "density": "density",
            "top_class": "top class",
            "influence": "influence: golden retriever",
            "fidelity": "fidelity",
        }.items()
        for dark in (False, True)
    },
    "overlay_zoomed": (zoomed, overlay("influence: tabby cat", onDemand=True), {}),
    "overlay_deep": (deep, overlay("fidelity", onDemand=True), {}),
    "overlay_narrow": (light, overlay("top class", dark=True), {"width": 632}),
    "overlay_waiting": (
        light,
        overlay("influence: daisy", slowValues=8, pace=300, stage="pictures"),
        {},
    ),
    "overlay_hover": (hovering, overlay("influence: tabby cat"), {}),
    "overlay_none": (light, overlay("top class", noClasses=True), {}),
    "overlay_dense": (
        light,
        {
            **INSTANT,
            "dense": True,
            "sizes": [20, 160],
            "grid": 160,
            "state": {"level": 160, "overlay": "fidelity"},
        },
        {},
    ),
    "overlay_menu": (overlay_menu, overlay("density"), {}),
    "overlay_menu_dark": (overlay_menu, overlay("influence: daisy", dark=True), {}),
    "class_picker": (class_picker, INSTANT, {}),
    "diagnosis": (diagnosis, INSTANT, {}),
    "diagnosis_dark": (diagnosis, {**INSTANT, "dark": True}, {}),
    "split": (split, INSTANT, {}),
    "split_dark": (split, {**INSTANT, "dark": True}, {}),
    "split_narrow": (split, INSTANT, {"width": 632}),
    "doubt": (hovering, {**INSTANT, "state": {"overlay": "doubt"}}, {}),
    "subject_menu": (subject_menu, OF_CLASS, {}),
    "class_atlas": (detail, OF_CLASS, {}),
    "class_atlas_narrow": (light, {**OF_CLASS, "dark": True}, {"width": 632}),
    "compared": (hovering, COMPARED, {}),
    "compared_dark": (zoomed, {**COMPARED, "dark": True, "onDemand": True}, {}),
    "compared_narrow": (light, COMPARED, {"width": 632}),
    "retina": (hovering, INSTANT, {"scale": 2}),
}


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--width", type=int, help="of the page, in place of the scene's own")
    parser.add_argument("--dark", action="store_true")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    suffix = f"_{asked.width}" * bool(asked.width) + "_dark" * asked.dark
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=require_chromium(), args=list(FLAGS))
        for name in asked.names or SHOTS:
            act, options, screen = SHOTS[name]
            width = asked.width or screen.get("width", 1100)
            if asked.dark:
                options = {**options, "dark": True}
            page = browser.new_page(
                viewport={"width": width, "height": 680},
                device_scale_factor=screen.get("scale", 1),
                has_touch=screen.get("touch", False),
            )
            page.on("console", lambda m: print(f"  console: {m.text}"))
            page.on("pageerror", lambda e, name=name: print(f"  {name}: {e}"))
            open_view(page, url, **options)
            if "dense" in name:
                page.wait_for_timeout(500)
                page.click('[data-aw-level-mode="160"]')
            try:
                act(page)
            except Exception as problem:
                print(f"  {name}: {str(problem)[:300]}")
            page.screenshot(path=asked.folder / f"{name}{suffix}.png")
            print(name)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
