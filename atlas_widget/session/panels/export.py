"""The export menu: figures of cells, written into the kernel's working folder."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from atlas_widget.protocol import messages
from atlas_widget.session.cells.regions import regions_of
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.pictures.picture import Picture, cell_group
from atlas_widget.session.tasks.export import Export, Shown, check_format
from atlas_widget.session.tasks.task import LongTask

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.gallery import Gallery

__all__ = ["ExportPanel"]


@panel
class ExportPanel(Panel):
    """Writes figures as long computations, so that a large one blocks nothing.

    Parameters
    ----------
    layer
        The layer whose tasks and pictures are used.
    """

    kinds = ("export",)

    def __init__(self, layer: LayerContext) -> None:
        self._layer = layer
        self._scene: Scene | None = None

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(layer)

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene."""
        self._scene = scene

    def handle(self, kind: str, fields: Fields) -> None:
        """Queue a figure."""
        layer = self._layer
        layer.material(self._scene)
        if self._scene is None:
            return
        shown = Shown(
            self._scene,
            layer.model,
            layer.seed,
            partial(_snapshot, layer.gallery),
            partial(regions_of, self._scene, layer.source),
            layer.names_assumed,
        )
        work = Export(
            shown,
            fields["grid"],
            fields["cells"],
            check_format(fields["format"]),
            fields["names"],
        )
        layer.tasks.add(LongTask("Writing the figure", work, _Replies(layer.gallery)))


def _snapshot(gallery: Gallery, grid: int) -> tuple[dict[int, Picture], dict[int, str | None]]:
    return gallery.snapshot(cell_group(grid))


class _Replies:
    """Sends the path of a figure to the browser, or the reason why there is none."""

    def __init__(self, gallery: Gallery) -> None:
        self._send = gallery.send

    def progressed(self, done: int, total: int) -> None:
        """Do nothing: the status line shows the progress."""

    def finished(self, result: Any) -> None:
        """Send the paths."""
        content = messages.build("exported", path=result.path, provenance=result.provenance)
        self._send(content, [])

    def failed(self, reason: str) -> None:
        """Send the reason."""
        self._send(messages.build("error", message=reason, hint="", fatal=False), [])
