"""How long until a user sees something: the widget in a real JupyterLab, in a real browser.

    python benchmarks/first_atlas.py [--json FILE] [--screenshot FILE]

Starts JupyterLab and a headless Chromium, executes the very cell of notebooks/quickstart.ipynb in
a new kernel with an empty cache, imports and the loading of the model included, and takes the time
in the page, from executing the cell until the pictures are drawn. Meanwhile it executes `1+1` again
and again, and takes the time until the answer is there. Then the same in another new kernel, with
what is now in the cache.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.lab import ROOT, LabServer, Notebook, fresh_lab

QUICKSTART = Path(__file__).parents[1] / "notebooks" / "quickstart.ipynb"
AIMS = {
    "something on screen": (1.0, 1.0),
    "cell returns": (5.0, 5.0),
    "first real crops": (6.0, 6.0),
    "first inversion": (20.0, 6.0),
    "whole grid final": (90.0, 8.0),
    "empty cell, median": (0.050, None),
    "empty cell, 95th percentile": (0.250, None),
}

# In the page: nothing but the page's own clock between the cell's execution and what is seen.
MEASURE = """async ([root, cell, limit]) => {
    const start = performance.now(), seconds = () => (performance.now() - start) / 1000;
    const kernel = window.awPanel.context.sessionContext.session.kernel;
    const marks = {}, latencies = [];
    const mark = name => { if (!(name in marks)) marks[name] = seconds(); };
    window.jupyterapp.shell.activateById(window.awPanel.id);
    window.awPanel.content.activeCellIndex = cell;
    window.jupyterapp.commands.execute("notebook:run-cell").then(() => mark("cell returns"));
    let over = false;
    const watch = (async () => {
        while (!over && seconds() < limit) {
            const data = document.querySelector(root)?.dataset ?? {};
            if (document.querySelector(".jp-OutputArea-output :is(.aw-start, .aw-root)"))
                mark("something on screen");
            const [cells, crops, rough, final] =
                ["awCells", "awCrops", "awRough", "awFinal"].map(name => Number(data[name] ?? 0));
            if (crops + rough + final > 0) mark("first real crops");
            if (rough + final > 0) mark("first inversion");
            if (Number(data.awRevision ?? -1) >= 0 && data.awStage !== "collecting"
                && cells > 0 && final === cells) { mark("whole grid final"); over = true; }
            if (data.awError) { marks.error = data.awError; over = true; }
            await new Promise(done => setTimeout(done, 20));
        }
        marks.cells = Number(document.querySelector(root)?.dataset.awCells ?? 0);
    })();
    while (!("cell returns" in marks) && !over) await new Promise(done => setTimeout(done, 20));
    while (!over && seconds() < limit) {
        const asked = performance.now();
        await kernel.requestExecute({code: "1+1", store_history: false}).done;
        latencies.push((performance.now() - asked) / 1000);
        await new Promise(done => setTimeout(done, 100));
    }
    await watch;
    return {marks, latencies};
}"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--limit", type=float, default=400.0, help="seconds to wait at most")
    parser.add_argument("--json", type=Path, help="also write the numbers into this file")
    parser.add_argument("--screenshot", type=Path, help="also save a picture of the page")
    options = parser.parse_args()
    with fresh_lab() as (server, browser):
        runs = [
            measure(server, browser, name, options.limit, options.screenshot)
            for name in ("cold", "warm")
        ]
    print_table(*runs)
    if options.json:
        options.json.write_text(
            json.dumps(dict(zip(("cold", "warm"), runs, strict=True)), indent=1)
        )


def quickstart_cell() -> str:
    """Return the code of the quickstart's one cell."""
    (cell,) = [
        cell
        for cell in json.loads(QUICKSTART.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    return "".join(cell["source"])


def measure(
    server: LabServer, browser: Any, name: str, limit: float, screenshot: Path | None
) -> dict[str, float]:
    """Run the cell in a new kernel and a new page; return seconds by name."""
    page = browser.new_page(viewport={"width": 1280, "height": 960})
    page.set_default_timeout((limit + 60) * 1000)
    notebook = Notebook(page, server)
    notebook.open(server.write(f"{name}.ipynb", [quickstart_cell()]))
    result = page.evaluate(MEASURE, [ROOT, 0, limit])
    if screenshot is not None:
        page.screenshot(path=screenshot)
    page.close()
    server.shutdown_kernels()
    marks, latencies = result["marks"], sorted(result["latencies"])
    if "error" in marks:
        raise SystemExit(f"The widget is in error: {marks['error']}")
    if latencies:
        marks["empty cell, median"] = statistics.median(latencies)
        marks["empty cell, 95th percentile"] = latencies[int(0.95 * (len(latencies) - 1))]
    return dict(marks)


def print_table(cold: dict[str, float], warm: dict[str, float]) -> None:
    """Print what was measured beside what was aimed at."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"\n{int(cold.get('cells', 0))} cells of a 20 x 20 grid, {cores} CPU cores, seconds\n")
    print(f"{'':<30}{'cold':>9}{'aim':>9}{'warm':>9}{'aim':>9}")
    for name, (aim, warm_aim) in AIMS.items():
        row = [cold.get(name), aim, warm.get(name), warm_aim]
        print(f"{name:<30}" + "".join(f"{_shown(value):>9}" for value in row))


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if value < 1 else f"{value:.1f}"


if __name__ == "__main__":
    main()
