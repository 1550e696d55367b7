"""Pictures beside their controls, which say what their cosines and ranks are worth.

A feature inversion always shows *something*. Whether it shows the direction it was made for is
measured: the finished picture is encoded again, without transforms, and compared with its target.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.errors import ActivationsError
from atlas_widget.inversion.channel_statistics import channel_statistics
from atlas_widget.inversion.engine import InversionEngine
from atlas_widget.inversion.inputs import as_directions, as_examples, layer_and_aim
from atlas_widget.inversion.invert import run
from atlas_widget.inversion.judge import Judge, Judgement
from atlas_widget.inversion.likeness import cosine, ranks, rows_of, unit
from atlas_widget.inversion.settings import InversionSettings, as_settings
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.opening import opened
from atlas_widget.probe.pictures import as_rgb

__all__ = ["STATISTICS_ALONE", "Control", "SanityCheck", "sanity_check"]


STATISTICS_ALONE = "statistics alone"
"""Name of the control of pictures made without any direction."""


@dataclass(frozen=True)
class Control:
    """One row of a sanity check: cosines to the targets, and the part nearest to their own.

    Attributes
    ----------
    found
        Part of the pictures in which a second network finds their own cell; None without one.
    """

    name: str
    cosine: NDArray[np.float32]
    own: float
    found: float | None = None

    @property
    def median(self) -> float:
        """Median cosine."""
        return float(np.median(self.cosine))

    @property
    def interval(self) -> tuple[float, float]:
        """Between which cosines 80 % lie."""
        low, high = np.quantile(self.cosine, [0.1, 0.9])
        return float(low), float(high)


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
        """True if the pictures beat all controls but the nearest crop in both columns."""
        pictures, *others = self.controls
        rivals = [c for c in others if c.name != "nearest crop"]
        return all(pictures.median > c.median and pictures.own > c.own for c in rivals)

    @property
    def verdict(self) -> str:
        """Conclusion from the controls, in a sentence."""
        alone = any(control.name == STATISTICS_ALONE for control in self.controls)
        if self.passed:
            rivals = ["noise", "than an untrained network"]
            rivals += ["than the statistics of crops alone"] if alone else []
            better = f"The pictures are better than {', '.join(rivals[:-1])} and {rivals[-1]}."
            return f"{better}{self._doubt}"
        also = ", or the statistics of crops alone," if alone else ","
        return (
            "The pictures are NOT better than the controls: do not read anything into them. "
            f"An untrained network, or noise{also} does as well at this layer."
        )

    @property
    def _doubt(self) -> str:
        """Return the judge's objection to the pictures; empty if there is none, or no judge."""
        found = self.controls[0].found
        rivals = [c for c in self.controls[1:] if c.name != "nearest crop"]
        as_good = [c.name for c in rivals if c.found is not None and c.found >= (found or 0.0)]
        if found is None or not as_good:
            return ""
        return (
            f" But the judge finds the cells no better in them than in these: {', '.join(as_good)}."
        )

    def __repr__(self) -> str:
        judged = any(control.found is not None for control in self.controls)
        head = f"{'':28}{'cosine':>8}{'10 %':>8}{'90 %':>8}{'own cell':>10}"
        lines = [head + (f"{'judge':>8}" if judged else "")]
        for c in self.controls:
            low, high = c.interval
            found = "" if c.found is None else f"{c.found:8.0%}"
            lines.append(f"{c.name:28}{c.median:8.2f}{low:8.2f}{high:8.2f}{c.own:10.0%}{found}")
        return "\n".join([*lines, self.verdict])


def sanity_check(
    model: Any,
    layer: Any = None,
    directions: Any = None,
    *,
    images: Any = None,
    examples: Any = None,
    means: Any = None,
    centre: Any = None,
    settings: InversionSettings | None = None,
    transform: Any = None,
    device: Any = None,
    seed: int = 0,
    judge: Judge | None = None,
    held_out: Sequence[NDArray[np.uint8]] | None = None,
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
    examples
        For each direction some real crops, whose statistics its picture is kept near to; as
        `images` of :func:`~atlas_widget.invert`. A further control then are pictures of those
        statistics alone, made without any direction: what they reach is not the direction's merit.
    means, centre
        Cells to rank among, and the mean of all activations; see :func:`ranks`.
    settings, transform, device, seed
        As for :func:`~atlas_widget.invert`.
    judge, held_out
        A second network, and for each direction some crops that its picture is not made from,
        uint8 (k, side, side, 3): in which part of each row's pictures does it find their own cell
        among those of all directions? See :class:`~atlas_widget.inversion.judge.Judgement`.
    callback
        Called with (pictures finished, pictures in all) after every few steps; may raise to stop.
    """
    layer, directions = layer_and_aim(model, layer, directions)
    if directions is None:
        raise ActivationsError("directions=None: pass an array of shape (n, channels)")
    with torch.inference_mode(False), opened(model, layer, transform, device) as probe:
        return _checked(
            probe,
            directions,
            images,
            examples,
            means,
            centre,
            as_settings(settings),
            seed,
            callback,
            _Jury.of(judge, held_out),
        )


def _checked(
    probe: LayerProbe,
    directions: Any,
    images: Any,
    examples: Any,
    means: Any,
    centre: Any,
    settings: InversionSettings,
    seed: int,
    callback: Callable[[int, int], object] | None,
    jury: _Jury | None,
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
        name: str,
        pictures: NDArray[np.uint8],
        activations: NDArray[np.float32],
        true: NDArray[np.float32] | None = None,
    ) -> Control:
        rank = ranks(activations, cells, own, centre=centre)
        true = cosine(activations, targets) if true is None else true
        found = None if jury is None else jury.found(pictures)
        return Control(name, true, float(np.mean(rank == 0)), found)

    first, second = _halves(callback)
    pictures = run(engine, targets, seed, images=examples, callback=first)
    with probe.untrained(seed) as other:
        stranger = InversionEngine(other, settings=settings)
        strange = run(stranger, targets, seed, images=examples, callback=second)
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, pictures.images.shape, dtype=np.uint8)
    controls = [
        control("pictures", pictures.images, pictures.activations),
        control("noise images", noise, engine.fidelity(noise)[1]),
        control("untrained network's pictures", strange.images, engine.fidelity(strange.images)[1]),
        control("untrained, to itself", strange.images, strange.activations, strange.cosine),
    ]
    alone = _statistics_alone(engine, examples, len(targets), seed)
    if alone is not None:
        controls.append(control(STATISTICS_ALONE, alone, engine.fidelity(alone)[1]))
    if images is not None:
        rgb = as_rgb(images, probe.input_size)
        natural = engine.fidelity(rgb)[1]
        nearest = (unit(natural) @ unit(targets).T).argmax(0)
        crops = (rgb[torch.from_numpy(nearest)].permute(0, 2, 3, 1) * 255).round().numpy()
        controls.append(control("nearest crop", crops.astype(np.uint8), natural[nearest]))
    return SanityCheck(tuple(controls))


class _Jury:
    """A second network that has seen crops of all cells."""

    def __init__(self, judge: Judge, crops: Sequence[NDArray[np.uint8]]) -> None:
        self._judge = judge
        self._crops = [judge.features(each) for each in crops]
        self._centre = np.concatenate(self._crops).mean(0)

    @classmethod
    def of(cls, judge: Judge | None, held_out: Sequence[NDArray[np.uint8]] | None) -> Self | None:
        """Return it, or None without a network."""
        if judge is None:
            return None
        if held_out is None:
            raise ActivationsError("judge= needs held_out=: some real crops for each direction")
        return cls(judge, held_out)

    def found(self, pictures: NDArray[np.uint8]) -> float:
        """Return the share of pictures in which their own cell is found."""
        if len(pictures) != len(self._crops):
            raise ActivationsError(
                f"held_out has crops for {len(self._crops)} directions, not for {len(pictures)}"
            )
        ranks = [
            Judgement.of(
                features, own, [*self._crops[:at], *self._crops[at + 1 :]], self._centre
            ).rank
            for at, (features, own) in enumerate(
                zip(self._judge.features(pictures), self._crops, strict=True)
            )
        ]
        return float(np.mean(np.array(ranks) == 1))


def _statistics_alone(
    engine: InversionEngine, examples: Any, count: int, seed: int
) -> NDArray[np.uint8] | None:
    """Pictures with the statistics of their examples and no direction; None without examples."""
    if examples is None or not engine.settings.statistics:
        return None
    crops = as_examples(examples, count, engine.canvas)
    statistics = engine.statistics_of(crops)
    if statistics is None or not statistics.counts.any():
        return None
    objective = channel_statistics(statistics, tolerance=engine.settings.tolerance)
    parts = []
    for rows in torch.split(torch.arange(count), engine.batch_size):
        state = engine.start(seeds=np.full(len(rows), seed), objective=objective.select(rows))
        engine.advance(state, engine.settings.steps)
        parts.append(engine.pictures(state))
    return np.concatenate(parts)


def _halves(
    callback: Callable[[int, int], object] | None,
) -> tuple[Callable[[int, int], object], Callable[[int, int], object]]:
    """Return two callbacks, each told of one half of all the work."""
    told = callback or (lambda _done, _total: None)
    return (
        lambda done, total: told(done, 2 * total),
        lambda done, total: told(total + done, 2 * total),
    )


def _own(targets: NDArray[Any], cells: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray((unit(targets) @ unit(cells).T).argmax(1))
