"""The patch lab: the model's predictions while a patch is dragged over an image."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.pictures.gallery import CROPS, TILE, Gallery
from atlas_widget.session.pictures.picture import cell_group
from atlas_widget.session.pictures.sheets import encode, pack
from atlas_widget.session.tasks.experiments import need_classes, picture_of
from atlas_widget.session.tasks.task import Material

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atlas_widget.session.cells.labels import Labeller

__all__ = ["MIN_PATCH_SIZE", "PatchLabPanel", "patch_of"]

MIN_PATCH_SIZE = 0.02
"""Side of a patch, as a fraction of the image's."""

MAX_THUMBNAILS = 24
"""Maximum number of a source's images in one message."""

_MAX_KEPT_IMAGES = 24  # images in the form that the model receives
_MAX_WAITING = 8  # pending patches; each panel has at most one
_CLASSES_SHOWN = 6
_QUALITY = 90

Pixels = npt.NDArray[np.uint8]


def patch_of(scene: Scene, gallery: Gallery, grid: int, cell: int, crop: int) -> Pixels:
    """Return the pixels of a patch: a cell's picture (`crop` −1) or one of its real crops."""
    if not scene.has(grid, cell):
        raise AtlasError(f"The {grid} × {grid} grid has no cell {cell}.")
    if crop < 0:
        return (gallery.picture(cell_group(grid), cell) or scene.crop(grid, cell)).pixels
    nearest = scene.nearest(grid, cell, CROPS)
    if crop >= len(nearest):
        raise AtlasError(
            f"Cell {cell} has no crop {crop}: its crops have the numbers 0 to {len(nearest) - 1}."
        )
    pixels: Pixels = scene.samples.thumbnails.get(int(nearest[crop]))
    return pixels


@panel
class PatchLabPanel(Panel):
    """Answers requests of the patch lab of an open panel, the latest first.

    Parameters
    ----------
    layer
        The layer whose model, pictures and images are used.
    """

    kinds = ("source_images", "patch_picture", "try_patch")

    def __init__(self, layer: LayerContext) -> None:
        self._layer = layer
        self._gallery = layer.gallery
        self._scene: Scene | None = None
        self._tries: dict[int, Mapping[str, Any]] = {}
        self._thumbnails: Iterator[None] | None = None
        self._wanted: list[int] = []
        self._images: OrderedDict[int, Pixels] = OrderedDict()
        self._scores: dict[int, npt.NDArray[np.float32]] = {}

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene; requests about the last one are dropped."""
        self._scene = scene
        self._tries.clear()
        self._wanted.clear()
        self._thumbnails = None

    def handle(self, kind: str, fields: Fields) -> None:
        """Note a request."""
        try:
            material = self._layer.material(self._scene)
        except AtlasError as error:
            if "request" not in fields:
                raise
            self._refuse(fields["request"], str(error))
            return
        if kind == "source_images":
            self._thumbnails = self._show_images(material, fields["first"], fields["count"])
        elif kind == "patch_picture":
            self._wanted = [fields["image"]]
        else:
            self._tries[fields["request"]] = fields
            while len(self._tries) > _MAX_WAITING:
                del self._tries[next(iter(self._tries))]

    def advance_urgent(self, seconds: float) -> bool:
        """Answer one request, quick ones first."""
        scene = self._scene
        if scene is None or scene.atlas is None:
            return False
        material = self._layer.material(scene)
        if self._tries:
            request, fields = self._tries.popitem()
            self._guarded(request, lambda: self._try(scene, material, fields))
        elif self._wanted:
            self._send_image(material, self._wanted.pop())
        elif self._thumbnails is not None:
            try:
                next(self._thumbnails)
            except StopIteration:
                self._thumbnails = None
        else:
            return False
        return True

    def _guarded(self, request: int, act: Any) -> None:
        try:
            act()
        except Exception as error:
            expected = isinstance(error, AtlasError)
            self._refuse(request, str(error) if expected else f"{type(error).__name__}: {error}")

    def _refuse(self, request: int, reason: str) -> None:
        self._gallery.send(messages.build("task_failed", request=request, message=reason), [])

    def _image(self, material: Material, index: int) -> Pixels:
        """Return an image in the form that the model receives; the latest images are cached."""
        if index not in self._images:
            source = material.images
            if not 0 <= index < len(source):
                raise AtlasError(
                    f"There is no image {index}: they have the numbers 0 to {len(source) - 1}."
                )
            pixels = picture_of(source, index, material.probe.input_size)
            if pixels is None:
                raise AtlasError(f"{source.name(index)} cannot be read.")
            self._images[index] = pixels
        self._images.move_to_end(index)
        while len(self._images) > _MAX_KEPT_IMAGES:
            gone, _ = self._images.popitem(last=False)
            self._scores.pop(gone, None)
        return self._images[index]

    def _try(self, scene: Scene, material: Material, fields: Mapping[str, Any]) -> None:
        from atlas_widget.attribution.class_names import class_name
        from atlas_widget.causes.pasting import CORNERS, box_at, corner_boxes, paste
        from atlas_widget.causes.running import probabilities, scores_of

        probe = material.probe
        need_classes(probe)
        image, wanted = fields["image"], fields["class"]
        under = self._image(material, image)
        patch = patch_of(scene, self._gallery, fields["grid"], fields["cell"], fields["crop"])
        size = max(fields["size"], MIN_PATCH_SIZE)
        if fields["corners"] and wanted >= 0:
            corners = corner_boxes(size, under.shape)
            boxes = [corners[name] for name in CORNERS]
        else:
            boxes = [box_at((fields["x"], fields["y"]), size, under.shape)]
        if image not in self._scores:
            self._scores[image] = scores_of(probe, under[None])
        before = self._scores[image]
        if wanted >= before.shape[1]:
            raise AtlasError(
                f"There is no class {wanted}: they have the numbers 0 to {before.shape[1] - 1}."
            )
        tried = scores_of(probe, np.stack([paste(under, patch, box) for box in boxes]))
        shares = probabilities(tried)
        best = int(shares[:, wanted].argmax()) if len(boxes) > 1 else 0
        left, top, right, bottom = boxes[best]
        was, now = probabilities(before)[0], shares[best]
        classes = _most_informative(was, now, wanted)
        self._gallery.send(
            messages.build(
                "patch_classes",
                request=fields["request"],
                image=image,
                x=(left + right) / 2,
                y=(top + bottom) / 2,
                classes=classes,
                names=[class_name(index, material.labels) for index in classes],
                before=was[classes],
                after=now[classes],
                scores=(tried[best] - before[0])[classes],
            ),
            [],
        )

    def _send_image(self, material: Material, index: int) -> None:
        pixels = self._image(material, index)
        name = material.images.name(index)
        content = messages.build("patch_picture", image=index, name=name, side=len(pixels))
        self._gallery.send(content, [encode(pixels, _QUALITY)])

    def _show_images(self, material: Material, first: int, count: int) -> Iterator[None]:
        """Read the images of a strip one by one, then send their thumbnails."""
        source = material.images
        start = min(max(first, 0), len(source))
        end = min(start + min(max(count, 1), MAX_THUMBNAILS), len(source))
        tiles, indices = [], []
        for index in range(start, end):
            pixels = picture_of(source, index, TILE)
            if pixels is not None:
                tiles.append(pixels)
                indices.append(index)
            yield
        columns = max(1, min(len(tiles), 8))
        content = messages.build(
            "source_images",
            first=start,
            total=len(source),
            images=indices,
            names=[source.name(index) for index in indices],
            tile=TILE,
            columns=columns,
        )
        sheet = [encode(pack(tiles, TILE, columns), _QUALITY)] if tiles else []
        self._gallery.send(content, sheet)


def _most_informative(
    before: npt.NDArray[np.float32], after: npt.NDArray[np.float32], wanted: int
) -> list[int]:
    """Choose the classes to show: the strongest with the patch, without it, and `wanted`."""
    strongest = np.argsort(-after, kind="stable")[: _CLASSES_SHOWN - 2].tolist()
    chosen = dict.fromkeys(strongest)
    if wanted >= 0:
        chosen[wanted] = None
    for index in np.argsort(-before, kind="stable")[:_CLASSES_SHOWN].tolist():
        if len(chosen) < _CLASSES_SHOWN:
            chosen[index] = None
    return sorted(chosen, key=lambda index: -float(after[index]))
