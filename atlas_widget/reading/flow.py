"""Attribution of scores, and of groups of a later layer, to groups of an earlier one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.reading.attributions import Attribution
from atlas_widget.reading.classes import Class
from atlas_widget.reading.groups import Groups
from atlas_widget.reading.image_in_layers import ImageInLayers
from atlas_widget.reading.recording import Contributions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["flow_table", "group_attribution", "shares_of_groups"]


def group_attribution(
    seen: ImageInLayers, groups: Groups, a: Class, b: Class | None = None
) -> Attribution:
    """Split a class's score, or that of `a` less `b`'s, over the groups of a layer.

    A group's value is the sum over positions p of map[p] · ⟨direction, gradient[p]⟩; what the
    factorisation leaves over, h − Σ map · direction, has a row of its own.
    """
    found = seen.contributions(groups.layer, a, b)
    return _split_over_groups(seen, groups, found, seen.names.about(a, b))


def _split_over_groups(
    seen: ImageInLayers, groups: Groups, contributions: Contributions, about: str
) -> Attribution:
    recording = seen.recording
    gradients = contributions.gradients.numpy()
    own = seen.activations(groups.layer)
    if groups.reconstruction.shape != own.shape:
        raise AtlasError(
            f"The groups are of a map of {groups.reconstruction.shape}, not of {own.shape}: of "
            "another image or layer."
        )
    values = np.einsum("gij,gc,cij->g", groups.maps, groups.directions, gradients)
    left = float(((own - groups.reconstruction) * gradients).sum())
    others = recording.remainders(contributions, seen.index(groups.layer))
    remainders = {"in no group": left} | others
    return Attribution(
        groups.layer, about, "groups", values, remainders, contributions.score, recording.max_pool
    )


def flow_table(seen: ImageInLayers, before: Groups, after: Groups) -> pd.DataFrame:
    """Return what each group of a lower layer contributes to each group of an upper one.

    The strength of an upper group is Σ_p map[p] · ⟨direction / ‖direction‖, h[p]⟩, with its map and
    direction held as they are; one pass back for each.

    Parameters
    ----------
    seen
        The image.
    before, after
        Groups of two of its layers.

    Returns
    -------
    DataFrame
        A column for each upper group; a row for each lower group, then those of the remainders
        (see :class:`Attribution`) and ``"sum"``, the upper group's strength.
    """
    import pandas as pd

    columns = {}
    for number in range(len(after)):
        own = _contributions(seen, before.layer, after, number)
        split = _split_over_groups(seen, before, own, f"group {number} of {after.layer}")
        columns[number] = [*split.values, *split.remainders.values(), split.score]
        index = [*range(len(before)), *split.remainders, "sum"]
    table = pd.DataFrame(columns, index=pd.Index(index, name=before.layer, dtype=object))
    table.columns.name = after.layer
    return table


def shares_of_groups(seen: ImageInLayers, layer: str, after: Groups) -> list[NDArray[np.float64]]:
    """Split a layer's map among the groups of a later one, by the size of the attribution to each.

    Parameters
    ----------
    seen
        The image.
    layer
        Name of the layer.
    after
        Groups of a later one.

    Returns
    -------
    list of ndarray
        A part in [0, 1] for each group, (channels, rows, columns), which add up to 1; equal parts
        where nothing is attributed to any.
    """
    sizes = np.stack(
        [
            _contributions(seen, layer, after, number).products.abs().numpy()
            for number in range(len(after))
        ]
    )
    whole = sizes.sum(0)
    parts = np.where(whole > 0, sizes / np.where(whole > 0, whole, 1.0), 1 / len(after))
    return list(parts)


def _contributions(seen: ImageInLayers, layer: str, after: Groups, number: int) -> Contributions:
    """Return a layer's contributions to the strength of a group of a later one."""
    lower, upper = seen.index(layer), seen.index(after.layer)
    strength = partial(_strength, seen.map(after.layer), after, number)
    found = seen.recording.contributions_to(strength)[lower]
    if found is None or not seen.recording.depends(upper, lower):
        raise AttributionError(
            f"No derivative gets from {after.layer!r} back to {layer!r}: the first does not depend "
            "on the second, or the model detaches in between."
        )
    return found


def _strength(own: Tensor, groups: Groups, number: int) -> Tensor:
    direction = torch.from_numpy(groups.directions[number])
    weights = torch.from_numpy(groups.maps[number])
    unit = direction / direction.norm().clamp_min(1e-300)
    fixed = (unit[:, None, None] * weights).to(own.device, own.dtype)
    return torch.sum(own * fixed)
