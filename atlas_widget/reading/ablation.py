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
from atlas_widget.reading.interventions import scores_of_maps
from atlas_widget.reading.places import Position, checked_position
from atlas_widget.reading.scores import LayerScores

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Region", "ablation_table", "removed_part"]

Region = Sequence[Position] | NDArray[np.bool_]


def removed_part(
    layer: str,
    own: Tensor,
    *,
    channel: int | None,
    group: tuple[Groups, int] | None,
    positions: Region | None,
) -> Tensor:
    """Return what of a layer's map is taken away, (channels, rows, columns).

    Parameters
    ----------
    layer
        Its name.
    own
        Its map.
    channel, group, positions
        See `ImageReading.ablate`; exactly one is given.
    """
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


def ablation_table(
    scores: LayerScores, own: Tensor, gone: Tensor, classes: Sequence[int]
) -> pd.DataFrame:
    """Return the scores without a part of a layer's map, beside the prediction.

    Parameters
    ----------
    scores
        Contributions of the layer to the scores.
    own, gone
        Its map, and what of it is taken away, (channels, rows, columns).
    classes
        Numbers of scores.

    Returns
    -------
    DataFrame
        See `ImageReading.ablate`.
    """
    import pandas as pd

    away = gone.cpu().double()
    predicted = [-float((away * scores.contributions(each).gradients).sum()) for each in classes]
    before, after = scores_of_maps(scores.probe, scores.rgb, [None, own - gone])
    return pd.DataFrame(
        {
            "label": [scores.names.name(each) for each in classes],
            "score": before[list(classes)].numpy(),
            "predicted": predicted,
            "actual": (after - before)[list(classes)].numpy(),
        },
        index=pd.Index(classes, name="class"),
    )
