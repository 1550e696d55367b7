"""The large pictures of open panels, shown while they are optimised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.inspector import Inspector

__all__ = ["LivePanel"]

Place = tuple[int, int]


@panel
class LivePanel(Panel):
    """Opens, pauses and ends the live pictures of cells, their variants and mixtures.

    Parameters
    ----------
    inspector
        Makes the pictures.
    seed
        Seed of the atlas's own pictures, which panels call seed 0.
    """

    kinds = (
        "inspect",
        "inspect_variants",
        "inspect_mix",
        "pause_inspect",
        "more_steps",
        "stop_inspect",
    )

    def __init__(self, inspector: Inspector, seed: int) -> None:
        self._inspector = inspector
        self._seed = seed
        self._scene: Scene | None = None

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer.inspector, layer.seed)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene; the live pictures of the last one are stopped."""
        self._scene = scene
        self._inspector.close()

    def handle(self, kind: str, fields: Fields) -> None:
        """Start, pause, continue or stop the pictures of a request."""
        if kind == "pause_inspect":
            self._inspector.pause(fields["request"], fields["paused"])
        elif kind == "more_steps":
            self._inspector.more(fields["request"], fields["steps"])
        elif kind == "stop_inspect":
            self._inspector.close(fields["request"])
        elif self._scene is not None and self._scene.has(fields["grid"], fields["cell"]):
            self._open(self._scene, kind, fields)

    def advance_urgent(self, seconds: float) -> bool:
        """Work on the pictures for about that long."""
        if not self._inspector.active:
            return False
        self._inspector.advance(seconds)
        return True

    def _open(self, scene: Scene, kind: str, fields: Fields) -> None:
        place = (fields["grid"], fields["cell"])
        direction: npt.NDArray[np.float32] = scene.direction(*place)
        examples = scene.examples(*place)
        if kind == "inspect_mix":
            other, share = (fields["other_grid"], fields["other_cell"]), fields["share"]
            if not scene.has(*other):
                return
            mixed = (1 - share) * direction + share * scene.direction(*other)
            direction = mixed.astype(np.float32)
            examples = examples.mixed(scene.examples(*other), share)
        variants = fields["count"] if kind == "inspect_variants" else 1
        seed = self._seed + fields["seed"]
        self._inspector.open(
            place, direction, fields["request"], seed, variants=variants, examples=examples
        )
