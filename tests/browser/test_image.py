"""One image through the layers in JupyterLab, with the demo's real network and photos."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.atlas_view import AtlasView
from tests.browser.test_units import drawn

pytestmark = pytest.mark.browser

OWN = "blocks.5.2"


@pytest.fixture
def image(atlas: AtlasView) -> Iterator[AtlasView]:
    """The module's atlas, with one of its photos open."""
    root, notebook = atlas.root, atlas.notebook
    root.get_by_role("radio", name="Image").click()
    if not root.locator("[data-aw-image-serial]").count():
        root.locator("[data-aw-image='2']").click()
    root.locator("[data-aw-image-serial]").wait_for()
    root.get_by_role("radio", name="Picture", exact=True).click()
    notebook.page.mouse.move(2, 2)
    yield atlas
    notebook.execute("w.mode, w.unit = 'atlas', None")
    if notebook.execute("w.layer == demo.LAYER") == "False":
        notebook.execute("w.layer = demo.LAYER")
    notebook.wait_attribute("stage", lambda stage: stage in ("pictures", "idle"))
    expect(atlas.stage).to_be_visible()


def grid(view: AtlasView, layer: str = OWN) -> Locator:
    """The map of a layer."""
    return view.root.locator(f"[data-aw-layer-grid='{layer}'] .aw-layer-map")


def wait_position(view: AtlasView, wanted: str) -> None:
    """Wait until the position with this layer and number is looked at."""
    expect(view.root.locator("[data-aw-position]")).to_have_attribute("data-aw-position", wanted)


def put_pointer(view: AtlasView, across: float, down: float, layer: str = OWN) -> None:
    """Move the pointer over a layer's map, to a place in fractions of it."""
    box = grid(view, layer).bounding_box()
    assert box
    x, y = across * box["width"], down * box["height"]
    grid(view, layer).hover(position={"x": x, "y": y})


def test_a_photo_is_seen_through_several_layers(image: AtlasView) -> None:
    root, notebook = image.root, image.notebook
    assert notebook.execute("w.mode") == "'image'"
    expect(root.locator("[data-aw-layer-grid]")).to_have_count(4)
    expect(root.locator(".aw-image-class")).to_have_count(5)
    notebook.execute(
        "from atlas_widget import read_image\n"
        "photos = demo.images()\n"
        "r = read_image(demo.model(), [demo.LAYER], photos.open(2), labels=demo.labels())\n"
        "first = r.classes(1).iloc[0]"
    )
    name = notebook.execute("first['label']").strip("'")
    expect(root.locator(".aw-image-class").first).to_contain_text(name)
    notebook.wait(lambda: all(drawn(grid(image).locator("canvas"))), 10, "pictures of positions")

    # what the pointer is over, and what feeds it
    put_pointer(image, 3.5 / 7, 2.5 / 7)
    facts = root.locator(f"[data-aw-position='2:{2 * 7 + 3}'][data-aw-position-facts='whole']")
    facts.wait_for()
    expect(facts).to_contain_text("Position 3, 4 of blocks.5.2")
    strongest = notebook.execute("int(r.dictionary(demo.LAYER, (2, 3)).index[0])")
    first = facts.locator("[data-aw-image-channel]").first
    expect(first).to_have_attribute("data-aw-image-channel", f"2:{strongest}")
    expect(facts.locator("[data-aw-position-classes] li")).to_have_count(8)
    expect(root.locator(".aw-layer-grid small").first).to_have_text("feeds it")
    expect(root.locator(".aw-input-box")).to_be_visible()


def test_keys_move_the_position_and_change_the_layer(image: AtlasView) -> None:
    root, keyboard = image.root, image.notebook.page.keyboard
    put_pointer(image, 0.5, 0.5)
    grid(image).click()
    image.notebook.page.mouse.move(2, 2)
    wait_position(image, "2:24")
    keyboard.press("ArrowRight")
    keyboard.press("ArrowUp")
    wait_position(image, "2:18")
    keyboard.press("[")  # the same place of the image, in a map twice as fine
    wait_position(image, f"1:{5 * 14 + 9}")
    keyboard.press("]")
    wait_position(image, "2:18")
    keyboard.press("a")  # on the atlas
    expect(image.stage).to_be_visible()
    expect(root.locator("[data-aw-photo]")).to_contain_text("49 positions")
    keyboard.press("Alt+ArrowLeft")
    expect(root.locator("[data-aw-image-serial]")).to_be_visible()
    root.get_by_role("radio", name="Atlas").click()
    root.get_by_role("button", name="Take the photo off the map").click()


def test_attribution_adds_up_and_a_removal_shows_if_it_predicts(image: AtlasView) -> None:
    root = image.root
    root.get_by_role("radio", name="Attribution").click()
    table = root.locator("[data-aw-attribution]")
    table.wait_for()
    values = table.locator("dd, .aw-channel-line:first-child > .aw-bar-value").all_inner_texts()
    numbers = [float(text.replace("−", "-")) for text in values]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=0.1)
    score = root.locator(".aw-for-this .aw-bar-value").inner_text()
    assert float(score) == pytest.approx(numbers[-1], abs=0.02)

    root.locator("[data-aw-rather-than]:enabled").first.click()
    expect(table).not_to_have_attribute("data-aw-attribution", "")
    expect(table.locator("h3")).to_contain_text(" − ")
    root.locator("[data-aw-no-versus]").click()
    expect(table.locator("h3")).not_to_contain_text(" − ")
    table.locator("[data-aw-try-channel]").first.click()
    trial = root.locator("[data-aw-trial]")
    trial.wait_for()
    predicted = trial.locator("tbody tr").first.locator("td").nth(2).inner_text()
    assert float(predicted.replace("−", "-")) == pytest.approx(-numbers[0], abs=0.02)


def test_groups_follow_the_slider_and_their_flow_leads_to_classes(image: AtlasView) -> None:
    root = image.root
    root.get_by_role("radio", name="Groups").click()
    rows = root.locator("[data-aw-group]")
    expect(rows).to_have_count(6)
    root.locator("[data-aw-groups-count]").fill("4")
    expect(root.locator("[data-aw-groups='2:4']")).to_be_visible()
    expect(rows).to_have_count(4)
    expect(root.locator("[data-aw-groups]")).to_contain_text("in no group")
    rows.nth(1).locator("[aria-pressed]").first.click()
    expect(rows.nth(1).locator("[aria-pressed]").first).to_have_attribute("aria-pressed", "true")

    root.locator("[data-aw-try-group='0']").click()
    expect(root.locator("[data-aw-try]")).to_contain_text("Without group 0 of blocks.5.2")
    root.locator("[data-aw-show-flow]").click()
    expect(root.locator("[data-aw-flow='4'] .aw-flow-group")).to_have_count(8)
    expect(root.locator(".aw-flow-class")).to_have_count(3)
    root.locator("[data-aw-begin-image='curves']").click()
    expect(root.locator("[data-aw-curves] svg")).to_have_count(2, timeout=60_000)


def test_a_channel_leads_to_its_page_and_back(image: AtlasView) -> None:
    root, notebook = image.root, image.notebook
    row = root.locator("[data-aw-dictionary] [data-aw-image-channel]").first
    channel = (row.get_attribute("data-aw-image-channel") or "").split(":")[1]
    row.locator("[data-aw-channel-map]").click()
    expect(root.locator(f"[data-aw-channel-facts='2:{channel}']")).to_contain_text("Fed by")
    row.locator(".aw-unit-link").click()
    expect(root.locator(f"[data-aw-unit-page='{channel}']")).to_be_visible()
    notebook.page.keyboard.press("Alt+ArrowLeft")
    expect(root.locator("[data-aw-image-serial]")).to_be_visible()
    notebook.wait_execute("(w.mode, w.unit)", "('image', None)")


def test_what_is_no_image_is_refused_and_the_open_one_stays(image: AtlasView) -> None:
    root = image.root
    serial = root.locator("[data-aw-image-serial]").get_attribute("data-aw-image-serial")
    field = root.locator("[data-aw-image-file]").first
    field.set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no image"})
    problem = root.locator("[data-aw-image-problem]")
    expect(problem).to_have_text(
        "“notes.txt” is no image that this browser can read: JPEG, PNG and WebP are."
    )
    now = root.locator("[data-aw-image-serial]").get_attribute("data-aw-image-serial")
    assert now == serial


def test_a_second_image_lights_up_where_it_looks_alike(image: AtlasView) -> None:
    root = image.root
    root.locator("[data-aw-beside]").click()
    root.locator(".aw-image-left [data-aw-image='5']").click()
    beside = root.locator("[data-aw-beside-image]")
    beside.wait_for()
    put_pointer(image, 0.5, 0.5)
    expect(beside).to_have_attribute("data-aw-alike", "49")
    expect(beside).to_contain_text("cosine up to")
    root.get_by_role("button", name="Close the second image").click()
    expect(beside).to_have_count(0)


def test_a_crop_of_the_atlas_opens_with_its_position_pinned(image: AtlasView) -> None:
    root = image.root
    before = root.locator("[data-aw-image-serial]").get_attribute("data-aw-image-serial")
    root.get_by_role("radio", name="Atlas").click()
    image.open_a_cell()
    root.locator(".aw-detail .aw-crop-button").first.click()
    root.locator("[data-aw-look-at='crop']").click()
    opened = root.locator(f"[data-aw-image-serial]:not([data-aw-image-serial='{before}'])")
    opened.wait_for()
    expect(root.locator("[data-aw-image-notes]")).to_contain_text("A random crop of the image")
    # a sample lies on itself
    expect(root.locator("[data-aw-position]")).to_contain_text("cosine 1.00 to the nearest sample")


def test_python_opens_an_image_in_layers_of_its_choice(image: AtlasView) -> None:
    root, notebook = image.root, image.notebook
    notebook.execute("_ = w.open_image(demo.images().open(5), ['blocks.3.1', 'blocks.5.3'])")
    grids = root.locator("[data-aw-layer-grid]")
    expect(grids).to_have_count(2)
    notebook.wait(
        lambda: (
            [each.get_attribute("data-aw-layer-grid") for each in grids.all()]
            == ["blocks.3.1", "blocks.5.3"]
        ),
        10,
        "the layers that were named",
    )
    root.locator("[data-aw-image-layers]").click()
    root.get_by_role("option", name=OWN).click()
    expect(grids).to_have_count(3)
