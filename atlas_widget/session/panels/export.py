"""The export menu: figures of cells, and pages, written into the kernel's working folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from atlas_widget.atlas.defaults import MAX_PAGE_MB
from atlas_widget.attribution.class_names import class_names
from atlas_widget.figures import free_path
from atlas_widget.page import WrittenPage, page_grids
from atlas_widget.protocol import messages
from atlas_widget.session.cells.regions import regions_of
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.pictures.picture import Picture, cell_group
from atlas_widget.session.settings import worker_threads
from atlas_widget.session.tasks.export import Export, check_format
from atlas_widget.session.tasks.page import PageExport
from atlas_widget.session.tasks.shown import Shown
from atlas_widget.session.tasks.task import LongTask

if TYPE_CHECKING:
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.gallery import Gallery

__all__ = ["ExportPanel"]

_PAGE = "html"


@panel
class ExportPanel(Panel):
    """Writes figures and pages as long computations, so that a large one blocks nothing.

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
        """Queue a figure, or a page."""
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
            layer.notes.placed,
            layer.names_assumed,
            str(layer.probe.device),
            worker_threads(),
        )
        replies = _Replies(layer.gallery)
        if fields["format"] == _PAGE:
            layer.tasks.add(LongTask("Writing the page", self._page(shown), replies))
            return
        work = Export(
            shown,
            fields["grid"],
            fields["cells"],
            check_format(fields["format"]),
            fields["names"],
            fields["notes"],
        )
        layer.tasks.add(LongTask("Writing the figure", work, replies))

    def _page(self, shown: Shown) -> PageExport:
        scene, layer = shown.scene, self._layer
        named = "-".join([shown.model, scene.layer, *scene.subject[1:]])
        return PageExport(
            shown,
            lambda: layer.cells.labeller,
            class_names(layer.labels, layer.probe.num_classes or 0),
            free_path(Path.cwd(), named, _PAGE),
            page_grids(scene.grids, None),
            crops=None,
            max_mb=MAX_PAGE_MB,
            overwrite=False,
            complete=False,
            notes=layer.notes.in_page,
            units=layer.opened_units.in_page,
        )


def _snapshot(gallery: Gallery, grid: int) -> tuple[dict[int, Picture], dict[int, str | None]]:
    return gallery.snapshot(cell_group(grid))


class _Replies:
    """Sends the path of a figure to the browser, or the reason why there is none."""

    def __init__(self, gallery: Gallery) -> None:
        self._send = gallery.send

    def progressed(self, done: int, total: int) -> None:
        """Do nothing: the status line shows the progress."""

    def finished(self, result: Any) -> None:
        """Send the paths; a page holds its provenance itself."""
        provenance = result.path if isinstance(result, WrittenPage) else result.provenance
        content = messages.build("exported", path=result.path, provenance=provenance)
        self._send(content, [])

    def failed(self, reason: str) -> None:
        """Send the reason."""
        self._send(messages.build("error", message=reason, hint="", fatal=False), [])
