"""Removal of a channel, a group or a region of one image's activations, beside its prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas_widget.errors import AtlasError, check_unit
from atlas_widget.reading.groups import Groups
from atlas_widget.reading.image_in_layers import ImageInLayers
from atlas_widget.reading.interventions import scores_of_maps
from atlas_widget.reading.places import Position, checked_position

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Region", "ablate"]

_FEW = 8

Region = Sequence[Position] | NDArray[np.bool_]


def ablate(
    seen: ImageInLayers,
    layer: str,
    *,
    channel: int | None = None,
    group: tuple[Groups, int] | None = None,
    positions: Region | None = None,
    classes: Sequence[int],
    controls: int = 0,
    seed: int = 0,
) -> pd.DataFrame:
    """Remove a part of a layer's map, and compare the change of the scores with the prediction.

    Parameters
    ----------
    seen
        The image.
    layer, channel, group, positions
        See `ImageReading.ablate`; exactly one of the last three is given.
    classes
        Numbers of scores.
    controls, seed
        See `ImageReading.ablate`.
    """
    import pandas as pd

    if isinstance(controls, bool) or not isinstance(controls, int) or controls < 0:
        raise AtlasError(f"controls={controls!r}: how many random parts, 0 or more.")
    own = seen.map(layer).detach()
    gone = _removed(layer, own, channel=channel, group=group, positions=positions)
    predicted = _predicted(seen, layer, gone, classes)
    rng = np.random.default_rng(seed)
    others = [gone[torch.from_numpy(rng.permutation(len(gone)))] for _ in range(controls)]
    found = scores_of_maps(
        seen.probe(layer), seen.rgb, [None, own - gone, *(own - other for other in others)]
    )[:, list(classes)].numpy()
    changes = found[1:] - found[0]
    columns = {
        "label": [seen.names.name(each) for each in classes],
        "score": found[0],
        "predicted": predicted,
        "actual": changes[0],
    }
    if controls:
        columns |= {
            "random": changes[1:].mean(0),
            "random_min": changes[1:].min(0),
            "random_max": changes[1:].max(0),
        }
    return pd.DataFrame(columns, index=pd.Index(classes, name="class"))


def _predicted(
    seen: ImageInLayers, layer: str, gone: Tensor, classes: Sequence[int]
) -> NDArray[np.float64]:
    """Return minus the attribution of what is removed, to each class: to first order, the change.

    A pass back for each class, which is kept for other questions; of many classes one pass in
    forward mode, which has the same result.
    """
    if len(classes) <= _FEW:
        away = gone.cpu().double()
        gradients = [seen.contributions(layer, each).gradients for each in classes]
        return -np.array([float((away * gradient).sum()) for gradient in gradients])
    probe = seen.probe(layer)
    along = probe.derivatives.on(probe.plain).along(
        seen.rgb,
        lambda maps: gone.to(maps).expand_as(maps),
        probe.target.scores,
        max_pool=seen.recording.max_pool,
    )
    found: NDArray[np.float64] = -along[0].cpu().double().numpy()[list(classes)]
    return found


def _removed(
    layer: str,
    own: Tensor,
    *,
    channel: int | None,
    group: tuple[Groups, int] | None,
    positions: Region | None,
) -> Tensor:
    """Return what of a layer's map is taken away, (channels, rows, columns)."""
    if (channel is not None) + (group is not None) + (positions is not None) != 1:
        raise AtlasError("Give channel=, group= or positions=, one of the three.")
    if group is not None:
        groups, number = group
        part = torch.from_numpy(groups.part(number))
        if groups.layer != layer or part.shape != own.shape:
            raise AtlasError(
                f"The groups are of layer {groups.layer!r} and a map of {tuple(part.shape)}, not "
                f"of {layer!r} and {tuple(own.shape)}."
            )
        return part.to(own.device, own.dtype)
    gone = torch.zeros_like(own)
    if channel is not None:
        number = check_unit(channel, len(own), layer)
        gone[number] = own[number]
        return gone
    mask = torch.from_numpy(_mask(layer, own, positions)).to(own.device)
    return own * mask


def _mask(layer: str, own: Tensor, positions: Region | None) -> NDArray[np.bool_]:
    shape = tuple(own.shape[1:])
    if isinstance(positions, np.ndarray) and positions.dtype == np.bool_:
        if positions.shape != shape:
            raise AtlasError(
                f"The mask of positions has the shape {positions.shape}, and the map of layer "
                f"{layer!r} {shape}."
            )
        return positions
    mask = np.zeros(shape, np.bool_)
    for position in positions if positions is not None else ():
        mask[checked_position(layer, own, position)] = True
    if not mask.any():
        raise AtlasError("positions is empty: a list of (row, column), or a mask of the map.")
    return mask
