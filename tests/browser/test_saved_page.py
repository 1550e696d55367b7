"""A page without a kernel, opened from the disk in a fresh profile with the network off."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from atlas_widget.notes import Note, note_fields
from atlas_widget.page import PageContents, PageGrid, write_page
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.pictures.picture import Picture, State
from atlas_widget.session.units.opened import OpenedUnits
from atlas_widget.session.units.sampled_units import SampledUnits
from tests.browser.conftest import save_screenshot
from tests.browser.test_accessibility import AXE, RULES
from tests.conftest import tiny_picture
from tests.page.contents import NASTY, page_of, small_atlas

pytestmark = pytest.mark.browser


class Opened:
    """A page from a file, and all that it said and asked for.

    Attributes
    ----------
    page
        The browser's page.
    requests
        Addresses that it asked for, less its own file and what it made itself (blob:).
    problems
        Errors and warnings of the console, exceptions and dialogs.
    """

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.file = file
        self.requests: list[str] = []
        self.problems: list[str] = []
        own = file.as_uri()
        page.on(
            "request",
            lambda request: (
                request.url.split("#")[0] == own
                or request.url.startswith(("blob:", "data:"))
                or self.requests.append(request.url)
            ),
        )
        page.on(
            "console",
            lambda said: said.type in ("error", "warning") and self.problems.append(said.text),
        )
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: (self.problems.append("dialog"), dialog.dismiss()))

    def go(self, hash_: str = "") -> Opened:
        """Open the file, or another address within it, and wait for its pictures."""
        self.page.goto("about:blank")
        self.page.goto(self.file.as_uri() + (f"#{hash_}" if hash_ else ""))
        expect(self.root).to_have_attribute("data-aw-stage", "idle")
        expect(self.root).to_have_attribute("data-aw-final", re.compile("[1-9]"))
        return self

    @property
    def root(self) -> Locator:
        """The widget."""
        return self.page.locator(".aw-root")

    def until(self, condition: str, about: object = None) -> None:
        """Wait until a condition holds; Playwright's own way evaluates texts in the page."""
        end = time.monotonic() + 20
        while not self.page.evaluate(condition, about):
            assert time.monotonic() < end, condition
            self.page.wait_for_timeout(50)

    def cell(self, grid: int, cell: int) -> tuple[float, float]:
        """Return where the middle of a cell is, from the view's own address."""
        self.until("location.hash.includes('viewport')")
        said = re.search(r"viewport=([^&]+)", self.page.evaluate("location.hash"))
        assert said
        left, top, right, bottom = map(float, said[1].split(","))
        box = self.page.locator(".aw-stage canvas").first.bounding_box()
        assert box
        row, column = divmod(cell, grid)
        x, y = (column + 0.5) / grid, (row + 0.5) / grid
        return (
            box["x"] + (x - left) / (right - left) * box["width"],
            box["y"] + (y - top) / (bottom - top) * box["height"],
        )


def violations(page: Page) -> list[Any]:
    """Return what axe finds wrong with the page as it is."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[Any] = page.evaluate(
        """async rules => {
            const { violations } = await axe.run(document, { runOnly: rules });
            return violations.map(({ id, nodes }) =>
                [id, ...nodes.map(node => `${node.target} ${node.failureSummary}`)]);
        }""",
        RULES,
    )
    return found


@pytest.fixture(scope="module")
def contents() -> PageContents:
    return page_of(small_atlas(1200, grids=(16, 32)), crops=True)


@pytest.fixture(scope="module")
def file(contents: PageContents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages") / "Größe #1, 100 %"
    folder.mkdir()
    return write_page(folder / "my atlas?.html", contents).path


def middle_cell(contents: PageContents) -> int:
    """Return a cell in the middle of the coarsest grid whose label is the nasty one."""
    cells = [cell for cell in contents.grids[0].cells if cell % 3 == 1]
    return min(cells, key=lambda cell: (cell // 16 - 8) ** 2 + (cell % 16 - 8) ** 2)


@pytest.fixture
def saved(browser: Browser, file: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """The page; whatever a test does with it, it asks for nothing and nothing goes wrong."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, offline=True)
    opened = Opened(context.new_page(), file)
    yield opened
    save_screenshot(opened.page, request.node.name)
    assert opened.requests == []
    assert opened.problems == []
    context.close()


def test_it_opens_with_all_pictures_of_the_coarsest_grid(
    saved: Opened, contents: PageContents
) -> None:
    saved.go()
    icons = contents.grids[0].icons.values()
    expect(saved.root).to_have_attribute(
        "data-aw-final", str(sum(icon.state == "final" for icon in icons))
    )
    expect(saved.root).to_have_attribute(
        "data-aw-rough", str(sum(icon.state == "rough" for icon in icons))
    )
    expect(saved.page.locator(".aw-status")).to_contain_text("without a kernel")
    assert saved.page.title() == f"Activation atlas of {NASTY}, layer layer<3>"


def test_zooming_in_shows_the_finer_grid_with_its_pictures(saved: Opened) -> None:
    saved.go()
    saved.page.mouse.move(640, 400)
    for _ in range(5):
        saved.page.mouse.wheel(0, -300)
    expect(saved.root).to_have_attribute("data-aw-level", "32")
    saved.until(
        """() => { const { awFinal, awRough } = document.querySelector(".aw-root").dataset;
                   return Number(awFinal) + Number(awRough) > 0; }"""
    )


def test_hovering_tells_the_cards_classes_and_crops(saved: Opened, contents: PageContents) -> None:
    saved.go()
    cell = middle_cell(contents)
    saved.page.mouse.move(*saved.cell(16, cell))
    card = saved.page.locator(f'[data-aw-card="16:{cell}"]')
    expect(card).to_contain_text(NASTY)
    expect(card).to_contain_text("0.51")
    grid = contents.grids[0].grid
    crops = min(4, int(grid.counts[grid.cell(cell)]))
    expect(card.locator(".aw-crops canvas")).to_have_count(crops)
    assert card.locator("img, script").count() == 0


def test_a_cell_opens_with_its_picture_and_offers_nothing_that_needs_a_kernel(
    saved: Opened, contents: PageContents
) -> None:
    saved.go()
    cell = middle_cell(contents)
    saved.page.mouse.click(*saved.cell(16, cell))
    expect(saved.root).to_have_attribute("data-aw-opened", f"16:{cell}")
    panel = saved.page.locator(".aw-detail")
    expect(panel).to_contain_text("What it argues for")
    expect(panel).to_contain_text("+0.51")
    varied = """canvas => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(data).size > 20;
    }"""
    picture = panel.locator(".aw-picture").first.element_handle()
    saved.until(varied, picture)
    absent = (
        *("[data-aw-pause]", "[data-aw-seed]", "[role=tab]", "[data-aw-subject-menu]"),
        *("[data-aw-place-photo]", "[data-aw-export-menu]", "[aria-label=View]"),
        *(".aw-layer", "[data-aw-found-atlas]", "[data-aw-atlas-of]"),
    )
    for selector in absent:
        expect(saved.page.locator(selector)).to_have_count(0)
    expect(saved.page.get_by_text("computed…")).to_have_count(0)
    expect(panel.locator(".aw-crop-button").first).to_be_disabled()


def test_two_cells_are_compared_without_what_lies_between_them(
    saved: Opened, contents: PageContents
) -> None:
    cell = middle_cell(contents)
    other = next(c for c in contents.grids[0].cells if c % 3 == 2 and abs(c - cell) > 40)
    saved.go(f"opened=16,{cell}")
    saved.page.locator("[data-aw-pin]").click()
    saved.page.evaluate("([cell]) => { location.hash = `opened=16,${cell}` }", [other])
    panel = saved.page.locator(".aw-pair")
    expect(panel).to_contain_text("What they argue for and against")
    expect(panel.locator(".aw-picture")).to_have_count(2)
    expect(panel.get_by_text("–", exact=True).first).to_be_visible()  # one of them has no value
    for selector in (".aw-mix", "[data-aw-pause]", ".aw-live-caption"):
        expect(panel.locator(selector)).to_have_count(0)


def test_searching_finds_and_colours_the_cells_of_a_class(
    saved: Opened, contents: PageContents
) -> None:
    saved.go()
    of_class = [cell for cell in contents.grids[0].cells if cell % 3 == 0]
    saved.root.focus()
    saved.page.keyboard.press("/")
    saved.page.keyboard.type("tabby")
    row = saved.page.locator("#aw-found-0")
    expect(row).to_contain_text(f"{len(of_class)} of {len(of_class)} cells")
    row.locator("button").click()
    expect(saved.root).to_have_attribute("data-aw-overlay", "influence: tabby")
    expect(saved.page.locator(".aw-overlay-legend")).to_contain_text("not coloured")


@pytest.mark.parametrize("overlay", ["crops", "density", "top class", "fidelity", "doubt"])
def test_overlays(saved: Opened, overlay: str) -> None:
    saved.go(f"overlay={overlay}")
    expect(saved.root).to_have_attribute("data-aw-overlay", overlay)
    expect(saved.page.locator(".aw-overlay-legend")).to_be_visible()


def test_the_address_leads_back_to_a_view(saved: Opened, contents: PageContents) -> None:
    cell = int(contents.grids[1].grid.ids[5])
    saved.go(f"fixed_level=32&opened=32,{cell}&level=32&selection={cell}&overlay=doubt")
    expect(saved.root).to_have_attribute("data-aw-opened", f"32:{cell}")
    expect(saved.root).to_have_attribute("data-aw-selected", "1")
    expect(saved.root).to_have_attribute("data-aw-level", "32")
    saved.page.keyboard.press("Tab")
    saved.root.focus()
    saved.page.keyboard.press("c")
    link = saved.page.locator("[data-aw-copied] input")
    expect(link).to_have_value(re.compile(rf"^file:.*#.*fixed_level=32.*opened=32,{cell}"))
    address = link.input_value()
    saved.go()
    expect(saved.root).to_have_attribute("data-aw-opened", "")
    saved.page.evaluate("address => { location.href = address }", address)
    expect(saved.root).to_have_attribute("data-aw-opened", f"32:{cell}")
    expect(saved.root).to_have_attribute("data-aw-overlay", "doubt")


def test_an_address_that_makes_no_sense_shows_the_atlas(saved: Opened) -> None:
    saved.go("opened=32,9999&viewport=1,1,0,0&overlay=<img src=x>&level=7&selection=1,2&x=%")
    expect(saved.root).to_have_attribute("data-aw-opened", "")
    expect(saved.root).to_have_attribute("data-aw-overlay", "pictures")


def test_notes_are_read_and_lead_to_their_places(
    browser: Browser, contents: PageContents, tmp_path: Path
) -> None:
    cells = [int(cell) for cell in contents.grids[0].grid.ids[:3]]
    notes = [
        Note.new(NASTY[:80], f"first\n{NASTY}", grid=16, cells=cells),
        Note.new("a unit", unit=3),
    ]
    with_notes = replace(contents, notes=note_fields(notes, [True, True]))
    written = write_page(tmp_path / "a.html", with_notes)
    context = browser.new_context(viewport={"width": 1280, "height": 860}, offline=True)
    opened = Opened(context.new_page(), written.path).go(f"note={notes[0].id}")
    panel = opened.page.locator(".aw-notes")
    expect(panel.locator(".aw-lit")).to_contain_text(NASTY[:80])
    opened.until("location.hash.includes('viewport')")  # it went there
    expect(opened.page.locator("[data-aw-mark]")).to_have_text("1")
    expect(opened.page.locator("[data-aw-new-note], [data-aw-remove-note]")).to_have_count(0)
    save_screenshot(opened.page, "notes-in-a-page")
    assert violations(opened.page) == []
    panel.get_by_text("a unit").click()
    opened.until("id => location.hash.includes(`note=${id}`)", notes[1].id)
    opened.root.focus()
    opened.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert opened.requests == []
    assert opened.problems == []
    context.close()


class Pictures:
    """Final pictures of all units but one."""

    def picture(self, group: str, unit: int) -> Picture | None:
        if unit == 4:
            return None
        pixels = np.asarray(tiny_picture(unit, (64, 64)))
        return Picture(pixels, State.FINAL, 0.5, 1, f"made for {group}", 3.0 + unit)


def test_the_pages_of_units_that_were_opened_are_there(
    browser: Browser, contents: PageContents, tmp_path: Path
) -> None:
    atlas = contents.atlas
    grids = {of.grid.size: of.grid for of in contents.grids}
    scene = Scene(0, atlas.layer, grids, atlas.samples, atlas)
    opened_units = OpenedUnits(Pictures(), "map")
    units = SampledUnits(atlas.samples, None)
    for unit in (1, 3):
        opened_units.note(units, unit)
    with_units = replace(contents, units=opened_units.in_page(scene, list(grids), crops=True))
    written = write_page(tmp_path / "a.html", with_units)
    text = written.path.read_text(encoding="utf-8")
    context = browser.new_context(viewport={"width": 1280, "height": 860}, offline=True)
    opened = Opened(context.new_page(), written.path).go()
    page = opened.page
    page.locator("[data-aw-show-view=units]").click()
    expect(page.locator("[data-aw-unit]")).to_have_count(2)
    expect(page.locator(".aw-units-head")).to_contain_text("2 of them in this page")
    page.locator("[data-aw-unit='3']").click()
    unit_page = page.locator("[data-aw-unit-page='3']")
    expect(unit_page.locator("[data-aw-unit-picture=neuron]")).to_have_attribute(
        "data-aw-state", "final"
    )
    expect(unit_page.locator("[data-aw-unit-picture=neuron]")).to_contain_text("activation 6")
    expect(unit_page.locator("[data-aw-unit-examples] li").first).to_be_visible()
    for selector in ("[data-aw-begin]", "[data-aw-diverse]", "[data-aw-note-unit]"):
        expect(page.locator(selector)).to_have_count(0)
    save_screenshot(page, "unit-in-a-page")
    opened.until("location.hash.includes('unit=3')")
    address = page.evaluate("location.hash")
    page.locator("[data-aw-unit-map]").click()
    expect(opened.root).to_have_attribute("data-aw-overlay", "unit: 3")
    page.locator("[data-aw-show-view=units]").click()
    page.locator("[data-aw-all-units]").click()
    opened.go(address.removeprefix("#"))
    expect(unit_page).to_be_visible()
    assert NASTY not in text
    assert opened.requests == []
    assert opened.problems == []
    context.close()


def test_it_follows_the_systems_theme(saved: Opened) -> None:
    saved.page.emulate_media(color_scheme="dark")
    saved.go()
    expect(saved.root).to_have_attribute("data-aw-theme", "dark")
    dark = "rgb(18, 20, 23)"
    expect(saved.page.locator("body")).to_have_css("background-color", dark)
    saved.page.emulate_media(color_scheme="light")
    expect(saved.root).to_have_attribute("data-aw-theme", "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(saved: Opened, contents: PageContents, scheme: Any) -> None:
    saved.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    saved.go(f"opened=16,{middle_cell(contents)}&overlay=doubt")
    expect(saved.page.locator(".aw-detail .aw-bar").first).to_be_visible()
    saved.page.get_by_text("About this page").click()
    assert violations(saved.page) == []


def test_it_says_what_it_is_made_of(saved: Opened) -> None:
    saved.go()
    height = saved.root.bounding_box()
    saved.page.get_by_text("About this page").click()
    about = saved.page.locator("details dl")
    expect(about).to_contain_text("a1b2")
    expect(about).to_contain_text(f"photos {NASTY}")
    assert saved.root.bounding_box() == height


def test_the_policy_stops_what_gets_in_all_the_same(browser: Browser, file: Path) -> None:
    """If a label did become a script or an image, it could neither run nor ask for anything."""
    context = browser.new_context(offline=True)
    opened = Opened(context.new_page(), file).go()
    opened.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            const image = document.createElement("img");
            image.src = "http://127.0.0.1:9/asked.png";
            document.body.append(image);
        }"""
    )
    refused = opened.page.evaluate(
        "() => fetch('http://127.0.0.1:9/').then(() => 'answered', error => error.name)"
    )
    assert refused == "TypeError"
    assert opened.page.evaluate("window.ran") is None
    opened.page.wait_for_timeout(200)
    assert len([text for text in opened.problems if "Content Security Policy" in text]) >= 3
    context.close()


def test_a_page_without_crops_does_not_offer_them(
    browser: Browser, contents: PageContents, tmp_path: Path
) -> None:
    atlas = contents.atlas
    grids = [PageGrid(grid.grid, grid.icons) for grid in contents.grids]
    written = write_page(tmp_path / "a.html", PageContents(atlas, grids, model="m"))
    context = browser.new_context(offline=True)
    opened = Opened(context.new_page(), written.path).go(
        f"overlay=crops&opened=16,{int(grids[0].grid.ids[3])}"
    )
    expect(opened.root).to_have_attribute("data-aw-overlay", "pictures")
    opened.page.locator("[data-aw-overlay-menu]").click()
    expect(opened.page.locator("[data-aw-overlay-kind=doubt]")).to_be_visible()
    expect(opened.page.locator("[data-aw-overlay-kind=crops]")).to_have_count(0)
    expect(opened.page.locator(".aw-detail")).to_contain_text("Not in this page")
    assert opened.problems == []
    context.close()


def test_a_page_that_was_cut_off_says_so(browser: Browser, file: Path, tmp_path: Path) -> None:
    text = file.read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    broken.write_text(re.sub(r'id="aw-tables">[^<]*', 'id="aw-tables">', text), encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(broken.as_uri())
    expect(page.locator("#aw-place")).to_contain_text("cannot be shown: This page is incomplete")
    context.close()
