"""Messages about groups of channels of the image that is open, made of its reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.image.answers import NO_CLASS, remainders_of
from atlas_widget.session.image.shown_map import ShownMap

if TYPE_CHECKING:
    from atlas_widget.reading import Groups, ImageReading

__all__ = ["flow_answer", "groups_answer"]


def groups_answer(
    maps: Sequence[ShownMap],
    layer: int,
    groups: Groups,
    a: int,
    b: int,
    *,
    serial: int,
    pictures: str,
) -> dict[str, Any]:
    """Return the message about groups of a layer's channels.

    Parameters
    ----------
    maps, layer
        The positions shown of each layer, and the layer's number.
    groups
        The groups.
    a, b
        Classes; −1: none.
    serial
        The image's number.
    pictures
        The name of the groups' pictures.
    """
    values: Sequence[float] = []
    left, rows = 0.0, [0.0, 0.0, 0.0]
    score = 0.0
    if a != NO_CLASS:
        found = groups.attribution(a, None if b == NO_CLASS else b)
        values, left, rows = (
            found.values.tolist(),
            found.remainders["in no group"],
            remainders_of(found),
        )
        score = found.score
    shown = maps[layer]
    return messages.build(
        "image_groups",
        serial=serial,
        layer=layer,
        count=len(groups),
        explained=groups.explained,
        maps=np.concatenate([shown.picked(each) for each in groups.maps]),
        a=a,
        b=b,
        contributions=values,
        in_no_group=left,
        prefix_tokens=rows[0],
        biases=rows[1],
        rest=rows[2],
        score=score,
        pictures=pictures,
    )


def flow_answer(
    reading: ImageReading,
    before: Groups,
    after: Groups,
    *,
    serial: int,
    pictures: tuple[str, str],
) -> dict[str, Any]:
    """Return the message about contributions of groups to later groups, and to classes.

    Parameters
    ----------
    reading
        The reading.
    before, after
        Groups of two layers.
    serial
        The image's number.
    pictures
        The names of the groups' pictures, of both layers.
    """
    table = reading.flow(before, after)
    best: list[int] = []
    names: list[str] = []
    to_classes: list[float] = []
    try:
        classes = reading.classes(3)
        best, names = list(classes.index), list(classes["label"])
        for each in best:
            to_classes += after.attribution(each).values.tolist()
    except AtlasError:
        pass  # a model without classes: the flow ends at the later layer
    return messages.build(
        "image_flow",
        serial=serial,
        lower=reading.layers.index(before.layer),
        upper=reading.layers.index(after.layer),
        count=len(before),
        values=table.iloc[: len(before)].to_numpy().ravel(),
        left=table.loc["in no group"],
        strengths=table.loc["sum"],
        classes=best,
        names=names,
        to_classes=to_classes,
        lower_pictures=pictures[0],
        upper_pictures=pictures[1],
    )
