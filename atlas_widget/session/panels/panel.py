"""The parts of a widget that answer messages of their own: what each has, and their registry.

A panel is one class in one module of this package, registered with :func:`panel`. It names the
kinds of messages that it answers; they are looked up in one table, and nothing else needs to know
of it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from atlas_widget.errors import AtlasError
from atlas_widget.session.tasks.task import LongTasks, Material, Pause

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe
    from atlas_widget.progress import CancelledCallback
    from atlas_widget.session.cells.cells import Cells
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.cache import PictureCache
    from atlas_widget.session.pictures.gallery import Gallery
    from atlas_widget.session.pictures.inspector import Inspector
    from atlas_widget.session.status import Reporter

__all__ = ["Fields", "LayerContext", "Panel", "panel", "panel_types"]

Fields = Mapping[str, Any]
"""The fields of a checked message."""

AnyPanel = TypeVar("AnyPanel", bound="type[Panel]")


@dataclass(frozen=True)
class LayerContext:
    """An open layer, as its panels see it.

    Attributes
    ----------
    probe
        The layer.
    source
        The images, or None if they are not available.
    labels
        The names of the classes, if any.
    cache
        Keeps finished pictures and values.
    gallery
        Has the pictures and labels that are known, and sends messages.
    cells
        The cells of the scene on show: their pictures and labels.
    inspector
        Makes the pictures that users watch.
    tasks
        Long computations, one after the other.
    reporter
        Told how far the work is.
    model
        The model's name.
    seed
        The noise that the cells' pictures start from.
    pause, cancelled
        For what takes long; see :class:`~atlas_widget.session.tasks.task.LongTasks`.
    """

    probe: LayerProbe
    source: ImageSource | None
    labels: list[str] | None
    cache: PictureCache
    gallery: Gallery
    cells: Cells
    inspector: Inspector
    tasks: LongTasks
    reporter: Reporter
    model: str
    seed: int
    pause: Pause
    cancelled: CancelledCallback

    def material(self, scene: Scene | None) -> Material:
        """Return what experiments work on, or raise that the atlas is not ready."""
        if scene is None or scene.atlas is None:
            raise AtlasError("The atlas is not ready yet.")
        return Material(self.probe, self.source, scene.atlas, self.labels)


class Panel:
    """A part of the widget that answers messages.

    Everything is called on the worker's thread. What is not overridden does nothing.

    Attributes
    ----------
    kinds
        The kinds of messages that :meth:`handle` is called with. Several panels may answer one.
    """

    kinds: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer that has been opened."""
        raise NotImplementedError

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Take up another scene of the layer; what was asked about the last one is dropped."""

    def handle(self, kind: str, fields: Fields) -> None:
        """Do what a checked message asks for; what takes long is only noted."""

    def advance_urgent(self, seconds: float) -> bool:
        """Work for about that long on what a user waits for; return False if there is nothing."""
        return False

    def advance(self) -> bool:
        """Work on what may take long, pausing now and then; return False if there is nothing."""
        return False

    def advance_beside_cells(self, *, alone: bool) -> bool:
        """Work for a slice, taking turns with the cells' pictures; return False if nothing is left.

        Parameters
        ----------
        alone
            Whether the cells need no turn, so that the status line may tell of this work.
        """
        return False

    def close(self, reason: str) -> None:
        """Drop what was asked, telling those who wait why."""


def panel(kind_of_panel: AnyPanel) -> AnyPanel:
    """Register a class of panels; a decorator."""
    _types[f"{kind_of_panel.__module__}.{kind_of_panel.__qualname__}"] = kind_of_panel
    return kind_of_panel


def panel_types() -> tuple[type[Panel], ...]:
    """Return all classes of panels: those of this package's modules, which are imported first."""
    package = importlib.import_module(__package__ or "atlas_widget.session.panels")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    return tuple(_types.values())


_types: dict[str, type[Panel]] = {}

Handler = Callable[[Fields], None]
