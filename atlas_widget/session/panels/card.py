"""What the hover card and open panels ask of a cell: everything of it but its icon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget.protocol import messages
from atlas_widget.session.cells.labels import Labeller
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.gallery import CROPS, Gallery
from atlas_widget.session.panels.inspector import Inspector
from atlas_widget.session.panels.profile import Usual, usual_activations
from atlas_widget.session.panels.source_image import locate
from atlas_widget.session.sheets import encode

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["Details"]

_MAX_WAITING = 4  # cards, or lists of classes; who waits for an older one asks again

Place = tuple[int, int]


class Details:
    """Answers what is asked about single cells, the last question first.

    Parameters
    ----------
    probe, source
        The layer, and the images or None.
    inspector
        Makes the live pictures.
    gallery
        Sends the cards.
    label
        Works on the classes of a cell for one slice.
    seed
        The noise that the atlas's own pictures start from: what panels call seed 0.
    """

    def __init__(
        self,
        probe: LayerProbe,
        source: ImageSource | None,
        inspector: Inspector,
        gallery: Gallery,
        label: Callable[[int, int], None],
        *,
        seed: int,
    ) -> None:
        self._probe = probe
        self._source = source
        self._inspector = inspector
        self._gallery = gallery
        self._label = label
        self._seed = seed
        self._scene: Scene | None = None
        self._labeller: Labeller | None = None
        self._usual: Usual | None = None
        self._cards: dict[Place, None] = {}
        self._values: dict[tuple[Place, tuple[int, ...]], None] = {}
        self._picture_next = False

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Take up another scene; what was asked about the last one is dropped."""
        self._scene, self._labeller = scene, labeller
        self._usual = None
        self._cards.clear()
        self._values.clear()
        self._inspector.close()

    def card(self, grid: int, cell: int) -> None:
        """Send what is known of a cell at once, and the rest of its card when that is known."""
        if self._labeller is None:
            return
        classes = self._labeller.known(grid, cell)
        self._gallery.card(grid, cell, classes)
        if classes is None:
            _remember(self._cards, (grid, cell))

    def handle(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Do what a panel asks for; `kind` and `fields` are those of a checked message."""
        scene = self._scene
        if kind == "pause_inspect":
            self._inspector.pause(fields["request"], fields["paused"])
        elif kind == "more_steps":
            self._inspector.more(fields["request"], fields["steps"])
        elif kind == "stop_inspect":
            self._inspector.close(fields["request"])
        elif scene is not None and scene.has(fields["grid"], fields["cell"]):
            self._handle(scene, (fields["grid"], fields["cell"]), kind, fields)

    def picture(
        self, place: Place, direction: npt.NDArray[np.float32], fields: Mapping[str, Any]
    ) -> None:
        """Begin a live picture of a direction other than a cell's own, such as half a cell's."""
        self._open(place, direction, fields)

    def advance(self, seconds: float) -> bool:
        """Work for about that long on what is asked; return False if nothing is.

        Words and pictures take turns: neither keeps whoever waits for the other waiting.
        """
        self._picture_next = not self._picture_next
        works = (self._advance_pictures, self._advance_words)
        first, second = works if self._picture_next else works[::-1]
        return first(seconds) or second(seconds)

    def _handle(self, scene: Scene, place: Place, kind: str, fields: Mapping[str, Any]) -> None:
        if kind == "inspect":
            self._send_profile(scene, place)
            self._open(place, scene.direction(*place), fields)
        elif kind == "inspect_variants":
            self._open(place, scene.direction(*place), fields, variants=fields["count"])
        elif kind == "inspect_mix":
            other, share = (fields["other_grid"], fields["other_cell"]), fields["share"]
            if scene.has(*other):
                mix = (1 - share) * scene.direction(*place) + share * scene.direction(*other)
                self._open(place, mix.astype(np.float32), fields)
        elif kind == "class_values":
            _remember(self._values, (place, tuple(fields["classes"])))
        elif kind == "crop_in_image":
            self._send_crop_in_image(scene, place, fields["crop"])

    def _open(
        self,
        place: Place,
        direction: npt.NDArray[np.float32],
        fields: Mapping[str, Any],
        *,
        variants: int = 1,
    ) -> None:
        seed = self._seed + fields["seed"]
        self._inspector.open(place, direction, fields["request"], seed, variants=variants)

    def _advance_pictures(self, seconds: float) -> bool:
        if not self._inspector.active:
            return False
        self._inspector.advance(seconds)
        return True

    def _advance_words(self, _seconds: float) -> bool:
        labeller = self._labeller
        if labeller is None:
            return False
        if self._cards:
            place = next(reversed(self._cards))
            self._label(*place)
            classes = labeller.known(*place)
            if classes is not None:
                del self._cards[place]
                self._gallery.card(*place, classes)
            return True
        if self._values:
            place, wanted = asked = next(reversed(self._values))
            try:
                values = labeller.class_values(*place, wanted)
            except Exception:
                del self._values[asked]
                self._send_class_values(place, None)
                raise
            if values is not None:
                del self._values[asked]
                self._send_class_values(place, values)
            return True
        return False

    def _send_class_values(self, place: Place, values: Sequence[dict[str, Any]] | None) -> None:
        if self._scene is not None:
            content = messages.build(
                "class_values",
                revision=self._scene.revision,
                grid=place[0],
                cell=place[1],
                classes=values,
            )
            self._gallery.send(content, [])

    def _send_profile(self, scene: Scene, place: Place) -> None:
        if self._usual is None:
            self._usual = usual_activations(scene.samples.activations)
        direction = scene.direction(*place)
        content = messages.build(
            "profile",
            revision=scene.revision,
            grid=place[0],
            cell=place[1],
            channels=len(direction),
        )
        numbers = np.concatenate([direction, self._usual.mean, self._usual.deviation])
        self._gallery.send(content, [numbers.astype("<f4").tobytes()])

    def _send_crop_in_image(self, scene: Scene, place: Place, crop: int) -> None:
        nearest = scene.nearest(*place, CROPS)
        if not 0 <= crop < len(nearest):
            return
        found = locate(scene.samples, int(nearest[crop]), self._probe, self._source)
        content = messages.build(
            "crop_in_image",
            revision=scene.revision,
            grid=place[0],
            cell=place[1],
            crop=crop,
            name=found.name,
            crop_box=found.crop_box,
            seen_box=found.seen_box,
            seen=found.seen,
            input=found.given,
            note=found.note,
        )
        self._gallery.send(content, [b"" if found.pixels is None else encode(found.pixels, 88)])


def _remember(waiting: dict[Any, None], asked: Any) -> None:
    """Put what is asked last at the end; of too many, the one that waited longest goes."""
    waiting.pop(asked, None)
    waiting[asked] = None
    while len(waiting) > _MAX_WAITING:
        del waiting[next(iter(waiting))]
