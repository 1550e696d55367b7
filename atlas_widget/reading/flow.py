"""Attribution of scores, and of groups of a later layer, to groups of an earlier one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.reading.attributions import Attribution
from atlas_widget.reading.groups import Groups
from atlas_widget.reading.recording import Contributions, Recording

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["flow_table", "shares_of_groups", "split_over_groups"]


def split_over_groups(
    groups: Groups, contributions: Contributions, about: str, recording: Recording, layer: int
) -> Attribution:
    """Split contributions of a layer over its groups.

    A group's value is the sum over positions p of map[p] · ⟨direction, gradient[p]⟩; what the
    factorisation leaves over, h − Σ map · direction, has a row of its own.

    Parameters
    ----------
    groups
        Of the layer, for this image.
    contributions
        Of the layer to some number.
    about
        What the number is.
    recording, layer
        The pass, and the layer's number in it.
    """
    gradients = contributions.gradients.numpy()
    own = recording.maps[layer].detach().cpu().double().numpy()
    if groups.reconstruction.shape != own.shape:
        raise AtlasError(
            f"The groups are of a map of {groups.reconstruction.shape}, not of {own.shape}: of "
            "another image or layer."
        )
    values = np.einsum("gij,gc,cij->g", groups.maps, groups.directions, gradients)
    left = float(((own - groups.reconstruction) * gradients).sum())
    remainders = {"in no group": left} | recording.remainders(contributions, layer)
    return Attribution(
        groups.layer, about, "groups", values, remainders, contributions.score, recording.max_pool
    )


def flow_table(
    recording: Recording, lower: int, upper: int, before: Groups, after: Groups
) -> pd.DataFrame:
    """Return what each group of a lower layer contributes to each group of an upper one.

    The strength of an upper group is Σ_p map[p] · ⟨direction / ‖direction‖, h[p]⟩, with its map and
    direction held as they are; one pass back for each.

    Parameters
    ----------
    recording
        The pass.
    lower, upper
        Numbers of the layers in it.
    before, after
        Groups of these layers, for this image.

    Returns
    -------
    DataFrame
        A column for each upper group; a row for each lower group, then those of the remainders
        (see :class:`Attribution`) and ``"sum"``, the upper group's strength.
    """
    import pandas as pd

    columns = {}
    for number in range(len(after)):
        own = _contributions(recording, lower, upper, after, number)
        name = f"group {number} of {after.layer}"
        split = split_over_groups(before, own, name, recording, lower)
        columns[number] = [*split.values, *split.remainders.values(), split.score]
        index = [*range(len(before)), *split.remainders, "sum"]
    table = pd.DataFrame(columns, index=pd.Index(index, name=before.layer, dtype=object))
    table.columns.name = after.layer
    return table


def shares_of_groups(
    recording: Recording, lower: int, upper: int, after: Groups
) -> list[NDArray[np.float64]]:
    """Split a layer's map among the groups of a later one, by the size of the attribution to each.

    Parameters
    ----------
    recording, lower, upper, after
        As for :func:`flow_table`.

    Returns
    -------
    list of ndarray
        A part in [0, 1] for each group, (channels, rows, columns), which add up to 1; equal parts
        where nothing is attributed to any.
    """
    sizes = np.stack(
        [
            _contributions(recording, lower, upper, after, number).products.abs().numpy()
            for number in range(len(after))
        ]
    )
    whole = sizes.sum(0)
    parts = np.where(whole > 0, sizes / np.where(whole > 0, whole, 1.0), 1 / len(after))
    return list(parts)


def _contributions(
    recording: Recording, lower: int, upper: int, after: Groups, number: int
) -> Contributions:
    """Return the lower layer's contributions to the strength of a group of the upper one."""
    found = recording.contributions_to(partial(_strength, recording, upper, after, number))[lower]
    if found is None or not recording.depends(upper, lower):
        raise AttributionError(
            f"No derivative gets from {after.layer!r} back to the earlier layer: the first does "
            "not depend on the second, or the model detaches in between."
        )
    return found


def _strength(recording: Recording, layer: int, groups: Groups, number: int) -> torch.Tensor:
    own = recording.maps[layer]
    direction = torch.from_numpy(groups.directions[number])
    weights = torch.from_numpy(groups.maps[number])
    unit = direction / direction.norm().clamp_min(1e-300)
    fixed = (unit[:, None, None] * weights).to(own.device, own.dtype)
    return torch.sum(own * fixed)
