"""The view that compares the atlas with that of another layer or network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from atlas_widget.errors import AtlasError
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.tasks.compare import comparing

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene

__all__ = ["ComparePanel"]


@panel
class ComparePanel(Panel):
    """Makes comparisons with other layers, and the pictures that are in sight.

    Parameters
    ----------
    layer
        The layer whose board is used.
    """

    kinds = ("compare", "stop_comparing", "drop_comparison", "compared_in_sight")

    def __init__(self, layer: LayerContext) -> None:
        self._board = layer.comparisons
        self._check_layer = layer.check_layer
        self._reporter = layer.reporter

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene: its own comparison, if there is one, is shown again."""
        self._board.begin(scene)

    def connect(self) -> None:
        """Send the comparison to a front end that has just come up."""
        self._board.resend()

    def handle(self, kind: str, fields: Fields) -> None:
        """Ask for a comparison or pictures, or end one."""
        if kind == "compare":
            try:
                task = comparing(self._check_layer(fields["layer"]))
            except AtlasError as error:
                self._board.refuse(str(error))
            else:
                self._board.ask(task)
        elif kind == "stop_comparing":
            self._board.stop()
        elif kind == "drop_comparison":
            self._board.drop()
        else:
            self._board.look(fields["numbers"])

    def advance_urgent(self, seconds: float) -> bool:
        """Send a comparison that has just been made."""
        return self._board.send()

    def advance_beside_cells(self, *, alone: bool) -> bool:
        """Make pictures for one slice; report progress if `alone`."""
        working = self._board.advance()
        if working and alone:
            done, total = self._board.progress
            self._reporter.report("pictures", "Rendering the other atlas's pictures", done, total)
        return working

    def close(self, reason: str) -> None:
        """Let go of the other network."""
        self._board.close(reason)
