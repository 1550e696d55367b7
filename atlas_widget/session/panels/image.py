"""One image through the layers: opening it, and answering what is asked about it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.image import sources
from atlas_widget.session.image.opened import OpenedImage
from atlas_widget.session.image.shown import ANSWERED, ShownImage
from atlas_widget.session.image.work import ImageWork
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.pictures.gallery import CROPS
from atlas_widget.session.pictures.sheets import encode

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene

__all__ = ["ImagePanel"]

log = logging.getLogger("atlas_widget")

_SLICE = 0.12  # seconds
_QUALITY = 90

_OPENING = (
    "open_image", "open_crop", "open_sample", "open_example", "open_source_image", "close_image",
    "image_layers",
)  # fmt: skip


@panel
class ImagePanel(Panel):
    """Reads the image that is open in several layers, and answers what is asked about it.

    A request replaces an earlier one of its kind that has not been answered yet: only the last
    place that the pointer went over is looked at.

    Parameters
    ----------
    layer
        The layer that the atlas is of.
    """

    kinds = (
        "prepare_image",
        *_OPENING,
        *ANSWERED,
        "image_pictures",
        "start_image_work",
        "stop_image_work",
    )

    def __init__(self, layer: LayerContext) -> None:
        self._layer = layer
        self._image = layer.image
        self._scene: Scene | None = None
        self._shown: ShownImage | None = None
        self._wanted: dict[str, Fields] = {}
        self._in_view = False
        self._resend = False
        self._to_place = False
        self._works = ImageWork(layer.tasks, layer.gallery.send)

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of an open layer."""
        return cls(layer)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene, among whose cells the image has other places."""
        self._scene = scene
        self._shown = None  # the gallery has dropped its pictures
        self._resend = True

    def connect(self) -> None:
        """Send the image to a front end that has just come up."""
        self._resend = True

    def handle(self, kind: str, fields: Fields) -> None:
        """Queue what is asked for."""
        if kind == "prepare_image":
            self._in_view = self._resend = True
        elif kind == "image_pictures":
            if self._shown is not None:
                self._shown.look(fields["layers"])
        elif kind == "stop_image_work":
            self._works.stop(fields["work"])
        else:
            if kind in _OPENING:  # what was asked about the last image is void
                self._wanted = {k: v for k, v in self._wanted.items() if k in _OPENING}
            self._wanted.pop(kind, None)
            self._wanted[kind] = fields  # the latest goes last

    def advance_urgent(self, seconds: float) -> bool:
        """Do one thing that was asked for; else work on the pictures of channels and groups."""
        if self._image.arrived:
            self._image.arrived = False
            self._resend = True
        opening = next((kind for kind in self._wanted if kind in _OPENING), None)
        if opening is not None:
            self._reopen(opening, self._wanted.pop(opening))
            return True
        if self._resend and self._layer.gallery.connected:
            self._resend = False
            self._send()
            return True
        if self._wanted:
            kind = next(iter(self._wanted))
            self._answer(kind, self._wanted.pop(kind))
            return True
        scene, shown = self._scene, self._shown
        if scene is None or scene.atlas is None or shown is None:
            return False
        if self._to_place:
            self._to_place = False
            try:
                self._layer.gallery.send(shown.places(scene.atlas, scene.base), [])
            except AtlasError as error:
                log.debug("The image has no places on the atlas.", exc_info=error)
            return True
        return shown.advance_small(seconds)

    def advance(self) -> bool:
        """Work for one slice on positions in sight, or open a layer that will be read."""
        if self._scene is None or not self._scene.final:
            return False
        if self._shown is not None and self._shown.advance(_SLICE):
            return True
        try:
            return self._in_view and self._image.image is None and self._image.prepare()
        except AtlasError as error:
            self._in_view = False
            self._no_image(str(error))
            return True

    def close(self, reason: str) -> None:
        """Give up all work on the image; it stays open for the next layer."""
        self._works.begin(-1)
        self._wanted = {}
        if self._shown is not None:
            self._shown.close()
            self._shown = None

    # -- Opening

    def _reopen(self, kind: str, fields: Fields) -> None:
        beside = bool(fields.get("beside", False))
        try:
            if kind == "image_layers":
                self._image.choose(fields["layers"])
            elif kind == "close_image":
                self._image.open(None, beside=beside)
            else:
                self._image.open(self._opened(kind, fields), beside=beside)
        except (AtlasError, OSError) as error:
            self._no_image(str(error))
            return
        if beside:
            self._send_beside()
        else:
            self._send()

    def _opened(self, kind: str, fields: Fields) -> OpenedImage:
        probe, source, scene = self._layer.probe, self._layer.source, self._scene
        if kind == "open_image":
            return sources.given_image(fields["buffer"], fields["name"], probe.input_size)
        if kind == "open_source_image":
            return sources.image_of_source(source, fields["image"], probe.input_size)
        if kind == "open_example":
            place = (fields["x"], fields["y"])
            return sources.image_at_place(source, fields["image"], probe.input_size, place)
        if kind == "open_sample":
            sample = fields["sample"]
            if scene is None or not 0 <= sample < len(scene.samples):
                raise AtlasError(f"The atlas has no sample {sample}.")
            return sources.image_of_sample(scene.samples, sample, probe, source)
        grid, cell, crop = fields["grid"], fields["cell"], fields["crop"]
        nearest = scene.nearest(grid, cell, CROPS) if scene and scene.has(grid, cell) else ()
        if scene is None or not 0 <= crop < len(nearest):
            raise AtlasError(f"Cell {cell} of the {grid} × {grid} grid has no crop {crop}.")
        make = sources.image_of_sample if fields["whole"] else sources.crop_of_sample
        return make(scene.samples, int(nearest[crop]), probe, source)

    def _send(self) -> None:
        """Send the open image, under a number of its own."""
        image, gallery = self._image.image, self._layer.gallery
        if self._shown is not None:
            self._shown.close()
            self._shown = None
        serial = self._image.next_serial()
        self._works.begin(serial)
        if image is None:
            self._no_image("")
            return
        try:
            reading = self._image.reading
        except AtlasError as error:
            self._image.open(None)
            self._no_image(str(error))
            return
        layer = self._layer
        self._shown = ShownImage(
            image,
            reading,
            lambda: self._image.other_reading,
            serial,
            layer.probe.layer,
            layer.cache,
            gallery,
            layer.seed,
        )
        gallery.send(self._shown.opened(), [encode(reading.pixels, _QUALITY)])
        self._to_place = self._shown.on_atlas
        if self._image.beside is not None:
            self._send_beside()

    def _send_beside(self) -> None:
        other = self._image.beside
        name = "" if other is None else other.name
        reading = self._image.other_reading
        picture = b"" if reading is None else encode(reading.pixels, _QUALITY)
        self._layer.gallery.send(messages.build("image_beside", name=name), [picture])

    def _no_image(self, problem: str) -> None:
        self._layer.gallery.send(messages.build("no_image", problem=problem), [])

    # -- Answers

    def _answer(self, kind: str, fields: Fields) -> None:
        shown = self._shown
        if shown is None:
            return
        if kind in ANSWERED:
            self._layer.gallery.send(shown.answer(kind, fields, self._scene), [])
            return
        work = fields["work"]
        try:
            self._layer.material(self._scene)  # tasks begin once there is an atlas
            self._works.start(work, shown.reading, shown.name(fields["layer"]), fields["class"])
        except AtlasError as error:
            self._works.report(work, shown.serial, 0, 0, str(error))
