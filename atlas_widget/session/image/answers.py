"""Messages about the image that is open, made of its reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.image.shown_map import ShownMap

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.atlas import Atlas
    from atlas_widget.reading import Attribution, ImageReading

__all__ = [
    "attribution_answer",
    "channel_answer",
    "on_atlas_answer",
    "opened_answer",
    "position_answer",
    "remainders_of",
    "shown_maps",
    "trial_answer",
]

_CLASSES = 5  # shown of an image, and of what a position argues for
_LISTED = 4  # channels on either side
_LINKS = 3  # channels of a neighbouring layer
_DICTIONARY = 5

NO_CLASS = -1


def shown_maps(reading: ImageReading) -> list[ShownMap]:
    """Return what is shown of each layer's map."""
    return [ShownMap.of(*reading.activations(layer).shape[1:]) for layer in reading.layers]


def opened_answer(
    reading: ImageReading,
    maps: Sequence[ShownMap],
    *,
    serial: int,
    name: str,
    notes: Sequence[str],
    own: str,
    pinned: int,
    channel_groups: Sequence[str],
    position_groups: Sequence[str],
) -> dict[str, Any]:
    """Return the message about an image that was opened.

    Parameters
    ----------
    reading, maps
        The reading, and what is shown of its layers.
    serial
        The image's number.
    name, notes
        Its name, and what there is to say of it.
    own
        The layer that the atlas is of.
    pinned
        A position in that layer to look at first; −1 if there is none.
    channel_groups, position_groups
        The names of each layer's pictures.
    """
    scores: dict[str, list[Any]] = {"class": [], "label": [], "score": []}
    try:
        table = reading.classes(_CLASSES)
        scores = {
            "class": list(table.index),
            "label": list(table["label"]),
            "score": list(table["score"]),
        }
        without = ""
    except AtlasError as error:
        without = str(error)
    norms = [
        shown.picked(reading.grid(layer).norms)
        for layer, shown in zip(reading.layers, maps, strict=True)
    ]
    return messages.build(
        "image",
        serial=serial,
        name=name,
        notes=list(notes),
        layers=reading.layers,
        channels=[len(reading.activations(layer)) for layer in reading.layers],
        rows=[shown.rows for shown in maps],
        columns=[shown.columns for shown in maps],
        strides=[shown.stride for shown in maps],
        norms=np.concatenate(norms),
        channel_groups=channel_groups,
        position_groups=position_groups,
        own=reading.layers.index(own) if own in reading.layers else -1,
        pinned=pinned,
        classes=scores["class"],
        names=scores["label"],
        scores=scores["score"],
        without_classes=without,
    )


def position_answer(
    reading: ImageReading,
    maps: Sequence[ShownMap],
    layer: int,
    number: int,
    *,
    serial: int,
    other: ImageReading | None,
    atlas: Atlas | None,
    whole: bool,
) -> dict[str, Any]:
    """Return the message about one position.

    Parameters
    ----------
    reading, maps
        The reading, and what is shown of its layers.
    layer, number
        The layer's number, and the shown position.
    serial
        The image's number.
    other
        A second image, whose positions are compared with this one.
    atlas
        Of this layer, to say how usual an activation is; None: it is not said.
    whole
        Whether what fed the position, and what it feeds, is wanted too: some passes more.
    """
    name, shown = reading.layers[layer], maps[layer]
    at = shown.position(number)
    table = reading.dictionary(name, at, _DICTIONARY, atlas=atlas)
    lit: list[NDArray[np.float64]] = []
    of_layers: list[int] = []
    best: pd.DataFrame | None = None
    problem = ""
    if whole:
        try:
            found = {**reading.fed_by(name, position=at)}
            influence = reading.feeds(name, position=at)
            found |= influence.later
            for other_layer, attribution in found.items():
                where = reading.layers.index(other_layer)
                of_layers.append(where)
                lit.append(maps[where].sums(attribution.values))
            if influence.classes is not None:
                best = _both_ends(influence.classes, _LISTED)
        except AtlasError as error:
            problem = str(error)
    alike = np.zeros(0)
    if other is not None:
        alike = _cosines(reading.activations(name)[:, at[0], at[1]], other.activations(name), shown)
    return messages.build(
        "image_position",
        serial=serial,
        layer=layer,
        position=number,
        box=_fractions(reading, name, at),
        channels=list(table.index),
        activations=table["activation"],
        percentiles=table["percentile"] if "percentile" in table else [None] * len(table),
        share=float(table["share"].sum()),
        whole=whole,
        classes=[] if best is None else list(best.index),
        names=[] if best is None else list(best["label"]),
        contributions=[] if best is None else best["contribution"],
        lit_layers=of_layers,
        lit=np.concatenate(lit) if lit else [],
        alike=alike,
        problem=problem,
    )


def attribution_answer(
    reading: ImageReading, maps: Sequence[ShownMap], a: int, b: int, *, serial: int
) -> dict[str, Any]:
    """Return the message about the contributions of all layers to a class, or to `a` less `b`."""
    second = None if b == NO_CLASS else b
    values, numbers, contributions = [], [], []
    listed, others, rows = [], [], []
    closed, blank = [], []
    about, score = "", 0.0
    for layer, shown in zip(reading.layers, maps, strict=True):
        spatial = reading.spatial(layer, a, second)
        values.append(shown.sums(spatial.values))
        own = reading.channels(layer, a, second)
        order = _ends(own.values, _LISTED)
        numbers += order
        contributions += own.values[order].tolist()
        listed.append(len(order))
        others.append(float(own.total - own.values[order].sum()))
        rows.append(remainders_of(own))
        account = reading.completeness(layer, a, second)
        closed.append(int(account.closed))
        blank.append(int(account.blank))
        about, score = own.about, own.score
    return messages.build(
        "image_attribution",
        serial=serial,
        a=a,
        b=b,
        about=about,
        score=score,
        values=np.concatenate(values),
        listed=listed,
        channels=numbers,
        contributions=contributions,
        others=others,
        prefix_tokens=[row[0] for row in rows],
        biases=[row[1] for row in rows],
        rest=[row[2] for row in rows],
        closed=closed,
        blank=blank,
    )


def channel_answer(
    reading: ImageReading, maps: Sequence[ShownMap], layer: int, channel: int, *, serial: int
) -> dict[str, Any]:
    """Return the message about one channel: its map, its sources and its targets."""
    name = reading.layers[layer]
    own = reading.activations(name)
    if not 0 <= channel < len(own):
        raise AtlasError(f"Layer {name!r} has the channels 0 to {len(own) - 1}, not {channel}.")
    links: list[tuple[int, int, float]] = []
    problem = ""
    try:
        found = reading.fed_by(name, channel=channel)
        found |= reading.feeds(name, channel=channel).later
        for other, attribution in found.items():
            where = reading.layers.index(other)
            largest = np.argsort(-np.abs(attribution.values), kind="stable")[:_LINKS]
            links += [(where, int(each), float(attribution.values[each])) for each in largest]
    except AtlasError as error:
        problem = str(error)
    return messages.build(
        "image_channel",
        serial=serial,
        layer=layer,
        channel=channel,
        values=maps[layer].picked(own[channel]),
        link_layers=[link[0] for link in links],
        link_channels=[link[1] for link in links],
        link_values=[link[2] for link in links],
        problem=problem,
    )


def trial_answer(
    table: pd.DataFrame, layer: int, what: str, words: str, *, serial: int
) -> dict[str, Any]:
    """Return the message about scores without a part of a layer, beside the prediction."""
    return messages.build(
        "image_trial",
        serial=serial,
        layer=layer,
        what=what,
        words=words,
        classes=list(table.index),
        names=list(table["label"]),
        scores=table["score"],
        predicted=table["predicted"],
        actual=table["actual"],
    )


def on_atlas_answer(
    table: pd.DataFrame, shown: ShownMap, layer: int, grid: int, *, serial: int
) -> dict[str, Any]:
    """Return the message about the places of the positions on the atlas.

    Parameters
    ----------
    table
        Of `ImageReading.on`.
    shown, layer
        What is shown of the layer, and its number.
    grid
        The grid whose cells are named.
    serial
        The image's number.
    """
    numbers = [
        row * shown.map_columns + column for row, column in map(shown.position, range(shown.count))
    ]
    some = table.iloc[numbers]
    return messages.build(
        "image_on_atlas",
        serial=serial,
        layer=layer,
        grid=grid,
        cells=some["borrowed"],
        x=some["x"],
        y=some["y"],
        cosine=some["cosine"],
        unusual=some["unusual"].astype(int),
    )


def remainders_of(attribution: Attribution) -> list[float]:
    """Return the parts of a number that pass through no position: prefix tokens, biases, rest."""
    found = attribution.remainders
    return [found.get(name, 0.0) for name in ("prefix tokens", "biases", "rest")]


def _ends(values: NDArray[np.float64], count: int) -> list[int]:
    """Return the numbers of the highest values and of the lowest, highest first."""
    order = np.argsort(-values, kind="stable")
    kept = order if len(order) <= 2 * count else np.concatenate([order[:count], order[-count:]])
    return [int(each) for each in kept]


def _both_ends(table: pd.DataFrame, count: int) -> pd.DataFrame:
    return table.iloc[_ends(table["contribution"].to_numpy(), count)]


def _fractions(reading: ImageReading, layer: str, at: tuple[int, int]) -> list[float]:
    """Return what a position effectively sees, in fractions of the image; [] if not known."""
    try:
        x0, y0, x1, y1 = reading.box(layer, at)
    except AtlasError:
        return []
    height, width = reading.rgb.shape[2:]
    return [x0 / width, y0 / height, x1 / width, y1 / height]


def _cosines(
    own: NDArray[np.float64], others: NDArray[np.float64], shown: ShownMap
) -> NDArray[np.float64]:
    lengths = np.linalg.norm(others, axis=0) * np.linalg.norm(own)
    cosines = np.einsum("c,cij->ij", own, others) / np.maximum(lengths, 1e-12)
    if cosines.shape != (shown.map_rows, shown.map_columns):
        return np.zeros(0)
    return shown.picked(cosines)
