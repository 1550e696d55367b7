"""Influence between layers: the sources of one place, and what it contributes further on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from atlas_widget.errors import AtlasError
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.outputs import tensor_at
from atlas_widget.reading.attributions import Attribution
from atlas_widget.reading.classes import ClassNames
from atlas_widget.reading.places import Place
from atlas_widget.reading.recording import Recording
from atlas_widget.reading.scores import Parts, split

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Influence", "fed_by", "feeds"]

Readout = Callable[[Tensor], Tensor]
"""From a map (1, channels, rows, columns) to numbers (1, k); linear."""


@dataclass(frozen=True)
class Influence:
    """Contributions of one place to all that follows.

    Attributes
    ----------
    later
        For each later layer the contribution to the norm of each position (or, of a channel, to the
        sum of each channel); `score` is the sum of these.
    classes
        The contribution to each score, by class: ``label``, ``contribution``; None if the model has
        no classes.
    """

    later: dict[str, Attribution]
    classes: pd.DataFrame | None


def fed_by(
    recording: Recording, probes: Sequence[LayerProbe], layer: int, place: Place
) -> dict[str, Attribution]:
    """Split one place's strength over each earlier layer: positions of a position, else channels.

    For a position, T[p, q] = Σ_c h₁[q] · ∂(u · h₂[p]) / ∂h₁[q] with u = h₂[p] / ‖h₂[p]‖ fixed, so
    that all q, and the biases, add up to ‖h₂[p]‖. For a channel, its sum over the map.

    Parameters
    ----------
    recording
        The pass.
    probes
        Its layers.
    layer
        The number of the layer that the place is in.
    place
        The place.

    Returns
    -------
    dict
        By name, for each layer that the place depends on, first to last.
    """
    found = recording.contributions_to(lambda: place.number(recording.maps[layer]))
    parts: Parts = "channels" if place.position is None else "positions"
    about = f"{place.words} of {probes[layer].layer}"
    split_over = {}
    for number in recording.order:
        own = found[number]
        if own is not None and recording.depends(layer, number):
            name = probes[number].layer
            split_over[name] = split(own, parts, recording, number, name, about)
    return split_over


def feeds(
    recording: Recording,
    probes: Sequence[LayerProbe],
    rgb: Tensor,
    layer: int,
    place: Place,
    names: ClassNames,
    only: Sequence[int] | None = None,
) -> Influence:
    """Return what one place contributes to every position of later layers and to all scores.

    The same numbers as :func:`fed_by` gives for each of these, by one pass in forward mode along
    the place's own activation. Where an operation of the model has no forward mode, reverse mode
    stands in, as `Derivatives` has it.

    Parameters
    ----------
    recording, probes, layer, place
        As for :func:`fed_by`.
    rgb
        The image, (1, 3, h, w) in [0, 1].
    names
        The scores' names.
    only
        Numbers of the later layers to look at, without the scores; None: all, and the scores.
    """
    import pandas as pd

    later = [each for each in recording.order if recording.depends(each, layer)]
    later = later if only is None else [each for each in later if each in only]
    by_position = place.position is not None
    readouts = [_norms(recording.maps[each]) if by_position else _sums for each in later]
    has_scores = only is None and recording.scores is not None
    behind = [probes[each] for each in later]
    changes, scores = _push(
        probes[layer], rgb, place.only, behind, readouts, recording, scores=has_scores
    )
    parts: Parts = "positions" if by_position else "channels"
    found = {}
    for number, change in zip(later, changes, strict=True):
        shape = recording.maps[number].shape[1:] if by_position else (-1,)
        name = probes[number].layer
        about = f"{place.words} of {probes[layer].layer}"
        values = change.reshape(shape).numpy()
        found[name] = Attribution(
            name, about, parts, values, {}, float(values.sum()), recording.max_pool
        )
    table = None
    if scores is not None:
        numbers = range(len(scores))
        table = pd.DataFrame(
            {"label": [names.name(each) for each in numbers], "contribution": scores.numpy()},
            index=pd.Index(numbers, name="class"),
        )
    return Influence(found, table)


def _norms(own: Tensor) -> Readout:
    """Return a readout of each position's norm, its direction held as it is in `own`."""
    fixed = own.detach()
    units = fixed / fixed.norm(dim=0, keepdim=True).clamp_min(1e-30)
    return lambda maps: (maps * units.to(maps)).sum(1).flatten(1)


def _sums(maps: Tensor) -> Tensor:
    return maps.sum((2, 3))


def _push(
    probe: LayerProbe,
    rgb: Tensor,
    change: Callable[[Tensor], Tensor],
    later: Sequence[LayerProbe],
    readouts: Sequence[Readout],
    recording: Recording,
    *,
    scores: bool,
) -> tuple[list[Tensor], Tensor | None]:
    """Return the change of readouts of later layers, and of the scores, along a layer's change."""
    if not later and not scores:
        return [], None
    aspect = rgb.shape[2] / rgb.shape[3]
    found: list[list[Tensor]] = [[] for _ in later]
    sizes: list[int] = []

    def hook_of(number: int) -> Any:
        path = later[number].plain.runner.path

        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            # as it is now: what follows may change it in place
            found[number].append(tensor_at(output, path).clone())

        return hook

    def numbers(output: Any, count: int) -> Tensor:
        parts = []
        for upper, read, runs in zip(later, readouts, found, strict=True):
            call, layout = upper.plain.runner.call, upper.plain.layout
            if len(runs) <= call:
                raise AtlasError(f"The layer {upper.layer!r} did not run for this image.")
            parts.append(read(layout.as_map(runs[call], aspect)))
            runs.clear()  # the model may be run again
        if scores:
            parts.append(probe.target.scores(output, count))
        sizes[:] = [part.shape[1] for part in parts]
        return torch.cat(parts, 1)

    derivatives = probe.derivatives.on(probe.plain)
    hooks = [(upper.plain.runner.module, hook_of(at)) for at, upper in enumerate(later)]
    with probe.plain.runner.network.hooked(hooks):
        along = derivatives.along(rgb, change, numbers, max_pool=recording.max_pool)
    parts = list(torch.split(along[0].cpu().double(), sizes))
    return parts[: len(later)], parts[-1] if scores else None
