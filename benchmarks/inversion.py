"""Our inversion against Lucent's and Horama's: same models, layers, targets and input transform.

    python benchmarks/inversion.py                               # Lite0: about forty minutes
    python benchmarks/inversion.py --models lite0 lite2 --keep curves.json

How good pictures get with the number of steps does not depend on the machine, how long a step
takes does. So there are two parts: every engine's cosine is followed over its steps, on the same
targets (`--keep` remembers those of the peers); then all take turns, a few steps each, again and
again, and the median of their times is printed. Memory is the peak of one process an engine, on a
CPU. Where there is a GPU, all of them run on it.

Lucent runs as its makers set it up: one icon at a time, 128 px shown at 224 px, 512 steps; its
cosine is measured at those 224 px. Ours is measured on the finished uint8 picture, without
transforms, as the network is shown it. "to Lucent" is the time until 99 % of the cosine that
Lucent ends with (Lucent, too, is timed to the same 99 %). Ours anneals, so each number of steps is
a run of its own, and is timed in full batches, as an atlas's icons come. The floor is a bare
forward and backward pass of the same folded network, at the same sizes and batch, for as many
steps. "in an atlas" counts all that an icon costs there: its start, its part of a full batch,
encoding it again, writing it as JPEG. Horama gets as many seconds an icon as Lucent takes to its
99 %.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peers import DEVICE, HORAMA_SIDE, LUCENT_SIDE, ending_at, horama, lucent
from real_targets import LAYERS, cosine_at, real_targets
from torch import nn

from atlas_widget import demo
from atlas_widget.inversion import InversionEngine, InversionSettings
from atlas_widget.inversion.invert import run
from atlas_widget.probe import LayerProbe
from atlas_widget.session.pictures.sheets import encode

BUDGETS = (4, 8, 12, 16, 20, 24, 32, 48, 64, 96, 128)
LUCENT_STEPS = (8, 16, 32, 64, 96, 128, 192, 256, 384, 512)
ROUNDS = 5


@dataclass
class Case:
    """One layer of one model, and what to aim at."""

    variant: str
    layer: str
    model: nn.Module
    ended: nn.Module
    probe: LayerProbe
    targets: torch.Tensor

    @classmethod
    def make(cls, variant: str, layer: str, count: int) -> Case:
        model = demo.model(variant).to(DEVICE)
        probe = LayerProbe(model, layer, device=DEVICE)
        ended = ending_at(model, layer)  # before Lucent leaves its hooks on the model
        return cls(variant, layer, model, ended, probe, real_targets(probe, count))

    @property
    def title(self) -> str:
        height, width = self.probe.map_size
        return f"{self.variant} {self.layer} ({self.probe.channels} channels, {height}×{width})"


@dataclass
class Row:
    engine: str
    side: int
    step: float | None = None
    cosine: float = float("nan")
    icon: float = float("nan")
    to_lucent: float | None = None
    over_floor: float | None = None
    megabytes: float | None = None


# ------------------------------------------------------------------ how good after how many steps


def lucent_curve(case: Case) -> list[float]:
    """Median cosine over the targets after each of `LUCENT_STEPS`."""
    pictures = torch.stack(
        [lucent(case.ended, case.probe, target, LUCENT_STEPS) for target in case.targets], 1
    )
    cosines = [cosine_at(case.probe, LUCENT_SIDE, p, case.targets) for p in pictures]
    return [float(c.median()) for c in cosines]


def horama_cosine(case: Case, steps: int) -> float:
    pictures = torch.stack([horama(case.ended, case.probe, t, steps) for t in case.targets])
    return float(cosine_at(case.probe, HORAMA_SIDE, pictures, case.targets).median())


def our_curve(case: Case, settings: InversionSettings, goal: float) -> dict[int, float]:
    """Steps → median cosine, as far as it takes to reach the goal and the default's steps."""
    curve: dict[int, float] = {}
    for steps in BUDGETS:
        engine = InversionEngine(case.probe, settings=settings.with_steps(steps))
        curve[steps] = float(np.median(run(engine, case.targets, 0).cosine))
        if steps >= settings.steps and max(curve.values()) >= goal:
            break
    return curve


def crossing(curve: dict[int, float], goal: float) -> float | None:
    """First step at which a curve reaches `goal`, straight lines between the measured ones."""
    before = (0, 0.0)
    for step, value in curve.items():
        if value >= goal:
            return before[0] + (step - before[0]) * (goal - before[1]) / (value - before[1])
        before = (step, value)
    return None


# ------------------------------------------------------------------ how long a step takes


def times(case: Case, engine: InversionEngine, with_horama: bool) -> dict[str, float]:
    """Median seconds per icon and step, all taking turns, and of an icon's fixed costs."""
    count = engine.batch_size
    targets = case.targets.repeat(-(-count // len(case.targets)), 1)[:count]
    target = targets[0]
    steps = engine.settings.steps
    coarse = engine.settings.coarse_steps if engine.coarse_view is not None else 0
    views_of = [engine.coarse_view] * coarse + [engine.network_view] * (steps - coarse)
    views = {
        id(view): torch.rand(count, 3, view.view, view.view, device=DEVICE, requires_grad=True)
        for view in views_of
    }

    def floor() -> None:
        for view in views_of:
            shown = views[id(view)]
            seen = view.network(shown)
            torch.autograd.grad(seen[:, :, view.centre[0], view.centre[1]].sum(), shown)

    def fixed() -> None:
        pictures = engine.pictures(engine.start(targets, 0))
        engine.fidelity(pictures, targets)
        for start in range(0, count, 64):
            encode(np.concatenate(list(pictures[start : start + 64]), 1), 90)

    def ascend() -> None:
        engine.advance(engine.start(targets, 0), steps)

    # Lucent's setting up cancels out in the difference.
    jobs: dict[str, tuple[Callable[[], object], float]] = {
        "lucent short": (lambda: lucent(case.model, case.probe, target, (2,)), 1),
        "lucent long": (lambda: lucent(case.model, case.probe, target, (10,)), 1),
        "ours": (ascend, steps * count),
        "floor": (floor, steps * count),
        "fixed": (fixed, count),
    }
    if with_horama:
        jobs["horama"] = (lambda: horama(case.model, case.probe, target, 4), 4)
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for round_ in range(ROUNDS + 1):
        for name, (job, units) in jobs.items():
            start = time.perf_counter()
            job()
            if DEVICE == "cuda":
                torch.cuda.synchronize()
            if round_:  # the first is for warming up
                taken[name].append((time.perf_counter() - start) / units)
    medians = {name: float(np.median(values)) for name, values in taken.items()}
    longer = np.subtract(taken["lucent long"], taken["lucent short"]) / 8
    return medians | {"lucent": float(np.median(longer))}


# ------------------------------------------------------------------ how much memory


def peak_megabytes(engine: str, variant: str, layer: str, count: int) -> float:
    """Most that a fresh process needs for one batch beyond the model and its targets."""
    context = multiprocessing.get_context("spawn")
    if DEVICE != "cpu" or not Path("/proc/self/clear_refs").exists():  # of processes, on Linux
        return float("nan")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_peak, args=(engine, variant, layer, count, sender))
    process.start()
    process.join()
    return float(receiver.recv()) if receiver.poll() else float("nan")


def _peak(engine: str, variant: str, layer: str, count: int, sender: Any) -> None:
    case = Case.make(variant, layer, count)
    case.model(torch.zeros(1, 3, case.probe.input_size, case.probe.input_size))
    before = _peak_since_now()
    if engine == "Lucent":
        lucent(case.model, case.probe, case.targets[0], (3,))
    elif engine == "Horama":
        horama(case.model, case.probe, case.targets[0], 3)
    else:
        run(InversionEngine(case.probe, settings=InversionSettings.icon(steps=3)), case.targets, 0)
    sender.send(_status("VmHWM") - before)


def _peak_since_now() -> float:
    """Forget the peak so far (Linux); return what is in use now, in megabytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


# ------------------------------------------------------------------ all of it


def measure(case: Case, settings: InversionSettings, kept: dict[str, Any], options: Any) -> None:
    key = f"{case.variant} {case.layer} {len(case.targets)}"
    known = kept.setdefault(key, {})
    if "lucent" not in known:
        known["lucent"] = lucent_curve(case)
        _keep(options.keep, kept)
    curve = dict(zip(LUCENT_STEPS, known["lucent"], strict=True))
    ends = curve[LUCENT_STEPS[-1]]
    goal = 0.99 * ends
    engine = InversionEngine(case.probe, settings=settings)
    taken = times(case, engine, options.horama)
    needed = crossing(curve, goal)
    assert needed is not None
    reference = needed * taken["lucent"]
    icon = LUCENT_STEPS[-1] * taken["lucent"]
    rows = [Row("Lucent", 128, taken["lucent"], ends, icon, reference)]
    if options.horama:
        if "horama" not in known:
            steps = max(16, int(reference / taken["horama"]))
            known["horama"] = [steps, horama_cosine(case, steps)]
            _keep(options.keep, kept)
        steps, cosine = known["horama"]
        needs = None if cosine < goal else steps * taken["horama"]
        side = HORAMA_SIDE
        rows.append(Row("Horama", side, taken["horama"], cosine, steps * taken["horama"], needs))
    ours = our_curve(case, settings, goal)
    crossed = crossing(ours, goal)
    step, fixed, side = taken["ours"], taken["fixed"], engine.canvas
    whole = settings.steps * step
    to = None if crossed is None else crossed * step
    over = step / taken["floor"]
    rows.append(Row("ours, cold", side, step, ours[settings.steps], whole, to, over))
    to = None if to is None else to + fixed
    rows.append(Row("in an atlas", side, None, ours[settings.steps], whole + fixed, to))
    if not options.no_memory:
        for row in rows[:-1]:
            name = row.engine.split(",")[0]
            row.megabytes = peak_megabytes(name, case.variant, case.layer, len(case.targets))
    _print(case.title, rows, reference)
    print("  ours, cosine after steps: ", *(f"{s}: {c:.3f}" for s, c in ours.items()), sep="  ")
    print("  Lucent: ", *(f"{s}: {c:.3f}" for s, c in curve.items()), sep="  ", flush=True)


def _keep(path: Path | None, kept: dict[str, Any]) -> None:
    if path is not None:
        path.write_text(json.dumps(kept, indent=1))


def _print(title: str, rows: Sequence[Row], reference: float) -> None:
    print(f"\n{title}")
    print(
        f"{'engine':12}{'px':>5}{'ms/step':>9}{'× floor':>9}{'s/icon':>9}{'cosine':>8}"
        f"{'to Lucent, s':>14}{'times less':>12}{'icons/min':>11}{'peak MB':>9}"
    )
    for r in rows:
        step = "" if r.step is None else f"{r.step * 1e3:.2f}"
        over = "" if r.over_floor is None else f"{r.over_floor:.2f}"
        to = "never" if r.to_lucent is None else f"{r.to_lucent:.3f}"
        less = "" if r.to_lucent is None else f"{reference / r.to_lucent:.0f}"
        memory = "" if r.megabytes is None else f"{r.megabytes:.0f}"
        print(
            f"{r.engine:12}{r.side:5}{step:>9}{over:>9}{r.icon:9.2f}{r.cosine:8.3f}"
            f"{to:>14}{less:>12}{60 / r.icon:11.1f}{memory:>9}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["lite0"], help="lite0, lite1, lite2")
    parser.add_argument("--layers", nargs="+", default=list(LAYERS.values()))
    parser.add_argument("--targets", type=int, default=16)
    parser.add_argument("--horama", action="store_true", help="Horama too")
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="where the peers' curves are remembered")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    kept: dict[str, Any] = {}
    if options.keep is not None:
        with contextlib.suppress(FileNotFoundError):
            kept = json.loads(options.keep.read_text())
    threads = f"{torch.get_num_threads()} threads"
    place = torch.cuda.get_device_name() if DEVICE == "cuda" else threads
    print(f"torch {torch.__version__}, {place}, real activations")
    for variant in options.models:
        for layer in options.layers:
            case = Case.make(variant, layer, options.targets)
            measure(case, InversionSettings.icon(), kept, options)


if __name__ == "__main__":
    main()
