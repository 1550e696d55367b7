"""An atlas of tens of thousands of pictures, of which the browser keeps only so much."""

from __future__ import annotations

import json

import pytest

from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser

GRID = 160
SHEET_BYTES = 170_000  # of 64 pictures
# The mean difference between neighbouring pixels in the middle of the stage
SHARPNESS = """() => {
    const inside = document.querySelector('.aw-root').shadowRoot;
    const canvas = inside.querySelector('.aw-stage canvas');
    const [x, y] = [canvas.width / 2 - 100, canvas.height / 2 - 100];
    const pixels = canvas.getContext('2d').getImageData(x, y, 200, 200).data;
    let sum = 0;
    for (let at = 4; at < pixels.length; at += 4) sum += Math.abs(pixels[at] - pixels[at - 4]);
    return sum / (pixels.length / 4);
}"""


def memory(fake: FakeView) -> dict[str, int]:
    kept: dict[str, int] = json.loads(fake.attribute("memory"))
    return kept


def test_memory_is_bounded_and_what_was_dropped_comes_back(fake: FakeView) -> None:
    fake.show(sizes=[GRID], dense=True, sheetBytes=SHEET_BYTES)
    page = fake.page
    page.wait_for_function(
        f"document.querySelector('.aw-root').dataset.awFinal === '{GRID * GRID}'", timeout=60_000
    )
    kept = memory(fake)
    assert kept["compressedBound"] < GRID * GRID // 64 * SHEET_BYTES, "more was sent than is kept"
    assert kept["compressedBound"] / 2 < kept["compressed"] <= kept["compressedBound"]
    assert len(page.workers) == 1, "pictures are decoded beside the page"

    # The first corner came first and was dropped first; the kernel holds its answer back.
    page.evaluate("""() => {
        window.held = [];
        window.show = model.show.bind(model);
        model.show = (...it) => held.push(it);
    }""")
    fake.python(viewport=[0, 0, 0.1, 0.1])
    page.wait_for_function("model.sent.some(m => m.kind === 'missing' && m.numbers.includes(0))")
    blurred = page.evaluate(SHARPNESS)
    assert blurred > 1, "its thumbnail is there"
    page.evaluate("() => { model.show = show; for (const it of held) show(...it) }")
    page.wait_for_function(f"({SHARPNESS})() > {1.2 * blurred}")
    kept = memory(fake)
    assert kept["compressed"] <= kept["compressedBound"]
    assert 0 < kept["decodedPeak"] <= kept["decodedBound"]
