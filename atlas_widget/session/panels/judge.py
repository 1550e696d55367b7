"""Judgements of pictures by a second network, for hovered and opened cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.cells.held_out import NEAREST, held_out_crops
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.pictures.picture import State, cell_group
from atlas_widget.session.tasks.judging import OTHERS, other_cells

if TYPE_CHECKING:
    from atlas_widget.inversion.judge import Judge
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.gallery import Gallery

__all__ = ["JudgePanel"]

_MAX_WAITING = 4

Place = tuple[int, int]
Floats = npt.NDArray[np.float32]


@panel
class JudgePanel(Panel):
    """Tells of final pictures which of some cells a second network finds in them.

    The other cells are the same for all pictures: chance takes them from the coarsest grid, and
    their crops are shown to the network once, in turns with the cells' pictures.

    Parameters
    ----------
    judge
        The second network; None if there is none.
    gallery
        Has the pictures, and sends the messages.
    seed
        Seed of the choice of cells.
    """

    kinds = ("hover", "inspect")

    def __init__(self, judge: Judge | None, gallery: Gallery, seed: int) -> None:
        self._judge = judge
        self._gallery = gallery
        self._seed = seed
        self._scene: Scene | None = None
        self._wanted: dict[Place, None] = {}
        self._told: set[Place] = set()
        self._others: list[int] = []
        self._features: dict[int, Floats] = {}

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer.judge, layer.gallery, layer.seed)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene."""
        self._scene = scene
        self._wanted.clear()
        self._told.clear()
        self._features.clear()
        self._others = other_cells(scene, self._seed)

    def handle(self, kind: str, fields: Fields) -> None:
        """Note a cell whose picture is to be judged once it is final."""
        place = fields["grid"], fields["cell"]
        if self._judge is None or self._scene is None or not self._scene.has(*place):
            return
        if kind == "inspect" or place not in self._told:
            self._wanted.pop(place, None)
            self._wanted[place] = None
            while len(self._wanted) > _MAX_WAITING:
                del self._wanted[next(iter(self._wanted))]

    def advance_urgent(self, seconds: float) -> bool:
        """Judge one picture, if the other cells are known."""
        if not self._ready or self._judge is None or self._scene is None:
            return False
        for place in reversed(self._wanted):
            picture = self._gallery.picture(cell_group(place[0]), place[1])
            if picture is not None and picture.state is State.FINAL:
                del self._wanted[place]
                self._told.add(place)
                self._tell(self._scene, self._judge, place, picture.pixels)
                return True
        return False

    def advance_beside_cells(self, *, alone: bool) -> bool:
        """Show the crops of one of the other cells to the judge."""
        scene, judge = self._scene, self._judge
        if scene is None or judge is None or not scene.final or not self._wanted or self._ready:
            return False
        cell = next(cell for cell in self._others if cell not in self._features)
        try:
            crops, _ = held_out_crops(scene.samples, scene.nearest(scene.base, cell, NEAREST))
            self._features[cell] = judge.features(crops)
        except Exception as error:
            self._judge = None  # it would fail again
            raise AtlasError(f"The judge {judge.name} failed: {error}") from error
        return True

    @property
    def _ready(self) -> bool:
        return len(self._features) == len(self._others)

    def _tell(
        self, scene: Scene, judge: Judge, place: Place, pixels: npt.NDArray[np.uint8]
    ) -> None:
        from atlas_widget.inversion.judge import Judgement

        grid, cell = place
        same = set(scene.same_region([cell], grid, scene.base))
        others = [self._features[other] for other in self._others if other not in same]
        if not others:  # nothing to choose from
            return
        crops, held_out = held_out_crops(scene.samples, scene.nearest(grid, cell, NEAREST))
        own = judge.features(crops)
        centre = np.concatenate([own, *others]).mean(0)
        found = Judgement.of(judge.features(pixels[None])[0], own, others[: OTHERS - 1], centre)
        content = messages.build(
            "judged",
            revision=scene.revision,
            grid=grid,
            cell=cell,
            judge=judge.name,
            rank=found.rank,
            among=found.among,
            crop_rank=found.crop_rank,
            held_out=held_out,
        )
        if self._gallery.connected:
            self._gallery.send(content, [])
