"""How large pages without a kernel are, and how soon they open.

    python benchmarks/html_page.py [--cache FOLDER] [--runs 3] [--out FOLDER] [--screenshots FOLDER]

Writes the demo's atlas as a page, with the grids 20 and 40, with real crops and without; and one of
25,600 cells, all there are in a 160 x 160 grid, and their 1,600 coarser ones. The pictures of the
demo are made first, which takes some minutes on a CPU unless they are in the cache. Those of the
large page are the demo's, each mirrored and shifted by some pixels of its own, so that no two are
alike: they take as many bytes as real ones, which would take hours to make. Its activations are
noise in 32 channels, and each cell has as many classes as a cell of the demo has on average.

Each page is opened from the disk in a headless Chromium with the network off: the time until the
view is there, until the pictures in sight are drawn, and, after a step of the wheel into the finer
grid, until those in sight then are. Requests are counted: there are to be none.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from atlas_widget import Atlas, AtlasWidget, demo  # noqa: E402
from atlas_widget.atlas.samples import Samples  # noqa: E402
from atlas_widget.page import (  # noqa: E402
    CellRecord,
    Icon,
    PageContents,
    PageGrid,
    WrittenPage,
    write_page,
)
from tests.browser.chromium import FLAGS, require_chromium  # noqa: E402

AIM_DEMO = 3.0  # megabytes
AIM_LARGE = 40.0
LARGE = 160
COARSE = 40
SAMPLES_PER_CELL = 2
CHANNELS = 32
CLEAR_PER_CELL = 50
CLASSES = 1000
COLUMNS = (
    *("page", "pictures", "crops", "MB", "aim, MB", "view, s", "drawn, s", "zoomed, s"),
    *("heap, MB", "requests"),
)


def demo_pages(folder: Path, cache: Path | None) -> tuple[list[WrittenPage], list[Icon]]:
    """Write the demo's pages; return them with the pictures of its finer grid."""
    widget = AtlasWidget(
        demo.model(), demo.LAYER, labels=demo.labels(), grids=(20, 40), cache_dir=cache
    )
    try:
        widget.wait()
        pages = [
            widget.to_html(folder / "demo.html", overwrite=True),
            widget.to_html(folder / "demo-without-crops.html", crops=False, overwrite=True),
        ]
        pictures = widget._session.snapshot(40)[0].values()
        icons = [
            Icon(picture.pixels, "final", picture.cosine, 1, picture.made) for picture in pictures
        ]
    finally:
        widget.close()
    return pages, icons


def large_page(folder: Path, icons: list[Icon]) -> tuple[WrittenPage, float]:
    """Write a page of 25,600 cells; return it with the seconds that this took."""
    rng = np.random.default_rng(0)
    rows, columns = np.divmod(np.arange(LARGE**2 * SAMPLES_PER_CELL) // SAMPLES_PER_CELL, LARGE)
    places = (np.stack([columns, rows], 1) + rng.uniform(0.1, 0.9, (len(rows), 2))) / LARGE
    shipped = demo.images()
    small = Atlas.build(
        demo.model(), demo.LAYER, num_samples=200, grids=(4,), device="cpu", progress=False
    ).samples
    count = len(rows)
    samples = Samples(
        activations=rng.random((count, CHANNELS), np.float32),
        positions=np.zeros((count, 2), np.int16),
        crops=np.tile(np.array([0, 0, 1, 1], np.float32), (count, 1)),
        flipped=np.zeros(count, np.bool_),
        image_ids=(np.arange(count) % len(shipped)).astype(np.int32),
        image_names=[f"photo {number}" for number in range(len(shipped))],
        image_indices=np.arange(len(shipped), dtype=np.int32),
        thumbnails=small.thumbnails.take(np.arange(count) % len(small)),
    )
    atlas = Atlas(samples, places, layer=demo.LAYER, grids=(COARSE, LARGE), min_count=1)
    names = demo.labels()
    grids = []
    for size in atlas.grids:
        cells = [int(cell) for cell in atlas.grid(size).ids]
        chosen = rng.integers(len(icons), size=len(cells))
        shifts = rng.integers(-20, 20, (len(cells), 2))
        made = {
            cell: varied(icons[number], shift.tolist(), bool(cell % 2))
            for cell, number, shift in zip(cells, chosen, shifts, strict=True)
        }
        known = {cell: record(rng) for cell in cells}
        grids.append(PageGrid(atlas.grid(size), made, known))
    contents = PageContents(atlas, grids, model="EfficientNet-Lite0", class_names=names)
    started = time.monotonic()
    page = write_page(folder / "large.html", contents, max_mb=1000, overwrite=True)
    return page, time.monotonic() - started


def varied(icon: Icon, shift: list[int], mirrored: bool) -> Icon:
    pixels = np.roll(icon.pixels, shift, (0, 1))
    return Icon(pixels[:, ::-1] if mirrored else pixels, "final", icon.cosine, 1, icon.made)


def record(rng: np.random.Generator) -> CellRecord:
    numbers = rng.choice(CLASSES, CLEAR_PER_CELL + 8, replace=False)
    values = np.sort(rng.exponential(0.1, len(numbers)))[::-1]
    entries = [
        (int(number), float(value), 0.5 * float(value), 1.5 * float(value))
        for number, value in zip(numbers, values, strict=True)
    ]
    against = [(number, -value, -high, -low) for number, value, low, high in entries[-8:]]
    first = entries[0][0]
    return CellRecord(
        f"class {first}", (first,), first, entries[:8], against, entries[:CLEAR_PER_CELL]
    )


def open_page(browser: Browser, page: WrittenPage, shot: Path | None) -> dict[str, Any]:
    """Open a page and zoom in once; return seconds, and the number of requests."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, offline=True)
    tab = context.new_page()
    own, asked = page.path.as_uri(), []
    tab.on(
        "request",
        lambda request: (
            request.url != own
            and not request.url.startswith(("blob:", "data:"))
            and asked.append(request.url)
        ),
    )
    started = time.monotonic()
    tab.goto(own)
    tab.wait_for_selector(".aw-root")
    there = time.monotonic() - started
    level = wait_pictures(tab)
    drawn = time.monotonic() - started
    tab.mouse.move(640, 430)
    now, before = time.monotonic(), level
    for _ in range(12):
        tab.mouse.wheel(0, -240)
        tab.wait_for_timeout(60)
        level = tab.locator(".aw-root").get_attribute("data-aw-level")
        if level != before:
            break
        now = time.monotonic()
    wait_pictures(tab)
    zoomed = time.monotonic() - now
    if shot is not None:
        tab.screenshot(path=shot)
    memory = tab.evaluate("performance.memory?.usedJSHeapSize ?? 0")
    context.close()
    return {
        "there": there,
        "drawn": drawn,
        "zoomed": zoomed,
        "requests": len(asked),
        "heap": memory / 1e6,
    }


def wait_pictures(tab: Any) -> str | None:
    """Wait until no more pictures arrive for a while; return the grid in view."""
    root = tab.locator(".aw-root")
    last, since = "", time.monotonic()
    while time.monotonic() - since < 0.25 or last in ("", "0"):
        found = root.get_attribute("data-aw-final") or "0"
        if found != last:
            last, since = found, time.monotonic()
        tab.wait_for_timeout(20)
    level: str | None = root.get_attribute("data-aw-level")
    return level


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="where the demo's pictures are kept")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path, help="a folder to keep the pages in")
    parser.add_argument("--screenshots", type=Path, help="a folder for what they look like")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        pages, icons = demo_pages(folder, options.cache)
        large, seconds = large_page(folder, icons)
        aims = [AIM_DEMO, AIM_DEMO, AIM_LARGE]
        print(f"| {' | '.join(COLUMNS)} |")
        print("| --- " * len(COLUMNS) + "|")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=require_chromium(),
                args=[*FLAGS, "--enable-precise-memory-info"],
            )
            for page, aim in zip([*pages, large], aims, strict=True):
                shot = options.screenshots and options.screenshots / f"{page.path.stem}.png"
                runs = [open_page(browser, page, shot) for _ in range(options.runs)]
                times = [
                    f"{statistics.median(run[name] for run in runs):.2f}"
                    for name in ("there", "drawn", "zoomed")
                ]
                heap = max(run["heap"] for run in runs)
                asked = sum(run["requests"] for run in runs)
                cells = (
                    page.path.stem, f"{page.icons:,}", f"{page.crops:,}", f"{page.size / 1e6:.2f}",
                    f"{aim:g}", *times, f"{heap:.0f}", str(asked),
                )  # fmt: skip
                print("| " + " | ".join(cells) + " |")
            browser.close()
    print(f"\nThe large page took {seconds:.0f} s to write.")


if __name__ == "__main__":
    main()
