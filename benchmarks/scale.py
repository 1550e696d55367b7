"""What atlases of 1,000 to 1,000,000 samples cost, stage by stage, on this machine.

    python benchmarks/scale.py [--samples 1000 10000 100000] [--generated 1000000]
                               [--crops 768] [--workers 1 2] [--threads 1]

Needs the extra `demo`, and `ray` for workers. Prints tables in Markdown:

1. Seconds (wall clock and processor) of each stage, and the peak of the process's own memory above
   what the stage began with: collection from the demo's photos to shards, putting shards together,
   layout, grids, saving, and opening in a widget. Each number of samples has a process of its own.
   Activations of the largest are generated: points on curved sheets in the space of channels.
2. Crops a second of the collection to disk, of a plain loop (a DataLoader of JPEG files and the
   network up to the layer) and of Ray workers, by turns in one run; the best of each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from scale_stages import measure
from scale_throughput import throughput


def in_a_process(options: list[str], threads: int) -> dict[str, Any]:
    """Run a part of this in a process of its own, so that its memory is its own."""
    done = subprocess.run(
        [sys.executable, __file__, *options, "--threads", str(threads)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def print_stages(found: dict[int, dict[str, dict[str, float]]]) -> None:
    print("| samples | stage | seconds | processor seconds | µs a sample | MB at its peak |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for count, stages in found.items():
        for stage, cost in stages.items():
            print(
                f"| {count:,} | {stage} | {cost['seconds']:.1f} | {cost['processor']:.1f} | "
                f"{cost['processor'] / count * 1e6:,.0f} | {max(cost['megabytes'], 0):,.0f} |",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="*", default=[1000, 10_000, 100_000])
    parser.add_argument("--generated", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--crops", type=int, default=768, help="0 leaves out the second table")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="of Ray")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--throughput", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)
    if options.measure:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(options.measure, Path(folder), make=options.make)))
        return
    if options.throughput:
        print(json.dumps(throughput(options.crops, options.workers)))
        return
    print(f"{os.cpu_count()} cores, PyTorch on {options.threads} thread(s), no GPU\n")
    if options.samples or options.generated:
        print_stages(
            {
                count: in_a_process(["--measure", str(count), *extra], options.threads)
                for counts, extra in ((options.samples, []), (options.generated, ["--make"]))
                for count in counts
            }
        )
    if options.crops:
        workers = [str(count) for count in options.workers]
        found = in_a_process(
            ["--throughput", "--crops", str(options.crops), "--workers", *workers], options.threads
        )
        print("\n| way | crops a second | processor milliseconds a crop |\n| --- | ---: | ---: |")
        for way, (rate, each) in found.items():
            print(f"| {way} | {rate:.0f} | {'' if each is None else f'{each:.1f}'} |")


if __name__ == "__main__":
    main()
