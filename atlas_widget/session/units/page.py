"""The page of one unit, as it is sent to the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget.protocol import messages
from atlas_widget.session.pictures.sheets import encode, pack
from atlas_widget.session.units.sampled_units import STATISTICS
from atlas_widget.session.units.strongest_cells import strongest_cells
from atlas_widget.session.units.targets import NEGATIVE

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.picture import Picture
    from atlas_widget.session.units.sampled_units import SampledUnits

__all__ = ["EXAMPLES", "measure", "overview", "page", "pictured"]

EXAMPLES = 12
"""Number of examples of a unit on its page."""

TILE = 64  # pixels; the side of an example as it is sent
_QUILTED = 5  # examples in a column of the quilt
_CELLS = 12
_COLUMNS = 8


def overview(units: SampledUnits, scene: Scene, layout: str) -> tuple[dict[str, Any], list[bytes]]:
    """Return the message about all units of the layer: their statistics over the samples.

    Parameters
    ----------
    units
        The units.
    scene
        The scene.
    layout
        "map", "tokens" or "vector".
    """
    content = messages.build(
        "units",
        revision=scene.revision,
        layer=scene.layer,
        count=units.count,
        samples=len(units.numbers),
        images=scene.images,
        signed=units.signed,
        layout=layout,
        statistics=list(STATISTICS),
        labels=units.labels,
        label_of=units.best_labels.tolist(),
    )
    return content, [np.ascontiguousarray(units.statistics, "<f4").tobytes()]


def page(units: SampledUnits, scene: Scene, unit: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return the message about one unit: histogram, examples, quilt, cells and relatives."""
    examples = units.examples(unit, EXAMPLES)
    columns = units.quilt(unit, _QUILTED)
    quilted = [int(sample) for column in columns for sample in column.samples]
    counts, low, high = units.histogram(unit)
    grid = scene.base
    means = np.asarray(scene.grids[grid].means[:, unit], np.float32)
    strongest = np.argsort(-means, kind="stable")[:_CELLS]
    ids = np.asarray(scene.grids[grid].ids)
    relatives = units.relatives(unit)
    label = units.label(unit)
    content = messages.build(
        "unit",
        revision=scene.revision,
        unit=unit,
        dead=units.is_dead(unit),
        low=low,
        high=high,
        bins=counts,
        examples=[units.activation(unit, int(sample)) for sample in examples],
        names=[scene.samples.name(int(sample)) for sample in examples],
        samples=[*map(int, examples), *quilted],
        quilt_low=[column.low for column in columns],
        quilt_high=[column.high for column in columns],
        quilt_counts=[column.count for column in columns],
        quilt_tiles=[len(column.samples) for column in columns],
        quilt_mixes=[len(column.labels) for column in columns],
        quilt_labels=[name for column in columns for name, _ in column.labels],
        quilt_shares=[share for column in columns for _, share in column.labels],
        grid=grid,
        cells=[int(ids[at]) for at in strongest],
        means=[float(means[at]) for at in strongest],
        strongest=strongest_cells(scene.grids[grid], unit),
        relatives=[other for other, _ in relatives],
        correlations=[r for _, r in relatives],
        label=None if label is None else label.label,
        label_count=0 if label is None else label.count,
        label_total=0 if label is None else label.total,
        label_share=None if label is None else label.count / label.total,
        label_low=None if label is None else label.low,
        label_high=None if label is None else label.high,
        label_base=None if label is None else label.base,
        label_floor=None if label is None else label.floor,
        tile=TILE,
        columns=_COLUMNS,
    )
    thumbnails = scene.samples.thumbnails
    tiles = [thumbnails.get(sample) for sample in [*map(int, examples), *quilted]]
    return content, [encode(pack(tiles, TILE, _COLUMNS))]


def pictured(units: SampledUnits, scene: Scene, pictures: Mapping[int, Picture]) -> dict[str, Any]:
    """Return the message about units' finished pictures: the share of samples each exceeds."""
    return messages.build(
        "units_pictured",
        revision=scene.revision,
        units=list(pictures),
        beyond=[
            units.share_below(unit, picture.strength or 0.0) for unit, picture in pictures.items()
        ],
    )


def measure(
    units: SampledUnits, scene: Scene, kind: str, unit: int, picture: Picture
) -> dict[str, Any]:
    """Return the message about a finished picture of a unit: how strongly it excites the unit.

    A negative picture of a layer without negative activations is of the layer before its ReLU, of
    which the samples say nothing.
    """
    own = units.values[unit]
    strength = picture.strength or 0.0
    strongest: float | None
    below: float | None
    if kind == NEGATIVE and not units.signed:
        activation, strongest, below = -strength, None, None
    elif kind == NEGATIVE:
        activation, strongest = -strength, float(own.min())
        below = float((own > activation).mean())
    else:
        activation, strongest = strength, float(own.max())
        below = units.share_below(unit, activation)
    return messages.build(
        "unit_picture",
        revision=scene.revision,
        unit=unit,
        picture=kind,
        activation=activation,
        beyond=below,
        ratio=activation / strongest if strongest else None,
        made=picture.made,
    )
