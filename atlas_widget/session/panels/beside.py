"""The units of another network beside those of the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene

__all__ = ["BesidePanel"]


@panel
class BesidePanel(Panel):
    """Shows the last comparison with another network, and its pictures that are in sight.

    Parameters
    ----------
    layer
        The layer whose board is used.
    """

    kinds = ("units_beside_in_sight", "drop_units_beside")

    def __init__(self, layer: LayerContext) -> None:
        self._board = layer.beside

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene; the units are the same."""
        self._board.begin(scene)

    def connect(self) -> None:
        """Send the comparison to a front end that has just come up."""
        self._board.resend()

    def handle(self, kind: str, fields: Fields) -> None:
        """Want pictures, or end the comparison."""
        if kind == "units_beside_in_sight":
            self._board.look(fields["units"])
        else:
            self._board.drop()

    def advance(self) -> bool:
        """Make pictures for one slice."""
        return self._board.advance()

    def close(self, reason: str) -> None:
        """Let go of the other network."""
        self._board.drop()
