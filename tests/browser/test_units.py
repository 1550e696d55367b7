"""The units of a layer in JupyterLab, with the demo's real network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.atlas_view import AtlasView

pytestmark = pytest.mark.browser


@pytest.fixture
def units(atlas: AtlasView) -> Iterator[AtlasView]:
    """The module's atlas, whose units are shown."""
    atlas.root.get_by_role("radio", name="Units").click()
    atlas.root.locator("[data-aw-unit='0']").wait_for()
    yield atlas
    go_back(atlas)


def go_back(view: AtlasView) -> None:
    """Return to the atlas that the module began with."""
    notebook = view.notebook
    notebook.execute(
        "w.mode, w.unit, w.unit_order, w.overlay = 'atlas', None, 'number', 'pictures'"
    )
    if notebook.execute("w.layer == demo.LAYER") == "False":
        notebook.execute("w.layer = demo.LAYER")
    notebook.wait_attribute("stage", lambda stage: stage in ("pictures", "idle"))
    expect(view.stage).to_be_visible()


def finished(view: AtlasView, picture: str) -> Locator:
    """The figure of a unit's picture, once it is final."""
    return view.root.locator(f"[data-aw-unit-picture='{picture}'][data-aw-state='final']")


def test_a_unit_is_found_opened_and_shown_on_the_map(units: AtlasView) -> None:
    root, notebook = units.root, units.notebook
    assert notebook.execute("w.mode") == "'units'"
    expect(root.locator(".aw-units-head")).to_contain_text("192 units of blocks.5.2")

    root.locator("[data-aw-units-order]").select_option("sparseness")
    notebook.wait_execute("w.unit_order", "'sparseness'")
    first = root.locator("[data-aw-unit]").first
    number = first.get_attribute("data-aw-unit")
    best = "int(max(range(192), key=lambda u: 1 - a[:, u].mean() ** 2 / (a[:, u] ** 2).mean()))"
    notebook.execute("import numpy as np\na = np.maximum(np.float64(w.atlas.activations), 0)")
    assert number == notebook.execute(best)

    first.click()
    page = root.locator(f"[data-aw-unit-page='{number}']")
    page.wait_for()
    expect(page.locator("[data-aw-unit-examples='12'] li")).to_have_count(12)
    expect(finished(units, "neuron")).to_contain_text("strongest sample", timeout=60_000)
    expect(finished(units, "channel")).to_contain_text("strongest sample", timeout=60_000)
    assert notebook.execute("w.unit") == number

    page.locator("[data-aw-unit-map]").click()
    expect(units.stage).to_be_visible()
    notebook.wait_execute("w.overlay", f"'unit: {number}'")
    expect(root.locator(".aw-overlay-legend")).to_contain_text(f"Unit {number} of blocks.5.2")

    # back through all of it, as in a browser
    notebook.page.keyboard.press("Alt+ArrowLeft")
    expect(page).to_be_visible()
    notebook.wait_execute("(w.mode, w.unit)", f"('units', {number})")
    notebook.page.keyboard.press("Alt+ArrowRight")
    expect(units.stage).to_be_visible()
    notebook.execute("w.overlay = 'pictures'")


def test_four_pictures_that_differ(units: AtlasView) -> None:
    root = units.root
    root.locator("[data-aw-units-number]").fill("12")
    root.locator("[data-aw-units-number]").press("Enter")
    finished(units, "neuron").wait_for(timeout=60_000)
    root.locator("[data-aw-diverse]").click()
    made = root.locator("[data-aw-diverse-step]")
    expect(made.locator("canvas")).to_have_count(4, timeout=60_000)
    expect(made).not_to_contain_text("step", timeout=60_000)


def test_units_in_sight_have_crops_at_once(units: AtlasView) -> None:
    root, notebook = units.root, units.notebook
    notebook.execute("_ = w.open_layer('blocks.3.1')")  # whose pictures nobody has made
    expect(root.locator(".aw-units-head")).to_contain_text("blocks.3.1", timeout=60_000)
    notebook.wait_attribute("stage", lambda stage: stage in ("pictures", "idle"))
    tiles = root.locator("[data-aw-unit] canvas")
    notebook.wait(lambda: all(drawn(tiles)), 6, "a crop of every unit in sight")


def drawn(canvases: Locator) -> list[bool]:
    """Tell of each canvas whether there is anything on it but one colour."""
    found: list[bool] = canvases.evaluate_all(
        """all => all.map(canvas => {
            if (!canvas.width) return false;
            const { data } = canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.buffer)).size > 8;
        })"""
    )
    assert found
    return found


def test_wiring_leads_to_units_of_other_layers(units: AtlasView) -> None:
    root, notebook = units.root, units.notebook
    notebook.execute("_ = w.open_unit('blocks.5.2', 9)")
    root.locator("[data-aw-begin='wiring']").click()
    row = root.locator("[data-aw-connection]").first
    row.wait_for(timeout=60_000)
    layer, _, unit = (row.get_attribute("data-aw-connection") or "").partition(":")
    assert layer not in ("", "blocks.5.2")
    notebook.page.wait_for_timeout(600)  # a page counts as seen after half a second
    row.click()
    expect(root.locator(f"[data-aw-unit-page='{unit}'] h2")).to_have_text(f"{layer} : {unit}")
    notebook.wait_execute("(w.layer, w.unit)", f"('{layer}', {unit})")
    notebook.page.wait_for_timeout(600)  # a page counts as seen after half a second
    notebook.page.keyboard.press("Alt+ArrowLeft")
    expect(root.locator("[data-aw-unit-page='9'] h2")).to_have_text("blocks.5.2 : 9")
    notebook.wait_execute("(w.layer, w.unit)", "('blocks.5.2', 9)")


def test_a_long_computation_is_stopped(units: AtlasView) -> None:
    root, notebook = units.root, units.notebook
    notebook.execute("_ = w.open_unit('blocks.5.2', 9)")
    root.locator("[data-aw-begin='tuning']").click()
    root.locator("[data-aw-stop-work='tuning']").click()
    again = root.locator("[data-aw-begin='tuning']")
    expect(again).to_be_enabled()
    notebook.page.wait_for_timeout(500)  # what was under way would have told its progress
    expect(again).to_be_visible()
    expect(root.locator("[data-aw-tuning='0']")).to_have_count(1)


def test_a_unit_selects_its_cells_on_the_map(units: AtlasView) -> None:
    root, notebook = units.root, units.notebook
    notebook.execute("_ = w.open_unit('blocks.5.2', 9)")
    root.locator("[data-aw-unit-select]").click()
    expect(units.stage).to_be_visible()
    notebook.wait_execute("len(w.selection) > 0", "True")
    notebook.execute("g = w.atlas.grid(w.level)\nk = -(-len(g.ids) // 20)")
    strongest = "sorted(g.ids[np.argsort(-g.means[:, 9], kind='stable')[:k]].tolist())"
    notebook.execute("import numpy as np")
    assert notebook.execute("sorted(w.selection)") == notebook.execute(strongest)
    notebook.execute("w.select([])")


def test_units_are_arranged_as_a_map(units: AtlasView) -> None:
    root, notebook = units.root, units.notebook
    root.locator("[data-aw-units-order]").select_option("correlation")
    expect(root.locator("[data-aw-unit-map-said]")).to_contain_text("correlate", timeout=30_000)
    tiles = root.locator(".aw-units-map [data-aw-unit]")
    assert tiles.count() > 20
    notebook.wait(lambda: all(drawn(tiles.locator("canvas"))), 10, "a picture of each in sight")
    number = tiles.first.get_attribute("data-aw-unit")
    tiles.first.click()
    expect(root.locator(f"[data-aw-unit-page='{number}']")).to_be_visible()
    assert notebook.execute("w.unit_order") == "'correlation'"


def test_units_are_sorted_and_filtered(units: AtlasView) -> None:
    root, notebook = units.root, units.notebook
    notebook.execute("import numpy as np\nfrom scipy.stats import kurtosis")
    notebook.execute("a = np.float64(w.atlas.activations)")
    root.locator("[data-aw-units-order]").select_option("kurtosis")
    best = notebook.execute("int(kurtosis(a).argmax())")
    expect(root.locator("[data-aw-unit]").first).to_have_attribute("data-aw-unit", best)

    root.locator("[data-aw-units-order]").select_option("picture")
    notebook.wait_execute("w.unit_order", "'picture'")
    words = root.locator("[data-aw-unit] small")
    expect(words.filter(has_text="beyond").first).to_be_visible(timeout=60_000)

    labels = root.locator("[data-aw-units-label]")
    options = labels.locator("option").all_inner_texts()[1:]
    counts = {text: int(text.rpartition("(")[2].rstrip(")")) for text in options}
    assert sum(counts.values()) == 192
    fewest = min(options, key=lambda text: counts[text])
    labels.select_option(label=fewest)
    expect(root.locator(".aw-units-head")).to_contain_text(f"{counts[fewest]} shown")
    labels.select_option("")
    expect(root.locator(".aw-units-head")).not_to_contain_text("shown")


def test_an_example_leads_to_its_image_and_back(units: AtlasView) -> None:
    root, notebook = units.root, units.notebook
    notebook.execute("_ = w.open_unit('blocks.5.2', 9)")
    page = root.locator("[data-aw-unit-page='9']")
    tile = page.locator("[data-aw-unit-examples] [data-aw-sample]").first
    notebook.page.wait_for_timeout(700)  # a page that was only passed is not gone back to
    tile.click()
    sample = tile.get_attribute("data-aw-sample")
    name = notebook.execute(f"print(w.atlas.samples.name({sample}))").strip()
    expect(root.locator("[data-aw-image-serial]")).to_contain_text(name, timeout=30_000)
    notebook.page.keyboard.press("Alt+ArrowLeft")
    expect(page).to_be_visible()


def test_strongest_examples_are_turned(units: AtlasView) -> None:
    root, notebook = units.root, units.notebook
    notebook.execute("_ = w.open_unit('blocks.5.2', 9)")
    root.locator("[data-aw-begin='turned']").click()
    block = root.locator("[data-aw-turned='72']")
    expect(block).to_be_visible(timeout=60_000)
    expect(block.locator("rect")).to_have_count(5 * 72)
    expect(block.locator(".aw-polar-curve")).to_have_count(1)
    expect(block.locator("[data-aw-turned-verdict]")).to_contain_text("random phases")


def test_units_beside_those_of_another_network(units: AtlasView) -> None:
    root, notebook = units.root, units.notebook
    notebook.execute("found = w.compare_units(demo.model(), name='a copy', timeout=120)")
    said = root.locator("[data-aw-beside='a copy']")
    expect(said).to_contain_text("each other’s best", timeout=60_000)
    pair = root.locator("[data-aw-pair]").first
    unit = (pair.get_attribute("data-aw-pair") or "").split("-")
    assert unit[0] == unit[1]  # a copy has the same units
    expect(pair.locator("[data-aw-other]")).not_to_have_attribute(
        "data-aw-other", "", timeout=60_000
    )
    root.locator("[data-aw-choice='lost']").click()
    expect(root.locator("[data-aw-pair]")).to_have_count(0)
    root.locator("[data-aw-choice='linked']").click()
    pair.locator("button").click()
    expect(root.locator(f"[data-aw-in-other='{unit[1]}']")).to_contain_text("r = 1")
    root.locator("[data-aw-all-units]").click()
    root.locator("[data-aw-beside-end]").click()
    notebook.wait_execute("w.unit_order", "'number'")


def test_the_strongest_units_of_an_open_cell_are_links(atlas: AtlasView) -> None:
    atlas.open_a_cell()
    link = atlas.root.locator("[data-aw-channel]").first
    unit = link.get_attribute("data-aw-channel")
    link.click()
    expect(atlas.root.locator(f"[data-aw-unit-page='{unit}']")).to_be_visible()
    go_back(atlas)


def test_a_number_that_is_no_unit_is_refused_where_it_was_typed(units: AtlasView) -> None:
    field = units.root.locator("[data-aw-units-number]")
    field.fill("192")
    field.press("Enter")
    assert field.evaluate("field => field.validationMessage") == "Units have the numbers 0 to 191"
    assert units.notebook.execute("w.unit is None") == "True"


def test_a_unit_is_opened_from_python_and_survives_a_reload(show: Callable[..., AtlasView]) -> None:
    view = show()  # its end is the end of all kernels, so this test is the last
    root, notebook = view.root, view.notebook
    notebook.execute("_ = w.open_unit('blocks.5.2', 9)")
    page = root.locator("[data-aw-unit-page='9']")
    expect(page).to_be_visible()
    root.locator("[data-aw-unit-step='1']").click()
    expect(root.locator("[data-aw-unit-page='10']")).to_be_visible()
    notebook.reload()
    again = AtlasView(notebook).root.locator("[data-aw-unit-page='10']")
    expect(again).to_be_visible(timeout=60_000)
    root.locator("[data-aw-all-units]").click()
    expect(root.locator("[data-aw-unit='0']")).to_be_visible()
