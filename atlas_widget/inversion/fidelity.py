"""How faithful pictures are, and the controls that say what those numbers are worth.

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
from torch import nn

from atlas_widget.errors import ActivationsError, AtlasError
from atlas_widget.inversion.invert import run
from atlas_widget.inversion.render import InversionEngine
from atlas_widget.inversion.settings import InversionSettings

__all__ = ["Control", "SanityCheck", "cosine", "ranks", "sanity_check"]

_TINY = 1e-12


def cosine(activations: Any, directions: Any) -> NDArray[np.float32]:
    """True cosine between each activation and its direction, shape (n,)."""
    a, d = _rows(activations), _rows(directions)
    scale = np.linalg.norm(a, axis=1) * np.linalg.norm(d, axis=1)
    result: NDArray[np.float32] = ((a * d).sum(1) / np.maximum(scale, _TINY)).astype(np.float32)
    return result


def ranks(
    activations: Any, means: Any, own: Any = None, *, centre: Any = None
) -> NDArray[np.int64]:
    """How many cells are nearer to each activation than its own; 0 is the best.

    Near is the cosine after the subtraction of `centre`: activations share a large common part, and
    before it is taken away everything looks like everything.

    Parameters
    ----------
    activations
        What the layer answers to the finished pictures, (n, channels).
    means
        All cells' means, (cells, channels).
    own
        Each picture's cell, as a row of `means`; the first n where not given.
    centre
        Mean of all activations; the mean of `means` where not given.
    """
    a, m = _rows(activations), _rows(means)
    middle = m.mean(0) if centre is None else np.asarray(centre, np.float64)
    cells = np.arange(len(a)) if own is None else np.asarray(own)
    if len(cells) != len(a) or (len(cells) and not 0 <= cells.min() <= cells.max() < len(m)):
        raise ActivationsError(
            f"own cells of shape {cells.shape} for {len(a)} pictures and {len(m)} cells: expected "
            "one row of `means` for each picture"
        )
    likeness = _unit(a - middle) @ _unit(m - middle).T
    mine = likeness[np.arange(len(a)), cells]
    return np.asarray((likeness > mine[:, None] + 1e-9).sum(1))


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
    crop nearest to each direction, which is what fidelity looks like.

    Parameters
    ----------
    model
        Any ``nn.Module``, or a :class:`~atlas_widget.probe.LayerProbe` (then no `layer`).
    layer
        Name of the layer, as :func:`~atlas_widget.list_layers` gives it.
    directions
        Targets, shape (n, channels); a dozen is enough.
    images
        Natural crops, RGB in [0, 1], (k, 3, height, width).
    means, centre
        Cells to rank among, and the mean of all activations; see :func:`ranks`.
    settings, transform, device, seed
        As for :func:`~atlas_widget.invert`.
    callback
        Called with (pictures finished, pictures in all) after every few steps; may raise to stop.
    """
    from atlas_widget.probe import LayerProbe

    if isinstance(model, nn.Module):
        with LayerProbe(model, layer, transform=transform, device=device) as probe:
            return sanity_check(
                probe, None, directions, images=images, means=means, centre=centre,
                settings=settings, seed=seed, callback=callback,
            )  # fmt: skip
    if not isinstance(model, LayerProbe):
        raise AtlasError(
            f"sanity_check needs an nn.Module or a LayerProbe, not {type(model).__name__}."
        )
    probe = model
    directions = layer if directions is None else directions
    if directions is None:
        raise ActivationsError("directions=None: pass an array of shape (n, channels)")
    settings = settings or InversionSettings.icon()
    targets = _rows(directions).astype(np.float32)
    cells = targets if means is None else _rows(means).astype(np.float32)
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
        natural = engine.fidelity(torch.as_tensor(images).float())[1]
        nearest = (_unit(natural) @ _unit(targets).T).argmax(0)
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
    return np.asarray((_unit(targets) @ _unit(cells).T).argmax(1))


def _rows(values: Any) -> NDArray[np.float64]:
    array = values.detach().cpu().numpy() if torch.is_tensor(values) else np.asarray(values)
    return np.atleast_2d(array.astype(np.float64))


def _unit(rows: NDArray[Any]) -> NDArray[np.float64]:
    rows = np.asarray(rows, np.float64)
    unit: NDArray[np.float64] = rows / np.maximum(
        np.linalg.norm(rows, axis=1, keepdims=True), _TINY
    )
    return unit
