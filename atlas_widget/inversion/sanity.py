"""Pictures beside their controls, which say what their cosines and ranks are worth.

A feature inversion always shows *something*. Whether it shows the direction it was made for is
measured: the finished picture is encoded again, without transforms, and compared with its target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.errors import ActivationsError
from atlas_widget.inversion.engine import InversionEngine
from atlas_widget.inversion.inputs import as_directions, layer_and_aim
from atlas_widget.inversion.invert import run
from atlas_widget.inversion.likeness import cosine, ranks, rows_of, unit
from atlas_widget.inversion.settings import InversionSettings, as_settings
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.opening import opened
from atlas_widget.probe.pictures import as_rgb

__all__ = ["Control", "SanityCheck", "sanity_check"]


@dataclass(frozen=True)
class Control:
    """One row of a sanity check: cosines to the targets, and the part nearest to their own."""

    name: str
    cosine: NDArray[np.float32]
    own: float

    @property
    def median(self) -> float:
        """Median cosine."""
        return float(np.median(self.cosine))


@dataclass(frozen=True)
class SanityCheck:
    """Pictures beside their controls; prints as a table."""

    controls: tuple[Control, ...]

    def __getitem__(self, name: str) -> Control:
        for control in self.controls:
            if control.name == name:
                return control
        raise KeyError(f"no control {name!r}; there are {[c.name for c in self.controls]}")

    @property
    def passed(self) -> bool:
        """Whether the pictures beat noise and the untrained network's pictures in both columns."""
        pictures, *others = self.controls
        rivals = [c for c in others if c.name != "nearest crop"]
        return all(pictures.median > c.median and pictures.own > c.own for c in rivals)

    @property
    def verdict(self) -> str:
        """What follows from the controls, in a sentence."""
        if self.passed:
            return "The pictures are better than noise and than an untrained network."
        return (
            "The pictures are NOT better than the controls: do not read anything into them. "
            "An untrained network, or noise, does as well at this layer."
        )

    def __repr__(self) -> str:
        lines = [f"{'':28}{'cosine':>8}{'10 %':>8}{'90 %':>8}{'own cell':>10}"]
        for c in self.controls:
            low, high = np.quantile(c.cosine, [0.1, 0.9])
            lines.append(f"{c.name:28}{c.median:8.2f}{low:8.2f}{high:8.2f}{c.own:10.0%}")
        return "\n".join([*lines, self.verdict])


def sanity_check(
    model: Any,
    layer: Any = None,
    directions: Any = None,
    *,
    images: Any = None,
    means: Any = None,
    centre: Any = None,
    settings: InversionSettings | None = None,
    transform: Any = None,
    device: Any = None,
    seed: int = 0,
    callback: Callable[[int, int], object] | None = None,
) -> SanityCheck:
    """Measure pictures of `directions` against what must do worse, and what does better.

    The controls: noise images; pictures made by the same method for a copy of the network with
    random weights, shown to the real one and to itself; and, if `images` are given, the natural
    crop nearest to each direction, which is what fidelity looks like. The untrained network is the
    model parameter randomisation test of "Sanity Checks for Saliency Maps" (Adebayo et al. 2018).

    Parameters
    ----------
    model
        Any ``nn.Module``, or a :class:`~atlas_widget.probe.LayerProbe` (then no `layer`).
    layer
        Name of the layer, as :func:`~atlas_widget.list_layers` gives it.
    directions
        Targets, shape (n, channels); a dozen is enough, and with no `means` two are the least.
    images
        Natural crops: RGB in [0, 1], (k, 3, height, width), uint8 (k, height, width, 3), or a list
        of PIL images.
    means, centre
        Cells to rank among, and the mean of all activations; see :func:`ranks`.
    settings, transform, device, seed
        As for :func:`~atlas_widget.invert`.
    callback
        Called with (pictures finished, pictures in all) after every few steps; may raise to stop.
    """
    layer, directions = layer_and_aim(model, layer, directions)
    if directions is None:
        raise ActivationsError("directions=None: pass an array of shape (n, channels)")
    with torch.inference_mode(False), opened(model, layer, transform, device) as probe:
        return _checked(
            probe, directions, images, means, centre, as_settings(settings), seed, callback
        )


def _checked(
    probe: LayerProbe,
    directions: Any,
    images: Any,
    means: Any,
    centre: Any,
    settings: InversionSettings,
    seed: int,
    callback: Callable[[int, int], object] | None,
) -> SanityCheck:
    targets = as_directions(directions, probe.channels, probe.layer)
    cells = targets if means is None else rows_of(means).astype(np.float32)
    if cells.shape[1] != probe.channels:
        raise ActivationsError(
            f"means have {cells.shape[1]} numbers, but layer {probe.layer!r} has {probe.channels} "
            "channels"
        )
    if len(cells) < 2:
        raise ActivationsError(
            "one direction alone: whether a picture is nearest to its own says nothing among one; "
            "pass several (a dozen is enough), or the cells to rank among as means="
        )
    own = _own(targets, cells)
    engine = InversionEngine(probe, settings=settings)

    def control(
        name: str, activations: NDArray[np.float32], true: NDArray[np.float32] | None = None
    ) -> Control:
        rank = ranks(activations, cells, own, centre=centre)
        true = cosine(activations, targets) if true is None else true
        return Control(name, true, float(np.mean(rank == 0)))

    first, second = _halves(callback)
    pictures = run(engine, targets, seed, callback=first)
    with probe.untrained(seed) as other:
        strange = run(InversionEngine(other, settings=settings), targets, seed, callback=second)
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, pictures.images.shape, dtype=np.uint8)
    controls = [
        control("pictures", pictures.activations),
        control("noise images", engine.fidelity(noise)[1]),
        control("untrained network's pictures", engine.fidelity(strange.images)[1]),
        control("untrained, to itself", strange.activations, strange.cosine),
    ]
    if images is not None:
        natural = engine.fidelity(as_rgb(images, probe.input_size))[1]
        nearest = (unit(natural) @ unit(targets).T).argmax(0)
        controls.append(control("nearest crop", natural[nearest]))
    return SanityCheck(tuple(controls))


def _halves(
    callback: Callable[[int, int], object] | None,
) -> tuple[Callable[[int, int], object], Callable[[int, int], object]]:
    """Two callbacks, each told of one half of all the work."""
    told = callback or (lambda _done, _total: None)
    return (
        lambda done, total: told(done, 2 * total),
        lambda done, total: told(total + done, 2 * total),
    )


def _own(targets: NDArray[Any], cells: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray((unit(targets) @ unit(cells).T).argmax(1))
