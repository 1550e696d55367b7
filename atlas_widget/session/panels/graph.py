"""The graph of the model's layers, each with its DeepDream picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.pictures.layer_dreams import LayerDreams
from atlas_widget.session.pictures.sheets import encode

if TYPE_CHECKING:
    from atlas_widget.probe.graph import LayerGraph
    from atlas_widget.session.pictures.picture import Pixels

__all__ = ["GraphPanel"]

_SLICE = 0.12  # seconds


@panel
class GraphPanel(Panel):
    """Shows the graph of the model's blocks and of the layer that is open.

    Parameters
    ----------
    layer
        The open layer.
    """

    kinds = ("graph", "graph_in_sight")

    def __init__(self, layer: LayerContext) -> None:
        self._layer = layer
        self._wanted = False
        self._graph: LayerGraph | None = None
        self._dreams = LayerDreams(
            layer.probe.private_model, layer.cache, layer.seed, self._show, self._fail
        )

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of an open layer."""
        return cls(layer)

    def handle(self, kind: str, fields: Fields) -> None:
        """Queue the graph, or the pictures of layers in it."""
        if kind == "graph":
            self._wanted = True
        elif self._graph is not None:
            nodes = self._graph.nodes
            self._dreams.look(nodes[at].name for at in fields["nodes"] if 0 <= at < len(nodes))

    def advance_urgent(self, seconds: float) -> bool:
        """Read the graph off the model, if it was asked for."""
        if not self._wanted:
            return False
        self._wanted = False
        try:
            if self._graph is None:
                self._graph = self._read()
            self._layer.gallery.send(_message(self._graph, self._layer.probe.layer), [])
        except AtlasError as error:
            self._layer.gallery.send(_no_graph(str(error)), [])
        return True

    def advance(self) -> bool:
        """Work for one slice on the pictures in sight; return False if there is nothing to do."""
        return self._dreams.advance(_SLICE)

    def close(self, reason: str) -> None:
        """Drop the picture in progress."""
        self._dreams.look(())
        self._dreams.close()

    def _read(self) -> LayerGraph:
        from atlas_widget.probe.blocks import block_names
        from atlas_widget.probe.graph import graph_of

        probe = self._layer.probe
        private = probe.private_model
        own = probe.layer.partition(":")[0]
        return graph_of(private, list(dict.fromkeys([*block_names(private.network.module), own])))

    def _show(self, name: str, pixels: Pixels, made: str) -> None:
        content = messages.build("graph_picture", layer=name, made=made, failed="")
        self._layer.gallery.send(content, [encode(pixels)])

    def _fail(self, name: str, reason: str) -> None:
        content = messages.build("graph_picture", layer=name, made="", failed=reason)
        self._layer.gallery.send(content, [])


def _message(graph: LayerGraph, layer: str) -> dict[str, Any]:
    names = [node.name for node in graph.nodes]
    number = {name: at for at, name in enumerate(names)}
    return messages.build(
        "graph",
        edges=graph.kind,
        names=names,
        types=[node.type for node in graph.nodes],
        shapes=[" × ".join(map(str, node.shape)) for node in graph.nodes],
        before=[number[one] for one, _ in graph.edges],
        after=[number[other] for _, other in graph.edges],
        own=number[graph.node(layer).name],
        failed="",
    )


def _no_graph(reason: str) -> dict[str, Any]:
    return messages.build(
        "graph",
        edges="",
        names=[],
        types=[],
        shapes=[],
        before=[],
        after=[],
        own=-1,
        failed=reason,
    )
