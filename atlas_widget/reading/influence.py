"""Influence between layers: the sources of one place, and what it contributes further on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.outputs import tensor_at
from atlas_widget.reading.attributions import Attribution
from atlas_widget.reading.image_in_layers import ImageInLayers
from atlas_widget.reading.places import Place, Position
from atlas_widget.reading.scores import Parts, split

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Influence", "between", "fed_by", "feeds"]

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


def between(
    seen: ImageInLayers,
    lower: str,
    upper: str,
    *,
    position: Position | None = None,
    channel: int | None = None,
    at: Literal["upper", "lower"] = "upper",
) -> Attribution:
    """Return what passes between one place in a layer and all places in another.

    Parameters
    ----------
    seen
        The image.
    lower, upper
        Names of two layers, of which the first runs before the second.
    position, channel
        One of them: the place.
    at
        Which of the two layers the place is in: ``"upper"`` is :func:`fed_by`, ``"lower"`` is
        :func:`feeds`.

    Raises
    ------
    AttributionError
        No derivative gets from the upper layer back to the lower one.
    """
    if at not in ("upper", "lower"):
        raise AtlasError(f"at={at!r}: 'upper' or 'lower', the layer that the place is in.")
    if not seen.recording.depends(seen.index(upper), seen.index(lower)):
        raise AttributionError(
            f"No derivative gets from {upper!r} back to {lower!r}: the first does not run "
            "behind the second, or the model detaches in between."
        )
    if at == "upper":
        return fed_by(seen, upper, seen.place(upper, position, channel))[lower]
    return feeds(seen, lower, seen.place(lower, position, channel), [upper]).later[upper]


def fed_by(seen: ImageInLayers, layer: str, place: Place) -> dict[str, Attribution]:
    """Split one place's strength over each earlier layer: positions of a position, else channels.

    For a position, T[p, q] = Σ_c h₁[q] · ∂(u · h₂[p]) / ∂h₁[q] with u = h₂[p] / ‖h₂[p]‖ fixed, so
    that all q, and the biases, add up to ‖h₂[p]‖. For a channel, its sum over the map.

    Parameters
    ----------
    seen
        The image.
    layer
        Name of the layer that the place is in.
    place
        The place.

    Returns
    -------
    dict
        By name, for each layer that the place depends on, first to last.
    """
    recording, number = seen.recording, seen.index(layer)
    found = recording.contributions_to(lambda: place.number(recording.maps[number]))
    parts: Parts = "channels" if place.position is None else "positions"
    about = f"{place.words} of {layer}"
    split_over = {}
    for earlier in recording.order:
        own = found[earlier]
        if own is not None and recording.depends(number, earlier):
            name = seen.probes[earlier].layer
            split_over[name] = split(seen, name, parts, own, about)
    return split_over


def feeds(
    seen: ImageInLayers, layer: str, place: Place, only: Sequence[str] | None = None
) -> Influence:
    """Return what one place contributes to every position of later layers and to all scores.

    The same numbers as :func:`fed_by` gives for each of these, by one pass in forward mode along
    the place's own activation. Where an operation of the model has no forward mode, reverse mode
    stands in, as `Derivatives` has it.

    Parameters
    ----------
    seen, layer, place
        As for :func:`fed_by`.
    only
        Names of the later layers to look at, without the scores; None: all, and the scores.
    """
    import pandas as pd

    recording, number = seen.recording, seen.index(layer)
    wanted = range(len(seen.probes)) if only is None else [seen.index(each) for each in only]
    later = [each for each in recording.order if recording.depends(each, number) and each in wanted]
    by_position = place.position is not None
    readouts = [_norms(recording.maps[each]) if by_position else _sums for each in later]
    has_scores = only is None and recording.scores is not None
    behind = [seen.probes[each] for each in later]
    changes, scores = _push(seen, number, place.only, behind, readouts, scores=has_scores)
    parts: Parts = "positions" if by_position else "channels"
    about = f"{place.words} of {layer}"
    found = {}
    for each, change in zip(later, changes, strict=True):
        shape = recording.maps[each].shape[1:] if by_position else (-1,)
        name = seen.probes[each].layer
        values = change.reshape(shape).numpy()
        found[name] = Attribution(
            name, about, parts, values, {}, float(values.sum()), recording.max_pool
        )
    table = None
    if scores is not None:
        numbers = range(len(scores))
        table = pd.DataFrame(
            {"label": [seen.names.name(k) for k in numbers], "contribution": scores.numpy()},
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
    seen: ImageInLayers,
    layer: int,
    change: Callable[[Tensor], Tensor],
    later: Sequence[LayerProbe],
    readouts: Sequence[Readout],
    *,
    scores: bool,
) -> tuple[list[Tensor], Tensor | None]:
    """Return the change of readouts of later layers, and of the scores, along a layer's change."""
    if not later and not scores:
        return [], None
    probe, rgb = seen.probes[layer], seen.rgb
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
        along = derivatives.along(rgb, change, numbers, max_pool=seen.recording.max_pool)
    parts = list(torch.split(along[0].cpu().double(), sizes))
    return parts[: len(later)], parts[-1] if scores else None
