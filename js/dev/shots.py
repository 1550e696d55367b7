"""Screenshots of the view against the fake kernel.

python js/dev/shots.py FOLDER [NAMES] [--width 420] [--dark]
"""

import sys
from argparse import ArgumentParser
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))
import scenes

from tests.browser.chromium import FLAGS, require_chromium
from tests.browser.fake_page import open_view, serve

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
    "light": (scenes.light, INSTANT, {}),
    "dark": (scenes.light, {**INSTANT, "dark": True}, {}),
    "states": (scenes.states, MIXED, {}),
    "states_dark": (scenes.states, {**MIXED, "dark": True}, {}),
    "hover": (scenes.hovering, INSTANT, {}),
    "hover_dark": (scenes.hovering, {**INSTANT, "dark": True}, {}),
    "detail": (scenes.detail, INSTANT, {}),
    "detail_lower": (scenes.lower, INSTANT, {}),
    "detail_dark": (scenes.detail, {**INSTANT, "dark": True}, {}),
    "variants": (scenes.variants, INSTANT, {}),
    "crop": (scenes.crop, {**INSTANT, "dark": True}, {}),
    **{
        f"{act.__name__}{suffix}": (act, {**INSTANT, **options}, screen)
        for act in (scenes.causes, scenes.patch_lab, scenes.patch_tested, scenes.cues)
        for suffix, options, screen in (
            ("", {}, {}),
            ("_dark", {"dark": True}, {}),
            ("_narrow", {}, {"width": 632}),
        )
    },
    "pair": (scenes.pair, INSTANT, {}),
    "mix": (scenes.mix, INSTANT, {}),
    "mix_dark": (scenes.mix, {**INSTANT, "dark": True}, {}),
    "mix_scrolled": (scenes.scrolled, INSTANT, {}),
    "mix_narrow": (scenes.mix, INSTANT, {"width": 632}),
    "mix_wide": (scenes.mix, INSTANT, {"width": 1900}),
    "dead_pair": (scenes.dead_pair, {**INSTANT, "dark": True}, {}),
    "detail_failed": (
        scenes.detail,
        {**INSTANT, "failing": "OutOfMemoryError: CUDA out of memory."},
        {},
    ),
    "narrow": (scenes.light, INSTANT, {"width": 632}),
    "narrow_detail": (scenes.detail, {**INSTANT, "dark": True}, {"width": 632}),
    "wide": (scenes.hovering, INSTANT, {"width": 1900}),
    "zoomed": (scenes.zoomed, {**INSTANT, "onDemand": True}, {}),
    "zoomed_wait": (scenes.zoomed, INSTANT, {}),
    "deep": (scenes.deep, {**INSTANT, "onDemand": True, "dark": True}, {}),
    "selection": (scenes.selection, INSTANT, {}),
    "selection_dark": (scenes.selection, {**INSTANT, "dark": True}, {}),
    "select_menu": (scenes.select_menu, INSTANT, {}),
    "copied": (scenes.copied, {**INSTANT, "onDemand": True}, {}),
    "copied_dark": (scenes.copied, {**INSTANT, "onDemand": True, "dark": True}, {}),
    "copied_narrow": (
        scenes.copied,
        {**INSTANT, "onDemand": True, "state": {"overlay": "density"}},
        {"width": 632},
    ),
    "keyboard": (scenes.keyboard, INSTANT, {}),
    "keyboard_dark": (scenes.keyboard, {**INSTANT, "dark": True}, {}),
    "phone": (scenes.light, {**INSTANT, "sizes": [20, 40, 80, 160]}, {"width": 392, "touch": True}),
    "export": (scenes.exporting, INSTANT, {}),
    "exported": (scenes.exported, {**INSTANT, "dark": True}, {}),
    "layers": (scenes.layers, INSTANT, {}),
    "search": (scenes.search, INSTANT, {}),
    "search_dark": (scenes.search, {**INSTANT, "dark": True}, {}),
    "search_none": (scenes.searching_in_vain, INSTANT, {}),
    "help": (scenes.helping, INSTANT, {}),
    "dead": (scenes.dead, INSTANT, {}),
    "progress": (scenes.progress, {"pace": 40}, {}),
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
        scenes.light,
        {**INSTANT, "dense": True, "sizes": [20, 160], "grid": 160, "state": {"level": 160}},
        {},
    ),
    **{
        f"overlay_{name}{'_dark' if dark else ''}": (scenes.light, overlay(text, dark=dark), {})
        for name, text in {
            "crops": "crops",
            "density": "density",
            "top_class": "top class",
            "influence": "influence: golden retriever",
            "fidelity": "fidelity",
        }.items()
        for dark in (False, True)
    },
    "overlay_zoomed": (scenes.zoomed, overlay("influence: tabby cat", onDemand=True), {}),
    "overlay_deep": (scenes.deep, overlay("fidelity", onDemand=True), {}),
    "overlay_narrow": (scenes.light, overlay("top class", dark=True), {"width": 632}),
    "overlay_waiting": (
        scenes.light,
        overlay("influence: daisy", slowValues=8, pace=300, stage="pictures"),
        {},
    ),
    "overlay_hover": (scenes.hovering, overlay("influence: tabby cat"), {}),
    "overlay_none": (scenes.light, overlay("top class", noClasses=True), {}),
    "overlay_dense": (
        scenes.light,
        {
            **INSTANT,
            "dense": True,
            "sizes": [20, 160],
            "grid": 160,
            "state": {"level": 160, "overlay": "fidelity"},
        },
        {},
    ),
    "overlay_menu": (scenes.overlay_menu, overlay("density"), {}),
    "overlay_menu_dark": (scenes.overlay_menu, overlay("influence: daisy", dark=True), {}),
    "class_picker": (scenes.class_picker, INSTANT, {}),
    "diagnosis": (scenes.diagnosis, INSTANT, {}),
    "diagnosis_dark": (scenes.diagnosis, {**INSTANT, "dark": True}, {}),
    "split": (scenes.split, INSTANT, {}),
    "split_dark": (scenes.split, {**INSTANT, "dark": True}, {}),
    "split_narrow": (scenes.split, INSTANT, {"width": 632}),
    "doubt": (scenes.hovering, {**INSTANT, "state": {"overlay": "doubt"}}, {}),
    "subject_menu": (scenes.subject_menu, OF_CLASS, {}),
    "class_atlas": (scenes.detail, OF_CLASS, {}),
    "class_atlas_narrow": (scenes.light, {**OF_CLASS, "dark": True}, {"width": 632}),
    "compared": (scenes.hovering, COMPARED, {}),
    "compared_dark": (scenes.zoomed, {**COMPARED, "dark": True, "onDemand": True}, {}),
    "compared_narrow": (scenes.light, COMPARED, {"width": 632}),
    "retina": (scenes.hovering, INSTANT, {"scale": 2}),
}


def main() -> None:
    """Take the pictures that were asked for."""
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
