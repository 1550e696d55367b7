"""How fluid the view is: frame times of a scripted pan and zoom over thousands of pictures.

    python benchmarks/frames.py [--grids 40 160 320] [--runs 3] [--json FILE] [--screenshots FOLDER]

Bundles the view as it is shipped and opens it in a headless Chromium without a GPU, on a kernel
that has all pictures ready and feeds them as the real one does: JPEG sheets of 64, at most eight
unacknowledged. It is moved by the events that a hand causes: all of the atlas, in to 1:1 and 3:1,
diagonally through it, out again; with one grid on show all the while (the hardest case) and, where
it says so, with the levels that a user sees. A plain renderer on a 2D canvas, which draws every
icon by itself and knows nothing of memory, panels or arrivals, takes the same way in turns with it.
The stage is 1200 x 800 at pixel ratio 1.

`frame` is the time from one frame to the next by the browser's clock, of which 16.7 ms is the pace;
`work` is what a frame costs the page's main thread, input to paint, and `CPU` the processor time of
that thread a frame: they show how much room is left, also where other programs disturb. Of each
figure the least of all runs counts: what disturbs only ever makes it larger.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from atlas_widget.session.pictures.sheets import encode, pack  # noqa: E402
from tests.browser.chromium import FLAGS, require_chromium  # noqa: E402

DISTINCT_SHEETS = 24
TILE = 64
AIMS = {25_600: 17.0, 102_400: 25.0}  # 95th percentile of frame times, in milliseconds
HOVER_AIM = 16.0
BURST = 2000
BURST_AIM = 50.0
HOVERS = 24
PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>body { margin: 0; background: #fff; }</style>
<body data-jp-theme-light="true"><script type="module" src="main.js"></script></body>"""


def pictures(count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth coloured noise: to a JPEG decoder much like feature inversions, and as large."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :])
    falloff = 1 / np.maximum(frequency, 1 / TILE) ** 1.7
    shape = (count, 3, TILE, TILE // 2 + 1)
    spectrum = falloff * (random.normal(size=shape) + 1j * random.normal(size=shape))
    values = np.fft.irfft2(spectrum, s=(TILE, TILE))
    values /= values.std(axis=(1, 2, 3), keepdims=True)
    pixels = 255 / (1 + np.exp(-1.2 * values))
    return pixels.transpose(0, 2, 3, 1).astype(np.uint8)


def prepare(folder: Path) -> float:
    """Write the page, its bundle and its sheets; return the mean size of a picture in bytes."""
    node = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    esbuild = ROOT / "js" / "node_modules" / ".bin" / "esbuild"
    if not esbuild.is_file():
        sys.exit("The view's tools are not installed: run `make bundle` first.")
    options = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--loader:.css=text",
               "--jsx=automatic", "--jsx-import-source=preact", "--log-level=warning"]  # fmt: skip
    subprocess.run(
        [esbuild, "dev/frames/main.ts", *options, f"--outdir={folder}"],
        cwd=ROOT / "js", check=True, env={**os.environ, "PATH": node},
    )  # fmt: skip
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    sizes = []
    for number in range(DISTINCT_SHEETS):
        sheet = encode(pack(list(pictures(64, number)), TILE, 8))
        (folder / f"sheet_{number}.jpg").write_bytes(sheet)
        sizes.append(len(sheet) / 64)
    return statistics.mean(sizes)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/index.html"
    finally:
        server.shutdown()
        server.server_close()


def call(page: Page, expression: str) -> Any:
    return page.evaluate(f"bench.{expression}")


def summarize(frames: list[dict[str, Any]]) -> dict[str, float]:
    """Percentiles of what `ride` and `burst` recorded."""
    intervals = np.array([frame["interval"] for frame in frames])
    work = np.array([frame["work"] for frame in frames])
    return {
        "median": float(np.median(intervals)),
        "p95": float(np.percentile(intervals, 95)),
        "p99": float(np.percentile(intervals, 99)),
        "worst": float(intervals.max()),
        "over50": int((intervals > 50).sum()),
        "work95": float(np.percentile(work, 95)),
        "work99": float(np.percentile(work, 99)),
        "work_worst": float(work.max()),
    }


class Rider:
    """A page that takes the way, and how it fared."""

    def __init__(self, browser: Browser, address: str, opening: str) -> None:
        self.page = browser.new_page(viewport={"width": 1280, "height": 1000})
        self.page.set_default_timeout(600_000)
        self.page.on("pageerror", lambda error: print(f"error in the page: {error}"))
        self.page.goto(address)
        self.session = self.page.context.new_cdp_session(self.page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})
        call(self.page, f"load({DISTINCT_SHEETS})")
        self.opened = call(self.page, opening)
        self.runs: list[dict[str, float]] = []
        self.frames: list[list[dict[str, Any]]] = []

    def _busy(self) -> float:
        """Return the processor time of the page's main thread in milliseconds."""
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return 1000 * next(m["value"] for m in metrics if m["name"] == "TaskDuration")

    def ride(self) -> None:
        self.page.bring_to_front()
        before = self._busy()
        frames = call(self.page, "ride()")
        cpu = (self._busy() - before) / len(frames)
        self.runs.append({**summarize(frames), "cpu": cpu})
        self.frames.append(frames)

    @property
    def best(self) -> dict[str, float]:
        return {name: min(run[name] for run in self.runs) for name in self.runs[0]}


def row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def ride_row(name: str, cells: int, best: dict[str, float], aim: float | None) -> None:
    p95 = f"{best['p95']:.1f}"
    if aim is not None:
        p95 += f" ({'met' if best['p95'] <= aim else 'NOT MET'}: {aim:g})"
    numbers = [f"{best[name]:.1f}" for name in ("p99", "worst")]
    work = [f"{best[name]:.1f}" for name in ("work95", "work_worst", "cpu")]
    row(f"{cells:,}", name, f"{best['median']:.1f}", p95, *numbers, f"{best['over50']:.0f}", *work)


def ratio_row(cells: int, ours: dict[str, float], plain: dict[str, float]) -> None:
    names = ("median", "p95", "p99", "worst", "over50", "work95", "work_worst", "cpu")
    ratios = [f"{plain[name] / ours[name]:.1f}x" if ours[name] else "–" for name in names]
    row(f"{cells:,}", "plain ÷ widget", *ratios)


def measure(browser: Browser, address: str, options: argparse.Namespace) -> dict[str, Any]:
    """Print the table of rides; return all that was measured."""
    measured: dict[str, Any] = {}
    cases = [([grid], grid) for grid in options.grids]
    if not options.one_level:
        cases.append(([20, 40, 80, 160], None))
    row("cells", "renderer", "frame: median, ms", "95 %", "99 %", "worst", "over 50 ms",
        "work: 95 %, ms", "worst", "CPU, ms")  # fmt: skip
    row(*["---"] * 10)
    for sizes, level in cases:
        cells = sizes[-1] ** 2
        opening = f"openWidget({sizes}, {json.dumps(level)})"
        ours = Rider(browser, address, opening)
        plain = None
        if level is not None and not options.no_plain:
            plain = Rider(browser, address, f"openPlain({level})")
        for _ in range(options.runs):
            for rider in filter(None, (ours, plain)):
                rider.ride()
        name = "widget" if level is not None else "widget, levels 20 to 160"
        ride_row(name, cells, ours.best, AIMS.get(cells) if level is not None else None)
        case: dict[str, Any] = {"cells": cells, "widget": ours.runs, "seconds": ours.opened}
        if plain is not None:
            ride_row("plain", cells, plain.best, None)
            ratio_row(cells, ours.best, plain.best)
            case["plain"] = plain.runs
            plain.page.close()
        ours.page.bring_to_front()
        if options.screenshots:
            options.screenshots.mkdir(parents=True, exist_ok=True)
            ours.page.screenshot(path=options.screenshots / f"{name}_{cells}.png")
        case["hover"] = [call(ours.page, f"hover({HOVERS})") for _ in range(options.runs)]
        if level is not None and cells > BURST:
            bursts = [call(ours.page, f"burst({BURST})") for _ in range(options.runs)]
            case["burst"] = [{**summarize(b["frames"]), "arrived": b["arrived"]} for b in bursts]
        case["memory"] = call(ours.page, "memory()")
        if options.json:
            case["frames"] = ours.frames
        measured[f"{cells} {name}"] = case
        ours.page.close()
    return measured


def report(measured: dict[str, Any]) -> None:
    """Print what goes with the rides: cards, arrivals, memory."""
    print()
    row("case", "hover to card: median, ms", "95 %", f"{BURST:,} arriving: worst frame, ms",
        "over 50 ms", "all there after, s")  # fmt: skip
    row(*["---"] * 6)
    for name, case in measured.items():
        medians = [float(np.median(run)) for run in case["hover"] if run]
        p95 = [float(np.percentile(run, 95)) for run in case["hover"] if run]
        hover = (f"{min(medians):.1f} (aim {HOVER_AIM:g})", f"{min(p95):.1f}")
        if "burst" in case:
            best = min(case["burst"], key=lambda run: run["worst"])
            burst = (f"{best['worst']:.1f} (aim {BURST_AIM:g})", f"{best['over50']}",
                     f"{best['arrived']:.2f}" if best["arrived"] else "later")  # fmt: skip
        else:
            burst = ("–", "–", "–")
        row(name, *hover, *burst)
    print()
    row("case", "decoded, MB", "peak", "bound", "thumbnails", "compressed", "bound", "asked again",
        "loaded in, s")  # fmt: skip
    row(*["---"] * 9)
    for name, case in measured.items():
        memory = case["memory"]
        sizes = ("decoded", "decodedPeak", "decodedBound", "thumbs", "compressed",
                 "compressedBound")  # fmt: skip
        megabytes = [f"{memory[size] / 2**20:.1f}" for size in sizes]
        row(name, *megabytes, f"{memory['again']} sheets", f"{case['seconds']:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grids", type=int, nargs="+", default=[40, 160, 320])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write all that was measured, frame by frame")
    parser.add_argument("--screenshots", type=Path, help="a folder for what the view looks like")
    parser.add_argument("--no-plain", action="store_true", help="leave the plain renderer out")
    parser.add_argument("--one-level", action="store_true", help="leave the case of levels out")
    options = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} before\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        bytes_each = prepare(folder)
        with serve(folder) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=require_chromium(), args=list(FLAGS)
            )
            measured = measure(browser, address, options)
            browser.close()
    report(measured)
    print(f"\n{bytes_each / 1024:.1f} kB a picture; load {os.getloadavg()[0]:.1f} after")
    if options.json:
        options.json.write_text(json.dumps(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
