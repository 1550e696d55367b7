"""The first minute of a notebook, and what a saved one shows without a kernel."""

import json
import subprocess
import sys

import pytest

from tests.browser.cells import small_atlas
from tests.browser.conftest import new_page, save_screenshot
from tests.browser.lab import ROOT, Notebook

pytestmark = pytest.mark.browser


def test_a_fresh_kernel_says_at_once_that_it_imports(notebook, lab):
    notebook.open(lab.write("fresh.ipynb", [small_atlas()]))
    notebook.start_cell(0)
    line = notebook.page.get_by_text("Importing PyTorch")
    line.wait_for(timeout=10_000)
    assert notebook.page.locator(ROOT).count() == 0, "it came before the widget"
    notebook.wait_cell(0)
    notebook.page.locator(ROOT).wait_for()
    assert line.count() == 0
    assert not any("Importing" in str(output) for output in notebook.outputs())


STILL = "img[alt^='Activation atlas']"
ERROR = "Error displaying widget"
ADVICE = "Run the cell again for the atlas"


def test_a_saved_notebook_shows_a_picture_without_its_kernel(show, browser, lab, tmp_path):
    notebook = show().notebook
    page = notebook.page
    notebook.wait(lambda: page.locator(STILL).count() == 1, 30, "the still picture")
    assert page.locator(STILL).is_hidden(), "the widget itself is there"
    notebook.execute("w.select([w.atlas.grid(5).ids[0]], grid=5)")
    alone = "document.querySelector(\"img[alt^='Activation atlas']\").src"
    before = page.evaluate(alone)
    page.wait_for_function(f"before => {alone} !== before", arg=before)
    notebook.command("docmanager:save")
    saved = lab.notebooks / "atlas.ipynb"
    stored = json.loads(saved.read_text(encoding="utf-8"))
    assert len(json.dumps(stored)) < 310_000
    lab.shutdown_kernels()

    # another user has the copy, whose outputs JupyterLab does not trust: nothing in them may run
    stored["cells"][0]["source"] = [*stored["cells"][0]["source"], "\n# a comment"]
    (lab.notebooks / "copy.ipynb").write_text(json.dumps(stored), encoding="utf-8")
    for name in ("atlas.ipynb", "copy.ipynb"):
        with new_page(browser) as again:
            reopened = Notebook(again, lab)
            reopened.open(name)
            again.locator(STILL).wait_for()
            again.get_by_text(ADVICE).wait_for()
            assert all(not text.is_visible() for text in again.get_by_text(ERROR).all())
            again.wait_for_function(f"() => {alone.replace('.src', '.naturalWidth')} > 100")
            save_screenshot(again, f"saved-notebook-{name}")

    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", str(tmp_path)]
    subprocess.run([*command, str(saved)], check=True, timeout=120, capture_output=True)
    with new_page(browser) as exported:
        exported.goto((tmp_path / "atlas.html").as_uri())
        exported.locator(STILL).wait_for()
        exported.get_by_text(ADVICE).wait_for()
        assert exported.get_by_text(ERROR).count() == 0
        assert exported.get_by_text("AtlasWidget(layer=").count() == 0
        save_screenshot(exported, "saved-notebook-html")


def test_the_picture_is_seen_again_when_the_widget_is_closed(show):
    notebook = show().notebook
    still = notebook.page.locator(STILL)
    notebook.wait(lambda: still.count() == 1, 30, "the still picture")
    assert still.is_hidden()
    notebook.execute("w.close()")
    still.wait_for(timeout=20_000)


def test_three_steps_guide_a_newcomer_and_never_come_back(fake):
    fake.show()
    step = fake.page.locator("[data-aw-first-step]")
    assert step.get_attribute("data-aw-first-step") == "1"
    fake.page.mouse.move(*fake.at(0.5, 0.5))
    fake.page.locator("[data-aw-first-step='2']").wait_for()
    fake.page.mouse.click(*fake.at(0.5, 0.5))
    fake.page.locator("[data-aw-first-step='3']").wait_for()
    fake.page.mouse.move(*fake.at(0.3, 0.5))
    fake.page.mouse.wheel(0, -400)
    step.wait_for(state="detached")
    fake.show()
    fake.settle()
    assert step.count() == 0


def test_the_three_steps_can_be_skipped_for_good(fake):
    fake.show()
    fake.page.locator("[data-aw-first-step] button").click()
    fake.page.locator("[data-aw-first-step]").wait_for(state="detached")
    fake.show()
    fake.settle()
    assert fake.page.locator("[data-aw-first-step]").count() == 0


def test_a_long_wait_says_what_would_take_less_time(fake):
    ways = ["grids=(10, 20, 40), 52 cells at first: about 50 s", "a machine with a GPU"]
    status = {"total": 160, "done": 9, "seconds_left": 130, "shorter": ways}
    fake.show(states=["final", "crop"], stage="pictures", status=status)
    fake.page.locator("[data-aw-shorter]").click()
    popup = fake.page.locator(".aw-shorter .aw-popup")
    assert [popup.get_by_text(words).is_visible() for words in ways] == [True, True]
    box, frame = popup.bounding_box(), fake.page.locator(".aw-frame").bounding_box()
    assert box["y"] >= frame["y"]
    assert box["x"] + box["width"] <= frame["x"] + frame["width"]
    fake.page.keyboard.press("Escape")
    popup.wait_for(state="detached")
    fake.show(states=["final", "crop"], stage="pictures", status={"total": 160, "done": 150})
    assert fake.page.locator("[data-aw-shorter]").count() == 0
