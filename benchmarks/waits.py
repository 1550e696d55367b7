"""How long a user waits in a widget that is open: in a real JupyterLab, in a real browser.

    python benchmarks/waits.py [--runs 3] [--json FILE]

Opens the atlas of the quickstart, lets its pictures finish, and then does what a user does: points
at cells, opens another layer, the atlas of one class, and the comparison of two. Every time ends
when the page shows what was asked for; what a class's map of all samples takes ends when the kernel
has it. Each row is the minimum over the runs, each with an empty cache; of hover cards the median
and the 95th percentile over the cells of one run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.first_atlas import quickstart_cell
from tests.browser.lab import ROOT, Notebook, fresh_lab

LAYER = "blocks.6.0"
CLASS, OTHER = "tabby", "Egyptian cat"
HOVERED = 40  # cells
AIMS: dict[str, float | None] = {
    "hover: card, median": 0.05,
    "hover: card, 95th percentile": 0.05,
    "another layer: its map, as real crops": 6.0,
    "another layer: first picture": 6.0,
    "another layer, seen before: first picture": 3.0,
    "atlas of one class: a map of the samples read so far": 3.0,
    "atlas of one class: the map of all": None,
    "comparison of two classes: a map of the samples read so far": 3.0,
    "comparison of two classes: the map of all": None,
    "back to all samples": 3.0,
}

# In the page: from the pointer's move until the card of that cell is there.
HOVER = """async ([root, x, y]) => {
    const host = document.querySelector(root);
    const start = performance.now();
    return await new Promise(done => {
        const look = () => {
            const card = host.shadowRoot.querySelector("[data-aw-card]");
            if (card?.querySelector("canvas")) done((performance.now() - start) / 1000);
            else if (performance.now() - start > 5000) done(null);
            else requestAnimationFrame(look);
        };
        const stage = host.shadowRoot.querySelector(".aw-stage");
        stage.dispatchEvent(new PointerEvent("pointermove", {
            clientX: x, clientY: y, bubbles: true, composed: true, pointerType: "mouse",
        }));
        requestAnimationFrame(look);
    });
}"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="runs, each with an empty cache")
    parser.add_argument("--json", type=Path, help="also write the numbers into this file")
    options = parser.parse_args()
    runs: list[dict[str, float]] = []
    for _ in range(options.runs):
        with fresh_lab() as (server, browser):
            page = browser.new_page(viewport={"width": 1280, "height": 960})
            runs.append(measure(Notebook(page, server)))
    best = {name: min(run[name] for run in runs if name in run) for name in AIMS}
    print(f"\nseconds, minimum of {len(runs)} runs\n\n{'':<60}{'time':>9}{'aim':>9}")
    for name, aim in AIMS.items():
        print(f"{name:<60}{best[name]:>9.3f}{'-' if aim is None else f'{aim:.2f}':>9}")
    if options.json:
        options.json.write_text(json.dumps({"best": best, "runs": runs}, indent=1))


def measure(notebook: Notebook) -> dict[str, float]:
    """Do what a user does; return seconds by name."""
    page = notebook.page
    notebook.open(notebook.server.write("waits.ipynb", [quickstart_cell()]))
    notebook.run_cell(0)
    wait_final(notebook)
    found = hovers(page)
    revision = notebook.number("revision")

    def drawn(state: Callable[[], bool]) -> bool:
        return notebook.number("revision") > revision and state()

    def any_picture() -> bool:
        return notebook.number("final") + notebook.number("rough") > 0

    def any_crop() -> bool:
        return notebook.number("crops") > 0 or any_picture()

    def wait(what: Callable[[], bool], name: str, start: float) -> None:
        notebook.wait(lambda: drawn(what), 300, name)
        found[name] = time.monotonic() - start

    start = ask(notebook, f"w.layer = {LAYER!r}")
    wait(any_crop, "another layer: its map, as real crops", start)
    wait(any_picture, "another layer: first picture", start)
    notebook.execute("w.layer = demo.LAYER")
    notebook.execute("w.wait(); None")
    wait_final(notebook)
    revision = notebook.number("revision")
    start = ask(notebook, f"w.layer = {LAYER!r}")
    wait(any_picture, "another layer, seen before: first picture", start)
    notebook.execute("w.layer = demo.LAYER")
    notebook.execute("w.wait(); None")
    wait_final(notebook)
    revision = notebook.number("revision")
    start = ask(notebook, f"w.class_atlas({CLASS!r})")
    wait(any_crop, "atlas of one class: a map of the samples read so far", start)
    notebook.execute("w.wait(); None")
    found["atlas of one class: the map of all"] = time.monotonic() - start
    revision = notebook.number("revision")
    start = ask(notebook, f"w.compare_classes({CLASS!r}, {OTHER!r})")
    wait(any_crop, "comparison of two classes: a map of the samples read so far", start)
    notebook.execute("w.wait(); None")
    found["comparison of two classes: the map of all"] = time.monotonic() - start
    revision = notebook.number("revision")
    start = ask(notebook, "w.whole_atlas()")
    wait(any_crop, "back to all samples", start)
    return found


def wait_final(notebook: Notebook) -> None:
    """Wait until all pictures of the map are final; the classes of cells still come."""
    notebook.wait(
        lambda: notebook.number("cells") == notebook.number("final") > 0, 600, "final pictures"
    )


def ask(notebook: Notebook, code: str) -> float:
    """Execute a line that returns at once; return the time when it was sent."""
    start = time.monotonic()
    notebook.execute(code + "; None")
    return start


def hovers(page: Page) -> dict[str, float]:
    """Point at cells, one after the other."""
    stage = page.locator(f"{ROOT} .aw-stage").bounding_box()
    assert stage
    times = []
    for number in range(HOVERED):
        x = stage["x"] + stage["width"] * (0.2 + 0.6 * (number % 8) / 7)
        y = stage["y"] + stage["height"] * (0.25 + 0.5 * (number // 8) / 4)
        page.mouse.move(stage["x"] + 4, stage["y"] + stage["height"] - 4)
        page.locator("[data-aw-card]").wait_for(state="detached")
        seconds = page.evaluate(HOVER, [ROOT, x, y])
        if seconds is not None:  # else there is no cell
            times.append(seconds)
    times.sort()
    return {
        "hover: card, median": statistics.median(times),
        "hover: card, 95th percentile": times[int(0.95 * (len(times) - 1))],
    }


if __name__ == "__main__":
    main()
