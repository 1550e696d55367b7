"""The units of the layer: their overview, their pictures, and the page of one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np

from atlas_widget.images.labels import image_labels
from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.pictures.picture import State
from atlas_widget.session.pictures.queue import PictureQueue
from atlas_widget.session.pictures.renderer import PictureRenderer
from atlas_widget.session.units import page
from atlas_widget.session.units.arranging import Arranging
from atlas_widget.session.units.before_relu import BeforeRelu
from atlas_widget.session.units.large_pictures import LargePictures
from atlas_widget.session.units.long_work import LongWork
from atlas_widget.session.units.other_layers import unit_pictures
from atlas_widget.session.units.sampled_units import SampledUnits
from atlas_widget.session.units.targets import (
    CHANNEL,
    KINDS,
    NEGATIVE,
    NEURON,
    UnitTargets,
    unit_group,
)

if TYPE_CHECKING:
    from atlas_widget.inversion import InversionSettings
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.engines import Engines
    from atlas_widget.session.pictures.picture import Picture

__all__ = ["UnitsPanel"]

_SLICE = 0.12  # seconds


@panel
class UnitsPanel(Panel):
    """Shows the units of the layer, whose pictures are made when they are looked at.

    Parameters
    ----------
    layer
        The layer.
    """

    kinds = (
        "units",
        "unit_map",
        "units_in_sight",
        "unit",
        "diverse_units",
        "start_unit_work",
        "stop_unit_work",
        "unit_values",
    )

    def __init__(self, layer: LayerContext) -> None:
        self._layer = layer
        self._scene: Scene | None = None
        self._units: SampledUnits | None = None
        self._renderers: dict[str, tuple[PictureQueue, PictureRenderer]] = {}
        self._open = -1
        self._before: BeforeRelu | None = None  # opened when a page needs it
        self._map: Arranging | None = None
        gallery, probe = layer.gallery, layer.probe
        self._works = LongWork(
            probe.layer,
            layer.source,
            layer.labels,
            tasks=layer.tasks,
            material=layer.material,
            picture=partial(unit_pictures, layer.cache, layer.seed),
            send=gallery.send,
        )
        self._large = LargePictures(probe, layer.engines, layer.cache, gallery.send, layer.seed)

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene; the front end asks for its units again."""
        self._scene, self._units, self._open = scene, None, -1
        self._layer.opened_units.begin()
        self._renderers = {}
        self._large.close()
        self._works.show(scene)
        if self._map is not None:
            self._map.drop()
        self._map = None

    def handle(self, kind: str, fields: Fields) -> None:
        """Answer what needs no network; queue the pictures."""
        scene = self._scene
        if scene is None:
            return
        if self._units is None:
            self._take_up(scene)
        units = self._units
        if units is None:
            return
        if kind == "units":
            self._layer.gallery.send(*page.overview(units, scene, self._layer.probe.kind))
            self._tell_pictured(units, scene, range(units.count))
        elif kind == "unit_map":
            self._arranged(units, scene).want()
        elif kind == "units_in_sight":
            self._look(fields["units"], fields["near"])
        elif kind == "unit":
            self._turn_to(units, scene, fields["unit"])
        elif kind == "diverse_units":
            if fields["unit"] == self._open:
                strongest = float(units.values[self._open].max())
                self._large.diverse(self._open, strongest, scene.revision)
        elif kind == "start_unit_work":
            self._works.start(fields["work"])
        elif kind == "stop_unit_work":
            self._works.stop(fields["work"])
        elif 0 <= fields["unit"] < units.count and fields["grid"] in scene.grids:
            self._send_values(scene, fields["grid"], fields["unit"])

    def advance_urgent(self, seconds: float) -> bool:
        """Work about that long on the pictures of the open page."""
        scene = self._scene
        if self._open < 0 or scene is None or not scene.final:
            return False
        if self._large.active:
            self._large.advance(seconds, scene.revision)
            return True
        if any(
            self._is_wanted(kind) and renderer.advance(seconds)
            for kind, (_, renderer) in self._renderers.items()
        ):
            return True
        return self._look_before_relu()

    def advance(self) -> bool:
        """Work for one slice on the pictures in sight; return False if there is nothing to do."""
        if not self._final:
            return False
        return any(
            queue.pending() and renderer.advance(_SLICE)
            for queue, renderer in self._renderers.values()
        )

    def _is_wanted(self, kind: str) -> bool:
        """Return True if the open unit's picture of a kind is still to be made."""
        queue, group = self._renderers[kind][0], unit_group(kind)
        state = queue.state(group, self._open)
        return state is not State.FINAL and not queue.failed(group, self._open)

    def _look_before_relu(self) -> bool:
        """Open the layer before the ReLU, if the open page needs it; return False if not."""
        units, scene = self._units, self._scene
        if units is None or scene is None or units.signed or NEGATIVE in self._renderers:
            return False
        if self._before is None:
            self._before = BeforeRelu(self._layer.probe)
            self._tell_before(scene)
        before = self._before
        if before.probe is None:
            return False
        self._add(units, UnitTargets(units, scene.samples), NEGATIVE, before.probe, before.engines)
        self._want(units, scene, NEGATIVE, self._open)
        return True

    def _tell_before(self, scene: Scene) -> None:
        before = self._before
        if before is not None:
            content = messages.build(
                "unit_before", revision=scene.revision, layer=before.layer, reason=before.reason
            )
            self._layer.gallery.send(content, [])

    @property
    def _final(self) -> bool:
        return self._scene is not None and self._scene.final

    def _take_up(self, scene: Scene) -> None:
        """Add the units' groups of pictures to the layout."""
        source = self._layer.source
        labels = None if source is None else image_labels(source)
        units = SampledUnits(scene.samples, labels)
        targets = UnitTargets(units, scene.samples)
        layer = self._layer
        layer.gallery.add(targets, map(unit_group, KINDS))
        self._units = units
        for kind in KINDS:
            if kind != NEGATIVE or units.signed:
                self._add(units, targets, kind, layer.probe, layer.engines)

    def _add(
        self,
        units: SampledUnits,
        targets: UnitTargets,
        kind: str,
        probe: LayerProbe,
        engines: Engines,
    ) -> None:
        """Make pictures of a kind from now on, by the activations of a layer."""
        layer, group, settings = self._layer, unit_group(kind), _settings(kind)
        queue = PictureQueue({group: range(units.count)}, base=group, labels=False, rough=False)
        renderer = PictureRenderer(
            targets,
            queue,
            probe,
            settings,
            lambda: engines.get(settings),
            layer.cache,
            seed=layer.seed,
            show=partial(self._show_picture, kind),
            notice=lambda _text: None,  # only about examples, which these have none of
        )
        self._renderers[kind] = queue, renderer

    def _arranged(self, units: SampledUnits, scene: Scene) -> Arranging:
        layer = self._layer
        if self._map is None:
            self._map = Arranging(
                units, scene.revision, layer.seed, tasks=layer.tasks, send=layer.gallery.send
            )
        return self._map

    def _look(self, units: tuple[int, ...], near: tuple[int, ...]) -> None:
        group = unit_group(NEURON)
        queue, renderer = self._renderers[NEURON]
        queue.look(group, units, near)
        renderer.prefetch(group, [*queue.visible, *queue.near])
        self._layer.gallery.show_crops(group, [*queue.visible, *queue.near])

    def _turn_to(self, units: SampledUnits, scene: Scene, unit: int) -> None:
        """Open the page of a unit; −1 closes it, and its pictures are no longer wanted."""
        if self._open >= 0:
            for kind, (queue, _) in self._renderers.items():
                queue.withdraw(unit_group(kind), [self._open])
            self._large.close()
        self._open = unit if 0 <= unit < units.count else -1
        if self._open >= 0:
            self._layer.opened_units.note(units, unit)
            content, buffers = page.page(units, scene, unit)
            self._layer.gallery.send(content, buffers)
            self._show_others(content["relatives"])
        self._works.turn_to(units, self._open)
        if self._open < 0:
            return
        for kind in list(self._renderers):
            self._want(units, scene, kind, unit)
        self._tell_before(scene)

    def _want(self, units: SampledUnits, scene: Scene, kind: str, unit: int) -> None:
        """Make a unit's picture of a kind next, or show it if it is there."""
        group = unit_group(kind)
        queue, renderer = self._renderers[kind]
        queue.demand(group, [unit])
        renderer.prefetch(group, [unit])
        picture = self._layer.gallery.picture(group, unit)
        if picture is not None and picture.state is State.FINAL:
            self._finished(units, scene, kind, unit, picture)
        elif picture is None and (kind != NEGATIVE or units.signed):
            self._layer.gallery.show_crops(group, [unit])

    def _show_others(self, others: Sequence[int]) -> None:
        """Show pictures of other units that are in the cache, and crops of the rest."""
        group = unit_group(NEURON)
        self._renderers[NEURON][1].prefetch(group, others)
        self._layer.gallery.show_crops(group, others)

    def _finished(
        self, units: SampledUnits, scene: Scene, kind: str, unit: int, picture: Picture
    ) -> None:
        """Tell how strongly a finished picture excites the open unit, and draw it large."""
        self._layer.gallery.send(page.measure(units, scene, kind, unit, picture), [])
        if kind == NEURON:
            self._large.portrait(unit, picture.pixels, scene.revision)

    def _show_picture(self, kind: str, group: str, unit: int, picture: Picture) -> None:
        self._layer.gallery.show(group, unit, picture)
        units, scene = self._units, self._scene
        if picture.state is not State.FINAL or units is None or scene is None:
            return
        if kind == NEURON:
            self._layer.gallery.send(page.pictured(units, scene, {unit: picture}), [])
        if unit == self._open:
            self._finished(units, scene, kind, unit, picture)

    def _tell_pictured(self, units: SampledUnits, scene: Scene, numbers: Iterable[int]) -> None:
        """Tell what the finished pictures of some units reach."""
        group, gallery = unit_group(NEURON), self._layer.gallery
        known = {number: gallery.picture(group, number) for number in numbers}
        finished = {
            number: picture
            for number, picture in known.items()
            if picture is not None and picture.state is State.FINAL
        }
        if finished:
            gallery.send(page.pictured(units, scene, finished), [])

    def close(self, reason: str) -> None:
        """Close the layer before the ReLU."""
        if self._before is not None:
            self._before.close()
            self._before = None
            self._renderers.pop(NEGATIVE, None)

    def _send_values(self, scene: Scene, grid: int, unit: int) -> None:
        """Send the mean activation of a unit in every cell of a grid."""
        found = scene.grids[grid]
        content = messages.build(
            "unit_values", revision=scene.revision, grid=grid, unit=unit, count=len(found.ids)
        )
        means = np.asarray(found.means[:, unit], "<f4")
        self._layer.gallery.send(content, [means.tobytes()])


def _settings(kind: str) -> InversionSettings:
    from atlas_widget.inversion.settings import InversionSettings

    return InversionSettings.unit(everywhere=kind == CHANNEL)
