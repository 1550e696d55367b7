"""Overlays and the search in a real browser against a fake kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.fake_page import open_view, serve, wait_pictures

pytestmark = pytest.mark.browser

Open = Callable[..., Locator]
LEGEND = ".aw-overlay-legend"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture
def show(page: Page, address: str) -> Open:
    """Open the page with the fake kernel's options and wait until its pictures are there."""

    def show(**options: Any) -> Locator:
        open_view(page, address, instant=True, **options)
        page.wait_for_selector('[data-aw-stage="idle"]')
        wait_pictures(page)
        return page.locator(".aw-root").first

    return show


def wait(page: Page, name: str, value: object) -> None:
    page.wait_for_function(
        "([name, value]) => document.querySelector('.aw-root').getAttribute(name) === value",
        arg=[f"data-aw-{name}", str(value)],
        timeout=10_000,
    )


def wait_trait(page: Page, name: str, value: object) -> None:
    page.wait_for_function(
        "([name, value]) => JSON.stringify(model.get(name)) === JSON.stringify(value)",
        arg=[name, value],
        timeout=10_000,
    )


# The colour in the middle of a cell of the 20 × 20 grid at home, as it is on the screen.
COLOUR = """cell => {
  const stage = document.querySelector('.aw-root').shadowRoot.querySelector('.aw-stage');
  const canvas = stage.querySelector('canvas');
  const places = model.grids[0].ids.map(id => [id % 20, Math.floor(id / 20)]);
  const [[x0, x1], [y0, y1]] = [0, 1].map(axis => places.map(place => place[axis]))
    .map(values => [Math.min(...values), Math.max(...values) + 1]);
  const slot = Math.min((canvas.width - 44) / (x1 - x0 + 0.5),
                        (canvas.height - 44) / (y1 - y0 + 0.5));
  const x = canvas.width / 2 + ((cell % 20) + 0.5 - (x0 + x1) / 2) * slot;
  const y = canvas.height / 2 + (Math.floor(cell / 20) + 0.5 - (y0 + y1) / 2) * slot;
  return [...canvas.getContext('2d').getImageData(x, y, 1, 1).data].slice(0, 3);
}"""


def wait_colour(page: Page, cell: int, condition: str) -> None:
    """Wait until the condition on red, green and blue holds for a cell's colour."""
    page.wait_for_function(
        f"cell => {{ const [red, green, blue] = ({COLOUR})(cell); return {condition} }}",
        arg=cell,
        timeout=10_000,
    )


def set_intensity(page: Page, value: str) -> None:
    page.locator("[data-aw-intensity]").evaluate(
        "(slider, value) => { slider.value = value;"
        " slider.dispatchEvent(new Event('input', { bubbles: true })) }",
        value,
    )


def test_one_key_goes_through_the_overlays_and_python_hears_of_each(page: Page, show: Open) -> None:
    root = show()
    root.focus()
    for kind in ["crops", "density", "top class", "fidelity", "doubt", "pictures"]:
        page.keyboard.press("v")
        wait(page, "overlay", kind)
        wait_trait(page, "overlay", kind)
        expect(page.locator(LEGEND)).to_have_count(int(kind != "pictures"))
    page.keyboard.press("Shift+V")
    wait(page, "overlay", "doubt")


def test_python_and_a_reloaded_page_choose_the_overlay(page: Page, show: Open) -> None:
    show(state={"overlay": "influence: tabby cat"}, slowValues=8, pace=200)
    wait(page, "overlay", "influence: tabby cat")
    page.wait_for_selector(f"{LEGEND} >> text=tabby cat")
    page.wait_for_function("model.sent.some(m => m.kind === 'influence')")
    asked = page.evaluate("model.sent.filter(m => m.kind === 'influence')")
    assert asked[0]["class"] == 1
    assert set(asked[0]["cells"]) == set(page.evaluate("model.grids[0].ids"))
    page.evaluate("model.python('overlay', 'density')")
    wait(page, "overlay", "density")
    page.wait_for_selector(f"{LEGEND} >> text=Samples in a cell")
    # nothing more is computed for what is not shown
    page.wait_for_function(
        "model.sent.filter(m => m.kind === 'influence').at(-1).cells.length === 0"
    )


def test_the_colours_are_those_of_the_values(page: Page, show: Open) -> None:
    show(state={"overlay": "influence: daisy"})
    page.wait_for_selector("[data-aw-intensity]")
    set_intensity(page, "1")
    strong, against, unknown = page.evaluate(
        """() => {
          const ids = [...model.grids[0].ids], gain = id => model.overlays.gain(20, id, 4);
          const highest = side => ids.sort((a, b) => side * (gain(b).value - gain(a).value))[0];
          return [highest(1), highest(-1), ids.find(id => gain(id).low < 0 && gain(id).high > 0)];
        }"""
    )
    wait_colour(page, strong, "blue > red + 60")
    wait_colour(page, against, "red > blue + 60")
    wait_colour(page, unknown, "Math.abs(red - blue) < 60")
    full = page.evaluate(COLOUR, strong)
    set_intensity(page, "0")
    wait_colour(page, strong, f"Math.abs(red - {full[0]}) + Math.abs(blue - {full[2]}) > 30")


def test_the_menu_works_by_keys_and_picks_a_class(page: Page, show: Open) -> None:
    root = show()
    page.locator("[data-aw-overlay-menu]").press("Enter")
    page.wait_for_selector('[data-aw-overlay-kind="pictures"]:focus')
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".aw-popup input:focus").wait_for()
    page.keyboard.type("eagle")
    page.locator(".aw-popup [role=option]", has_text="bald eagle").wait_for()
    page.keyboard.press("Enter")
    wait(page, "overlay", "influence: bald eagle")
    page.wait_for_selector(f"{LEGEND} >> text=bald eagle")
    page.wait_for_function("document.activeElement === document.querySelector('.aw-root')")
    root.press("v")
    wait(page, "overlay", "fidelity")
    root.press("Shift+V")
    wait(page, "overlay", "influence: bald eagle")


def test_the_legend_folds_by_itself_where_it_would_cover_the_atlas(page: Page, show: Open) -> None:
    page.set_viewport_size({"width": 420, "height": 680})
    show(state={"overlay": "density"})
    fold = page.locator("[data-aw-legend-fold]")
    intensity = page.locator("[data-aw-intensity]")
    expect(fold).to_have_attribute("aria-expanded", "false")
    expect(intensity).to_have_count(0)
    box = page.locator(LEGEND).bounding_box()
    assert box
    assert box["height"] < 60
    fold.focus()
    page.keyboard.press("Enter")
    expect(fold).to_have_attribute("aria-expanded", "true")
    expect(intensity).to_be_visible()
    fold.click()
    expect(intensity).to_have_count(0)
    page.set_viewport_size({"width": 900, "height": 680})
    expect(fold).to_have_attribute("aria-expanded", "true")
    expect(intensity).to_be_visible()


def test_a_class_in_the_legend_selects_what_it_wins(page: Page, show: Open) -> None:
    show(state={"overlay": "top class"})
    page.wait_for_selector("[data-aw-legend-class]")
    first, second = (
        int(page.locator("[data-aw-legend-class]").nth(at).get_attribute("data-aw-legend-class"))
        for at in (0, 1)
    )
    won = {
        of: page.evaluate(
            """of => model.grids[0].ids.filter(id => !model.uncertain(20, id)
                 && !model.shared(20, id) && model.classOf(20, id) === of)""",
            of,
        )
        for of in (first, second)
    }
    page.evaluate("model.saved.length = 0")
    page.click(f'[data-aw-legend-class="{first}"]')
    wait_trait(page, "selection", won[first])
    assert page.evaluate("model.saved.length") == 1, "told once"
    page.click(f'[data-aw-legend-class="{second}"]', modifiers=["Shift"])
    wait_trait(page, "selection", sorted(won[first] + won[second]))
    page.click(f'[data-aw-legend-class="{first}"]', modifiers=["Alt"])
    wait_trait(page, "selection", won[second])


def test_real_crops_are_asked_for_once_and_given_back(page: Page, show: Open) -> None:
    root = show()
    final = root.get_attribute("data-aw-cells")
    wait(page, "final", final)
    root.focus()
    page.keyboard.press("v")
    wait(page, "overlay", "crops")
    cells = page.evaluate("model.grids[0].ids")
    page.wait_for_function(
        "n => new Set(model.sent.filter(m => m.kind === 'real_crops').flatMap(m => m.cells)).size"
        " === n",
        arg=len(cells),
    )
    asked = page.evaluate(
        "model.sent.filter(m => m.kind === 'real_crops').map(m => m.cells.length)"
    )
    assert max(asked) <= 64
    assert sum(asked) == len(cells), "none twice"
    assert root.get_attribute("data-aw-final") == final, "the pictures are all there still"


def test_the_search_finds_a_class_that_wins_nothing_and_selects_it(page: Page, show: Open) -> None:
    show()
    page.fill("[data-aw-search]", "hunting dog")
    row = page.locator("[data-aw-found]")
    page.wait_for_selector("[data-aw-found] >> text=/[0-9]+ cells/")
    index = int(row.first.get_attribute("data-aw-found") or -1)
    cells = page.evaluate(
        "index => model.grids[0].ids.filter(id => model.overlays.gain(20, id, index).low > 0.25)",
        index,
    )
    assert cells
    row.first.click()
    wait_trait(page, "selection", cells)
    page.click(f'[data-aw-found-colour="{index}"]')
    wait(page, "overlay", "influence: African hunting dog")
    page.locator("[data-aw-search]").press("Escape")
    expect(page.locator("[data-aw-search]")).to_have_value("")
    page.wait_for_function(
        "model.sent.filter(m => m.kind === 'strongest').at(-1).classes.length === 0"
    )


def test_a_search_in_vain_names_what_is_near(page: Page, show: Open) -> None:
    show()
    page.fill("[data-aw-search]", "egiptian")
    page.click("text=Egyptian cat")
    page.wait_for_selector("[data-aw-found]")
    expect(page.locator("[data-aw-search]")).to_have_value("Egyptian cat")


def test_the_search_finds_all_classes_of_a_kind_together(page: Page, show: Open) -> None:
    show()
    page.fill("[data-aw-search]", "objects")
    row = page.locator('[data-aw-kind="thing"]')
    expect(row).to_contain_text("15 classes")
    cells = page.evaluate(
        """() => model.grids[0].ids.filter((id) => model.classOf(20, id) < 15
          || (model.shared(20, id) && model.neighbourOf(20, id) < 15))"""
    )
    assert len(cells) > 1
    expect(row).to_contain_text(f"{len(cells)} cells")
    row.click()
    page.wait_for_function("model.get('selection').length > 1")
    selected = page.evaluate("model.get('selection')")
    assert set(selected) <= set(cells)
    # the arrow keys go through kinds and classes alike
    search = page.locator("[data-aw-search]")
    search.press("ArrowDown")
    expect(page.locator("[data-aw-found][aria-selected=true]")).to_have_count(1)
    search.press("ArrowUp")
    expect(row).to_have_attribute("aria-selected", "true")


def test_the_pictures_are_compared_with_controls_in_the_legend(page: Page, show: Open) -> None:
    show(judge="lite1", state={"overlay": "fidelity"})
    page.click("[data-aw-controls]")
    table = page.locator("[data-aw-control-rows]")
    expect(table).to_contain_text("statistics alone")
    expect(table.locator("tbody tr")).to_have_count(6)
    expect(table.locator("thead")).to_contain_text("judge")
    expect(table).to_contain_text("than the statistics of crops alone")
    page.keyboard.press("v")
    page.keyboard.press("Shift+V")
    expect(table).to_be_visible()  # what was measured stays
