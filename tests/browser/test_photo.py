"""A photo is dropped, pasted or chosen, and its places are shown, against a fake kernel."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser

# A photo of 400 × 300 pixels as a file in `window.files`, as a drag or the clipboard has it.
MAKE_FILE = """async (name) => {
  const canvas = new OffscreenCanvas(400, 300);
  const context = canvas.getContext('2d');
  context.fillStyle = '#c33'; context.fillRect(0, 0, 200, 300);
  context.fillStyle = '#3c3'; context.fillRect(200, 0, 200, 300);
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  window.files = new DataTransfer();
  window.files.items.add(new File([blob], name, { type: 'image/png' }));
}"""
DRAG = """(kind) => {
  const stage = document.querySelector('.aw-root').shadowRoot.querySelector('.aw-stage');
  const event = new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true });
  return !stage.dispatchEvent(event);
}"""


def drop(fake: FakeView, name: str = "dog.png") -> None:
    fake.page.evaluate(MAKE_FILE, name)
    assert fake.page.evaluate(DRAG, "dragenter")
    expect(fake.page.locator(".aw-drop")).to_be_visible()
    assert fake.page.evaluate(DRAG, "dragover"), "else the page would open the file"
    assert fake.page.evaluate(DRAG, "drop")
    expect(fake.page.locator(".aw-drop")).to_have_count(0)
    fake.page.locator("[data-aw-photo]").wait_for()


def drawn(fake: FakeView) -> int:
    """How many of the pins' pixels are drawn."""
    pixels: int = fake.page.evaluate(
        """() => {
          const pins = document.querySelector('.aw-root').shadowRoot.querySelector('.aw-pins');
          const { data } = pins.getContext('2d').getImageData(0, 0, pins.width, pins.height);
          let count = 0;
          for (let at = 3; at < data.length; at += 4) count += data[at] > 0;
          return count;
        }"""
    )
    return pixels


def wait_drawn(fake: FakeView) -> int:
    for _ in range(100):
        if count := drawn(fake):
            return count
        fake.page.wait_for_timeout(50)
    raise AssertionError("no pin was drawn")


def cells(fake: FakeView) -> list[int]:
    found: Any = fake.page.evaluate(
        """() => {
          const { ids } = model.grids[0];
          return [0, 1, 2, 3, 4].map(row => ids[row * Math.floor(ids.length / 6)]);
        }"""
    )
    return sorted(found)


def test_a_dropped_photo_falls_on_the_map(fake: FakeView) -> None:
    fake.show()
    drop(fake)
    assert [message["name"] for message in fake.sent("place_photo")] == ["dog.png"]
    card = fake.page.locator("[data-aw-photo]")
    expect(card).to_contain_text("dog.png")
    expect(card).to_contain_text("25 positions in 5 cells; 3 unlike all samples")
    before = wait_drawn(fake)
    # a position that is looked at stands out
    picture = fake.page.locator(".aw-photo-picture")
    box = picture.bounding_box()
    assert box
    fake.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(card).to_contain_text("cosine 0.54 to the nearest sample")
    assert drawn(fake) > before
    fake.page.mouse.move(5, 5)
    fake.page.click("[data-aw-photo-select]")
    fake.wait("selected", 5)
    assert sorted(fake.trait("selection")) == cells(fake)
    fake.page.get_by_label("Take the photo off the map").click()
    expect(card).to_have_count(0)
    expect(fake.page.locator(".aw-pins")).to_have_count(0)
    assert len(fake.sent("remove_photo")) == 1


def test_the_keys_go_through_the_positions(fake: FakeView) -> None:
    fake.show()
    drop(fake)
    fake.page.locator(".aw-photo-picture").focus()
    card = fake.page.locator("[data-aw-photo]")
    fake.press("ArrowDown")
    expect(card).to_contain_text("cosine 0.90 to")
    fake.press("ArrowRight", "ArrowDown")
    expect(card).to_contain_text("cosine 0.72 to")
    fake.press("Enter")
    fake.page.locator(".aw-minimap").wait_for()  # it flew to the cell
    fake.press("ArrowUp", "ArrowUp", "ArrowLeft")
    expect(card).to_contain_text("cosine 0.90 to")


def test_a_pasted_photo_does_so_too(fake: FakeView) -> None:
    fake.show()
    fake.page.evaluate(MAKE_FILE, "clipboard.png")
    fake.root.focus()
    fake.page.evaluate(
        """() => document.querySelector('.aw-root').dispatchEvent(
          new ClipboardEvent('paste', { clipboardData: files, bubbles: true, cancelable: true }))"""
    )
    expect(fake.page.locator("[data-aw-photo]")).to_contain_text("clipboard.png")


def test_a_file_that_is_no_image_is_said(fake: FakeView) -> None:
    fake.show()
    fake.page.locator("[data-aw-photo-file]").set_input_files(
        {"name": "<b>notes</b>.txt", "mimeType": "text/plain", "buffer": b"no image at all"}
    )
    notice = fake.page.locator(".aw-banner-notice")
    expect(notice).to_contain_text("“<b>notes</b>.txt” is no image")
    assert fake.sent("place_photo") == []
    # what is dragged and is no file is none of our affair
    fake.page.evaluate("() => { window.files = new DataTransfer(); files.setData('text', 'x'); }")
    assert not fake.page.evaluate(DRAG, "dragenter")
    expect(fake.page.locator(".aw-drop")).to_have_count(0)


def test_the_photo_goes_with_its_layout(fake: FakeView) -> None:
    fake.show()
    drop(fake)
    fake.python(subject=["class", "alp"])
    expect(fake.page.locator("[data-aw-photo]")).to_have_count(0)
