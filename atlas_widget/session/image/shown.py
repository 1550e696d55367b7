"""The image that is shown: its reading, its pictures, and the answers to questions about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.image import answers
from atlas_widget.session.image.group_answers import flow_answer, groups_answer
from atlas_widget.session.image.pictures import LayerPictures
from atlas_widget.session.image.targets import DirectionTargets, PositionTargets

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.reading import ImageReading
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.image.opened import OpenedImage
    from atlas_widget.session.pictures.cache import PictureCache
    from atlas_widget.session.pictures.gallery import Gallery

__all__ = ["ANSWERED", "ShownImage"]

Answer = dict[str, Any]
Fields = Mapping[str, Any]

ANSWERED = (
    "image_position",
    "image_attribution",
    "image_groups",
    "image_channel",
    "image_flow",
    "image_trial",
)
"""Kinds of messages that ask for something about the image."""


class ShownImage:
    """An image read in several layers, under a number of its own.

    Parameters
    ----------
    image
        The image.
    reading
        Its reading.
    other
        Returns the reading of the second image; None if there is none.
    serial
        The number.
    own
        The name of the layer that the atlas is of.
    cache, gallery, seed
        See :class:`~atlas_widget.session.panels.panel.LayerContext`.
    """

    def __init__(
        self,
        image: OpenedImage,
        reading: ImageReading,
        other: Callable[[], ImageReading | None],
        serial: int,
        own: str,
        cache: PictureCache,
        gallery: Gallery,
        seed: int,
    ) -> None:
        self.reading = reading
        self.serial = serial
        self._image = image
        self._other = other
        self._own = own
        self._maps = answers.shown_maps(reading)
        self._in_sight: list[int] = []  # layers whose positions are shown as pictures
        self._pictures = [
            LayerPictures(
                reading.probe(name),
                f"{serial}.{number}",
                partial(self._positions, number),
                cache,
                gallery,
                seed,
            )
            for number, name in enumerate(reading.layers)
        ]

    @property
    def on_atlas(self) -> bool:
        """True if one of the layers is that of the atlas."""
        return self._own in self.reading.layers

    def opened(self) -> Answer:
        """Return the message about the image."""
        return answers.opened_answer(
            self.reading,
            self._maps,
            serial=self.serial,
            name=self._image.name,
            notes=[*self._image.notices, *self.reading.notices],
            own=self._own,
            pinned=self._pinned(),
            channel_groups=[each.channel_group for each in self._pictures],
            position_groups=[each.position_group for each in self._pictures],
        )

    def places(self, atlas: Atlas, grid: int) -> Answer:
        """Return the message about the places of the positions of the atlas's layer on it."""
        number = self.reading.layers.index(self._own)
        table = self.reading.on(atlas, grid)
        return answers.on_atlas_answer(table, self._maps[number], number, grid, serial=self.serial)

    def answer(self, kind: str, fields: Fields, scene: Scene | None) -> Answer:
        """Return the answer to a message of one of the kinds `ANSWERED`, or why there is none."""
        try:
            if kind == "image_position":
                return self._position(fields, scene)
            if kind == "image_attribution":
                return self._attribution(fields)
            if kind == "image_groups":
                return self._groups(fields)
            if kind == "image_channel":
                return self._channel(fields)
            return self._flow(fields) if kind == "image_flow" else self._trial(fields)
        except AtlasError as error:
            return messages.build("image_failed", serial=self.serial, what=kind, problem=str(error))

    def look(self, layers: Sequence[int]) -> None:
        """Make the pictures of the positions of these layers, in this order; of no others.

        Within a layer the strongest positions come first.
        """
        wanted = [each for each in dict.fromkeys(layers) if 0 <= each < len(self._pictures)]
        for number, pictures in enumerate(self._pictures):
            if number not in wanted:
                pictures.look_away()
            elif number not in self._in_sight:
                grid = self.reading.grid(self.reading.layers[number])
                norms = self._maps[number].picked(grid.norms)
                order = np.argsort(-norms, kind="stable")
                pictures.look_at_positions([int(at) for at in order if norms[at] > 0])
        self._in_sight = wanted

    def advance_small(self, seconds: float) -> bool:
        """Work about that long on pictures of channels and groups; return False if none is left."""
        return any(pictures.advance_small(seconds) for pictures in self._pictures)

    def advance(self, seconds: float) -> bool:
        """Work about that long on pictures of positions; return False if none is left."""
        return any(self._pictures[number].advance(seconds) for number in self._in_sight)

    def close(self) -> None:
        """Drop the pictures."""
        for pictures in self._pictures:
            pictures.close()
        self._pictures = []
        self._in_sight = []

    def name(self, number: int) -> str:
        """Return the name of a layer by its number, or raise that there is none."""
        reading = self.reading
        if not 0 <= number < len(reading.layers):
            last = len(reading.layers) - 1
            raise AtlasError(f"There is no layer {number}: they have the numbers 0 to {last}.")
        return reading.layers[number]

    def _position(self, fields: Fields, scene: Scene | None) -> Answer:
        reading = self.reading
        layer, number = fields["layer"], fields["position"]
        name = self.name(layer)
        if not 0 <= number < self._maps[layer].count:
            raise AtlasError(f"Layer {name!r} has no shown position {number}.")
        same = scene is not None and scene.layer == name
        content = answers.position_answer(
            reading,
            self._maps,
            layer,
            number,
            serial=self.serial,
            other=self._other(),
            atlas=scene.atlas if scene is not None and same else None,
            whole=fields["whole"],
        )
        self._pictures[layer].look_at_channels(content["channels"])
        return content

    def _attribution(self, fields: Fields) -> Answer:
        reading = self.reading
        a, b = fields["a"], fields["b"]
        content = answers.attribution_answer(reading, self._maps, a, b, serial=self.serial)
        layer = fields["layer"]
        self.name(layer)
        start = sum(int(count) for count in content["listed"][:layer])
        listed = content["channels"][start : start + int(content["listed"][layer])]
        self._pictures[layer].look_at_channels(listed, more=True)
        return content

    def _groups(self, fields: Fields) -> Answer:
        reading = self.reading
        layer, count = fields["layer"], fields["count"]
        groups = reading.groups(self.name(layer), count)
        pictures = self._pictures[layer]
        name = pictures.group_name(count)
        pictures.look_at_groups(DirectionTargets(name, groups.directions), name)
        return groups_answer(
            self._maps,
            layer,
            groups,
            fields["a"],
            fields["b"],
            serial=self.serial,
            pictures=name,
        )

    def _channel(self, fields: Fields) -> Answer:
        reading = self.reading
        layer, channel = fields["layer"], fields["channel"]
        self.name(layer)
        content = answers.channel_answer(reading, self._maps, layer, channel, serial=self.serial)
        linked: dict[int, list[int]] = {layer: [channel]}
        for where, each in zip(content["link_layers"], content["link_channels"], strict=True):
            linked.setdefault(where, []).append(each)
        for where, channels in linked.items():
            self._pictures[where].look_at_channels(channels, more=True)
        return content

    def _flow(self, fields: Fields) -> Answer:
        reading = self.reading
        lower, upper = (self.name(fields[name]) for name in ("lower", "upper"))
        groups, names = [], []
        for layer, number in ((lower, fields["lower"]), (upper, fields["upper"])):
            found = reading.groups(layer, fields["count"])
            pictures = self._pictures[number]
            name = pictures.group_name(fields["count"])
            pictures.look_at_groups(DirectionTargets(name, found.directions), name)
            groups.append(found)
            names.append(name)
        return flow_answer(reading, *groups, serial=self.serial, pictures=(names[0], names[1]))

    def _trial(self, fields: Fields) -> Answer:
        reading = self.reading
        layer, what, numbers = fields["layer"], fields["what"], fields["numbers"]
        name = self.name(layer)
        if not numbers:
            raise AtlasError("Nothing is to be removed: name a channel, a group or positions.")
        removed: dict[str, Any]
        if what == "channel":
            removed, words = {"channel": numbers[0]}, f"channel {numbers[0]} of {name}"
        elif what == "group":
            groups = reading.groups(name, fields["count"])
            removed, words = {"group": (groups, numbers[0])}, f"group {numbers[0]} of {name}"
        elif what == "region":
            shown = self._maps[layer]
            if not all(0 <= number < shown.count for number in numbers):
                raise AtlasError(f"Layer {name!r} has the shown positions 0 to {shown.count - 1}.")
            places = [place for number in numbers for place in shown.square(number)]
            removed = {"positions": places}
            words = f"{len(places)} position{'s' if len(places) > 1 else ''} of {name}"
        else:
            raise AtlasError(f"what={what!r:.40}: channel, group or region.")
        extra = [each for each in (fields["a"], fields["b"]) if each != answers.NO_CLASS]
        best = [int(each) for each in reading.classes(5).index]
        classes = list(dict.fromkeys([*extra, *best]))
        table = reading.ablate(name, classes=classes, **removed)
        return answers.trial_answer(table, layer, what, words, serial=self.serial)

    def _pinned(self) -> int:
        """Return the shown position to look at first; −1 if there is none."""
        if self._image.place is None or not self.on_atlas:
            return -1
        shown = self._maps[self.reading.layers.index(self._own)]
        x, y = self._image.place
        return int(y * shown.rows) * shown.columns + int(x * shown.columns)

    def _positions(self, number: int, group: str) -> PositionTargets:
        reading = self.reading
        layer, shown = reading.layers[number], self._maps[number]
        own = reading.activations(layer)
        places = [shown.position(each) for each in range(shown.count)]
        pixels = reading.pixels
        height, width = pixels.shape[:2]
        try:
            boxes = [reading.box(layer, place) for place in places]
        except AtlasError:
            boxes = [(0, 0, width, height)] * len(places)
        directions = np.stack([own[:, row, column] for row, column in places])
        return PositionTargets(group, directions, pixels, (shown.rows, shown.columns), boxes)
