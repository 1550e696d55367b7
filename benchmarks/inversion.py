"""Our inversion against Lucent's and Horama's: same models, layers, targets and input transform.

    python benchmarks/inversion.py                      # about ten minutes on two cores
    python benchmarks/inversion.py --models lite0 lite2 --targets 16 --peer-targets 16 --horama

Lucent runs as its makers set it up: 128 px shown at 224 px for 512 steps; its cosine is measured
there. Ours is measured on the finished uint8 picture, without transforms, as the network is shown
it. "to Lucent" is the time until 99 % of the cosine that Lucent ends with (it, too, is timed to the
same 99 %); ours anneals, so each number of steps is a run of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from atlas_widget import demo
from atlas_widget.inversion import InversionEngine, InversionSettings
from atlas_widget.inversion.invert import run
from atlas_widget.probe import LayerProbe

LAYERS = {"shallow": "blocks.2.1", "middle": "blocks.4.2", "late": "blocks.5.3"}
BUDGETS = (4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
LUCENT_STEPS = (8, 16, 32, 64, 96, 128, 192, 256, 384, 512)


_clock = time.perf_counter


@dataclass
class Result:
    engine: str
    side: int
    step_ms: float
    seconds_to_lucent: float | None
    cosine: float
    icon_seconds: float
    megabytes: float
    floor_ms: float | None = None


def real_crops(count: int, side: int, seed: int = 0) -> torch.Tensor:
    """Random crops of 15–80 % of the demo photos' shorter side, RGB in [0, 1]."""
    rng = np.random.default_rng(seed)
    photos = [photo.convert("RGB") for photo in demo.images()]
    crops = []
    for number in range(count):
        photo = photos[number % len(photos)]
        edge = min(photo.size) * rng.uniform(0.15, 0.8)
        x, y = (rng.uniform(0, length - edge) for length in photo.size)
        crop = photo.resize((side, side), Image.Resampling.BICUBIC, box=(x, y, x + edge, y + edge))
        crops.append(np.asarray(crop))
    return torch.tensor(np.stack(crops)).permute(0, 3, 1, 2).float() / 255


def real_targets(probe: LayerProbe, count: int, seed: int = 0) -> torch.Tensor:
    """Activations of real crops, one random position each, the border left out."""
    crops = real_crops(count, probe.input_size, seed)
    maps = torch.cat([probe.activations(chunk) for chunk in crops.split(16)])
    rng = np.random.default_rng(seed)
    rows = rng.integers(1, maps.shape[2] - 1, count)
    columns = rng.integers(1, maps.shape[3] - 1, count)
    return maps[np.arange(count), :, rows, columns]


@contextlib.contextmanager
def peak_memory() -> Iterator[list[float]]:
    """Most megabytes resident during the block beyond those before it."""
    page = os.sysconf("SC_PAGE_SIZE") / 2**20

    def resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * page

    before, peak, stop = resident(), [0.0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.02):
            peak[0] = max(peak[0], resident() - before)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()


def lucent(model: torch.nn.Module, probe: LayerProbe, targets: torch.Tensor) -> Any:
    """Pictures (steps, n, 3, 128, 128) at `LUCENT_STEPS`, and seconds per icon and step."""
    from lucent.optvis import objectives, param, render, transform

    mean, std = probe.preprocessing.mean, probe.preprocessing.std
    normalise = transform.Normalize(mean=list(mean), std=list(std))
    layer = probe.layer.replace(".", "_")
    pictures, seconds = [], []
    for target in targets:
        start = _clock()
        images = render.render_vis(
            model,
            objectives.direction_neuron(layer, target),
            lambda: param.image(128),
            transforms=[*transform.standard_transforms, normalise],
            thresholds=LUCENT_STEPS,
            preprocess=False,
            progress=False,
            show_image=False,
        )
        seconds.append(_clock() - start)
        pictures.append(torch.tensor(np.stack(images)[:, 0]).permute(0, 3, 1, 2))
    return torch.stack(pictures, 1), float(np.mean(seconds)) / LUCENT_STEPS[-1]


def cosine_at_native(probe: LayerProbe, pictures: torch.Tensor, targets: torch.Tensor) -> Any:
    side = probe.input_size
    shown = torch.nn.functional.interpolate(
        pictures.float(), (side, side), mode="bilinear", align_corners=True
    )
    maps = probe.activations(shown)
    h = maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2]
    return torch.cosine_similarity(h, targets, dim=1).numpy()


def measure_lucent(
    model: torch.nn.Module, probe: LayerProbe, targets: torch.Tensor
) -> tuple[Result, float]:
    with peak_memory() as peak:
        pictures, step = lucent(model, probe, targets)
    curve = [float(np.median(cosine_at_native(probe, p, targets))) for p in pictures]
    goal = 0.99 * curve[-1]
    needed = _crossing(LUCENT_STEPS, curve, goal)
    assert needed is not None
    whole = step * LUCENT_STEPS[-1]
    return Result("Lucent", 128, step * 1e3, needed * step, curve[-1], whole, peak[0]), goal


def measure_horama(
    model: torch.nn.Module, probe: LayerProbe, targets: torch.Tensor, seconds: float
) -> Result:
    """Horama's Fourier method at a size and a number of crops that a CPU bears, so long an icon."""
    from horama import fourier
    from horama.losses import dot_cossim

    mean, std = torch.tensor(probe.preprocessing.mean), torch.tensor(probe.preprocessing.std)
    low, high = float((-mean / std).min()), float(((1 - mean) / std).max())
    module, seen = model.get_submodule(probe.layer), {}
    hook = module.register_forward_hook(lambda _m, _i, output: seen.update(h=output))

    def optimise(target: torch.Tensor, steps: int) -> torch.Tensor:
        def score(views: torch.Tensor) -> torch.Tensor:
            model(views)
            h = seen["h"][:, :, seen["h"].shape[2] // 2, seen["h"].shape[3] // 2]
            return dot_cossim(h, target.expand_as(h)).mean()

        with contextlib.redirect_stderr(io.StringIO()):
            image, _ = fourier(
                score, total_steps=steps, image_size=224, crops_per_iteration=2,
                box_size=(0.8, 0.9), values_range=(low, high), device="cpu",
            )  # fmt: skip
        return (image.detach() * std[:, None, None] + mean[:, None, None]).clamp(0, 1)

    start = _clock()
    optimise(targets[0], 3)
    step = (_clock() - start) / 3
    steps = max(16, int(seconds / step))
    start = _clock()
    with peak_memory() as peak:
        pictures = torch.stack([optimise(target, steps) for target in targets])
    icon = (_clock() - start) / len(targets)
    hook.remove()
    cosine = float(np.median(cosine_at_native(probe, pictures, targets)))
    return Result("Horama", 224, icon / steps * 1e3, None, cosine, icon, peak[0])


def measure_ours(probe: LayerProbe, targets: torch.Tensor, goal: float, side: int) -> Result:
    base = InversionSettings.icon(size=side)
    reached: list[tuple[int, float]] = []
    for steps in BUDGETS:
        engine = InversionEngine(probe, settings=base.with_steps(steps))
        start = _clock()
        with peak_memory() as peak:
            icons = run(engine, targets, 0)
        icon = (_clock() - start) / len(targets)
        cosine = float(np.median(icons.cosine))
        reached.append((steps, cosine))
        if steps == base.steps:
            default = Result("ours", side, icon / steps * 1e3, None, cosine, icon, peak[0])
        if steps >= base.steps and (cosine >= goal or steps >= 4 * base.steps):
            break
    needed = _crossing([s for s, _ in reached], [c for _, c in reached], goal)
    default.seconds_to_lucent = None if needed is None else needed * default.step_ms / 1e3
    default.floor_ms = floor(engine, min(len(targets), engine.batch_size))
    return default


def floor(engine: InversionEngine, count: int) -> float:
    """Milliseconds per icon of the bare network, forward and backward, nothing else."""
    row, column = engine.eye.centre
    views = torch.rand(count, 3, engine.eye.view, engine.eye.view, requires_grad=True)

    def once() -> None:
        seen = engine.eye.network(views)
        torch.autograd.grad(seen[:, :, row, column].sum(), views)

    return _median_seconds(once) / count * 1e3


def _median_seconds(function: Callable[[], None], times: int = 9) -> float:
    taken = []
    for _ in range(times):
        start = _clock()
        function()
        taken.append(_clock() - start)
    return float(np.median(taken))


def _crossing(steps: Any, values: Any, goal: float) -> float | None:
    """First step at which `values` reach `goal`, straight lines between the measured ones."""
    before = (0, 0.0)
    for step, value in zip(steps, values, strict=True):
        if value >= goal:
            return before[0] + (step - before[0]) * (goal - before[1]) / (value - before[1])
        before = (step, value)
    return None


def _print(title: str, results: list[Result]) -> None:
    print(f"\n{title}")
    print(
        f"{'engine':8}{'px':>5}{'ms/step':>9}{'× floor':>9}{'s/icon':>9}{'cosine':>8}"
        f"{'to Lucent, s':>14}{'times less':>12}{'icons/min':>11}{'peak MB':>9}"
    )
    reference = results[0].seconds_to_lucent or float("nan")
    for r in results:
        over = "" if r.floor_ms is None else f"{r.step_ms / r.floor_ms:.2f}"
        to = "never" if r.seconds_to_lucent is None else f"{r.seconds_to_lucent:.3f}"
        less = "" if r.seconds_to_lucent is None else f"{reference / r.seconds_to_lucent:.0f}"
        print(
            f"{r.engine:8}{r.side:5}{r.step_ms:9.2f}{over:>9}{r.icon_seconds:9.2f}{r.cosine:8.3f}"
            f"{to:>14}{less:>12}{60 / r.icon_seconds:11.1f}{r.megabytes:9.0f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["lite0"], help="lite0, lite1, lite2")
    parser.add_argument("--layers", nargs="+", default=list(LAYERS.values()))
    parser.add_argument("--targets", type=int, default=16, help="targets for ours")
    parser.add_argument("--peer-targets", type=int, default=4, help="of those, for the peers")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 96])
    parser.add_argument("--horama", action="store_true", help="Horama too, 20 s an icon")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="count processor seconds, on a machine with other work; sensible with --threads 1",
    )
    options = parser.parse_args()
    if options.cpu_time:
        global _clock
        _clock = time.process_time
    if options.threads:
        torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, real activations")
    for variant in options.models:
        for layer in options.layers:
            model = demo.model(variant)
            probe = LayerProbe(model, layer, device="cpu")
            targets = real_targets(probe, options.targets)
            some = targets[: options.peer_targets]
            result, goal = measure_lucent(model, probe, some)
            results = [result]
            if options.horama:
                results.append(measure_horama(model, probe, some, 20.0))
            results += [measure_ours(probe, targets, goal, side) for side in options.sizes]
            channels = f"{probe.channels} channels, {probe.map_size[0]}×{probe.map_size[1]}"
            _print(f"{variant} {layer} ({channels})", results)


if __name__ == "__main__":
    main()
